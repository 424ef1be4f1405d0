"""Functions on text in SQL."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.syntax import (
    binary,
    case,
    closed,
    integer,
    joined,
    text,
    where_known,
)
from offerd.dialects.sql.writing import Arguments, OperationWriter, Writer
from offerd.expression import STRING
from offerd.expression.check.tree import Constant, Node, Operation
from offerd.expression.functions.table import FUNCTIONS

_TRIMMED: Final = FUNCTIONS["trim"].overloads[0].implementation
WHITE_SPACE: Final = "".join(chr(code) for code in range(0x3001) if _TRIMMED(chr(code)) == "")
"""What `trim` takes off."""


def _constant(node: Node, what: str) -> str:
    if isinstance(node, Constant) and node.type is STRING and "\0" not in node.value:
        return str(node.value)
    raise CannotSay(f"{what} must be written in the rule to be said in SQL")


def _contains(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.contains_text(*arguments)


def _starts_with(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.starts_with(*arguments)


def _ends_with(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.ends_with(*arguments)


def _matches(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.matches(arguments[0], _constant(node.arguments[1], "a pattern"))


def _lower(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.replaced_characters(arguments[0], ascii_uppercase, ascii_lowercase)


def _upper(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.replaced_characters(arguments[0], ascii_lowercase, ascii_uppercase)


def _trim(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return writer.target.trimmed(arguments[0], WHITE_SPACE)


def _split(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    if len(arguments) != 2:
        raise CannotSay("`split` with a limit can't be said in SQL")
    separator = _constant(node.arguments[1], "a separator")
    if separator == "":
        raise CannotSay("`split` into characters can't be said in SQL")
    return writer.target.split(arguments[0], separator)


def _replace(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    if len(arguments) != 3:
        raise CannotSay("`replace` with a limit can't be said in SQL")
    old = _constant(node.arguments[1], "what `replace` replaces")
    if old == "":
        raise CannotSay("`replace` between all characters can't be said in SQL")
    return writer.target.replaced(arguments[0], old, arguments[2])


def _join(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    separator = arguments[1] if len(arguments) == 2 else text("")

    def put_together(values: exp.Expression) -> exp.Expression:
        found = writer.target.joined(values.copy(), separator.copy())
        empty = binary(exp.EQ, writer.target.size(values.copy()), integer(0))
        return where_known((values, separator), case((empty, text("")), otherwise=found))

    return writer.target.bind(arguments[0], put_together)


def _substring(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    bind = writer.target.bind
    start = arguments[1]
    given_end = arguments[2] if len(arguments) == 3 else None

    def cut(value: exp.Expression, first: exp.Expression) -> exp.Expression:
        end = exp.Length(this=value.copy()) if given_end is None else given_end
        return bind(end, lambda stop: _cut(value, first, stop))

    return bind(arguments[0], lambda value: bind(start, lambda first: cut(value, first)))


def _cut(value: exp.Expression, first: exp.Expression, stop: exp.Expression) -> exp.Expression:
    ordered = exp.Between(this=closed(first.copy()), low=integer(0), high=closed(stop.copy()))
    inside = binary(exp.LTE, stop.copy(), exp.Length(this=value.copy()))
    # Places within the text, so that no sum or difference overflows.
    at = _clamped(first, value)
    part = exp.Substring(
        this=value.copy(),
        start=binary(exp.Add, at, integer(1)),
        length=binary(exp.Sub, _clamped(stop, value), at.copy()),
    )
    return case((joined(exp.And, [ordered, inside]), part))


def _clamped(place: exp.Expression, value: exp.Expression) -> exp.Expression:
    length = exp.Length(this=value.copy())
    inside = exp.Between(this=closed(place.copy()), low=integer(0), high=length)
    return case((inside, place.copy()), otherwise=integer(0))


WRITERS: Final[dict[str, OperationWriter]] = {
    "contains": _contains,
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "matches": _matches,
    "lowerAscii": _lower,
    "upperAscii": _upper,
    "trim": _trim,
    "split": _split,
    "replace": _replace,
    "join": _join,
    "substring": _substring,
}
