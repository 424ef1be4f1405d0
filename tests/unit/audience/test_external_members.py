"""Audiences whose members are loaded rather than computed."""

from __future__ import annotations

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.audience.membership import Memberships
from offerd.model.schema import Attribute, Schema, ValueType

SCHEMA = Schema(profile=(Attribute("age", ValueType.INT),))


def memberships(sources: dict[str, str], loaded: dict[str, bool]) -> Memberships:
    """Returns memberships of audiences with rules, beside `vip`, which has none."""
    environment = decision_environment(SCHEMA, [*sources, "vip"])
    rules = {
        name: ex.plan(ex.compile_expression(source, environment), environment)
        for name, source in sources.items()
    }
    return Memberships(rules, {}, {}, {}, 0, loaded=loaded)


@pytest.mark.parametrize("member", [True, False])
def test_who_is_loaded_is_what_rules_read(member: bool) -> None:
    """By themselves, negated, and through other audiences."""
    sources = {"others": '!audience("vip")', "all": 'audience("vip") || audience("others")'}
    found = memberships(sources, {"vip": member})
    assert found["vip"] is member
    assert found["others"] is not member
    assert found["all"] is True


def test_what_was_not_loaded_is_unknown() -> None:
    """It names the audience that is missing, however deep it is asked."""
    sources = {"others": '!audience("vip")', "nested": '!audience("others")'}
    found = memberships(sources, {})
    assert found["nested"] == ex.Unknown(('audience("vip")',))
    assert found["vip"] == ex.Unknown(('audience("vip")',))


def test_a_rule_is_never_overruled_by_a_load() -> None:
    """An audience that was external once and has a rule now is computed."""
    found = memberships({"old": "profile.age > 60"}, {"old": True})
    assert isinstance(found["old"], ex.Unknown)


def test_deep_chains_end_in_what_was_loaded() -> None:
    """Chains that are too deep for recursion are answered alike."""
    sources = {"level-00": 'audience("vip")'}
    for level in range(1, 32):
        sources[f"level-{level:02}"] = f'!audience("level-{level - 1:02}")'
    assert memberships(sources, {"vip": True})["level-31"] is False
    assert memberships(sources, {"vip": False})["level-31"] is True
    assert isinstance(memberships(sources, {})["level-31"], ex.Unknown)
