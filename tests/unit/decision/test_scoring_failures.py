"""What is told, and counted, of scores that can't be had."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.diagnostics import by_reason
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.model.catalogue import Catalogue, Collection, Offer, Placement, Representation, Rule
from offerd.model.content import ContentType
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import Decision, Group, Ranking, RankingMethod, Strategy
from unit.decision.random_caps import GivenCounts

SCHEMA = Schema(
    profile=(Attribute("age", ValueType.INT),), offer=(Attribute("value", ValueType.DOUBLE),)
)
FORMULA = "offer.value / double(profile.age - 30)"
VALUES = {"a": 0.0, "b": 1.0, "c": None, "d": 2.0}
SHOWN = (Representation("web", "", 0),)


class Listing:
    """A model whose scores depend on how many are asked about, so that asking again differs."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def scores(self, offers: Sequence[Offer], *_: Any) -> list[float]:
        """Scores from 1 down, by place."""
        self.asked.append([offer.id for offer in offers])
        return [1.0 - place / len(offers) for place in range(len(offers))]


class Talkative:
    """A model that fails, and says of whom."""

    def scores(self, offers: Sequence[Offer], view: ProfileView, *_: Any) -> list[float]:
        """Raises."""
        raise RuntimeError(f"can't rank for somebody aged {view.attributes['age']}")


class Forgetful:
    """A model that leaves an offer out."""

    def scores(self, offers: Sequence[Offer], *_: Any) -> list[float]:
        """Scores all but the first."""
        return [1.0] * (len(offers) - 1)


def _answer(ranking: Ranking, model: Any = None, *, explain: bool = False) -> Answer:
    environment = decision_environment(SCHEMA, ())
    checked = [ex.compile_expression(FORMULA, environment, expected=None)]
    offers = tuple(
        Offer(name, 0, None, None, None, (), {} if value is None else {"value": value}, SHOWN, ())
        for name, value in VALUES.items()
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
        (Collection("all", tuple(range(len(offers)))),),
        (Strategy("all", 0, None, 0),),
        (Decision("d", ("web",), (Group((0,)),), ()),),
        (),
        rankings=(ranking,),
    )
    models = {"m": model} if model is not None else {}
    prepared = Prepared(catalogue, ex.plan_many(checked, environment), models)
    view = ProfileView(ProfileKey("crm", "1"), {"age": 30}, {}, {})
    counts = GivenCounts(random.Random(0), catalogue, 0)
    counts.known = set()
    query = [ScopeQuery("", "d", "web", 5)]
    options = Options(explain=explain)
    return decide(prepared, view, DecisionContext({}), 9, query, options, counts=counts)


def test_each_offer_has_its_own_reason() -> None:
    """Offers whose scores fail for the same reason are told together, others apart."""
    answer = _answer(Ranking("r", RankingMethod.FORMULA, 0))
    because = f"its failed score of 0, because `{FORMULA}` failed"
    assert set(answer.diagnostics) == {
        f"ranking `r` gave 1 offer (`a`) {because}: it gave nan, no finite number",
        f"ranking `r` gave 2 offers (`b`, `d`) {because}: it gave inf, no finite number",
        f"ranking `r` gave 1 offer (`c`) {because}: no value for `offer.value`",
    }
    assert answer.failures == {"r": 4}


def test_a_model_that_raises_fails_for_all_and_tells_nothing_of_the_customer() -> None:
    """All offers have the failed score; the text of the error may quote anything and isn't told."""
    for explain in (False, True):
        ranking = Ranking("r", RankingMethod.MODEL, model="m", failed_score=2.5)
        answer = _answer(ranking, Talkative(), explain=explain)
        assert answer.failures == {"r": 4}
        assert answer.diagnostics == (
            "ranking `r` gave 4 offers (`a`, `b`, `c`, `d`) its failed score of 2.5, "
            "because model `m` failed: it raised an error",
        )
        items = answer.propositions[0].items
        assert [item.selection.score for item in items if item.selection] == [2.5] * 4


def test_a_model_that_leaves_one_out_fails_for_all() -> None:
    """Which score is whose can't be known, so none is used."""
    answer = _answer(Ranking("r", RankingMethod.MODEL, model="m"), Forgetful())
    assert answer.failures == {"r": 4}
    assert "because model `m` failed: 3 scores for 4 offers" in answer.diagnostics[0]


def test_explaining_asks_a_model_nothing_more() -> None:
    """What scored too low is told with the score that it was dropped for."""
    model = Listing()
    ranking = Ranking("r", RankingMethod.MODEL, model="m", minimum_score=0.5)
    answer = _answer(ranking, model, explain=True)
    assert model.asked == [["a", "b", "c", "d"]]
    explanation = answer.propositions[0].explanation
    assert explanation is not None
    assert [(c.offer.id, c.score, c.reason) for c in explanation.candidates] == [
        ("a", 1.0, ""),
        ("b", 0.75, ""),
        ("c", 0.5, ""),
        ("d", 0.25, "scores 0.25 in ranking `r`, less than its minimum of 0.5"),
    ]
    assert answer.failures == {}


def test_many_reasons_are_told_by_example() -> None:
    """After five different reasons the other offers are told together, with the reason of one."""
    told = list(by_reason((f"o{n}", f"reason {n % 7}") for n in range(14)))
    assert told[:2] == [("reason 0", ["o0", "o7"]), ("reason 1", ["o1", "o8"])]
    assert told[5:] == [
        ("each for its own reason, `o5` for this: reason 5", ["o5", "o12", "o6", "o13"])
    ]
