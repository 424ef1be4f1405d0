"""The engine against its naive twin."""

from __future__ import annotations

import os
import random

from offerd import expression as ex
from offerd.audience.environment import profile_environment
from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.model.decision import Outcome, ScopeQuery, Stage
from unit.decision import catalogues, naive

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "25"))
"""How many random catalogues to compare on; each is asked 5 customers, 6 scopes."""


def test_engine_agrees_with_its_naive_twin() -> None:
    """On random catalogues, customers, contexts and instants both choose the same items."""
    seed = int(os.environ.get("OFFERD_SEED", random.randrange(2**32)))
    print(f"seed {seed}")
    source = random.Random(seed)
    compared = proposed = 0
    for _ in range(CATALOGUES):
        catalogue = catalogues.catalogue(source)
        environment = profile_environment(catalogue.schema, [a.id for a in catalogue.audiences])
        rules = ex.plan_many([ex.decode(r.tree) for r in catalogue.rules], environment)
        prepared = Prepared(catalogue, rules)
        for _ in range(5):
            now_ns = source.randrange(-100, 100) * catalogues.HOUR_NS
            view = catalogues.view(source, now_ns)
            context = catalogues.context(source)
            totals = {(o.id, "click"): source.randrange(5) for o in catalogue.offers}
            queries = [
                ScopeQuery("", d.id, placement, source.randrange(1, 6))
                for d in catalogue.decisions
                for placement in d.placements
            ]
            answers = [
                decide(
                    prepared, view, context, now_ns, queries, explain=explain,
                    total_count=lambda offer, event, t=totals: t.get((offer, event), 0),
                )
                for explain in (False, True)
            ]  # fmt: skip
            for query, plain, explained in zip(
                queries, answers[0].propositions, answers[1].propositions, strict=True
            ):
                scope = (query.decision, query.placement, query.item_count)
                expected = naive.decide(catalogue, view, context, now_ns, scope, totals)
                items = [
                    (
                        item.offer.id,
                        item.strategy.id if item.strategy else "",
                        item.representation.placement,
                        item.representation.language,
                    )
                    for item in plain.items
                ]
                assert items == expected, f"seed {seed}, {query}"
                assert explained.items == plain.items
                assert explained.explanation is not None
                chosen = [c for c in explained.explanation.candidates if c.fell_at is None]
                funnel = dict(explained.explanation.funnel)
                if plain.outcome is Outcome.PROPOSED:
                    assert [c.offer.id for c in chosen] == [item[0] for item in items]
                    assert funnel[Stage.RANK] == len(items)
                    proposed += 1
                else:
                    assert not chosen
                assert all(c.reason for c in explained.explanation.candidates if c.fell_at)
                compared += 1
    assert proposed > compared / 10, "too few of the random questions have an answer"
