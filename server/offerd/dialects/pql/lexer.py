"""PQL text to tokens."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from offerd.dialects.error import dialect_error


class Token(NamedTuple):
    """A piece of the text; `kind` is string, number, name, symbol or end."""

    kind: str
    text: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<name>\$?[A-Za-z_][A-Za-z0-9_]*|\$\d+)
    |(?P<symbol>=>|>=|<=|!=|[=<>()\[\],.+\-*/%!^:])""",
    re.VERBOSE,
)


def tokenize(source: str) -> list[Token]:
    """The tokens of a text, the last of kind `end`; DialectError for what is no token."""
    tokens: list[Token] = []
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None or match.lastgroup is None:
            raise dialect_error(source, f"unexpected `{source[place]}`", place, place + 1)
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), place, match.end()))
        place = match.end()
    return [*tokens, Token("end", "", len(source), len(source))]
