"""Requests that are far from the caps of what they propose: the same as looked at one by one.

A big run: OFFERD_TWIN_CATALOGUES=1000 python -m pytest tests/unit/decision/test_far_from_caps.py -s
"""

from __future__ import annotations

import os
import random
from collections import Counter as Tally
from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from offerd import expression as ex
from offerd.decision import candidates, capped_outright, engine
from offerd.decision.capped import Capped, far_from_caps
from offerd.decision.capped_outright import MOST_ITEMS, far_outright
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.decision.request import RequestState
from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Representation
from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    ScopeQuery,
)
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.selection import Ties
from seeds import random_seed
from unit.decision import random_rules, test_quick_ways
from unit.decision.random_caps import GivenCounts
from unit.decision.random_rules import DAY_NS, NOW_NS

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
"""How many random catalogues to compare on; each is asked 8 requests."""

OUTRIGHT = 2
"""Asked the quickest way."""

MOST_KEPT = capped_outright.MOST_KEPT
"""As it is outside tests."""

KEPT = 3
"""So many of the answers that customers share are kept."""

PROFILE, TOTAL = CapSubject.PROFILE, CapSubject.TOTAL
COUNTERS = (
    Counter("displays", "display", PROFILE, None),
    Counter("own", DECISION_EVENT, PROFILE, None),
    Counter("all", DECISION_EVENT, TOTAL, (0, 1, 2, 3, 4)),
    Counter("here", DECISION_EVENT, PROFILE, None, ("p0",)),
    Counter("everybody", DECISION_EVENT, TOTAL, None),
)


SIMPLE = tuple(structs.replace(one, placements=()) for one in COUNTERS)
"""The same, each of which counts wherever an offer is proposed."""

SOME_SIMPLE = SIMPLE[0], SIMPLE[2]
"""Those of them that don't count what is proposed of every offer."""


def _cap(source: random.Random, rule: int, counters: tuple[Counter, ...]) -> Cap:
    number = source.randrange(len(counters))
    return Cap(
        number,
        source.choice((0, 1, 2, 4, 4, 6, 8, 12, 40, 1_000)),
        source.choice((None, DAY_NS, DAY_NS // 2, DAY_NS // 2 + 1)),
        limit_rule=rule if source.random() < 0.1 else None,
        placements=counters[number].placements,
    )


def _catalogue(source: random.Random) -> tuple[Catalogue, list[ex.Rule]]:
    """Returns a random catalogue whose offers have caps on decisions."""
    catalogue, rules = test_quick_ways._catalogue(source)
    checked = ex.compile_expression("profile.age / 2", random_rules.ENVIRONMENT, expected=ex.INT)
    rules = [*rules, *ex.plan_many([checked], random_rules.ENVIRONMENT)]
    rule = replace(catalogue.rules[0], source=checked.source) if catalogue.rules else None
    share = source.choice((0.0, 0.3, 1.0))
    counters = source.choice((COUNTERS, SIMPLE))
    offers = tuple(
        replace(
            offer,
            caps=tuple(
                _cap(source, len(rules) - 1, counters) for _ in range(source.choice((1, 1, 2)))
            )
            if source.random() < share
            else (),
        )
        for offer in catalogue.offers
    )
    found = catalogue.rules if rule is None else (*catalogue.rules, rule)
    catalogue = replace(catalogue, rules=found, offers=offers, counters=counters)
    if source.random() < 0.7:
        catalogue = _constrained(source, _plainer(catalogue, rules), catalogue)
    if source.random() < 0.7:
        open_to_all = tuple(replace(offer, eligibility=None) for offer in catalogue.offers)
        catalogue = replace(catalogue, offers=open_to_all)
    return catalogue, rules


def _constrained(source: random.Random, plainer: Catalogue, catalogue: Catalogue) -> Catalogue:
    """Returns the plainer of two catalogues, with some constraints of the other."""
    several = zip(plainer.strategies, catalogue.strategies, strict=True)
    return replace(
        plainer,
        strategies=tuple(other if source.random() < 0.3 else one for one, other in several),
    )


def _plainer(catalogue: Catalogue, rules: list[ex.Rule]) -> Catalogue:
    """Returns a catalogue in which more of what is asked is answered the quick way."""
    reading = Prepared(catalogue, rules, places=random_rules.PLACES).offer_rules
    shown = tuple(Representation(place, "", 0) for place in test_quick_ways.PLACES)
    return replace(
        catalogue,
        policies=(),
        offers=tuple(
            replace(
                offer,
                eligibility=None if offer.eligibility in reading else offer.eligibility,
                representations=shown,
            )
            for offer in catalogue.offers
        ),
        strategies=tuple(replace(one, constraint=None) for one in catalogue.strategies),
        decisions=tuple(replace(one, ties=Ties.ID) for one in catalogue.decisions),
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Tally[str]:
    """Counts what is answered how; its "is on" says which quick ways are open."""
    seen: Tally[str] = Tally()
    given: list[Capped] = []

    def noted(state: RequestState, scopes: list[ScopeQuery]) -> Capped | None:
        found = far_from_caps(state, scopes) if seen["is on"] else None
        seen["quick"] += found is not None
        return found

    def noted_outright(*asked: Any) -> Capped | None:
        found = far_outright(*asked) if seen["is on"] == OUTRIGHT else None
        if found is not None:
            seen["outright"] += 1
            seen["shared"] += any(found is one for one in given)
            given.append(found)
        return found

    monkeypatch.setattr(engine, "far_from_caps", noted)
    monkeypatch.setattr(engine, "far_outright", noted_outright)
    monkeypatch.setattr(capped_outright, "MOST_KEPT", KEPT)
    return seen


def test_far_from_caps_the_same_is_shown_and_demanded(seen: Tally[str]) -> None:
    """Whatever is counted, with caps near and far, and however scopes share what there is."""
    seed = random_seed()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        prepared = Prepared(*_catalogue(source), places=random_rules.PLACES)
        several = [_queries(source) for _ in range(3)]
        for request in range(8):
            where = f"seed {seed}/{number}, request {request}"
            options = Options(source.choice([*Deduplication]), source.choice([*Arbitration]))
            _compare(source, prepared, source.choice(several), options, seen, where)
        seen["simple"] += sum(
            bool(offer.caps) and prepared.cap_rules.simple(offer) is not None
            for offer in prepared.catalogue.offers
        )
    print(dict(seen))
    assert min(seen["quick"], seen["demands"], seen["simple"]) > CATALOGUES / 2
    assert seen["outright"] > CATALOGUES / 10


def test_customers_who_share_an_answer_get_what_is_theirs(seen: Tally[str]) -> None:
    """Whoever asked before, and what; of the answers that customers share few are kept."""
    seed = random_seed()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        prepared = Prepared(*_far_catalogue(source), places=random_rules.PLACES)
        several = [_queries(source) for _ in range(2)]
        options = Options(source.choice([*Deduplication]), source.choice([*Arbitration]))
        for request in range(16):
            where = f"seed {seed}/{number}, request {request}"
            if source.random() < 0.2:
                prepared.plans.clear()  # as when an offer begins or ends
            _compare(source, prepared, source.choice(several), options, seen, where)
            assert len(prepared.cap_rules.answered) <= KEPT, where
    print(dict(seen))
    assert seen["outright"] > CATALOGUES
    assert seen["shared"] > CATALOGUES / 2


def test_shared_answers_hold_no_more_than_candidates_do(seen: Tally[str]) -> None:
    """However many items requests ask for: of those with very many no answer is kept."""
    seed = random_seed()
    assert MOST_KEPT * MOST_ITEMS <= candidates.MOST_KEPT
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        catalogue, rules = _far_catalogue(source)
        open_to_all = tuple(replace(offer, eligibility=None) for offer in catalogue.offers)
        catalogue = replace(catalogue, offers=open_to_all)
        prepared = Prepared(catalogue, rules, places=random_rules.PLACES)
        answered = prepared.cap_rules.answered
        for scopes in (MOST_ITEMS + 1, MOST_ITEMS):
            queries = [
                ScopeQuery(f"{n}", "d0", source.choice(test_quick_ways.PLACES), 1)
                for n in range(scopes)
            ]
            before = seen["outright"]
            where = f"seed {seed}/{number}, {scopes} scopes"
            _compare(source, prepared, queries, Options(), seen, where)
            was_outright = seen["outright"] > before
            assert len(answered) == (was_outright and scopes <= MOST_ITEMS), where
            seen[f"{scopes} scopes"] += was_outright
    print(dict(seen))
    assert min(seen[f"{MOST_ITEMS} scopes"], seen[f"{MOST_ITEMS + 1} scopes"]) > CATALOGUES / 20


def _far_catalogue(source: random.Random) -> tuple[Catalogue, list[ex.Rule]]:
    """Returns a random catalogue whose offers all have simple caps, mostly high ones."""
    catalogue, rules = test_quick_ways._catalogue(source)
    catalogue = _plainer(catalogue, rules)
    is_open = source.random() < 0.7
    counters = source.choice((SIMPLE, SIMPLE, SOME_SIMPLE))
    offers = tuple(
        replace(
            offer,
            eligibility=None if is_open else offer.eligibility,
            caps=(Cap(source.randrange(len(counters)), source.choice((4, 1_000, 1_000, 1_000))),),
        )
        for offer in catalogue.offers
    )
    return replace(catalogue, offers=offers, counters=counters), rules


def _queries(source: random.Random) -> list[ScopeQuery]:
    decisions = source.choice((["d0"], ["d0"], ["d0", "d1"], ["d0", "d2"]))
    return [
        ScopeQuery(f"{n}", source.choice(decisions), source.choice(test_quick_ways.PLACES), count)
        for n in range(source.randrange(1, 5))
        for count in (source.choice((1, 1, 2, 5)),)
    ]


def _compare(
    source: random.Random,
    prepared: Prepared,
    queries: list[ScopeQuery],
    options: Options,
    seen: Tally[str],
    where: str,
) -> None:
    given = random_rules.records(source)
    now_ns = NOW_NS + source.randrange(-10, 10) * DAY_NS
    counted = {
        counter.key: [now_ns - DAY_NS // 2] * source.randrange(1, 6)
        for counter in COUNTERS
        if source.random() < 0.4
    }
    subject = ProfileKey("crm", str(source.random())) if source.random() < 0.9 else None
    view = ProfileView(
        subject, given["profile"], given["aggregate"],
        counted if source.random() < 0.6 else {}, given["score"], given["loaded"],
        random_rules.whereabouts(source, now_ns),
    )  # fmt: skip
    context = DecisionContext(given["context"], source.choice(((), ("sv",), ("en-GB", "sv"))))
    counts = GivenCounts(source, prepared.catalogue, now_ns)

    def ask(*, quickly: int, explain: bool = False) -> Answer:
        seen["is on"] = quickly
        asked = options._replace(explain=explain, reasons=False)
        return decide(prepared, view, context, now_ns, queries, asked, counts=counts)

    quick, slow, explained = ask(quickly=1), ask(quickly=0), ask(quickly=0, explain=True)
    outright = ask(quickly=OUTRIGHT)
    assert outright == quick or not outright.diagnostics, where
    assert outright[:1] + outright[2:] == quick[:1] + quick[2:], f"{where}, {options}"
    assert quick.propositions == slow.propositions, f"{where}, {options}"
    assert quick.demands == slow.demands == explained.demands, where
    assert quick.failures == slow.failures, where
    assert set(quick.diagnostics) <= {*slow.diagnostics, *explained.diagnostics}, where
    for one, other in zip(quick.propositions, explained.propositions, strict=True):
        assert one.items == other.items, where
    seen["demands"] += len(quick.demands)
