"""What isn't needed isn't asked."""

from __future__ import annotations

import random
from typing import Any

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.errors import BundleError
from offerd.model.catalogue import (
    Catalogue,
    Collection,
    Offer,
    Placement,
    Representation,
    Rule,
)
from offerd.model.content import ContentType
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import (
    Decision,
    Group,
    Ranking,
    RankingMethod,
    Strategy,
)
from unit.decision.random_caps import GivenCounts

OFFERS = 100
NO_COLUMN = "+ 0 * profile.age"
SCHEMA = Schema(profile=(Attribute("age", ValueType.INT),))


class Counted:
    """A planned rule that notes when it is asked."""

    def __init__(self, rule: ex.Rule, asked: list[str]) -> None:
        self.checked = rule.checked
        self._rule = rule
        self._asked = asked

    def evaluate(self, *roots: Any) -> Any:
        """Evaluates, and notes it."""
        self._asked.append(self.checked.source)
        return self._rule.evaluate(*roots)


def _catalogue(rest: str = NO_COLUMN, **more: Any) -> tuple[Catalogue, list[ex.Rule]]:
    """Returns a catalogue of offers with a rule each, every second of which holds at age 100.

    `rest` goes on with the rules: by default so that no index can tell whether they hold.
    """
    environment = decision_environment(SCHEMA, ())
    # An index can't tell, so each rule is asked.
    sources = [
        f"profile.age {'>' if number % 2 else '<'} {number} {rest}" for number in range(OFFERS)
    ]
    checked = [ex.compile_expression(source, environment) for source in sources]
    offers = tuple(
        Offer(
            f"offer-{n:03}", OFFERS - n, None, None, n, (), {}, (Representation("web", "", 0),), ()
        )
        for n in range(OFFERS)
    )
    catalogue = Catalogue(
        SCHEMA,
        tuple(Rule(one.source, b"") for one in checked),
        (),
        (),
        (Placement("web", "web", ContentType.TEXT),),
        (),
        offers,
        (),
        (Collection("all", tuple(range(OFFERS))),),
        (Strategy("all", 0, None, 0 if more else None),),
        (Decision("d", ("web",), (Group((0,)),), ()),),
        (),
        **more,
    )
    return catalogue, ex.plan_many(checked, environment)


def _ask(prepared: Prepared, count: int, options: Options) -> list[str]:
    answer = decide(
        prepared,
        ProfileView(None, {"age": 100}, {}, {}),
        DecisionContext({}),
        0,
        [ScopeQuery("", "d", "web", count)],
        options,
        counts=GivenCounts(random.Random(0), prepared.catalogue, 0),
    )
    return [item.offer.id for item in answer.propositions[0].items]


def test_by_priority_no_rule_is_asked_after_the_last_that_is_shown() -> None:
    """To show the best three of a hundred, of which every second is eligible, six are asked."""
    catalogue, rules = _catalogue()
    asked: list[str] = []
    prepared = Prepared(catalogue, [Counted(rule, asked) for rule in rules])  # type: ignore[misc]
    assert _ask(prepared, 3, Options()) == ["offer-001", "offer-003", "offer-005"]
    assert len(asked) == 6


def test_rules_that_the_index_tells_are_not_asked() -> None:
    """Conditions on single attributes are looked up; no rule is evaluated for them."""
    catalogue, rules = _catalogue("")
    asked: list[str] = []
    prepared = Prepared(catalogue, [Counted(rule, asked) for rule in rules])  # type: ignore[misc]
    assert _ask(prepared, 3, Options()) == ["offer-001", "offer-003", "offer-005"]
    assert not asked


def test_only_rules_whose_conditions_hold_are_asked_for_the_rest() -> None:
    """What isn't a condition is asked of the rules that are left, in the order of the offers."""
    catalogue, rules = _catalogue("&& profile.age % 2 == 0")
    asked: list[str] = []
    prepared = Prepared(catalogue, [Counted(rule, asked) for rule in rules])  # type: ignore[misc]
    assert _ask(prepared, 3, Options()) == ["offer-001", "offer-003", "offer-005"]
    assert asked == [f"profile.age > {number} && profile.age % 2 == 0" for number in (1, 3, 5)]


def test_explaining_asks_all_and_each_once() -> None:
    """Only a request that wants to know why asks all the rules; the answer is the same."""
    catalogue, rules = _catalogue()
    asked: list[str] = []
    prepared = Prepared(catalogue, [Counted(rule, asked) for rule in rules])  # type: ignore[misc]
    found = _ask(prepared, 3, Options(explain=True, reasons=False))
    assert found == ["offer-001", "offer-003", "offer-005"]
    assert len(asked) == len(set(asked)) == OFFERS


def test_a_model_that_is_not_registered_is_told_when_the_bundle_is_opened() -> None:
    """The ranking, the model and those that there are are named."""
    ranking = Ranking("learned", RankingMethod.MODEL, model="nightly")
    catalogue, rules = _catalogue(rankings=(ranking,))
    with pytest.raises(BundleError) as raised:
        Prepared(catalogue, rules)
    assert str(raised.value) == (
        "ranking `learned` asks for model `nightly`, which isn't registered; registered: none"
    )


def test_a_model_ranks_what_may_be_shown() -> None:
    """It is asked once, about the eligible offers in the order of priority."""
    asked: list[list[str]] = []

    class Backwards:
        def scores(self, offers: Any, view: Any, context: Any, now_ns: int) -> list[float]:
            asked.append([offer.id for offer in offers])
            return [float(place) for place, _ in enumerate(offers)]

    ranking = Ranking("learned", RankingMethod.MODEL, model="nightly")
    catalogue, rules = _catalogue(rankings=(ranking,))
    prepared = Prepared(catalogue, rules, {"nightly": Backwards()})
    assert _ask(prepared, 2, Options()) == ["offer-099", "offer-097"]
    assert asked == [[f"offer-{n:03}" for n in range(1, OFFERS, 2)]]
