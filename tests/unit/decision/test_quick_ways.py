"""Quick ways of choosing against looking at each candidate, over catalogues of some size.

A request that asks why has every candidate looked at, one by one, so its answer is the reference.
A big run: OFFERD_TWIN_CATALOGUES=1000 python -m pytest tests/unit/decision/test_quick_ways.py -s
"""

from __future__ import annotations

import os
import random
from collections import Counter as Tally

import pytest

from offerd import expression as ex
from offerd.bundle import no_pause
from offerd.decision import blocks, outline, preparing, shelves
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.decision.warming import warm
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import (
    Audience,
    Catalogue,
    Collection,
    Offer,
    Placement,
    Representation,
    Rule,
)
from offerd.model.content import ContentType
from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    ScopeQuery,
)
from offerd.model.place import PlaceSelector
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.selection import (
    Boost,
    Decision,
    Group,
    Ranking,
    RankingMethod,
    ScoreTable,
    Strategy,
    Ties,
)
from seeds import random_seed
from unit.decision import random_policies, random_rules
from unit.decision.random_caps import GivenCounts
from unit.decision.random_rules import DAY_NS, ENVIRONMENT, LOADED, NOW_NS, RULED

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "25"))
"""How many random catalogues to compare on; each is asked 8 requests."""
PLACES = ("p0", "p1", "p2")
FORMULAS = (
    "offer.value * 0.5 + 1.0", "offer.value / (offer.value - offer.value)", "offer.value",
    "-offer.value * profile.spend", "double(offer.priority) * context.wind", "2.0",
    "offer.value + score('likes') * double(profile.age)", "profile.spend",
    "offer.value > 3.0 ? 1.0 : 0.0", "10.0 / (offer.value / (offer.value - 2.0))",
)  # fmt: skip
CONDITIONS = ("profile.member", "offer.value > 2.0", "100 / (profile.age - 18) > 1")


def _catalogue(source: random.Random) -> tuple[Catalogue, list[ex.Rule]]:
    checked = [random_rules.rule(source, audience=name) for name in RULED]
    count = source.randrange(20)
    checked += [random_rules.rule(source) for _ in range(count)]
    eligibility = [None, *range(len(RULED), len(checked))]

    def add(text: str, expected: ex.Type | None = None) -> int:
        checked.append(ex.compile_expression(text, ENVIRONMENT, expected=expected))
        return len(checked) - 1

    ways = source.choice(("default", "default", "some", "languages"))
    capped = source.random() < 0.5
    size = source.choice((5, 100, 400))
    offers = tuple(
        Offer(
            f"o{n:03}", source.randrange(size // 2 + 1), *_dates(source),
            source.choice(eligibility), (),
            {} if source.random() < 0.02 else {"value": source.choice((0.0, 1.5, 2.0, n * 0.1))},
            tuple(_shown(source, ways)),
            (_cap(source),) if capped else (),
        )
        for n in range(size)
    )  # fmt: skip
    scores = {
        text: {n: source.choice((0.0, 1.0, source.random())) for n in range(0, size, 2)}
        for text in ("a", "b")
    }
    boost = (
        (Boost(add(source.choice(CONDITIONS)), add(source.choice(FORMULAS))),)
        if source.random() < 0.5
        else ()
    )
    least = source.choice((None, None, 0.5))
    rankings = (
        Ranking(
            "f", RankingMethod.FORMULA, add(source.choice(FORMULAS)), boost, minimum_score=least
        ),
        Ranking("t", RankingMethod.TABLE, table=0, minimum_score=least),
        Ranking("u", RankingMethod.TABLE, table=1),
    )
    tables = (
        ScoreTable("t", add("profile.tier"), scores, 0.25),
        ScoreTable("u", add("context.weather"), {"a": {0: 0.5, 1: 2.0}, "c": scores["b"]}, 1.0),
    )
    constraint = source.choice((None, add("has(profile.age)"), add("offer.value > 0.5")))
    strategies = tuple(
        Strategy(f"s{n}", 0, constraint, ranking) for n, ranking in enumerate((None, 0, 1, 2))
    )
    ties = source.choice((Ties.ID, Ties.ID, Ties.DAILY))
    plain = Catalogue(
        random_rules.SCHEMA, tuple(Rule(one.source, b"") for one in checked), (),
        (
            *(Audience(name, "", n) for n, name in enumerate(RULED)),
            *(Audience(name, "", None) for name in LOADED),
        ),
        tuple(Placement(place, "web", ContentType.TEXT) for place in PLACES), (),
        offers, (), (Collection("all", tuple(range(size))),), strategies,
        tuple(Decision(f"d{n}", PLACES, (Group((n,)),), (), ties=ties) for n in range(4)), (),
        tuple(Counter(f"c{n}", "display", CapSubject.PROFILE, None) for n in range(3)),
        rankings, tables, place_reads=random_rules.READS,
    )  # fmt: skip
    return random_policies.governed(source, plain), ex.plan_many(checked, ENVIRONMENT)


def _cap(source: random.Random) -> Cap:
    visit = PlaceSelector(category="studio") if source.random() < 0.3 else None
    return Cap(source.randrange(3), source.randrange(1, 4), DAY_NS, visit=visit)


def _dates(source: random.Random) -> tuple[int | None, int | None]:
    if source.random() < 0.6:
        return None, None
    start = NOW_NS + source.randrange(-20, 10) * DAY_NS
    return start, start + source.randrange(1, 30) * DAY_NS


def _shown(source: random.Random, ways: str) -> list[Representation]:
    languages = {"default": [""], "some": ["", "sv"], "languages": ["sv", "en"]}[ways]
    return [
        Representation(place, language, 0)
        for place in PLACES
        for language in languages
        if ways == "default" or source.random() < 0.8
    ]


def test_quick_ways_show_what_looking_at_each_candidate_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By priority, formula and table, with dates, languages and caps: the same items and scores.

    Found in blocks, merged from shelves, first the one and then the other, or sorted; made ready
    when loaded or by the first request; kept, or forgotten and made again.
    """
    seed = random_seed()
    seen: Tally[str] = Tally()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        catalogue, rules = _catalogue(source)
        most_rules, size, first = source.choice(((255, 512, 4), (255, 7, 2), (0, 512, 4)))
        monkeypatch.setattr(blocks, "MOST_RULES", most_rules)
        monkeypatch.setattr(blocks, "SIZE", size)
        monkeypatch.setattr(shelves, "BLOCKS_FIRST", first)
        monkeypatch.setattr(shelves, "SORTED_FROM", source.choice((2, 24, 1_000)))
        monkeypatch.setattr(shelves, "_MARGIN", source.choice((0, 64)))
        monkeypatch.setattr(shelves, "_MOST_TOPS", (0, 1_024)[number % 2])
        kept = source.choice((3, 16_384))
        monkeypatch.setattr(preparing, "MOST_KEPT", kept)
        monkeypatch.setattr(preparing, "_LEAST_KEPT", kept)
        monkeypatch.setattr(outline, "_AT_ONCE", source.choice((4, 4_096)))
        prepared = Prepared(catalogue, rules, places=random_rules.PLACES)
        if source.random() < 0.5:
            warm(prepared, NOW_NS + source.randrange(-10, 10) * DAY_NS, no_pause)
        for request in range(8):
            _compare(source, prepared, seen, f"seed {seed}/{number}, request {request}")
    print(dict(seen))
    assert min(seen["items"], seen["scored"], seen["failed"]) > CATALOGUES / 5


def _compare(source: random.Random, prepared: Prepared, seen: Tally[str], where: str) -> None:
    given = random_rules.records(source)
    now_ns = NOW_NS + source.randrange(-10, 10) * DAY_NS
    ago_ns = source.choice((DAY_NS // 2, random_rules.MINUTE_NS))
    counted = {f"c{n}": [now_ns - ago_ns] * source.randrange(1, 4) for n in range(3)}
    view = ProfileView(
        ProfileKey("crm", str(source.random())), given["profile"], given["aggregate"],
        counted if source.random() < 0.4 else {}, given["score"], given["loaded"],
        random_rules.whereabouts(source, now_ns),
    )  # fmt: skip
    context = DecisionContext(given["context"], source.choice(((), ("sv",), ("en-GB", "sv"))))
    decisions = source.choice((["d0"], ["d1"], ["d2"], ["d2", "d3"], ["d0", "d1", "d2"]))
    queries = [
        ScopeQuery(
            f"{n}", source.choice(decisions), source.choice(PLACES), source.choice((1, 5, 60))
        )
        for n in range(source.randrange(1, 6))
    ]
    options = Options(source.choice([*Deduplication]), source.choice([*Arbitration]))
    if source.random() < 0.1:
        overridden = source.sample((*RULED, *LOADED), source.randrange(1, 3))
        members = {name: source.random() < 0.5 for name in overridden}
        options = options._replace(memberships=members)
    counts = GivenCounts(source, prepared.catalogue, now_ns)

    def ask(explain: bool) -> Answer:
        asked = options._replace(explain=explain, reasons=False)
        return decide(prepared, view, context, now_ns, queries, asked, counts=counts)

    quick, slow = ask(False), ask(True)
    for query, one, other in zip(queries, quick.propositions, slow.propositions, strict=True):
        assert one.items == other.items, f"{where}, {query}, {options}"
        seen["items"] += len(one.items)
        seen["scored"] += sum(1 for item in one.items if item.selection and item.selection.ranking)
    assert quick.demands == slow.demands, where
    assert set(quick.failures) <= set(slow.failures), where
    assert all(count <= slow.failures[name] for name, count in quick.failures.items()), where
    told = {line for line in slow.diagnostics if line.startswith("rule")}
    assert {line for line in quick.diagnostics if line.startswith("rule")} <= told or (
        any("doesn't qualify" in line for line in told)
    ), where
    seen["failed"] += bool(quick.failures)
