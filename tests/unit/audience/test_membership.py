"""Membership is computed when it is asked for, however audiences build on each other."""

from __future__ import annotations

from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.audience.membership import Memberships
from offerd.model.schema import Attribute, Schema, ValueType

SCHEMA = Schema(profile=(Attribute("age", ValueType.INT), Attribute("height", ValueType.INT)))


def _memberships(sources: dict[str, str], profile: dict[str, Any]) -> Memberships:
    environment = decision_environment(SCHEMA, sources)
    rules = {
        name: ex.plan(ex.compile_expression(source, environment), environment)
        for name, source in sources.items()
    }
    return Memberships(rules, profile, {}, {}, 0)


def test_only_what_is_asked_is_computed() -> None:
    """An audience that `&&` need not ask is left alone."""
    sources = {
        "young": "profile.age < 30",
        "old": "profile.age > 60",
        "both": 'audience("young") && audience("old")',
    }
    members = _memberships(sources, {"age": 40})
    assert members["both"] is False
    assert set(members) == {"young", "both"}


def test_unknown_is_told_from_false() -> None:
    """What isn't known stays unknown through an audience and its negation."""
    sources = {"young": "profile.age < 30", "others": '!audience("young")'}
    assert isinstance(_memberships(sources, {})["others"], ex.Unknown)
    assert _memberships(sources, {"age": 40})["others"] is True


def test_deep_chains_of_deep_rules_are_right() -> None:
    """32 audiences, each with a rule nested 32 deep that something unknown sends the slow way."""
    sources = {"level-00": "profile.age < 30"}
    for level in range(1, 32):
        nested = f'audience("level-{level - 1:02}")'
        for number in range(16):
            nested = f"(profile.height == {number} || (profile.age >= {number} && {nested}))"
        sources[f"level-{level:02}"] = nested
    assert _memberships(sources, {"age": 29})["level-31"] is True
    assert isinstance(_memberships(sources, {"age": 40})["level-31"], ex.Unknown)
    assert _memberships(sources, {"age": 40, "height": 99})["level-31"] is False


def test_rules_read_the_offer_that_they_are_asked_about() -> None:
    """The same rule says different things of different offers, and is unknown without one."""
    environment = decision_environment(SCHEMA, ())
    checked = ex.compile_expression("offer.priority > profile.age", environment)
    rule = ex.plan(checked, environment)
    members = Memberships({}, {"age": 5}, {}, {}, 0)
    assert members.evaluate(rule, {"id": "a", "priority": 9}) is True
    assert members.evaluate(rule, {"id": "b", "priority": 1}) is False
    assert isinstance(members.evaluate(rule), ex.Unknown)
    assert rule.evaluate(*members.roots({"priority": 9})) is True


def test_overridden_memberships_are_not_computed() -> None:
    """What a simulation says of an audience counts, for those that build on it too."""
    sources = {"young": "profile.age < 30", "others": '!audience("young")'}
    members = _memberships(sources, {"age": 40})
    members.update({"young": True})
    assert members["others"] is False
