"""Splits a text into literal parts and placeholders.

A placeholder is `{{ expression }}` or `{{ expression | default }}`, both sides expressions of the
rule language. It ends with the first `}}` that is neither in a string nor closes a map; the default
begins after a single `|` outside of strings and brackets. All else in the text stands for itself,
so that `{{ "{{" }}` is how two braces are written.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from offerd.content.mistakes import Flaw

OPENING: Final = "{{"

_TOKEN: Final = re.compile(
    r"""(?P<string>
      (?:[rR][bB]?|[bB][rR])
        (?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"[^"\r\n]*"|'[^'\r\n]*')
     |[bB]?
        (?:\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\"|'''(?:\\[\s\S]|[^\\])*?'''
        |"(?:\\[\s\S]|[^"\\\r\n])*"|'(?:\\[\s\S]|[^'\\\r\n])*'))
    |(?P<quote>["'])
    |(?P<word>[_a-zA-Z][_a-zA-Z0-9]*|`[a-zA-Z0-9_.\-/ ]+`|//[^\n]*|\|\|)
    |(?P<symbol>[()\[\]{}|])
    |[^"'_a-zA-Z`/|()\[\]{}]+
    |[\s\S]
    """,
    re.VERBOSE,
)


class Source(NamedTuple):
    """An expression without the white space around it, and its offset in the text."""

    text: str
    offset: int


class Hole(NamedTuple):
    """A placeholder as written: text[start:end], its expression, and its default if it has one."""

    start: int
    end: int
    expression: Source
    default: Source | None


def split(text: str) -> tuple[list[str | Hole], list[Flaw]]:
    """The parts of a text in order, literal ones not empty, and what is wrong with it.

    Nothing behind a placeholder that isn't closed is looked at.
    """
    parts: list[str | Hole] = []
    at = 0
    while (start := text.find(OPENING, at)) >= 0:
        hole = _hole(text, start)
        if isinstance(hole, Flaw):
            return parts, [hole]
        if start > at:
            parts.append(text[at:start])
        parts.append(hole)
        at = hole.end
    if at < len(text):
        parts.append(text[at:])
    return parts, [flaw for part in parts if isinstance(part, Hole) for flaw in _empty(part)]


def _hole(text: str, start: int) -> Hole | Flaw:
    """The placeholder that begins at `start`."""
    begin = at = start + len(OPENING)
    brackets = ""
    bar: int | None = None
    while (found := _TOKEN.match(text, at)) is not None:
        symbol = found.group()
        if found.lastgroup == "quote":
            return Flaw(at, 1, f"a string in the placeholder is not closed: expected `{symbol}`")
        if found.lastgroup == "symbol":
            if symbol == "}" and "{" not in brackets and text.startswith("}}", at):
                return _made(text, start, begin, bar, at)
            if symbol == "|" and not brackets and bar is None:
                bar = at
            brackets = _after(brackets, symbol)
        at = found.end()
    hint = 'to show `{{` itself write `{{ "{{" }}`'
    return Flaw(start, len(OPENING), f"the placeholder is not closed: expected `}}}}`; {hint}")


_CLOSES: Final = {")": "(", "]": "[", "}": "{"}


def _after(brackets: str, symbol: str) -> str:
    """The open brackets after another one; one that closes none is left to the expression."""
    if symbol in _CLOSES.values():
        return brackets + symbol
    opening = brackets.rfind(_CLOSES.get(symbol, "."))
    return brackets if opening < 0 else brackets[:opening]


def _made(text: str, start: int, begin: int, bar: int | None, end: int) -> Hole:
    after = end + 2
    if bar is None:
        return Hole(start, after, _source(text, begin, end), None)
    return Hole(start, after, _source(text, begin, bar), _source(text, bar + 1, end))


def _source(text: str, start: int, end: int) -> Source:
    stretch = text[start:end]
    stripped = stretch.lstrip()
    return Source(stripped.rstrip(), start + len(stretch) - len(stripped))


def _empty(hole: Hole) -> list[Flaw]:
    length = hole.end - hole.start
    if not hole.expression.text:
        return [Flaw(hole.start, length, "the placeholder has no expression")]
    if hole.default is not None and not hole.default.text:
        what = 'expected a default after `|`, such as `"..."`'
        return [Flaw(hole.start, length, what)]
    return []
