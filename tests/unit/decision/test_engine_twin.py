"""The engine against its naive twin.

A big run, of some 210,000 scopes in 52,800 requests, takes some six minutes on one core:

    OFFERD_TWIN_CATALOGUES=6600 python -m pytest tests/unit/decision/test_engine_twin.py -s
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.model.capping import Demand
from offerd.model.decision import Outcome, Proposition, Stage
from seeds import random_seed
from unit.decision import catalogues, random_caps, random_rules
from unit.decision.naive import Naive, Result
from unit.decision.naive_ranking import Chosen

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "100"))
"""How many random catalogues to compare on; each is asked 8 requests of 1 to 7 scopes."""


def test_engine_agrees_with_its_naive_twin() -> None:
    """On random catalogues, customers and requests both show the same, and name the same failed."""
    seed = random_seed()
    seen: Counter[str] = Counter()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        catalogue = catalogues.catalogue(source)
        names = [audience.id for audience in catalogue.audiences]
        environment = decision_environment(catalogue.schema, names)
        rules = ex.plan_many([ex.decode(rule.tree) for rule in catalogue.rules], environment)
        prepared = Prepared(catalogue, rules, random_caps.MODELS, random_rules.PLACES)
        for request in range(8):
            _compare(source, prepared, seen, f"seed {seed}/{number}, request {request}")
    compared = sum(seen[outcome.value] for outcome in Outcome)
    print(f"{compared:,} scopes of {8 * CATALOGUES:,} requests: {dict(seen)}")
    assert seen["proposed"] > compared / 10, "too few of the random questions have an answer"
    assert min(seen["failed rankings"], seen["demands"]) > CATALOGUES / 10, (
        "too few fail or ask room"
    )


def _compare(source: random.Random, prepared: Prepared, seen: Counter[str], where: str) -> None:
    catalogue = prepared.catalogue
    now_ns = random_caps.AROUND_NS + source.randrange(-200, 200) * catalogues.HOUR_NS
    view = catalogues.view(source, catalogue, now_ns)
    context = catalogues.context(source)
    queries = catalogues.queries(source, catalogue)
    options = catalogues.options(source, catalogue)
    counts = random_caps.GivenCounts(source, catalogue, now_ns)
    answer = decide(prepared, view, context, now_ns, queries, options, counts=counts)
    naive = Naive(catalogue, random_caps.MODELS, view, context, now_ns, options, counts)
    expected = naive.decide(queries)
    found = [_result(proposition) for proposition in answer.propositions]
    for query, one, other in zip(queries, found, expected, strict=True):
        assert one == other, f"{where}, {query}, {options}"
        seen[one.outcome] += 1
    other_way = options._replace(explain=not options.explain)
    again = decide(prepared, view, context, now_ns, queries, other_way, counts=counts)
    assert [_result(proposition) for proposition in again.propositions] == found, where
    explained = answer if options.explain else again
    plain = again if options.explain else answer
    _check_failures(naive, plain, explained, where)
    seen["failed rankings"] += len(explained.failures)
    assert answer.demands == again.demands, where
    assert [_demand(demand) for demand in answer.demands] == naive.demands, where
    seen["demands"] += len(answer.demands)
    for proposition in explained.propositions:
        _check_explanation(proposition, where)


def _check_failures(naive: Naive, plain: Answer, explained: Answer, where: str) -> None:
    """Explained, all is asked; otherwise what isn't needed isn't, and can't fail."""
    failed = {ranking: len(offers) for ranking, offers in naive.failures.items()}
    assert explained.failures == failed, where
    assert all(1 <= count <= failed[name] for name, count in plain.failures.items()), where
    for answer in (plain, explained):
        for ranking in answer.failures:
            assert any(f"ranking `{ranking}` gave" in line for line in answer.diagnostics), where


def _demand(demand: Demand) -> tuple[Any, ...]:
    limits = tuple((one.counter.key, one.cap, one.limit) for one in demand.limits)
    return (
        demand.scope, demand.offer, demand.decision, demand.placement, limits, demand.repeated
    )  # fmt: skip


def _result(proposition: Proposition) -> Result:
    items = []
    for item in proposition.items:
        strategy, score = "", None
        if item.selection is not None and item.selection.strategy is not None:
            strategy, score = item.selection.strategy.id, item.selection.score
        items.append(Chosen(item.offer.id, strategy, score, item.representation.language))
    exposure: tuple[Any, ...] | None = None
    if proposition.exposure is not None:
        one = proposition.exposure
        exposure = (one.experiment, one.arm, one.forced, one.holdout)
        exposure = (*exposure, one.withheld) if one.holdout else exposure
    return Result(proposition.outcome.value, tuple(items), exposure)


def _check_explanation(proposition: Proposition, where: str) -> None:
    explanation = proposition.explanation
    assert explanation is not None
    chosen = [c.offer.id for c in explanation.candidates if c.fell_at is None]
    shown = [item.offer.id for item in proposition.items if item.selection is not None]
    assert chosen == shown, where
    assert all(c.reason for c in explanation.candidates if c.fell_at), where
    assert not any("`None`" in c.reason for c in explanation.candidates), where
    assert len({c.offer.id for c in explanation.candidates}) == len(explanation.candidates)
    funnel = dict(explanation.funnel)
    assert tuple(funnel) == tuple(Stage)
    assert funnel[Stage.COLLECTION] == len(explanation.candidates)
    assert sorted(funnel.values(), reverse=True) == list(funnel.values()), where
    assert funnel[Stage.RANK] == len(shown)
    if proposition.outcome in (Outcome.PROPOSED, Outcome.TOPPED_UP):
        assert shown
