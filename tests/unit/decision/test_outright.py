"""Requests that are decided without keeping anything of them: the same answers as otherwise.

A big run: OFFERD_TWIN_CATALOGUES=1000 python -m pytest tests/unit/decision/test_outright.py
"""

from __future__ import annotations

import os
import random
from collections import Counter as Tally
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from offerd.decision import engine, outright
from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.decision.tabled import sure_by_table
from offerd.model.catalogue import FallbackOffer, Representation
from offerd.model.decision import Arbitration, DecisionContext, Deduplication, Options, ScopeQuery
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.selection import Ties
from seeds import random_seed
from unit.decision import random_rules
from unit.decision.random_caps import GivenCounts
from unit.decision.random_rules import DAY_NS, NOW_NS
from unit.decision.test_far_from_caps import _plainer
from unit.decision.test_quick_ways import PLACES, _catalogue

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
REQUESTS = 40


def _prepared(source: random.Random) -> Prepared:
    """Returns a random catalogue whose decisions come and go, some with fallbacks."""
    catalogue, rules = _catalogue(source)
    if source.random() < 0.5:
        catalogue = _plainer(catalogue, rules)
    shown = tuple(Representation(place, "", 0) for place in PLACES)
    fallbacks = source.choice(((), (), ("none",)))

    def instant() -> int | None:
        return None if source.random() < 0.8 else NOW_NS + source.randrange(-8, 8) * DAY_NS

    decisions = tuple(
        replace(
            one, start_ns=instant(), end_ns=instant(), fallbacks=fallbacks,
            top_up=source.random() < 0.3, ties=source.choice((one.ties, Ties.ID)),
        )
        for one in catalogue.decisions
    )  # fmt: skip
    catalogue = replace(
        catalogue, decisions=decisions, fallback_offers=(FallbackOffer("none", {}, shown),)
    )
    return Prepared(catalogue, rules, places=random_rules.PLACES)


def _customer(source: random.Random, now_ns: int) -> tuple[ProfileView, DecisionContext]:
    given = random_rules.records(source)
    counted = {"c0": [now_ns - DAY_NS // 2]} if source.random() < 0.2 else {}
    view = ProfileView(
        ProfileKey("crm", str(source.random())), given["profile"], given["aggregate"], counted,
        given["score"], given["loaded"], random_rules.whereabouts(source, now_ns),
    )  # fmt: skip
    return view, DecisionContext(given["context"], source.choice(((), ("sv",))))


def _queries(source: random.Random) -> list[ScopeQuery]:
    decisions = source.choice((["d0"], ["d0"], ["d2"], ["d3"], ["d0", "d1", "d2", "d3"]))
    return [
        ScopeQuery(
            str(n), source.choice(decisions), source.choice(PLACES), source.choice((1, 1, 2, 60)),
            source.choice((None, None, None, True, False)),
        )
        for n in range(source.randrange(4))
    ]  # fmt: skip


def test_the_same_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """For any customer at any time, whatever the same scopes were asked of whom and when before.

    With an explanation, too, for which each candidate is looked at one by one.
    """
    seed = random_seed()
    found: Tally[object] = Tally()

    def counting(*question: object) -> object:
        answer = outright.outright(*question)  # type: ignore[arg-type]
        found[answer is not None] += 1
        return answer

    def by_table(*question: Any, count: int) -> object:
        answer = sure_by_table(*question, count=count)
        found["by table"] += answer is not None
        return answer

    monkeypatch.setattr(outright, "sure_by_table", by_table)
    monkeypatch.setattr(engine, "at_once", lambda *_: None)
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        monkeypatch.setattr(outright, "MOST_KEPT", source.choice((1, 1_024)))
        monkeypatch.setattr(outright, "_MOST_SCOPES", source.choice((1, 32)))
        prepared = _prepared(source)
        several = [_queries(source) for _ in range(3)]
        for _ in range(REQUESTS):
            now_ns = NOW_NS + source.randrange(-10, 10) * DAY_NS + source.choice((-1, 0, 1))
            view, context = _customer(source, now_ns)
            options = Options(source.choice([*Deduplication]), source.choice([*Arbitration]))
            if source.random() < 0.1:
                options = options._replace(memberships={source.choice(random_rules.RULED): True})
            asked = partial(
                decide, prepared, view, context, now_ns, source.choice(several),
                counts=GivenCounts(source, prepared.catalogue, now_ns),
            )  # fmt: skip
            question = partial(asked, options)
            monkeypatch.setattr(engine, "outright", counting)
            before = found[True]
            quick = question()
            kept = dict(prepared.plans)
            prepared.plans.clear()
            monkeypatch.setattr(engine, "outright", lambda *_: None)
            assert quick == question(), f"{seed=} {number=}"
            if found[True] > before:
                explained = asked(options._replace(explain=True)).propositions
                told = tuple(one._replace(explanation=None) for one in explained)
                assert quick.propositions == told, f"{seed=} {number=}"
            prepared.plans.clear()
            prepared.plans.update(kept)
    assert min(found[True], found[False], found["by table"]) > 10, found
