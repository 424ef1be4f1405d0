"""The golden table of what is said about mistakes, word for word."""

from __future__ import annotations

import pytest

from offerd.expression import (
    BOOL,
    DOUBLE,
    ExpressionError,
    Issue,
    compile_expression,
    render_issue,
)
from unit.expression.declared import ENVIRONMENT, checked

SYNTAX = [
    ("", "1:1: the expression is empty"),
    ("true and false", "1:6: unexpected `and`: use `&&`"),
    ("true or false", "1:6: unexpected `or`: use `||`"),
    ("not true", "1:1: unexpected `not`: use `!`"),
    ("(true and false)", "1:7: unexpected `and`: use `&&`"),
    ("profile.age = 1", "1:13: unexpected `=`: use `==` to compare"),
    ("profile.vip & true", "1:13: unexpected `&`: use `&&` for and"),
    ("profile.vip | true", "1:13: unexpected `|`: use `||` for or"),
    ("(1 + 2", "1:7: the expression ends too early: expected `)` to close the parenthesis"),
    ("1 +", "1:4: the expression ends too early: expected a value"),
    ("1 + 2)", "1:6: unexpected `)`: there is no `(` before it"),
    ("== 1", "1:1: `==` needs a value on its left"),
    ("[1, 2", "1:6: the expression ends too early: expected `]` or `,` here"),
    ("f(1,)", "1:5: unexpected `)`: expected an argument after `,`"),
    ("profile.", "1:9: the expression ends too early: expected a name after `.`"),
    ("'abc", "1:1: the string is not closed: expected `'`"),
    (r"'a\qb'", r"1:3: invalid escape `\q` in a string"),
    ("9223372036854775808", "1:1: `9223372036854775808` is out of the range of an int"),
    ("12abc", "1:1: a number cannot be followed by `a`"),
    ("if true", "1:1: unexpected `if`: use `condition ? value : other`"),
    ("while", "1:1: unexpected `while`: the word is reserved"),
    ("Thing{a: 1}", "1:6: message values such as `Name{...}` are not part of the language"),
    ("true ? 1", "1:9: the expression ends too early: expected `:` and the other value, after `?`"),
    ("a “b”", "1:3: unexpected `“`: use straight quotes"),
    ("true &&\n  false or true", "2:9: unexpected `or`: use `||`"),
]

MEANING = [
    (
        "profile.tire == 'gold'",
        "1:1: unknown attribute `profile.tire`: did you mean `profile.tier`?",
    ),
    (
        "profile.loyalty.teir == 'x'",
        "1:1: unknown attribute `profile.loyalty.teir`: did you mean `profile.loyalty.tier`?",
    ),
    ("profil.age > 1", "1:1: unknown variable `profil`: did you mean `profile`?"),
    ("zzz", "1:1: unknown variable `zzz`"),
    ("audience", '1:1: `audience` takes a name in parentheses: write `audience("...")`'),
    ("size > 1", "1:1: `size` is a function: call it with its arguments in parentheses"),
    (
        "profile.loyalty == 1",
        "1:1: `profile.loyalty` is not an attribute: "
        "below it are `profile.loyalty.points`, `profile.loyalty.tier`",
    ),
    (
        "has(profile.loyalty)",
        "1:5: `profile.loyalty` is not an attribute: "
        "below it are `profile.loyalty.points`, `profile.loyalty.tier`",
    ),
    (
        "context == 1",
        "1:1: `context` is a record, not a value: use one of its attributes: `context.country`",
    ),
    ("profile.age.years > 1", "1:13: `int` has no attributes: found `.years`"),
    ("has(profile)", "1:1: `has` takes one attribute or map key, such as `has(profile.tier)`"),
    ("has(now.x)", "1:9: `timestamp` has no attributes: found `.x`"),
    (
        "profile.tier == 'god'",
        "1:17: `god` is not a value of `profile.tier`: did you mean `gold`?",
    ),
    (
        "'bronze' != profile.tier",
        "1:1: `bronze` is not a value of `profile.tier`: "
        "expected one of `silver`, `gold`, `platinum`",
    ),
    (
        "profile.tier in ['gold', 'sliver']",
        "1:26: `sliver` is not a value of `profile.tier`: did you mean `silver`?",
    ),
    (
        "'gld' in profile.tiers",
        "1:1: `gld` is not a value of `profile.tiers`: did you mean `gold`?",
    ),
    ("audience('frequen')", "1:10: unknown audience `frequen`: did you mean `frequent`?"),
    (
        "audience(profile.tier)",
        '1:1: `audience` takes one name in quotes, such as `audience("...")`',
    ),
    ("profile.age == 'x'", "1:1: `int` and `string` are never equal"),
    (
        "profile.age == null",
        "1:1: `profile.age` is never null: to ask whether it is missing, write `!has(profile.age)`",
    ),
    (
        "profile.age in profile.tags",
        "1:1: `in` needs a list or a map that can hold `int`: found `list(string)`",
    ),
    (
        "profile.age + 'x' == 'y'",
        "1:1: cannot apply `+` to `int` and `string`: use `string(profile.age)`",
    ),
    (
        "profile.age + profile.score > 1.0",
        "1:1: cannot apply `+` to `int` and `double`: use `double(profile.age)`",
    ),
    ("-profile.vip", "1:1: cannot apply `-` to `bool`"),
    (
        "!profile.age",
        "1:1: cannot apply `!` to `int`: to ask for no value, write `!has(profile.age)`",
    ),
    ("profile.tags['a'] == 'b'", "1:1: `list(string)` has no index of type `string`"),
    (
        "profile.age.startsWith('a')",
        "1:1: cannot call `startsWith` with `int`, `string`: expected `string.startsWith(string)`",
    ),
    (
        "startsWith(profile.tier, 'a')",
        "1:1: `startsWith` is not called this way: write `x.startsWith(...)`",
    ),
    (
        "profile.tier.startWith('a')",
        "1:14: unknown function `startWith`: did you mean `startsWith`?",
    ),
    (
        "profile.age && profile.vip",
        "1:1: an operand of `&&` must be true or false: found `int`: "
        "compare it, or ask for any value with `has(profile.age)`",
    ),
    (
        "(profile.age ? 1 : 2) == 1",
        "1:2: the condition before `?` must be true or false: found `int`: "
        "compare it, or ask for any value with `has(profile.age)`",
    ),
    (
        "profile.vip ? 1 : 'a'",
        "1:15: both values after `?` must be of one type: found `int` and `string`",
    ),
    ("profile.vip && true", "1:16: an operand of `&&` is always `true`"),
    ("profile.vip || 1 > 2", "1:16: an operand of `||` is always `false`"),
    ("true ? profile.vip : profile.vip", "1:1: the condition before `?` is always `true`"),
    ("profile.tags.exists(t, true)", "1:24: the condition of `exists` is always `true`"),
    ("1 == 1", "1:1: the whole expression is always `true`"),
    ("profile.age / 0 == 1", "1:15: division by zero"),
    ("profile.age % 0 == 1", "1:15: modulus by zero"),
    ("profile.tier.matches('(')", "1:22: `(` is not a pattern: missing ): ("),
    (
        "now > timestamp('2024-13-01T00:00:00Z')",
        "1:7: `2024-13-01T00:00:00Z` is not a timestamp: month must be in 1..12",
    ),
    (
        "now > timestamp('yesterday')",
        "1:7: `yesterday` is not a timestamp: write it as `2024-01-31T08:00:00Z`",
    ),
    ("now - profile.born > duration('90d')", "1:22: `90d` is not a duration: use `2160h`"),
    (
        "profile.stay > duration('1 hour')",
        "1:16: `1 hour` is not a duration: "
        "write numbers with the units h, m, s, ms, us or ns, such as `1h30m`",
    ),
    (
        "now.getHours('Europe/Stokholm') > 1",
        "1:14: unknown time zone `Europe/Stokholm`: did you mean `Europe/Stockholm`?",
    ),
    (
        "profile.age.exists(x, x > 1)",
        "1:1: `exists` needs a list or a map on its left: found `int`",
    ),
    (
        "profile.tags.exists('x', true)",
        "1:21: the first argument of `exists` must be a new variable's name",
    ),
    (
        "profile.tags.all(x)",
        "1:14: `all` is written `items.all(x, x > 0)` or `items.all(i, x, x > i)`",
    ),
    (
        "exists(profile.tags)",
        "1:1: write `exists` after a list or a map, such as `items.exists(x, x > 0)`",
    ),
    (
        "{1.5: 2}.size() == 1",
        "1:2: a map's key must be a `string`, `int`, `uint` or `bool`: found `double`",
    ),
    ("profile.age", "1:1: the expression must be true or false: found `int`"),
]


def issues_of(source: str) -> list[str]:
    """What is said about a source that must be a bool."""
    with pytest.raises(ExpressionError) as caught:
        checked(source, BOOL)
    return [str(issue) for issue in caught.value.issues]


@pytest.mark.parametrize(("source", "message"), SYNTAX)
def test_a_syntax_mistake_is_told_once_and_in_place(source: str, message: str) -> None:
    """What does not parse gives exactly one issue, which says what to write instead."""
    assert issues_of(source) == [message]


@pytest.mark.parametrize(("source", "message"), MEANING)
def test_a_mistake_of_meaning_names_what_was_found(source: str, message: str) -> None:
    """What parses but is wrong gives one issue per mistake, with the nearest valid name."""
    assert issues_of(source) == [message]


def test_all_mistakes_are_told_at_once_in_source_order() -> None:
    """One run finds every mistake, so that a file is mended in one go."""
    source = """profile.tire == 'x' &&
        profile.age == 'a' && audience('laped')
        && profile.tier == 'god'"""
    assert [issue.split(":")[0] for issue in issues_of(source)] == ["1", "2", "2", "3"]


def test_one_mistake_is_not_told_again_by_what_surrounds_it() -> None:
    """A part that is already wrong fits everything around it."""
    assert len(issues_of("(profile.tire + 1).startsWith(profile.tags[0]) && !profile.vip")) == 1


def test_a_ranking_of_ints_is_told_how_to_become_a_double() -> None:
    """An expected double suggests the conversion."""
    with pytest.raises(ExpressionError, match=r"found `int`: use `double\(...\)`"):
        compile_expression("profile.age + 1", ENVIRONMENT, expected=DOUBLE)


def test_a_rendered_issue_points_at_the_source() -> None:
    """Carets stand under the stretch that is meant, also behind tabs and on later lines."""
    source = "true &&\n\tprofile.tire == 1"
    issue = Issue("unknown attribute `profile.tire`", 2, 2, 12)
    assert render_issue(source, issue) == (
        "2:2: unknown attribute `profile.tire`\n  \tprofile.tire == 1\n  \t^^^^^^^^^^^^"
    )


def test_an_issue_at_the_end_of_the_source_still_has_a_caret() -> None:
    """An expression that ends too early is marked just behind its last character."""
    with pytest.raises(ExpressionError) as caught:
        checked("1 +")
    assert render_issue("1 +", caught.value.issues[0]).endswith("\n  1 +\n     ^")
