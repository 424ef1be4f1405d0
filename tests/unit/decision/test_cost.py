"""What a request costs, in calls rather than in time: no request stops the service."""

from __future__ import annotations

import random
import sys
from collections import Counter as Tally
from typing import Any

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.catalogue import (
    Catalogue,
    Collection,
    FallbackOffer,
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
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import (
    Decision,
    Exclusion,
    Group,
    Ranking,
    RankingMethod,
    Strategy,
)
from seeds import random_seed

OFFERS = 1_000
SCOPES = 200
SCHEMA = Schema(profile=(Attribute("age", ValueType.INT),))
TOGETHER = Options(Deduplication.REQUEST)
AVOID = Options(Deduplication.REQUEST, Arbitration.AVOID_FALLBACK)


class Asked:
    """Counts that are zero, and that note by whom they are asked."""

    def __init__(self) -> None:
        self.asked: Tally[str] = Tally()

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """As decision.capping.Counts."""
        self.asked[counter] += 1
        return 0

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """As decision.capping.Counts."""
        self.asked[f"{counter} pending"] += 1
        return 0

    def reached(self, offer: str, cap: Cap) -> bool:
        """As decision.capping.Counts."""
        return False


def _prepared(
    *,
    decisions: int = 1,
    formula: str = "",
    eligibility: str = "",
    counters: tuple[Counter, ...] = (),
    caps: tuple[Cap, ...] = (),
    exclusions: tuple[Exclusion, ...] = (),
    offers: int = OFFERS,
) -> Prepared:
    """Returns a catalogue of offers of which every decision may show all, at one placement."""
    environment = decision_environment(SCHEMA, ())
    sources = [source for source in (formula, eligibility) if source]
    checked = [ex.compile_expression(source, environment, expected=None) for source in sources]
    rankings = (Ranking("r", RankingMethod.FORMULA, 0),) if formula else ()
    shown = (Representation("web", "", 0),)
    catalogue = Catalogue(
        SCHEMA,
        tuple(Rule(one.source, b"") for one in checked),
        (),
        (),
        (Placement("web", "web", ContentType.TEXT),),
        (),
        tuple(
            Offer(
                f"offer-{n:05}", offers - n, None, None,
                len(sources) - 1 if eligibility else None, (), {}, shown, caps,
            )
            for n in range(offers)
        ),
        (FallbackOffer("f", {}, shown),),
        (Collection("all", tuple(range(offers))),),
        (Strategy("all", 0, None, 0 if formula else None),),
        tuple(Decision(f"d{n}", ("web",), (Group((0,)),), ("f",)) for n in range(decisions)),
        (),
        counters,
        rankings,
        (),
        exclusions,
    )  # fmt: skip
    return Prepared(catalogue, ex.plan_many(checked, environment))


def _ask(
    prepared: Prepared, count: int, options: Options, counts: Asked | None = None
) -> tuple[Answer, int]:
    """Returns the answer to 200 scopes, and how many Python calls it took."""
    decisions = len(prepared.catalogue.decisions)
    queries = [ScopeQuery("", f"d{n % decisions}", "web", count) for n in range(SCOPES)]
    calls = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    view = ProfileView(ProfileKey("crm", "1"), {"age": 50}, {}, {})
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        answer = decide(
            prepared, view, DecisionContext({}), 0, queries, options, counts=counts or Asked()
        )
    finally:
        sys.setprofile(before)
    return answer, calls


ALL = tuple(range(OFFERS))
ONE_CARD = (Exclusion("one", ALL, 1),)
SOME = (Exclusion("some", ALL, 100),)
A_SCOPE = (Exclusion("one", ALL, 1, across_scopes=False),)
MADE = (Counter("made", DECISION_EVENT, CapSubject.TOTAL, None),)
ROOMY, TIGHT = (Cap(0, 1_000_000),), (Cap(0, 150),)


@pytest.mark.parametrize(
    "options", [Options(), TOGETHER, AVOID], ids=["scope", "together", "avoid"]
)
@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize(
    "definitions",
    [
        {},
        {"exclusions": ONE_CARD},
        {"exclusions": SOME},
        {"exclusions": (Exclusion("none", ALL, 0),)},
        {"counters": MADE, "caps": ROOMY},
        {"counters": MADE, "caps": TIGHT},
        {"counters": MADE, "caps": TIGHT, "exclusions": SOME, "decisions": 20},
        {"formula": "double(offer.priority)"},
        {"formula": "double(offer.priority)", "decisions": 200},
        {"eligibility": "offer.priority < profile.age - 50", "decisions": 200},
        {"eligibility": "offer.priority > profile.age", "decisions": 20},
    ],
    ids=[
        "plain", "one", "some", "none", "roomy", "tight", "all", "formula", "formulas",
        "hardly", "mostly",
    ],
)  # fmt: skip
def test_a_request_costs_what_it_has_candidates_and_items_not_their_product(
    definitions: dict[str, Any], count: int, options: Options
) -> None:
    """200 scopes over 1,000 offers: a few dozen calls for each candidate and each item.

    Where caps count decisions, for each candidate of each decision.
    """
    _, calls = _ask(_prepared(**definitions), count, options)
    lists = definitions.get("decisions", 1) if "caps" in definitions else 1
    assert calls < 40 * (lists * OFFERS + SCOPES * (count + 5))


def test_an_exclusion_within_a_scope_costs_a_test_per_scope_and_candidate() -> None:
    """Each scope starts anew, but a full exclusion is looked into once in each."""
    _, calls = _ask(_prepared(exclusions=A_SCOPE), 10, TOGETHER)
    assert calls < 4 * OFFERS * SCOPES


@pytest.mark.parametrize("offers", [100, 150, 199])
def test_looking_ahead_is_kept_from_turn_to_turn(offers: int) -> None:
    """Fewer offers than scopes: each has one while there are any, at the cost of a few each."""
    answer, calls = _ask(_prepared(offers=offers, decisions=20), 1, AVOID)
    shown = [item.offer.id for found in answer.propositions for item in found.items]
    assert shown == [*(f"offer-{n:05}" for n in range(offers)), *["f"] * (SCOPES - offers)]
    assert calls < 40 * SCOPES * 20


@pytest.mark.parametrize(
    "options", [Options(), TOGETHER, AVOID], ids=["scope", "together", "avoid"]
)
def test_each_counter_is_asked_once_for_each_window(options: Options) -> None:
    """However many scopes ask, and whatever they take in between."""
    counters = (
        *MADE,
        Counter("seen", "display", CapSubject.TOTAL, ALL),
    )
    counts = Asked()
    caps = (Cap(0, 150), Cap(0, 100, 3_600_000_000_000), Cap(1, 3))
    answer, _ = _ask(_prepared(counters=counters, caps=caps), 3, options, counts)
    assert counts.asked == {"made": 2, "made pending": 2, "seen": 1}
    made = sum(1 for one in answer.propositions for item in one.items if item.selection)
    assert made >= 100


def test_random_requests_agree_whether_or_not_they_ask_why() -> None:
    """What is dropped for good is what a test of each offer would have kept out."""
    source = random.Random(seed := random_seed())
    for _ in range(2):
        exclusions = tuple(
            Exclusion(
                f"x{n}",
                tuple(sorted(source.sample(range(60), 25))),
                source.randrange(4),
                across_scopes=source.random() < 0.5,
            )
            for n in range(3)
        )
        prepared = _prepared(
            offers=60, decisions=3, counters=MADE, caps=(Cap(0, source.randrange(1, 60)),),
            exclusions=exclusions,
        )  # fmt: skip
        for options in (Options(), TOGETHER, AVOID):
            plain, _ = _ask(prepared, source.randrange(1, 4), options)
            count = plain.propositions[0].scope.item_count
            why, _ = _ask(prepared, count, options._replace(explain=True))
            assert [one.items for one in plain.propositions] == [
                one.items for one in why.propositions
            ], f"seed {seed}"
            assert plain.demands == why.demands, f"seed {seed}"
