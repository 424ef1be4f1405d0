"""Any text at all is either an expression or has issues placed inside it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from offerd.expression import (
    Checked,
    Checking,
    ExpressionError,
    Issue,
    compile_expression,
    decode,
    encode,
    plan,
    render_issue,
)
from unit.expression.declared import ENVIRONMENT

WORDS = r"""
profile.age profile.tags profile.rows profile.extra now context audience('lapsed') true null
1 -1 2u 1.5 'a' b'a' r'\' + - * / % == != < <= in && || ! ? : ( ) [ ] { } , .
has( .exists(x, .map(x, .filter(x, .all(x, x .size() dyn( type( int( string( timestamp(
.?age .?a [?0] [?1, {?'a': .orValue( .or( .value() .optMap(x, optional.of( optional.none()
.exists(x,y, .transformMap(x,y, .transformMapEntry(x,y, .sortBy(x, cel.bind(x, .sort() .format(
math.greatest( semver.compare( bucket( today( x
.getHours( duration('1h') .matches( .a [0] // and = & ` '
"""
PIECES = (*WORDS.split(), "\n", '"""x"""')
TEXT = st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join), st.text(max_size=40))


def compiled(source: str, checking: Checking) -> Checked | tuple[Issue, ...]:
    """The checked form, or the issues; any other exception is a fault."""
    try:
        return compile_expression(source, ENVIRONMENT, expected=None, checking=checking)
    except ExpressionError as error:
        return error.issues


@settings(max_examples=600, deadline=None)
@given(TEXT, st.sampled_from(Checking))
def test_any_text_compiles_or_has_placed_issues(source: str, checking: Checking) -> None:
    """Every issue points into the source; what compiles is stored, comes back and runs."""
    outcome = compiled(source, checking)
    if isinstance(outcome, tuple):
        assert outcome
        lines = source.split("\n")
        for issue in outcome:
            assert 1 <= issue.line <= len(lines)
            assert 1 <= issue.column <= len(lines[issue.line - 1]) + 1
            assert issue.message in render_issue(source, issue)
        return
    stored = encode(outcome)
    rule = plan(decode(stored), ENVIRONMENT)
    assert encode(rule.checked) == stored
    profile = {"age": 1, "tags": ["a"], "rows": [{"a": "b"}], "extra": [1]}
    assert repr(rule.evaluate(profile, {}, 0, {})) == repr(rule.exact(profile, {}, 0, {}))
    rule.evaluate({}, {}, 0, {})
