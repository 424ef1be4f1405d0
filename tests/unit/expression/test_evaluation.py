"""What expressions come to, by the fast form and by the exact one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from offerd.expression import Failure, Rule, Unknown, plan
from unit.expression.declared import ENVIRONMENT, checked, value_of

HOUR = 3600 * 10**9
PROFILE = {
    "tier": "gold",
    "loyalty.tier": "silver",
    "loyalty.points": 120,
    "age": 40,
    "visits": 3,
    "score": 1.5,
    "vip": True,
    "born": 10**18,
    "stay": 36 * HOUR,
    "tags": ["a", "b"],
    "scores": [1.0, math.nan],
    "address": {"city": "Oslo"},
    "rows": [{"kind": "tea", "size": "s"}, {"kind": "milk"}],
    "extra": {"a": [1, "x"]},
}

TRUE = [
    "profile.tier == 'gold'",
    "profile.loyalty.tier == 'silver' && profile.loyalty.points > 100",
    "profile.tier in ['silver', 'gold']",
    "!(profile.tier in ['silver', 'platinum'])",
    "profile.age in [1, 2, 3, 40, 5]",
    "profile.age == 40.0 && profile.age < 40.5 && 39u < profile.age",
    "profile.visits + 2u == 5u",
    "profile.score * 2.0 == 3.0",
    "profile.age / 7 == 5 && -profile.age / 7 == -5 && -profile.age % 7 == -5",
    "profile.age - 41 < 0",
    "now - profile.born > duration('23h') && now - profile.born <= duration('24h')",
    "profile.stay.getHours() == 36",
    "profile.born + profile.stay > profile.born",
    "now.getFullYear() == 2001 && now.getHours('Europe/Stockholm') == now.getHours('+02:00')",
    "profile.tags.exists(t, t == 'b') && profile.tags.all(t, size(t) == 1)",
    "profile.tags.exists_one(t, t == 'a') && profile.tags.filter(t, t != 'a') == ['b']",
    "profile.tags.map(t, t + '!') == ['a!', 'b!']",
    "profile.tags.map(t, t == 'b', t + t) == ['bb']",
    "profile.rows.exists(r, r.kind == 'milk' && !has(r.size))",
    "profile.rows.exists(r, profile.tags.exists(t, t + 'ea' == r.kind)) == false",
    "profile.address.city.startsWith('Os') && has(profile.address.city)",
    "profile.address['city'].contains('sl') && 'city' in profile.address",
    "profile.extra.a[1] == 'x' && profile.extra.a[0] == 1.0 && !(true in profile.extra.a)",
    "has(profile.vip) && !has(profile.tiers)",
    "profile.tier.matches('^g.*d$') && !profile.tier.matches('x')",
    "(profile.vip ? profile.age : 0) == 40",
    "'A-B'.lowerAscii().split('-').join('+') == 'a+b'",
    "(profile.address.city + ' ').trim() == 'Oslo' && profile.tier.substring(1, 3) == 'ol'",
    "profile.scores[1] != profile.scores[size(profile.scores) - 1]",
    "!(profile.scores == [profile.scores[0], profile.scores[1]])",
    "!(profile.scores[1] in profile.scores)",
    "type(profile.age) == int && type(profile.born) == google.protobuf.Timestamp",
    "string(profile.stay) == '129600s' && int(profile.score) == 1",
    "audience('frequent') || audience('lapsed')",
    "math.greatest(profile.age, 7, 50) == 50 && math.least([profile.score, 2.5]) == 1.5",
    "{'a': profile.vip}.a && {true: 'x'}[profile.vip] == 'x'",
]


@pytest.mark.parametrize("source", TRUE)
def test_an_expression_holds(source: str) -> None:
    """Operators, functions and macros on typed records mean what the language says."""
    roots = {"now": 10**18 + 24 * HOUR, "audience": {"frequent": False, "lapsed": True}}
    assert value_of(source, PROFILE, **roots) is True


ABSENT = [
    ("profile.vip", ("profile.vip",)),
    ("!profile.vip", ("profile.vip",)),
    ("profile.vip && profile.age > 1", ("profile.vip", "profile.age")),
    ("profile.loyalty.tier == 'x' || profile.vip", ("profile.loyalty.tier", "profile.vip")),
    ("profile.vip && profile.vip", ("profile.vip",)),
    ("audience('frequent')", ('audience("frequent")',)),
    ("profile.vip ? profile.age == 1 : true", ("profile.vip",)),
    ("has(profile.address.city)", ("profile.address",)),
    ("profile.age / (profile.age - profile.age) == 1", ("profile.age",)),
    ("['a'].exists(t, t == profile.tier)", ("profile.tier",)),
    ("profile.vip && 1 / int('0') == 1", ("profile.vip",)),
]


@pytest.mark.parametrize(("source", "names"), ABSENT)
def test_what_is_missing_is_named(source: str, names: tuple[str, ...]) -> None:
    """A missing attribute makes the outcome an Unknown with every name that might settle it."""
    source = source.replace("int('0')", "(size(context.country) - 2)")
    assert value_of(source, context={"country": "SE"}) == Unknown(names)


ABSORBED = [
    ("profile.vip && context.country == 'NO'", False),
    ("context.country == 'NO' && profile.vip", False),
    ("profile.vip || context.country == 'SE'", True),
    ("1 / (size(context.country) - 2) == 1 || context.country == 'SE'", True),
    ("[2, 0].exists(x, 2 / x == 1)", True),
    ("[0, 1].all(x, 2 / x == 1)", False),
    ("has(profile.vip) && profile.vip", False),
    ("context.country == 'SE' ? true : profile.vip", True),
]


@pytest.mark.parametrize(("source", "outcome"), ABSORBED)
def test_a_settled_condition_absorbs_what_is_missing(source: str, outcome: bool) -> None:
    """A false operand settles `&&` and a true one `||`, whatever the others are."""
    assert value_of(source, context={"country": "SE"}) is outcome


FAILING = [
    ("profile.age / (profile.age - 40) == 1", "division by zero"),
    ("profile.age + 9223372036854775807 > 0", "the result is out of the range of an int"),
    ("profile.visits - 4u == 0u", "the result is out of the range of a uint"),
    ("profile.tags[2] == 'a'", "the index 2 is outside a list of 2"),
    ("profile.tags[profile.tags.size() - 3] == 'a'", "the index -1 is outside a list of 2"),
    ("profile.address.zip == 'a'", "no such key: `zip`"),
    ("dyn(now) in profile.address", "a map has no keys of type `google.protobuf.Timestamp`"),
    ("profile.extra.a in profile.address", "a map has no keys of type `list`"),
    ("profile.extra + 1 == 2", "no such overload: `+` of (map, int)"),
    ("profile.extra.a && profile.vip", "an operand is neither true nor false"),
    ("int(profile.tier) == 1", "`gold` is not an int"),
    (
        "profile.tier.matches(profile.loyalty.tier + '(')",
        "`silver(` is not a pattern: missing ): silver(",
    ),
    ("{profile.tier: 1, 'gold': 2}.size() == 1", "the map has the key `gold` twice"),
]


@pytest.mark.parametrize(("source", "message"), FAILING)
def test_an_operation_without_a_result_is_a_failure(source: str, message: str) -> None:
    """A failure is a value that says what failed; nothing is raised."""
    outcome = value_of(source, PROFILE)
    assert isinstance(outcome, Failure)
    assert outcome.message == message


def test_a_failure_says_where() -> None:
    """The position is that of the part that failed, not of the whole."""
    outcome = value_of("profile.vip &&\n  1 / (profile.age - 40) == 1", PROFILE)
    assert isinstance(outcome, Failure)
    assert (outcome.position.line, outcome.position.column) == (2, 3)


@pytest.mark.parametrize(
    "profile",
    [{"age": "x"}, {"age": None}, {"age": []}, {"age": object()}, None, 3, "profile"],
)
def test_data_of_another_type_never_raises(profile: Any) -> None:
    """Data that is not as declared gives a failure, not an exception."""
    rule = plan(checked("profile.age + 1 > 3"), ENVIRONMENT)
    assert isinstance(rule.evaluate(profile, {}, 0, {}), Failure)


class Lazy(dict[str, Any]):
    """A mapping that works its values out when asked."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.asked: list[str] = []

    def __missing__(self, name: str) -> Any:
        self.asked.append(name)
        self[name] = value = self.rule.evaluate({"age": 3}, {}, 0, {})
        return value

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()


def test_a_lookup_may_be_computed_when_needed() -> None:
    """Audiences that depend on others are asked for once, and only if they matter."""
    lazy = Lazy(plan(checked("profile.age > 2"), ENVIRONMENT))
    rule = plan(
        checked("profile.age > 5 && audience('lapsed') || audience('frequent')"), ENVIRONMENT
    )
    assert rule.evaluate({"age": 3}, {}, 0, lazy) is True
    assert lazy.asked == ["frequent"]


def test_a_lookup_may_itself_be_unknown() -> None:
    """An Unknown in the mapping is an unknown operand, not a true one."""
    audience = {"frequent": Unknown(["profile.visits"]), "lapsed": False}
    assert value_of("audience('frequent')", audience=audience) == Unknown(["profile.visits"])
    assert value_of("audience('frequent') && audience('lapsed')", audience=audience) is False


def test_a_lookup_that_breaks_is_a_failure() -> None:
    """Whatever a computed lookup raises stays inside the evaluation."""

    class Broken(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise RuntimeError(name)

    outcome = value_of("audience('lapsed')", audience=Broken())
    assert isinstance(outcome, Failure)
    assert outcome.message == "`audience` failed for `lapsed`"


def test_references_say_what_an_expression_uses() -> None:
    """Callers find cycles and unused attributes from the references."""
    found = checked(
        "has(profile.vip) && profile.loyalty.tier == 'x' && audience('lapsed') && now > dyn(now)"
    )
    assert found.references.variables == ("now",)
    assert found.references.attributes == {"profile": ("loyalty.tier", "vip")}
    assert found.references.lookups == {"audience": ("lapsed",)}


def test_a_value_of_any_type_can_be_asked_for() -> None:
    """A ranking is an expression too; times come out as nanoseconds, uints as ints."""
    assert value_of("profile.score * 2.0 + double(profile.age)", PROFILE) == 43.0
    assert value_of("profile.stay + duration('1h')", PROFILE) == 37 * HOUR
    assert value_of("profile.visits * 2u", PROFILE) == 6
    assert value_of("timestamp('2001-09-09T01:46:40Z')") == 10**18
    assert value_of("timestamp('9999-12-31T23:59:59Z') > now") is True
