"""What policies keep from decisions, and what is told of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.customer.computed import ComputedRecord
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.decision.request import RequestState
from offerd.decision.withholding import UnansweredRule
from offerd.model.catalogue import (
    Audience,
    Catalogue,
    Collection,
    FallbackOffer,
    Offer,
    Placement,
    Representation,
    Rule,
)
from offerd.model.content import ContentType
from offerd.model.decision import DecisionContext, Options, Outcome, ScopeQuery, Stage
from offerd.model.policy import Policy, Withholding
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)
from offerd.model.selection import (
    Arm,
    Decision,
    Exclusion,
    Experiment,
    Group,
    Ranking,
    RankingMethod,
    ScoreTable,
    Strategy,
)
from unit.decision.random_caps import GivenCounts

SCHEMA = Schema(
    profile=(
        Attribute("goal", ValueType.STRING, labels=("RHD",)),
        Attribute("street", ValueType.STRING, labels=("I2",)),
        Attribute("birth", ValueType.INT, labels=("PSPD",)),
        Attribute("tier", ValueType.STRING),
    ),
    context=(Attribute("mood", ValueType.STRING, labels=("RHD",)),),
    aggregates=(
        Aggregate(
            "visits", ("visit",), AggregateFunction.COUNT, ValueType.INT, labels=("RHD", "C4")
        ),
    ),
    scores=(ScoreModel("fit", labels=("RHD",)),),
)
POLICIES = (
    Policy("no-health", ("ads",), any_labels=("C4", "RHD")),
    Policy("no-profiling", ("ads",), all_labels=("I2", "PSPD")),
)
AUDIENCES = {"dieting": 'profile.goal == "diet"', "near": 'profile.street == "x"'}
PLACEMENTS = ("web", "app")
CUSTOMER = ProfileView(
    ProfileKey("crm", "1"),
    {"goal": "diet", "street": "x", "birth": 1999, "tier": "plus"},
    {"visits": 9},
    {},
    {"fit": 0.9, "fit.probability": 0.9},
)
CONTEXT = DecisionContext({"mood": "well"})


class Seeing:
    """A model that remembers what it was given to see."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> list[float]:
        """Scores."""
        self.seen.append((view.attributes, view.aggregates, view.scores, context.values))
        return [0.0 for _ in offers]


def _prepared(
    offers: Mapping[str, str | None],
    *,
    more: Sequence[str] = (),
    models: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Prepared:
    """A decision `d` at `web`, of which there are policies, and at `app`, of which there are none.

    Offers have rules or None; `more` are rules with the next numbers.
    """
    environment = decision_environment(SCHEMA, AUDIENCES)
    texts = [*AUDIENCES.values(), *(text for text in offers.values() if text), *more]
    checked = [ex.compile_expression(text, environment, expected=None) for text in texts]
    shown = tuple(Representation(placement, "", 0) for placement in PLACEMENTS)
    catalogue = Catalogue(
        SCHEMA,
        tuple(Rule(text, b"") for text in texts),
        (),
        tuple(Audience(name, "", number) for number, name in enumerate(AUDIENCES)),
        tuple(
            Placement(name, name, ContentType.TEXT, 1, ("ads",) if name == "web" else ())
            for name in PLACEMENTS
        ),
        (),
        tuple(
            Offer(name, 0, None, None, texts.index(text) if text else None, (), {}, shown, ())
            for name, text in offers.items()
        ),
        (FallbackOffer("none", {}, shown),),
        (Collection("all", tuple(range(len(offers)))),),
        fields.pop("strategies", (Strategy("all", 0, None),)),
        (Decision("d", PLACEMENTS, (Group((0,)),), fields.pop("fallbacks", ("none",))),),
        (),
        policies=fields.pop("policies", POLICIES),
        **fields,
    )
    return Prepared(catalogue, ex.plan_many(checked, environment), models or {})


def _asked(prepared: Prepared, *placements: str, **options: Any) -> Answer:
    queries = [ScopeQuery("", "d", placement, 9) for placement in placements]
    counts = GivenCounts(random.Random(0), prepared.catalogue, 0)
    asked = Options(explain=True, **options)
    return decide(prepared, CUSTOMER, CONTEXT, 9, queries, asked, counts=counts)


def _shown(answer: Answer) -> list[list[str]]:
    return [[item.offer.id for item in one.items] for one in answer.propositions]


def _reasons(answer: Answer, place: int = 0) -> dict[str, str]:
    explanation = answer.propositions[place].explanation
    assert explanation is not None
    return {candidate.offer.id: candidate.reason for candidate in explanation.candidates}


def test_nothing_is_made_where_nothing_is_withheld() -> None:
    """A placement without policies has the rules of the catalogue, and one state for all."""
    prepared = _prepared({"a": 'profile.goal == "diet"'}, policies=())
    assert prepared.withheld == {}
    counts = GivenCounts(random.Random(0), prepared.catalogue, 0)
    state = RequestState(prepared, CUSTOMER, CONTEXT, 9, counts=counts, options=Options())
    assert state.at("web") is state.at("app") is state
    assert state.rules is prepared.rules
    assert state.view is CUSTOMER
    assert list(_prepared({}).withheld) == ["web"]


def test_aggregates_that_nobody_asks_for_are_not_computed() -> None:
    """Where policies keep other data back as little as where they keep nothing back."""
    computed: list[str] = []
    aggregates = ComputedRecord({}, ["visits"], lambda name: computed.append(name) or 9)
    policies = (Policy("no-addresses", ("ads",), any_labels=("I2",)),)
    prepared = _prepared({"a": 'profile.street == "x"'}, policies=policies)
    counts = GivenCounts(random.Random(0), prepared.catalogue, 0)
    customer = CUSTOMER._replace(aggregates=aggregates)
    queries = [ScopeQuery("", "d", "web", 9)]
    assert _shown(decide(prepared, customer, CONTEXT, 9, queries, Options(), counts=counts)) == [
        ["none"]
    ]
    assert computed == []


def test_each_scope_is_decided_by_its_own_placement() -> None:
    """What one placement may know another one doesn't, in whatever order they are asked."""
    prepared = _prepared({"a": 'profile.goal == "diet"', "b": '"x" == profile.street'})
    assert _shown(_asked(prepared, "web", "app", "web")) == [["b"], ["a", "b"], ["b"]]
    assert _shown(_asked(prepared, "app", "web", "app")) == [["a", "b"], ["b"], ["a", "b"]]


def test_label_and_policy_are_told_and_never_a_value() -> None:
    """Of attributes, context, aggregates, scores, and audiences that can't be known without."""
    prepared = _prepared(
        {
            "attribute": 'profile.goal == "diet"',
            "presence": "has(profile.goal)",
            "context": 'context.mood == "well"',
            "aggregate": "aggregate.visits > 3",
            "score": 'score("fit.probability") > 0.5',
            "audience": 'audience("dieting") && profile.tier == "plus"',
            "missing": 'profile.goal == "diet" && context.channel == "x"',
        }
    )
    answer = _asked(prepared, "web")
    why = "is withheld: label RHD by policy `no-health`"
    assert _shown(answer) == [["none"]]
    assert _reasons(answer) == {
        "attribute": f'`profile.goal == "diet"` is unknown: `profile.goal` {why}',
        "presence": f"`has(profile.goal)` is unknown: `profile.goal` {why}",
        "context": f'`context.mood == "well"` is unknown: `context.mood` {why}',
        "aggregate": "`aggregate.visits > 3` is unknown: "
        "`aggregate.visits` is withheld: labels C4 and RHD by policy `no-health`",
        "score": f'`score("fit.probability") > 0.5` is unknown: `score("fit.probability")` {why}',
        "audience": "unknown whether in audience `dieting`: "
        f'`profile.goal == "diet"` is unknown: `profile.goal` {why}',
        "missing": f'`profile.goal == "diet"` is unknown: `profile.goal` {why}; '
        '`context.channel == "x"` is unknown: no value for `context.channel`',
    }
    assert "diet" not in repr(_asked(_prepared({"a": "has(profile.goal)"}), "web"))


def test_a_rule_may_not_read_together_what_it_may_read_apart() -> None:
    """Through audiences too: it is unknown as a whole, whatever else it reads."""
    prepared = _prepared(
        {
            "one": "profile.birth > 1990",
            "other": 'audience("near")',
            "both": 'profile.tier == "plus" || profile.birth > 2000 || audience("near")',
            "rest": 'profile.tier == "plus" || audience("dieting")',
        }
    )
    answer = _asked(prepared, "web", "app")
    assert _shown(answer) == [["one", "other", "rest"], ["both", "one", "other", "rest"]]
    assert _reasons(answer)["both"] == (
        "`profile.birth` and `profile.street` are withheld together: "
        "labels I2 and PSPD by policy `no-profiling`"
    )
    held = [isinstance(rule, UnansweredRule) for rule in prepared.withheld["web"].rules]
    assert held.count(True) == 1


def test_what_is_withheld_by_itself_is_read_together_with_nothing() -> None:
    """No rule sees it, so that the rest of a rule still counts."""
    policies = (*POLICIES, Policy("no-streets", ("ads",), any_labels=("I2",)))
    prepared = _prepared(
        {"both": 'profile.birth > 1990 || profile.street == "y"'}, policies=policies
    )
    assert _shown(_asked(prepared, "web")) == [["both"]]


def test_what_is_said_of_an_audience_in_its_place_holds() -> None:
    """An override isn't made of withheld data."""
    prepared = _prepared({"a": 'audience("dieting")'})
    assert _shown(_asked(prepared, "web", memberships={"dieting": True})) == [["a"]]


def test_an_exclusion_applies_where_its_rule_can_not_be_known() -> None:
    """By its own placement, also if it counts over the whole request: more are shown there than
    it allows, so that none of them is shown once more where it applies."""
    prepared = _prepared(
        {"a": None, "b": None},
        more=['profile.goal != "diet"'],
        exclusions=(Exclusion("one", (0, 1), 1, 2, True),),
    )
    assert _shown(_asked(prepared, "app")) == [["a", "b"]]
    assert _shown(_asked(prepared, "web", "app", "web")) == [["a"], ["a", "b"], ["none"]]


def test_an_exclusion_keeps_out_fallbacks_likewise() -> None:
    """Where an offer serves as one, by the rule as its placement knows it."""
    prepared = _prepared(
        {"a": 'profile.tier == "none"'},
        more=['profile.goal != "diet"'],
        exclusions=(Exclusion("never", (0,), 0, 3, True),),
        fallbacks=("a", "none"),
    )
    assert _shown(_asked(prepared, "web", "app")) == [["none"], ["a", "none"]]


def test_a_table_scores_a_withheld_segment_by_its_default() -> None:
    """As it does one that isn't known."""
    prepared = _prepared(
        {"a": None, "b": None},
        more=["profile.goal"],
        strategies=(Strategy("all", 0, None, 0),),
        rankings=(Ranking("r", RankingMethod.TABLE, table=0),),
        score_tables=(ScoreTable("t", 2, {"diet": {0: 1.0, 1: 2.0}}, 5.0),),
    )
    answer = _asked(prepared, "web", "app")
    scores = [[item.selection.score for item in one.items] for one in answer.propositions]
    assert scores == [[5.0, 5.0], [2.0, 1.0]]


def test_a_model_sees_neither_what_is_withheld_nor_what_may_not_go_together() -> None:
    """It is code that sees all that it is given at once."""
    model = Seeing()
    prepared = _prepared(
        {"a": None},
        models={"m": model},
        strategies=(Strategy("all", 0, None, 0),),
        rankings=(Ranking("r", RankingMethod.MODEL, model="m"),),
    )
    _asked(prepared, "web", "app")
    everything = (CUSTOMER.attributes, CUSTOMER.aggregates, CUSTOMER.scores, CONTEXT.values)
    assert model.seen == [({"tier": "plus"}, {}, {}, {}), everything]


def test_whoever_reads_a_whole_profile_reads_all_of_it_together() -> None:
    """So names that may only be read apart are withheld, and audiences that depend on any."""
    withholdings = _prepared({}).withholdings
    health, profiling = Withholding(("RHD",), "no-health"), ("I2", "PSPD")
    found = withholdings.from_reader(["ads"])
    assert found["profile.goal"] == found['score("fit")'] == health
    assert found['audience("dieting")'] == health
    assert found["profile.street"] == found['audience("near")']
    assert found["profile.birth"] == Withholding(profiling, "no-profiling")
    assert "profile.tier" not in found
    assert not withholdings.from_reader(["print"])


def test_only_fallbacks_are_shown_if_the_request_says_why() -> None:
    """No experiment, no room taken; explanation and diagnostics say why."""
    experiment = Experiment("e", "d", "e", (Arm("only", 1),))
    prepared = _prepared({"a": None}, experiments=(experiment,))
    answer = _asked(prepared, "web", "app", fallbacks_only="collecting is not allowed")
    assert _shown(answer) == [["none"], ["none"]]
    assert [one.outcome for one in answer.propositions] == [Outcome.FALLBACK, Outcome.FALLBACK]
    assert [one.exposure for one in answer.propositions] == [None, None]
    assert answer.demands == ()
    assert answer.diagnostics == ("only fallbacks are shown: collecting is not allowed",)
    explanation = answer.propositions[0].explanation
    assert explanation is not None
    (candidate,) = explanation.candidates
    assert (candidate.fell_at, candidate.reason) == (Stage.LIVE, "collecting is not allowed")
    assert _asked(prepared, "app").propositions[0].exposure is not None
