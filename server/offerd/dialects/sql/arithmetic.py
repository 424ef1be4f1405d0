"""Arithmetic in SQL: integers that are NULL where they would overflow, doubles, times."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.comparing import ordered
from offerd.dialects.sql.syntax import (
    DOUBLE,
    TEXT,
    Operator,
    binary,
    case,
    cast,
    closed,
    double,
    integer,
    text,
    try_cast,
    where_known,
)
from offerd.dialects.sql.target import Target
from offerd.dialects.sql.writing import Arguments, OperationWriter, Writer
from offerd.expression import BOOL as BOOLS
from offerd.expression import DOUBLE as DOUBLES
from offerd.expression import DURATION, INT, STRING, TIMESTAMP, Type
from offerd.expression.check.tree import Operation
from offerd.expression.check.types import Kind
from offerd.expression.functions.arithmetic import TIMESTAMP_MAXIMUM, TIMESTAMP_MINIMUM
from offerd.expression.functions.conversions import FALSE_WORDS, TRUE_WORDS

_INTEGERS: Final = (INT, DURATION)
_SECOND: Final = 1_000_000_000


def _sum(kind: Operator) -> OperationWriter:
    def write(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
        left, right = arguments
        if node.type is DOUBLES:
            return binary(kind, left, right)
        if node.type in _INTEGERS:
            return writer.target.narrowed(_wide(writer.target, kind, left, right))
        if node.type is TIMESTAMP:
            value = _wide(writer.target, kind, left, right)
            return writer.target.within(value, TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM)
        if node.type is STRING and kind is exp.Add:
            return binary(exp.DPipe, left, right)
        if node.type.kind is Kind.LIST and kind is exp.Add:
            return _concatenated(writer.target, left, right)
        raise _no_type(node.type)

    return write


def _concatenated(target: Target, left: exp.Expression, right: exp.Expression) -> exp.Expression:
    def both(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        return where_known((a, b), target.concatenated(a.copy(), b.copy()))

    return target.bind(left, lambda a: target.bind(right, lambda b: both(a, b)))


def _wide(
    target: Target, kind: Operator, left: exp.Expression, right: exp.Expression
) -> exp.Expression:
    return binary(kind, target.widened(left), target.widened(right))


def _no_type(type_: Type) -> CannotSay:
    return CannotSay(f"arithmetic on `{type_}` can't be said in SQL")


def _quotient(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    left, right = arguments
    if node.type is DOUBLES:
        return writer.target.divided(left, right)
    if node.type is not INT:
        raise _no_type(node.type)

    # The least integer has no counterpart, so a division by -1 is a negation that may overflow.
    def divided(value: exp.Expression, divisor: exp.Expression) -> exp.Expression:
        negated = writer.target.narrowed(exp.Neg(this=writer.target.widened(value.copy())))
        return case(
            (binary(exp.EQ, divisor.copy(), integer(-1)), negated),
            otherwise=binary(exp.IntDiv, value.copy(), _safe_divisor(divisor)),
        )

    bind = writer.target.bind
    return bind(left, lambda value: bind(right, lambda divisor: divided(value, divisor)))


def _remainder(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    left, right = arguments
    if node.type is not INT:
        raise _no_type(node.type)

    def remaining(value: exp.Expression, divisor: exp.Expression) -> exp.Expression:
        return case(
            (binary(exp.EQ, divisor.copy(), integer(-1)), where_known([value], integer(0))),
            otherwise=binary(exp.Mod, value.copy(), _safe_divisor(divisor)),
        )

    bind = writer.target.bind
    return bind(left, lambda value: bind(right, lambda divisor: remaining(value, divisor)))


def _safe_divisor(divisor: exp.Expression) -> exp.Expression:
    """Never 0 or -1: an engine may compute a branch of CASE that it then does not take."""
    unsafe = exp.In(this=closed(divisor.copy()), expressions=[integer(0), integer(-1)])
    return case((unsafe, exp.Null()), otherwise=divisor.copy())


def _negation(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    (value,) = arguments
    if node.type is DOUBLES:
        return exp.Neg(this=closed(value))
    if node.type is not INT:
        raise _no_type(node.type)
    return writer.target.narrowed(exp.Neg(this=writer.target.widened(value)))


def _to_int(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    (value,) = arguments
    source = node.arguments[0].type
    if source is INT:
        return value
    if source is DOUBLES:
        return writer.target.bind(value, lambda found: _cut(writer.target, found))
    if source is STRING:
        return writer.target.bind(value, lambda found: _parsed_int(writer.target, found))
    if source is TIMESTAMP:
        return cast(seconds_of(writer.target, value), _BIGINT)
    raise CannotSay(f"`int` of a `{source}` can't be said in SQL")


_BIGINT: Final = exp.DataType.build("BIGINT")


def _cut(target: Target, value: exp.Expression) -> exp.Expression:
    # Both ends are excluded: a double near them may have been rounded from outside the range.
    inside = binary(
        exp.And,
        binary(exp.GT, value.copy(), double(-(2.0**63))),
        binary(exp.LT, value.copy(), double(2.0**63)),
    )
    return case((inside, target.truncated(value.copy())))


def _parsed_int(target: Target, value: exp.Expression) -> exp.Expression:
    digits = target.matches(value.copy(), "^[+-]?[0-9]{1,25}$")
    return case((digits, try_cast(value.copy(), _BIGINT)))


def _to_double(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    source = node.arguments[0].type
    if source is DOUBLES:
        return arguments[0]
    if source is INT:
        return cast(arguments[0], DOUBLE)
    raise CannotSay(f"`double` of a `{source}` can't be said in SQL")


def _to_text(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    (value,) = arguments
    source = node.arguments[0].type
    if source is STRING:
        return value
    if source is INT:
        return cast(value, TEXT)
    if source is BOOLS:
        branches = [
            exp.If(this=exp.true(), true=text("true")),
            exp.If(this=exp.false(), true=text("false")),
        ]
        return exp.Case(this=closed(value), ifs=branches)
    raise CannotSay(f"`string` of a `{source}` can't be said in SQL")


def _to_bool(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    (value,) = arguments
    if node.arguments[0].type is not STRING:
        return value

    def parsed(found: exp.Expression) -> exp.Expression:
        ins = [
            exp.In(this=closed(found.copy()), expressions=[text(word) for word in words])
            for words in (TRUE_WORDS, FALSE_WORDS)
        ]
        return case((ins[0], exp.true()), (ins[1], exp.false()))

    return writer.target.bind(value, parsed)


def seconds_of(target: Target, value: exp.Expression) -> exp.Expression:
    """Whole seconds since 1970 of a timestamp, rounded down; SQL's division rounds towards 0."""
    positive = binary(exp.Sub, target.widened(value), target.integer(TIMESTAMP_MINIMUM))
    seconds = binary(exp.IntDiv, positive, integer(_SECOND))
    return binary(exp.Add, seconds, integer(TIMESTAMP_MINIMUM // _SECOND))


def _extreme(kind: Operator) -> OperationWriter:
    def write(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
        if node.type not in (INT, DOUBLES):
            raise _no_type(node.type)
        first, *rest = arguments
        if node.arguments[0].type.kind is Kind.LIST:
            if node.type is DOUBLES:
                raise CannotSay("the greatest or least of a list of doubles can't be said in SQL")
            return writer.target.extreme(first, greatest=kind is exp.GT)
        found = first
        for value in rest:
            found = _further(writer, kind, found, value, node.type)
        return found

    return write


def _further(
    writer: Writer,
    kind: Operator,
    found: exp.Expression,
    value: exp.Expression,
    type_: Type,
) -> exp.Expression:
    def choose(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        ifs = [
            exp.If(this=exp.true(), true=b.copy()),
            exp.If(this=exp.false(), true=a.copy()),
        ]
        condition = ordered(writer.target, kind, b.copy(), a.copy(), doubles=type_ is DOUBLES)
        return exp.Case(this=closed(condition), ifs=ifs)

    bind = writer.target.bind
    return bind(found, lambda a: bind(value, lambda b: choose(a, b)))


def _to_timestamp(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    source = node.arguments[0].type
    if source is TIMESTAMP:
        return arguments[0]
    if source is INT:
        value = binary(exp.Mul, writer.target.widened(arguments[0]), integer(_SECOND))
        return writer.target.within(value, TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM)
    raise CannotSay("`timestamp` of a text that isn't written in the rule can't be said in SQL")


def _to_duration(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    if node.arguments[0].type is DURATION:
        return arguments[0]
    raise CannotSay("`duration` of a text that isn't written in the rule can't be said in SQL")


WRITERS: Final[dict[str, OperationWriter]] = {
    "_+_": _sum(exp.Add),
    "_-_": _sum(exp.Sub),
    "_*_": _sum(exp.Mul),
    "_/_": _quotient,
    "_%_": _remainder,
    "-_": _negation,
    "int": _to_int,
    "double": _to_double,
    "string": _to_text,
    "bool": _to_bool,
    "timestamp": _to_timestamp,
    "duration": _to_duration,
    "math.greatest": _extreme(exp.GT),
    "math.least": _extreme(exp.LT),
}
