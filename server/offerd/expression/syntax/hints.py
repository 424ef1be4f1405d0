"""What to write instead of what other languages have, and of what people write by habit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from offerd.expression.syntax.tokens import Token, TokenKind

OPERATORS: Final = {
    "===": "use `==` to compare",
    "!==": "use `!=`",
    "<>": "use `!=`",
    "=>": "use `>=`",
    "=<": "use `<=`",
    "=~": "use `matches`, such as `profile.email.matches('[.]se$')`",
    "!~": "use `matches`, with `!` before it",
    ":=": "use `==` to compare",
    "/*": "a comment starts with `//` and goes on to the end of the line",
    "??": "use `.orValue(...)`, such as `profile.?age.orValue(0)`",
    "**": "there are no powers; multiply instead",
    "++": "use `+ 1`",
}
"""Operators that there are not, longest first where one begins another."""

CHARACTERS: Final = {
    "=": "use `==` to compare",
    "&": "use `&&` for and",
    "|": "use `||` for or",
    "^": "there is no such operator; `matches` takes a pattern",
    "~": "there is no such operator; use `matches` to match a pattern",
    ";": "an expression is a single value, without `;`",
    "#": "a comment starts with `//`",
    "$": "write the variable's name without `$`",
    "@": "write the variable's name without `@`",
    "\\": "an escape belongs inside a string",
    "“": "use straight quotes",
    "”": "use straight quotes",
    "„": "use straight quotes",
    "‘": "use straight quotes",
    "’": "use straight quotes",
    "´": "use straight quotes",
    "≥": "use `>=`",
    "≤": "use `<=`",
    "≠": "use `!=`",
    "–": "use `-`",
    "−": "use `-`",
    "\u00a0": "use a plain space",
}
"""Characters that no expression has outside of strings."""

_WORDS: Final = {
    "and": "use `&&`",
    "or": "use `||`",
    "not": "use `!`",
    "xor": "use `!=` between two conditions",
    "is": "use `==`",
    "equals": "use `==`",
    "eq": "use `==`",
    "ne": "use `!=`",
    "gt": "use `>`",
    "ge": "use `>=`",
    "gte": "use `>=`",
    "lt": "use `<`",
    "le": "use `<=`",
    "lte": "use `<=`",
    "mod": "use `%`",
    "if": "use `condition ? value : other`",
    "then": "use `condition ? value : other`",
    "else": "use `condition ? value : other`",
    "between": "use `>=` and `<=` with `&&`",
    "like": "use `contains`, `startsWith` or `endsWith`",
    "contains": "use `value in list`, or `text.contains(part)`",
    "includes": "use `value in list`, or `text.contains(part)`",
    "startswith": "use `text.startsWith(part)`",
    "endswith": "use `text.endsWith(part)`",
    "matches": "use `text.matches(pattern)`",
    "exists": "use `has(...)` around the name of an attribute",
}
_HOURS: Final = {"h": 1, "hour": 1, "d": 24, "day": 24, "w": 168, "week": 168}
_UNITS: Final = {"m": "m", "min": "m", "minute": "m", "s": "s", "sec": "s", "second": "s"}
_LENGTHY: Final = {"month": 730, "year": 8766}
_WITH_UNIT: Final = re.compile(r"([0-9]{1,6})([a-zA-Z]+)\b")
_GROUPED: Final = re.compile(r"[0-9]+(?:_[0-9]+)+\b")


class Hint(NamedTuple):
    """What is said instead of "unexpected", about source[start:end]."""

    message: str
    start: int
    end: int


def word_hint(word: str) -> str | None:
    """What to use instead of a word of another language."""
    return _WORDS.get(word.lower())


def duration_hint(number: str, unit: str) -> str | None:
    """How so many days, or another unit, are written."""
    single = unit.lower()
    single = single[:-1] if len(single) > 1 and single.endswith("s") else single
    if not number.isdigit() or len(number) > 6:
        return None
    if single in _HOURS:
        return f'a length of time is written `duration("{int(number) * _HOURS[single]}h")`'
    if single in _UNITS:
        return f'a length of time is written `duration("{number}{_UNITS[single]}")`'
    if single in _LENGTHY:
        about = int(number) * _LENGTHY[single]
        return f'a length of time is written in hours: about `duration("{about}h")`'
    return None


def number_hint(source: str, at: int) -> tuple[str, int] | None:
    """What is wrong with a number that something follows at once, and where that ends."""
    grouped = _GROUPED.match(source, at)
    if grouped is not None:
        digits = grouped.group().replace("_", "")
        return f"a number is written without `_`: `{digits}`", grouped.end()
    with_unit = _WITH_UNIT.match(source, at)
    if with_unit is not None:
        hint = duration_hint(with_unit[1], with_unit[2])
        if hint is not None:
            return hint, with_unit.end()
    return None


def unexpected_hint(tokens: Sequence[Token], index: int) -> Hint | None:
    """What is meant by the token at `index` that does not fit there; None if nobody knows."""
    token = tokens[index]
    if token.kind is TokenKind.NAME:
        return _of_word(tokens, index)
    if token.text == "," and token.kind is TokenKind.SYMBOL:
        return _of_grouped_digits(tokens, index)
    return None


OPENINGS: Final = {")": "(", "]": "[", "}": "{"}
"""What must come before each closing bracket."""


def _of_word(tokens: Sequence[Token], index: int) -> Hint | None:
    token, before = tokens[index], tokens[max(0, index - 1)]
    if before.kind is TokenKind.INT and (hint := duration_hint(before.text, token.text)):
        return Hint(hint, before.start, token.end)
    word = token.text.lower()
    if word == "is":
        return _of_null(tokens, index)
    if word == "not" and tokens[index + 1].text == "in":
        name = _path_before(tokens, index) or "value"
        message = f"unexpected `{token.text} in`: use `!({name} in ...)`"
        return Hint(message, token.start, tokens[index + 1].end)
    if word == "between":
        return _of_between(tokens, index)
    hint = word_hint(token.text)
    if hint is None:
        return None
    return Hint(f"unexpected `{token.text}`: {hint}", token.start, token.end)


def _of_null(tokens: Sequence[Token], index: int) -> Hint:
    """`x is null` and `x is not null`."""
    token, last = tokens[index], tokens[index + 1]
    negated = last.text.lower() == "not"
    if negated:
        last = tokens[index + 2] if index + 2 < len(tokens) else last
    text = f"{token.text} not" if negated else token.text
    if last.text.lower() not in ("null", "none", "empty", "missing"):
        operator = "!=" if negated else "=="
        return Hint(f"unexpected `{text}`: use `{operator}`", token.start, token.end)
    asked = f"has({_path_before(tokens, index) or 'profile.name'})"
    use = asked if negated else f"!{asked}"
    return Hint(f"unexpected `{text} {last.text}`: use `{use}`", token.start, last.end)


def _of_between(tokens: Sequence[Token], index: int) -> Hint:
    token, path = tokens[index], _path_before(tokens, index)
    bounds = tokens[index + 1 : index + 4]
    message = f"unexpected `{token.text}`: {_WORDS['between']}"
    if path and len(bounds) == 3 and bounds[1].text.lower() == "and":
        low, high = bounds[0].text, bounds[2].text
        message = f"unexpected `{token.text}`: use `{path} >= {low} && {path} <= {high}`"
    return Hint(message, token.start, token.end)


def _path_before(tokens: Sequence[Token], index: int) -> str:
    """The dotted name that ends just before a token; "" if none does."""
    parts: list[str] = []
    at = index - 1
    while at >= 0 and tokens[at].kind is TokenKind.NAME:
        parts.insert(0, tokens[at].text)
        if at == 0 or tokens[at - 1].text != ".":
            break
        at -= 2
    return ".".join(parts) if len(parts) > 1 else ""


def _of_grouped_digits(tokens: Sequence[Token], index: int) -> Hint | None:
    """`1,000` is meant as one number."""
    first = last = index - 1
    while tokens[last + 1].text == "," and _continues(tokens[last + 1], tokens[last + 2]):
        last += 2
    if last == first or tokens[first].kind is not TokenKind.INT:
        return None
    if tokens[first].end != tokens[index].start:
        return None
    digits = "".join(token.text for token in tokens[first : last + 1 : 2])
    message = f"a number is written without commas: `{digits}`"
    return Hint(message, tokens[first].start, tokens[last].end)


def _continues(comma: Token, digits: Token) -> bool:
    adjacent = comma.end == digits.start
    return adjacent and digits.kind is TokenKind.INT and len(digits.text) == 3
