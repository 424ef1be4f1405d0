"""How a text is split into literal parts and placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offerd.content.syntax import Hole, split
from offerd.expression import ExpressionError
from offerd.expression.syntax.lexer import tokenize
from offerd.expression.syntax.tokens import TokenKind


def shown(text: str) -> list[str | tuple[str, str | None]]:
    """Literal parts, and pairs of expression and default."""
    parts, flaws = split(text)
    assert not flaws
    for part in parts:
        for source in (part.expression, part.default) if isinstance(part, Hole) else ():
            assert source is None or text.startswith(source.text, source.offset)
    return [
        (part.expression.text, part.default and part.default.text)
        if isinstance(part, Hole)
        else part
        for part in parts
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("plain } }} { text", ["plain } }} { text"]),
        ("a {{ x }} b", ["a ", ("x", None), " b"]),
        ("{{x}}{{ y }}", [("x", None), ("y", None)]),
        ('{{ x | "y" }}', [("x", '"y"')]),
        ('{{ a || b | "c|d" }}', [("a || b", '"c|d"')]),
        ('{{ "a | b" }}', [('"a | b"', None)]),
        ('{{ "}}" }}', [('"}}"', None)]),
        ("{{ '{{' }}", [("'{{'", None)]),
        ('{{ "\\"}}" }}', [('"\\"}}"', None)]),
        ("{{ r'\\' }}", [("r'\\'", None)]),
        ('{{ """ " }} """ }}', [('""" " }} """', None)]),
        ('{{ {"a": {"b": 1}}["a"] | {} }}', [('{"a": {"b": 1}}["a"]', "{}")]),
        ("{{{a: b}}}", [("{a: b}", None)]),
        ("{{ f(a | b) }}", [("f(a | b)", None)]),
        ("{{ a // }} | no\n }}", [("a // }} | no", None)]),
        ("{{ a | b | c }}", [("a", "b | c")]),
        ("{{\n  a\n}}", [("a", None)]),
    ],
)
def test_text_is_split(text: str, parts: list[object]) -> None:
    """Strings, maps and comments of an expression may hold what ends one elsewhere."""
    assert shown(text) == parts


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("ab {{ x", 3, "the placeholder is not closed: expected `}}`; "
                       'to show `{{` itself write `{{ "{{" }}`'),
        ("{{ x }", 0, "the placeholder is not closed: expected `}}`; "
                      'to show `{{` itself write `{{ "{{" }}`'),
        ("{{ customer's name }}", 11, "a string in the placeholder is not closed: expected `'`"),
        ("a {{ }}", 2, "the placeholder has no expression"),
        ("{{ | 1 }}", 0, "the placeholder has no expression"),
        ("{{ x | }}", 0, 'expected a default after `|`, such as `"..."`'),
    ],
)  # fmt: skip
def test_what_is_no_placeholder_is_refused(text: str, offset: int, message: str) -> None:
    """A text that isn't finished, or says nothing, is told where it is wrong."""
    _, flaws = split(text)
    assert [(flaw.offset, flaw.message) for flaw in flaws] == [(offset, message)]


PIECES = st.sampled_from(
    ['"|"', "'}}'", "r'\\'", '"""}}"""', "||", "&&", "{", "}", "(", ")", "[", "]", "x", "1", " ",
     "'\\''", "b'{{'", "//|\n", ".", ",", "?"]
)  # fmt: skip
SOURCES = st.lists(PIECES, min_size=1, max_size=8).map("".join)


def is_expression(text: str) -> bool:
    """Whether a text is made of whole tokens, all brackets closed in their order."""
    try:
        tokens = tokenize(text)
    except ExpressionError:
        return False
    brackets = ""
    for token in tokens:
        if token.kind is TokenKind.SYMBOL and token.text in "()[]{}":
            brackets += token.text
            for pair in ("()", "[]", "{}"):
                brackets = brackets.removesuffix(pair)
    return not brackets and bool(text.strip())


def naive(text: str) -> tuple[str, str | None] | None:
    """The shortest beginning of a text that is a placeholder, by trying all ends and all bars."""
    for end in range(2, len(text)):
        if not text.startswith("}}", end):
            continue
        inside = text[2:end]
        if is_expression(inside):
            return inside.strip(), None
        for bar in range(len(inside)):
            left, right = inside[:bar], inside[bar + 1 :]
            single = inside[bar] == "|" and left[-1:] != "|" != right[:1]
            if single and is_expression(left) and is_expression(right):
                return left.strip(), right.strip()
    return None


@settings(max_examples=400, deadline=None)
@given(SOURCES, st.none() | SOURCES, st.sampled_from(["", "}}", " | x }}", "{{ y }}"]))
def test_split_agrees_with_trying_every_end(
    expression: str, default: str | None, rest: str
) -> None:
    """What consists of whole tokens is found as by trying every end, whatever they hold."""
    text = f"{{{{{expression}{'' if default is None else f'|{default}'}}}}}{rest}"
    expected = naive(text)
    if expected is not None and "|||" not in text:
        parts, _ = split(text)
        assert isinstance(parts[0], Hole)
        found = parts[0]
        assert (found.expression.text, found.default and found.default.text) == expected
