"""Source text to tokens."""

from __future__ import annotations

import re
from typing import Final

from offerd.expression.issues import ExpressionError, issue_at
from offerd.expression.syntax.ast import Scalar
from offerd.expression.syntax.hints import CHARACTERS, OPERATORS, number_hint
from offerd.expression.syntax.literals import EscapeError, unescape_bytes, unescape_string
from offerd.expression.syntax.tokens import Token, TokenKind

_TOKEN: Final = re.compile(
    r"""(?P<space>(?:[\t\n\f\r ]|//[^\n]*)+)
    |(?P<quote>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"|'''|"|'))
    |(?P<double>(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?))
    |(?P<int>(?:0x[0-9a-fA-F]+|[0-9]+))(?P<unsigned>[uU])?
    |(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<quoted>`[a-zA-Z0-9_.\-/ ]+`)
    |(?P<foreign>===|!==|<>|=>|=<|=~|!~|:=|/\*|\?\?|\*\*|\+\+)
    |(?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)


def tokenize(source: str) -> list[Token]:
    """All tokens of the source, ended by one of kind END; ExpressionError at the first bad one."""
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise _unexpected(source, at)
        kind = match.lastgroup
        if kind == "foreign":
            message = f"unexpected `{match.group()}`: {OPERATORS[match.group()]}"
            raise ExpressionError((issue_at(source, message, at, match.end()),))
        end = match.end()
        if kind == "quote":
            token = _string(source, at, match.group(), tokens)
            tokens.append(token)
            end = token.end
        elif kind in ("int", "unsigned", "double"):
            tokens.append(_number(source, match))
        elif kind == "name":
            tokens.append(Token(TokenKind.NAME, match.group(), None, at, end))
        elif kind == "quoted":
            tokens.append(Token(TokenKind.QUOTED_NAME, match.group()[1:-1], None, at, end))
        elif kind == "symbol":
            tokens.append(Token(TokenKind.SYMBOL, match.group(), None, at, end))
        at = end
    tokens.append(Token(TokenKind.END, "", None, len(source), len(source)))
    return tokens


def _unexpected(source: str, at: int) -> ExpressionError:
    character = source[at]
    if character == "`":
        message = "a name in backticks must be closed, and has letters, digits and `_.-/ ` only"
    elif character.isalpha():
        message = f"unexpected `{character}`: a name has letters a to z, digits and `_` only"
    else:
        message = f"unexpected `{character}`"
        if character in CHARACTERS:
            message += f": {CHARACTERS[character]}"
    return ExpressionError((issue_at(source, message, at, at + 1),))


def _number(source: str, match: re.Match[str]) -> Token:
    start, end = match.span()
    following = source[end : end + 1]
    if following.isalnum() or following == "_":
        hint = number_hint(source, start)
        if hint is not None:
            raise ExpressionError((issue_at(source, hint[0], start, hint[1]),))
        message = f"a number cannot be followed by `{following}`"
        raise ExpressionError((issue_at(source, message, start, end + 1),))
    if (text := match["double"]) is not None:
        return Token(TokenKind.DOUBLE, text, float(text), start, end)
    digits = match["int"]
    if len(digits) > 40:
        raise ExpressionError((issue_at(source, "the number is out of range", start, end),))
    value = int(digits, 16) if digits.startswith("0x") else int(digits)
    kind = TokenKind.UINT if match["unsigned"] else TokenKind.INT
    return Token(kind, match.group(), value, start, end)


def _string(source: str, start: int, opening: str, before: list[Token]) -> Token:
    prefix = opening.rstrip("\"'").lower()
    quote = opening[len(prefix) :]
    body_start = start + len(opening)
    body_end = _closing(source, body_start, quote, raw="r" in prefix)
    if body_end < 0:
        message = f"the string is not closed: expected `{quote}`"
        if _is_quote_within(before, start):
            message = f"a quote within a string is written `\\{quote}`"
        raise ExpressionError((issue_at(source, message, start, body_start),))
    body = source[body_start:body_end]
    octets = "b" in prefix
    value: Scalar
    try:
        if "r" in prefix:
            value = body.encode("utf-8") if octets else body
        else:
            value = unescape_bytes(body) if octets else unescape_string(body)
    except EscapeError as error:
        where = body_start + error.offset
        raise ExpressionError((issue_at(source, error.message, where, where + 2),)) from None
    end = body_end + len(quote)
    kind = TokenKind.BYTES if octets else TokenKind.STRING
    return Token(kind, source[start:end], value, start, end)


def _is_quote_within(before: list[Token], start: int) -> bool:
    """Whether letters stand between this quote and a string, as in `'it's'`."""
    if len(before) < 2 or before[-1].end != start:
        return False
    string, word = before[-2:]
    return string.kind is TokenKind.STRING and string.end == word.start


def _closing(source: str, at: int, quote: str, *, raw: bool) -> int:
    """Where the closing quote begins, or -1; a short string ends at the line's end."""
    short = len(quote) == 1
    while at < len(source):
        character = source[at]
        if source.startswith(quote, at):
            return at
        if short and character in "\r\n":
            return -1
        at += 2 if character == "\\" and not raw else 1
    return -1
