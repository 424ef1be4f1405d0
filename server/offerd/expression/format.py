"""The one way to write an expression: what `offerd fmt` makes of it, without changing its tree.

Spaces around operators, double quotes, the parentheses that the tree needs and, so that nobody
has to know which binds tighter, those around `&&` inside `||`. What does not fit into the width
is broken at `&&`, `||`, `?` and `:`. Numbers and escapes stay as they are written.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from offerd.expression.issues import ExpressionError
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.syntax.ast import (
    Call,
    Expr,
    ListLiteral,
    Literal,
    MapLiteral,
    Name,
    Select,
    children,
)
from offerd.expression.syntax.lexer import tokenize
from offerd.expression.syntax.parser import parse
from offerd.expression.syntax.tokens import Token, TokenKind

WIDTH: Final = 88
"""The longest line, in characters, unless a part that cannot be broken is longer."""

_CONDITIONAL, _OR, _AND, _RELATION, _SUM, _PRODUCT, _UNARY, _POSTFIX = range(8)
_BINDING: Final = {
    "_?_:_": _CONDITIONAL,
    "_||_": _OR,
    "_&&_": _AND,
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_in_"), _RELATION),
    **dict.fromkeys(("_+_", "_-_"), _SUM),
    **dict.fromkeys(("_*_", "_/_", "_%_"), _PRODUCT),
    **dict.fromkeys(("!_", "-_"), _UNARY),
}
_STEPS: Final = ("_[_]", "_[?_]", "_?._")
_INDENT: Final = "  "
_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_CHARACTER: Final = re.compile(r"\\.|[^\\]", re.DOTALL)
_STRING: Final = re.compile(r"([a-zA-Z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)


class FormatError(Exception):
    """The expression is right, but there is no way to write it anew; the text says why."""


def format_expression(
    source: str, *, width: int = WIDTH, quote: str = '"', limits: Limits = DEFAULT_LIMITS
) -> str:
    """The expression as it should be written; its tree is the same.

    `width` 0 puts everything on one line. `quote` is the quotation mark of strings that hold
    neither. ExpressionError if it is none; FormatError if it has comments, which have no place
    in the tree, or would exceed the limits.
    """
    expr = parse(source, limits)
    if _has_comment(source):
        raise FormatError("it has a comment")
    written = _Printer(source, quote, width).text(expr)
    try:
        again = parse(written, limits)
    except ExpressionError:
        raise FormatError("it would be longer than a rule may be") from None
    if bare(again) != bare(expr):
        raise FormatError("it has a form that can't be written anew")
    return written


@lru_cache(maxsize=256)
def one_line(source: str) -> str:
    """An expression, or a part of one, on one line for people to read, without its comments.

    Only white space changes, and parentheses around the whole go.
    """
    try:
        tokens = tokenize(source)[:-1]
    except ExpressionError:
        return " ".join(source.split())
    while len(tokens) > 2 and _encloses(tokens):
        tokens = tokens[1:-1]
    pieces: list[str] = []
    at = tokens[0].start if tokens else 0
    for token in tokens:
        pieces.append(" " * (token.start > at))
        pieces.append(source[token.start : token.end])
        at = token.end
    return "".join(pieces)


def _encloses(tokens: Sequence[Token]) -> bool:
    """Whether the first token is a parenthesis that the last one closes."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind is TokenKind.SYMBOL and token.text in "()":
            depth += 1 if token.text == "(" else -1
        if depth == 0:
            return at > 0 and at == len(tokens) - 1
    return False


def bare(expr: Expr) -> object:
    """A tree without places: equal for expressions that differ in nothing but their writing."""
    fields = {
        name: getattr(expr, name)
        for name in type(expr).__dataclass_fields__
        if name not in ("start", "end", "field_start", "name_start")
    }
    return (type(expr).__name__, *((name, _bare_field(value)) for name, value in fields.items()))


def _bare_field(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_bare_field, value))
    if isinstance(value, Literal | Name | Select | Call | ListLiteral | MapLiteral):
        return bare(value)
    # `-0.0 == 0.0`, and `1 == True`: what is written is compared, not what it equals.
    return (type(value).__name__, repr(value))


def _has_comment(source: str) -> bool:
    at = 0
    for token in tokenize(source):
        if "//" in source[at : token.start]:
            return True
        at = token.end
    return False


class _Printer:
    """Writes trees; the source is there for how its literals are written."""

    def __init__(self, source: str, quote: str, width: int) -> None:
        self.quote = quote
        self.width = width
        self.tokens = tokenize(source)
        self.starts = [token.start for token in self.tokens]

    def text(self, expr: Expr, binding: int = _CONDITIONAL, indent: str = "") -> str:
        """The part on as few lines as fit; the first is already indented."""
        flat = self.flat(expr, binding)
        if not self.width or len(indent) + len(flat) <= self.width:
            return flat
        if self.needs_parentheses(expr, binding):
            inner = f"{indent}{_INDENT}"
            return f"(\n{inner}{self.text(expr, indent=inner)}\n{indent})"
        if isinstance(expr, Call) and expr.function in ("_&&_", "_||_"):
            separator = f" {expr.function.strip('_')}\n{indent}"
            return separator.join(self.operands(expr, indent))
        if isinstance(expr, Call) and expr.function == "_?_:_":
            condition, yes, no = expr.arguments
            inner = f"{indent}{_INDENT}"
            parts = (
                self.text(condition, _OR, indent),
                f"? {self.text(yes, _OR, inner + _INDENT)}",
                f": {self.text(no, _CONDITIONAL, inner + _INDENT)}",
            )
            return f"\n{inner}".join(parts)
        if isinstance(expr, Call) and expr.function == "!_":
            return f"!{self.text(expr.arguments[0], _UNARY, indent)}"
        return flat

    def operands(self, expr: Call, indent: str) -> list[str]:
        binding = _BINDING[expr.function] + 1
        return [self.text(argument, binding, indent) for argument in expr.arguments]

    def needs_parentheses(self, expr: Expr, binding: int) -> bool:
        own = _binding(expr)
        return own < binding or (own == _AND and binding == _OR + 1)

    def flat(self, expr: Expr, binding: int = _CONDITIONAL) -> str:
        """The part on one line, in parentheses if it binds less than it must."""
        text = self.plain(expr)
        return f"({text})" if self.needs_parentheses(expr, binding) else text

    def plain(self, expr: Expr) -> str:
        match expr:
            case Literal():
                return self.literal(expr)
            case Name():
                return f".{expr.name}" if expr.absolute else expr.name
            case Select():
                return f"{self.target(expr.operand)}.{_field(expr.field)}"
            case ListLiteral():
                return f"[{self.listed(expr, map(self.flat, expr.items))}]"
            case MapLiteral():
                entries = (f"{self.flat(key)}: {self.flat(value)}" for key, value in expr.entries)
                return f"{{{self.listed(expr, entries)}}}"
            case Call():
                return self.call(expr)

    def listed(self, expr: ListLiteral | MapLiteral, parts: Iterable[str]) -> str:
        marked = (f"{'?' * (at in expr.optional)}{part}" for at, part in enumerate(parts))
        return ", ".join(marked)

    def call(self, expr: Call) -> str:
        arguments = expr.arguments
        own = _BINDING.get(expr.function)
        if expr.function in ("_[_]", "_[?_]"):
            mark = expr.function[2:-2].replace("_", "")
            return f"{self.target(arguments[0])}[{mark}{self.flat(arguments[1])}]"
        if expr.function == "_?._" and isinstance(arguments[1], Literal):
            return f"{self.target(arguments[0])}.?{_field(str(arguments[1].value))}"
        if own is None:
            if _IDENTIFIER.fullmatch(expr.function) is None:
                raise FormatError("it has a form that can't be written anew")
            prefix = "" if expr.target is None else f"{self.target(expr.target)}."
            return f"{prefix}{expr.function}({', '.join(map(self.flat, arguments))})"
        if own == _CONDITIONAL:
            condition, yes, no = arguments
            return f"{self.flat(condition, _OR)} ? {self.flat(yes, _OR)} : {self.flat(no)}"
        if own == _UNARY:
            operand = self.flat(arguments[0], _UNARY)
            if expr.function == "-_" and _begins_with_number(arguments[0]):
                operand = f"({operand})"
            return f"{expr.function[0]}{operand}"
        chain = own in (_OR, _AND)
        first = self.flat(arguments[0], own + 1 if chain else own)
        rest = [self.flat(argument, own + 1) for argument in arguments[1:]]
        return f" {expr.function[1:-1]} ".join((first, *rest))

    def target(self, expr: Expr) -> str:
        """What a selection, an index or a method is applied to."""
        text = self.flat(expr, _POSTFIX)
        return f"({text})" if text.startswith("-") else text

    def literal(self, expr: Literal) -> str:
        at = bisect_left(self.starts, expr.start)
        while self.is_opening(self.tokens[at]):
            at += 1
        token = self.tokens[at]
        if token.kind is TokenKind.SYMBOL:
            return f"-{self.tokens[at + 1].text}"
        if token.kind in (TokenKind.STRING, TokenKind.BYTES):
            return self.quoted(token.text)
        return token.text.replace("U", "u") if token.kind is TokenKind.UINT else token.text

    def is_opening(self, token: Token) -> bool:
        return token.kind is TokenKind.SYMBOL and token.text == "("

    def quoted(self, text: str) -> str:
        """A string in the preferred quotation marks, if that needs no further escapes."""
        found = _STRING.fullmatch(text)
        if found is None or len(found[2]) == 3:
            return text
        prefix, mark, body = found.groups()
        if mark == self.quote:
            return f"{prefix.lower()}{mark}{body}{mark}"
        if "r" in prefix.lower():
            mark = mark if self.quote in body else self.quote
            return f"{prefix.lower()}{mark}{body}{mark}"
        pieces: list[str] = _CHARACTER.findall(body)
        if self.quote in pieces:
            return text
        body = "".join(mark if piece == f"\\{mark}" else piece for piece in pieces)
        return f"{prefix.lower()}{self.quote}{body}{self.quote}"


def _binding(expr: Expr) -> int:
    return _BINDING.get(expr.function, _POSTFIX) if isinstance(expr, Call) else _POSTFIX


def _field(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) and name != "in" else f"`{name}`"


def _begins_with_number(expr: Expr) -> bool:
    """Whether a minus sign before it would become part of a number."""
    while not isinstance(expr, Literal) and _binding(expr) == _POSTFIX:
        parts = children(expr)
        calls = isinstance(expr, Call) and expr.target is None and expr.function not in _STEPS
        if not parts or calls or isinstance(expr, ListLiteral | MapLiteral):
            return False
        expr = parts[0]
    if not isinstance(expr, Literal) or isinstance(expr.value, bool):
        return False
    return isinstance(expr.value, int | float) and expr.type.name != "uint"
