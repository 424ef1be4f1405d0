"""The parts of the language beyond its core: optionals, bindings, two variables, lists, text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from offerd.expression import (
    DYN,
    STRING,
    Checking,
    Environment,
    ExpressionError,
    Failure,
    Limits,
    Unknown,
    compile_expression,
    decode,
    encode,
    list_of,
    optional_of,
    parse_type,
    plan,
)
from unit.expression.declared import ENVIRONMENT, checked, value_of

PROFILE: dict[str, Any] = {
    "tier": "gold",
    "age": 40,
    "visits": 3,
    "score": -1.5,
    "tags": ["b", "a", "b"],
    "scores": [2.5, 1.0],
    "address": {"city": "Oslo"},
    "rows": [{"kind": "tea"}, {"kind": "milk", "size": "s"}],
    "extra": {"a": [1, "x"]},
}

TRUE = [
    "profile.tags.exists(i, t, i == 2 && t == 'b') && profile.tags.all(i, t, i < 3 && t != 'c')",
    "profile.tags.existsOne(i, t, t == 'a') && !profile.tags.existsOne(i, t, t == 'b')",
    "profile.address.exists(k, v, k == 'city' && v == 'Oslo')",
    "profile.tags.transformList(i, t, t + string(i)) == ['b0', 'a1', 'b2']",
    "profile.tags.transformList(i, t, i > 0, t) == ['a', 'b']",
    "profile.address.transformMap(k, v, v.size()) == {'city': 4}",
    "profile.tags.transformMap(i, t, i != 1, t) == {0: 'b', 2: 'b'}",
    "profile.address.transformMapEntry(k, v, {v: k}) == {'Oslo': 'city'}",
    "profile.extra.exists(k, v, k == 'a' && v[1] == 'x')",
    "profile.rows.sortBy(r, r.kind)[0].kind == 'milk'",
    "cel.bind(n, profile.age + 2, n * n) == 1764",
    "cel.bind(n, 1 / (profile.age - 40), profile.tier == 'silver' && n == 1) == false",
    "cel.bind(a, profile.age, a + 1) + cel.bind(b, profile.age, b * 2) == 121",
    "cel.bind(a, profile.tags, a.exists(t, cel.bind(u, t + t, u == 'aa')))",
    "profile.?tier.hasValue() && !profile.?vip.hasValue()",
    "profile.?loyalty.tier.orValue('none') == 'none'",
    "profile.?age.optMap(a, a + 1).orValue(0) == 41",
    "profile.?loyalty.points.or(profile.?age).value() == 40",
    "profile.address.?city == optional.of('Oslo') && profile.address[?'zip'] == optional.none()",
    "profile.?address.city.orValue('') == 'Oslo' && has(profile.?address.city)",
    "profile.tags[?1].orValue('') == 'a' && profile.tags[?9].orValue('z') == 'z'",
    "profile.tags.first().value() == 'b' && profile.scores.last().value() == 1.0",
    "profile.rows.map(r, r.?size.orValue('m')) == ['m', 's']",
    "[1, ?profile.?age, ?optional.none()] == [1, 40]",
    "{'a': 1, ?'b': profile.?loyalty.points, ?'c': profile.?age} == {'a': 1, 'c': 40}",
    "profile.?tags.optFlatMap(t, t.first()).orValue('') == 'b'",
    "optional.ofNonZeroValue(profile.age - 40) == optional.none()",
    "profile.tags.sort() == ['a', 'b', 'b'] && profile.tags.distinct() == ['b', 'a']",
    "profile.tags.reverse() == ['b', 'a', 'b'] && profile.tags.slice(1, 3) == ['a', 'b']",
    "[profile.tags, ['c']].flatten() == ['b', 'a', 'b', 'c']",
    "lists.range(profile.tags.size()) == [0, 1, 2]",
    "[1, [2, [3]]].flatten(2) == [1, 2, 3]",
    "sets.contains(profile.tags, ['a']) && sets.intersects(profile.tags, ['c', 'a'])",
    "sets.equivalent(profile.tags, ['a', 'b'])",
    "math.abs(profile.score) == 1.5 && math.round(profile.score) == -2.0",
    "math.greatest(profile.age, 41.5, 3u) == 41.5 && math.least(1, 2, 3, 4, profile.age) == 1",
    "math.least(dyn(profile.score), dyn(profile.visits)) == -1.5",
    "math.bitShiftRight(math.bitOr(profile.age, 1), 1) == 20",
    "math.isNaN(math.sqrt(profile.score)) && math.sign(profile.score) == -1.0",
    "'%s is %d, %.1f'.format([profile.tier, profile.age, profile.score]) == 'gold is 40, -1.5'",
    "'%s'.format([{1: 'a', true: [null, 2u]}]) == '{1: a, true: [null, 2]}'",
    "strings.quote(profile.tier + '\\n') == '\"gold\\\\n\"' && profile.tier.reverse() == 'dlog'",
    "profile.tier.charAt(0) == 'g' && profile.tier.indexOf('l') == 2",
    "(profile.tier + 'gold').lastIndexOf('ol', 4) == 1",
    "base64.decode(base64.encode(bytes(profile.tier))) == b'gold'",
    "cel.bind(m, {1: 'a', true: profile.tier}, m[true] == 'gold' && m.size() == 2)",
    "cel.bind(m, {1: 'a', true: profile.tier}, m.all(k, k == 1 || k == true) && 1.0 in m)",
    "cel.bind(m, {1: profile.tier, true: 'b'}, m.transformMap(k, v, v) == m)",
    "cel.bind(m, {1: profile.tier, true: 'b'}, m.transformMapEntry(k, v, {k: v})[true] == 'b')",
    "cel.bind(m, {0: profile.tier, false: 'b'}, m.transformMap(k, v, v).size() == 2)",
]


@pytest.mark.parametrize("source", TRUE)
def test_an_extension_holds(source: str) -> None:
    """Each means what the language says, in the fast form and the exact one, stored or not."""
    assert value_of(source, PROFILE) is True
    stored = encode(checked(source))
    assert encode(decode(stored)) == stored


FAILING = [
    ("profile.?vip.value() == true", "the optional has no value"),
    ("profile.tags.slice(1, 9) == []", "the range 1 to 9 is outside a list of 3"),
    ("[1, dyn('a')].sort() == []", "only values of one type that has an order can be sorted"),
    ("profile.scores.map(s, s / 0.0 * 0.0).sort() == []", "a list with NaN has no order"),
    ("lists.range(profile.age * 10000) == []", "a range has at most 10000 numbers"),
    ("profile.tier.charAt(profile.age) == ''", "the index 40 is outside a string of 4"),
    ("'%d'.format([profile.tier]) == ''", "`%d` does not take a value of type `string`"),
    ("'%d %d'.format([1]) + profile.tier == ''", "the format needs more than 1 values"),
    ("'%y'.format([profile.tier]) == ''", "`%y` is no clause of a format"),
    ("'%.999f'.format([profile.score]) == ''", "a format has at most 100 decimals"),
    ("profile.tags.transformMapEntry(i, t, {t: i}) == {}", "the map has the key `b` twice"),
    ("base64.decode(profile.tier + '!') == b''", "`gold!` is not base64"),
    ("math.greatest([dyn(profile.tier)]) == 1", "only numbers have a greatest and a least"),
    ("dyn(profile.tier).orValue('') == ''", "the value is not optional"),
]


@pytest.mark.parametrize(("source", "message"), FAILING)
def test_an_extension_fails_with_a_reason(source: str, message: str) -> None:
    """What has no result says why, where it was not found out before."""
    made = compile_expression(source, ENVIRONMENT, expected=None, checking=Checking.CEL)
    outcome = plan(made, ENVIRONMENT).evaluate(PROFILE, {}, 0, {})
    assert isinstance(outcome, Failure)
    assert outcome.message == message


MISTAKES = [
    ("profile.age.orValue(1) == 1", "`orValue` needs an optional value on its left: found `int`"),
    ("profile.?age.orValue('x') == 'x'", "`orValue` needs another value of type `int`"),
    ("profile.?age.or(profile.?tier).hasValue()", "`or` needs a second value of type"),
    ("profile.?age.optFlatMap(a, a + 1).hasValue()", "must be optional: found `int`"),
    ("profile.tags.sortBy(t, [t]) == []", "needs something to sort by"),
    ("profile.address.sortBy(k, k) == []", "`sortBy` needs a list on its left"),
    ("profile.tags.transformMapEntry(i, t, t) == {}", "must be a map: found `string`"),
    ("[?profile.tier] == []", "a part written with `?` must be optional: found `string`"),
    ("profile.?teir.hasValue()", "unknown attribute `profile.teir`: did you mean `profile.tier`?"),
    ("profile.?age.years.hasValue()", "`int` has no attributes: found `.years`"),
    ("cel.bind(x, 1) == 1", "`cel.bind` is written `cel.bind(x, 1 + 1, x * x)`"),
    ("cel.bind('x', 1, 2) == 1", "must be a new variable's name"),
    ("profile.tags.exists(i, t, true)", "the condition of `exists` is always `true`"),
    ("orValue(1) == 1", "write `orValue` after an optional value, such as `value.orValue(0)`"),
    ("math.greatest('a', 1) == 1", "cannot call `math.greatest`"),
    ("profile.tags.sort() == [1]", "are never equal"),
]


@pytest.mark.parametrize(("source", "message"), MISTAKES)
def test_a_mistake_in_an_extension_is_told(source: str, message: str) -> None:
    """Wrong types are found when the expression is compiled."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, ENVIRONMENT)
    assert any(message in issue.message for issue in caught.value.issues), caught.value


UNKNOWN = [
    ("cel.bind(n, profile.vip, profile.age == 40 || n)", True),
    ("cel.bind(n, profile.vip, profile.age == 40 && n)", Unknown(["profile.vip"])),
    ("profile.?age.orValue(profile.loyalty.points) == 40", True),
    ("profile.?loyalty.points.orValue(profile.visits2) == 1", Unknown(["profile.visits2"])),
    ("profile.tags.exists(i, t, t == 'b' || profile.vip)", True),
    ("profile.tags.all(i, t, t == 'b' || profile.vip)", Unknown(["profile.vip"])),
    ("profile.tiers.first().hasValue()", Unknown(["profile.tiers"])),
]


@pytest.mark.parametrize(("source", "outcome"), UNKNOWN)
def test_what_is_missing_spreads_only_where_it_matters(source: str, outcome: Any) -> None:
    """Bindings and alternatives are evaluated only as far as they are needed."""
    source = source.replace("profile.visits2", "profile.loyalty.points")
    if isinstance(outcome, Unknown):
        outcome = Unknown([name.replace("visits2", "loyalty.points") for name in outcome.names])
    assert value_of(source, PROFILE) == outcome


def test_a_rule_cannot_double_a_value_dozens_of_times() -> None:
    """Bindings that add a value to itself are told how much work that is."""
    source = "profile.tier"
    for level in range(30):
        source = f"cel.bind(x{level}, {source}, x{level} + x{level})"
    with pytest.raises(ExpressionError, match="the expression may take 134217"):
        compile_expression(f"{source} == ''", ENVIRONMENT, limits=Limits(depth=80))
    chain = "profile.tags" + ".map(t, t + t)" * 25
    with pytest.raises(ExpressionError, match="steps: at most 1000000"):
        compile_expression(f"{chain} == []", ENVIRONMENT)


HUGE = "lists.range(5000)"
TOO_DEAR = [
    f"{HUGE}.exists(a, {HUGE}.exists(b, a + b == profile.age))",
    f"cel.bind(r, {HUGE}, r.exists(a, r.exists(b, a + b == profile.age)))",
    f"({HUGE} + {HUGE}).exists(a, [{HUGE}].flatten().exists(b, a + b == profile.age))",
    f"lists.range(profile.age).exists(a, {HUGE}.size() == a)",
    f"profile.tags.exists(t, (profile.vip ? {HUGE} : [1]).sort().exists(b, b == profile.age))",
]


@pytest.mark.parametrize("source", TOO_DEAR)
def test_lists_made_in_a_rule_count_with_their_length(source: str) -> None:
    """A list of thousands written in a few letters does not pass for one of a hundred."""
    with pytest.raises(ExpressionError, match="steps: at most 1000000; nest fewer macros"):
        compile_expression(source, ENVIRONMENT)


def test_lists_are_too_long_to_compare_each_with_each() -> None:
    """Sets of thousands of elements fail rather than take minutes."""
    source = f"sets.intersects({HUGE}, [profile.age, 1] + {HUGE})"
    with pytest.raises(ExpressionError, match="the expression may take 25025011 steps"):
        checked(source)
    made = compile_expression(source, ENVIRONMENT, limits=Limits(cost=10**9))
    outcome = plan(made, ENVIRONMENT).evaluate(PROFILE, {}, 0, {})
    assert isinstance(outcome, Failure)
    assert outcome.message == "the rule takes more than 1000000 steps on this data"


def test_ordinary_chains_of_macros_are_no_growth() -> None:
    """Filtering, mapping and binding a few times stays far below the limit."""
    source = "cel.bind(a, profile.tags.filter(t, t != 'x').map(t, t + '!'), a.map(t, t + t) == a)"
    compile_expression(source, ENVIRONMENT)


@pytest.mark.parametrize("depth", [20, 64, 80])
def test_the_deepest_bindings_allowed_still_run(depth: int) -> None:
    """Bindings, alternatives and optional literals nest as deep as anything else."""
    bound = "profile.age"
    for level in range(depth - 3):
        bound = f"cel.bind(x{level}, profile.age, {bound})"
    other = "profile.?age" + ".or(profile.?age" * (depth - 4) + ")" * (depth - 4)
    mapped = "profile.?age"
    for level in range(depth - 6):
        mapped = f"profile.?age.optFlatMap(x{level}, {mapped})"
    for source in (f"{bound} == 1", f"{other}.orValue(1) == 1", f"{mapped}.orValue(1) == 1"):
        limits = Limits(depth=depth, cost=10**9)
        made = decode(encode(compile_expression(source, ENVIRONMENT, limits=limits)), limits=limits)
        rule = plan(made, ENVIRONMENT)
        assert rule.evaluate({"age": 1}, {}, 0, {}) is True
        assert rule.exact({"age": 1}, {}, 0, {}) is True


def test_a_local_name_hides_a_namespace() -> None:
    """A variable of a macro called like a namespace of functions is that variable."""
    environment = Environment({"x": list_of(list_of(STRING))})
    made = compile_expression(
        "x.exists(sets, sets.contains('a'))", environment, checking=Checking.OPEN
    )
    assert isinstance(plan(made, environment).evaluate([["a"]]), bool | Failure)


def test_types_of_optionals_are_written_and_read() -> None:
    """An optional type has one text, which reads back as the same type."""
    type_ = optional_of(list_of(optional_of(STRING)))
    assert str(type_) == "optional(list(optional(string)))"
    assert parse_type(str(type_)) is type_
    assert checked("profile.?tier").type is optional_of(STRING)
    assert checked("[optional.none(), profile.?age]").type.name == "list(optional(int))"


def test_nan_in_an_optional_equals_nothing() -> None:
    """Optionals compare by what they hold."""
    environment = Environment({"x": DYN})
    made = compile_expression("[optional.of(x)] == [optional.of(x)]", environment)
    assert plan(made, environment).evaluate(math.nan) is False
    assert plan(made, environment).evaluate(1) is True
