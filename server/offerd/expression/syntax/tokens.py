"""What the lexer hands to the parser."""

from __future__ import annotations

import enum
from typing import NamedTuple

from offerd.expression.syntax.ast import Scalar


class TokenKind(enum.Enum):
    """The sorts of token; operators and punctuation are told apart by their text."""

    NAME = "name"
    QUOTED_NAME = "quoted name"
    INT = "int"
    UINT = "uint"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """One token: its text as written, its value if it is a literal, and where it stands."""

    kind: TokenKind
    text: str
    value: Scalar
    start: int
    end: int
