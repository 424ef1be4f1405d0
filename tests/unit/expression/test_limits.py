"""Hostile and oversized input: a polite issue, never a crash and never a hang."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from offerd.expression import (
    BOOL,
    INT,
    DecodeError,
    ExpressionError,
    Limits,
    compile_expression,
    decode,
    encode,
    list_of,
    parse_type,
    plan,
)
from offerd.expression.limits import MAXIMUM_DEPTH
from unit.expression.declared import ENVIRONMENT

HOSTILE = [
    "(" * 9_000,
    "[" * 9_000,
    "{1:" * 3_000,
    "!" * 5_000 + "true",
    "-" * 5_000 + "1",
    "1+" * 4_900 + "1",
    "a." * 4_900 + "a",
    "a" + "[0]" * 3_000,
    "true ? " * 1_200 + "true",
    "f(" * 4_000,
    "x.map(y, " * 1_000,
    "((((" * 500 + "1" + "+1)" * 2_000,
    "true?true:" * 900 + "true",
    "'" * 9_999,
    "`" * 9_999,
    "1" * 9_999,
    "." * 9_999,
    "\\" * 9_999,
    "//" * 4_999,
    "\x00" * 9_999,
    "💥" * 9_999,
    "in " * 3_000,
    "'\\" * 4_000,
    "'\ud800' == 'a'",
    "has(" * 25 + "now" + ".a)" * 25,
    "int('" + "1" * 9_000 + "') == 1",
    "double('" + "1" * 9_000 + "x') == 1.0",
    "duration('" + "1" * 9_000 + "') == profile.stay",
    "duration('" + "1h" * 4_000 + "x') == profile.stay",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_input_gives_one_issue(source: str) -> None:
    """Whatever is thrown at the parser comes back as an issue with a place in the source."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, ENVIRONMENT)
    (issue,) = caught.value.issues
    assert issue.line >= 1
    assert issue.column >= 1
    assert issue.length >= 1


LIMITS = [
    (Limits(source_length=5), "the expression has 15 characters: at most 5"),
    (Limits(depth=1), "the expression is nested too deep: at most 1 levels"),
    (Limits(nodes=2), "the expression has 3 parts: at most 2"),
    (
        Limits(cost=2),
        "the expression may take 3 steps: at most 2; nest fewer macros, and build and compare less",
    ),
]


@pytest.mark.parametrize(("limits", "message"), LIMITS)
def test_a_limit_is_named_with_its_value(limits: Limits, message: str) -> None:
    """An expression over a limit is told which, and how large it may be."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression("profile.age > 1", ENVIRONMENT, limits=limits)
    assert [issue.message for issue in caught.value.issues] == [message]


def test_nested_macros_are_limited_by_their_product() -> None:
    """Three macros over lists of unknown length are too much; over short literals they are not."""
    over = "profile.tags.exists(a, profile.tags.exists(b, profile.tags.exists(c, a == b + c)))"
    with pytest.raises(ExpressionError, match="steps: at most 1000000; nest fewer macros"):
        compile_expression(over, ENVIRONMENT)
    compile_expression(over.replace("profile.tags", "['a', profile.tier]"), ENVIRONMENT)


def test_macros_nest_only_so_far() -> None:
    """Nesting is limited on its own, whatever the lengths of the lists."""
    source = "x0 == 1"
    for level in range(7):
        source = f"[1].exists(x{level}, {source})"
    with pytest.raises(ExpressionError, match="macros are nested too deep: at most 6 levels"):
        compile_expression(source, ENVIRONMENT)


@pytest.mark.parametrize(
    "limits", [{"depth": 0}, {"depth": MAXIMUM_DEPTH + 1}, {"macro_depth": 13}]
)
def test_limits_that_cannot_be_kept_are_refused(limits: dict[str, int]) -> None:
    """A depth that generated code could not bear is no valid setting."""
    with pytest.raises(ValueError, match="must be between"):
        Limits(**limits)


DEEP = [
    lambda n: "profile.age" + " + 1" * (n - 3) + " > 0",
    lambda n: "!" * (n - 2) + "profile.vip",
    lambda n: "(" * (n - 3) + "profile.age" + " + 1)" * (n - 3) + " > 0",
    lambda n: "profile.vip ? profile.vip : " * (n - 3) + "!profile.vip",
    lambda n: (
        "profile.vip || (profile.vip && (" * ((n - 4) // 2) + "profile.vip" + "))" * ((n - 4) // 2)
    ),
    lambda n: (
        "profile.vip || (profile.vip && (" * ((n - 6) // 2)
        + "profile.tags.exists(t, t == 'x')"
        + "))" * ((n - 6) // 2)
    ),
    lambda n: (
        "profile.vip == "
        + "(" * (n - 16)
        + "[" * 12
        + "profile.age"
        + "]" * 12
        + " == "
        + "[" * 12
        + "1"
        + "]" * 12
        + ")" * (n - 16)
    ),
    lambda n: (
        "profile.vip ? (profile.vip || profile.tags.exists(t, t == 'x')) : (" * ((n - 8) // 2)
        + "profile.vip"
        + ")" * ((n - 8) // 2)
    ),
]


@pytest.mark.parametrize("make", DEEP, ids=range(len(DEEP)))
@pytest.mark.parametrize("depth", [20, 64, MAXIMUM_DEPTH])
def test_the_deepest_expressions_allowed_still_run(make: object, depth: int) -> None:
    """Python's own limits on nesting are not met by anything that compiles."""
    assert callable(make)
    source = make(depth)
    checked = compile_expression(source, ENVIRONMENT, limits=Limits(depth=depth), expected=BOOL)
    rule = plan(checked, ENVIRONMENT)
    profile = {"age": 1, "vip": False, "tags": ["a"]}
    outcome = rule.evaluate(profile, {}, 0, {})
    assert outcome is rule.exact(profile, {}, 0, {})
    assert isinstance(outcome, bool)


def test_a_long_chain_is_not_deep() -> None:
    """`||` over hundreds of operands counts as one level."""
    source = " || ".join(f"profile.age == {number}" for number in range(400))
    rule = plan(compile_expression(source, ENVIRONMENT), ENVIRONMENT)
    assert rule.evaluate({"age": 399}, {}, 0, {}) is True
    assert rule.evaluate({"age": 400}, {}, 0, {}) is False


def test_a_string_cannot_be_grown_without_end() -> None:
    """Replacing cannot multiply a string beyond a bound."""
    grow = ".replace('a', 'aaaaaaaaaaaaaaaaaaaa')" * 8
    rule = plan(
        compile_expression(f"('a' + context.country){grow} == ''", ENVIRONMENT), ENVIRONMENT
    )
    assert "too long" in repr(rule.evaluate({}, {"country": "x"}, 0, {}))


COSTS = [
    ("profile.age in [1, 2, 3]", 6 + 3),
    ("'a' in profile.tags", 3 + 100),
    ("'a' in profile.address", 3),
    ("profile.tags == ['a', 'b']", 5 + 2),
    ("profile.rows == [profile.address]", 4 + 1 + 2 * 100),
    ("sets.contains(profile.tags, ['a', 'b'])", 5 + 200),
    ("sets.equivalent(profile.tags, profile.tags)", 3 + 2 * 100 * 100),
    ("profile.tags.sort() == ['a']", 5 + 1 + 101 * 7),
    ("profile.tags.distinct() == ['a']", 5 + 1 + 101),
    ("profile.scores.distinct() == [1.0]", 5 + 1 + 100 * 101),
    ("[[1], [profile.age, 3]].flatten() == [1]", 10 + 1 + 7),
    ("profile.tier.contains('gold')", 3 + 3),
    ("profile.tier.lowerAscii() == 'gold'", 4 + 62),
    ("'' + profile.tier == 'gold'", 5 + 62),
    ("profile.tier == 'gold'", 3),
    ("lists.range(7) == [profile.age]", 5 + 1 + 7),
    ("profile.tags.exists(t, t in profile.tags)", 2 + 100 * (1 + 3 + 100)),
]


@pytest.mark.parametrize(("source", "steps"), COSTS)
def test_a_function_costs_what_it_goes_through(source: str, steps: int) -> None:
    """Lists count by their elements, texts by their length, look-ups in maps as one step."""
    with pytest.raises(ExpressionError, match=f"may take {steps} steps"):
        compile_expression(source, ENVIRONMENT, limits=Limits(cost=1))
    compile_expression(source, ENVIRONMENT, limits=Limits(cost=steps))
    with pytest.raises(ExpressionError, match="steps"):
        compile_expression(source, ENVIRONMENT, limits=Limits(cost=steps - 1))


def test_a_stored_rule_is_held_to_the_same_cost() -> None:
    """What may not be compiled may not be read from a bundle either."""
    data = encode(compile_expression("sets.contains(profile.tags, profile.tags)", ENVIRONMENT))
    with pytest.raises(DecodeError, match="too many steps"):
        decode(data, limits=Limits(cost=1_000))
    assert decode(data, limits=Limits(cost=20_000)).source.startswith("sets")


def test_a_value_is_nested_only_so_deep() -> None:
    """Lists in lists have a limit of their own, which is told where it is met."""
    within = "[" * 16 + "profile.age" + "]" * 16 + ".size() == 1"
    data = encode(compile_expression(within, ENVIRONMENT))
    with pytest.raises(ExpressionError, match=r"1:1: .*at most 16 lists, maps and optionals"):
        compile_expression(f"[{within.replace('.size', '].size')}", ENVIRONMENT)
    script = "import sys; from offerd.expression import decode; decode(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", script], input=data, check=True, env=_ENVIRON)


_ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_type_too_deep_is_not_read_whoever_has_met_it_before() -> None:
    """What a process happens to know already makes no difference to what it reads."""
    deep = INT
    for _ in range(17):
        deep = list_of(deep)
    with pytest.raises(ValueError, match="nested too deep"):
        parse_type(str(deep))
