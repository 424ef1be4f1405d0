"""What explanations and diagnostics keep to themselves."""

from __future__ import annotations

import random
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
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
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import Decision, Group, Strategy
from unit.decision.random_caps import GivenCounts

SCHEMA = Schema(profile=(Attribute("age", ValueType.INT), Attribute("version", ValueType.STRING)))
SOURCES = (
    "profile.age > 60",
    'audience("old")',
    'semver.compare(profile.version, "1.0.0") > 0',
    "profile.age / 10",
)
SECRET = frozenset({"profile.age", "profile.version", 'audience("old")'})


def _answer(options: Options) -> Answer:
    environment = decision_environment(SCHEMA, ["old"])
    checked = [
        ex.compile_expression(source, environment, expected=None, checking=ex.Checking.RULE)
        for source in SOURCES
    ]
    shown = (Representation("web", "", 0),)

    def offer(name: str, rule: int | None, caps: tuple[Cap, ...] = ()) -> Offer:
        return Offer(name, 0, None, None, rule, (), {}, shown, caps)

    catalogue = Catalogue(
        SCHEMA,
        tuple(Rule(one.source, b"") for one in checked),
        (),
        (Audience("old", "", 0),),
        (Placement("web", "web", ContentType.TEXT),),
        (),
        (
            offer("by-audience", 1),
            offer("by-rule", 0),
            offer("by-version", 2),
            offer("capped", None, (Cap(0, 9, limit_rule=3),)),
        ),
        (),
        (Collection("all", (0, 1, 2, 3)),),
        (Strategy("all", 0, None),),
        (Decision("d", ("web",), (Group((0,)),), ()),),
        (),
        (Counter("shown", "display", CapSubject.PROFILE, (3,)),),
    )
    prepared = Prepared(catalogue, ex.plan_many(checked, environment))
    attributes: dict[str, Any] = {"age": 41, "version": "seven"}
    view = ProfileView(ProfileKey("crm", "1"), attributes, {}, {"shown": [1, 2, 3, 4, 5]})
    counts = GivenCounts(random.Random(0), catalogue, 0)
    query = [ScopeQuery("", "d", "web", 1)]
    return decide(prepared, view, DecisionContext({}), 9, query, options, counts=counts)


def _reasons(answer: Answer) -> dict[str, str]:
    explanation = answer.propositions[0].explanation
    assert explanation is not None
    return {candidate.offer.id: candidate.reason for candidate in explanation.candidates}


def test_what_may_be_seen_is_told() -> None:
    """Values, audiences and their rules, limits, and what failed."""
    answer = _answer(Options(explain=True))
    assert _reasons(answer) == {
        "capped": "cap reached: 5 of at most 4 `display` events by this customer",
        "by-audience": "not in audience `old`: `profile.age > 60` is false (`profile.age` is 41)",
        "by-rule": "`profile.age > 60` is false (`profile.age` is 41)",
        "by-version": f"`{SOURCES[2]}` failed: `seven` is not a version: write it as `1.2.3`",
    }
    assert answer.diagnostics == (
        f"rule `{SOURCES[2]}` failed and qualifies nobody: "
        "`seven` is not a version: write it as `1.2.3`",
    )


def test_of_what_is_hidden_only_names_are_told() -> None:
    """Neither values nor what follows from them, such as a membership or a limit."""
    answer = _answer(Options(explain=True, hidden=SECRET))
    assert _reasons(answer) == {
        "capped": "cap reached: 5 of at most (hidden) `display` events by this customer",
        "by-audience": 'it depends on `audience("old")` (hidden)',
        "by-rule": "it depends on `profile.age` (hidden)",
        "by-version": "it depends on `profile.version` (hidden)",
    }
    assert answer.diagnostics == (
        f"rule `{SOURCES[2]}` failed and qualifies nobody: it depends on data that is hidden",
    )


def test_reasons_can_be_left_out() -> None:
    """Stages are told all the same, and where rules decided nothing is worked out."""
    answer = _answer(Options(explain=True, reasons=False))
    explanation = answer.propositions[0].explanation
    told = _answer(Options(explain=True)).propositions[0].explanation
    assert explanation is not None
    assert told is not None
    assert explanation.funnel == told.funnel
    assert [c.fell_at for c in explanation.candidates] == [c.fell_at for c in told.candidates]
    assert set(_reasons(answer).values()) == {""}
