"""Equality, order, membership and look-ups in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.syntax import (
    DOUBLE,
    Operator,
    binary,
    cast,
    closed,
    integer,
    is_constant,
    joined,
    negated,
    where_known,
)
from offerd.dialects.sql.target import Target
from offerd.dialects.sql.writing import Arguments, OperationWriter, Writer
from offerd.expression import BOOL, DURATION, INT, STRING, TIMESTAMP, Type
from offerd.expression import DOUBLE as DOUBLES
from offerd.expression.check.tree import Box, Items, Node, Operation
from offerd.expression.check.types import Kind

_PLAIN: Final = (BOOL, INT, STRING, TIMESTAMP, DURATION)
"""Types whose values SQL compares as the language does."""


def ordered(
    target: Target,
    kind: Operator,
    left: exp.Expression,
    right: exp.Expression,
    *,
    doubles: bool,
) -> exp.Expression:
    """A comparison; engines take NaN for the greatest double, and for equal to itself."""
    if not doubles or (is_constant(left) and is_constant(right)):
        return binary(kind, left, right)

    def guarded(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        numbers = [_is_number(part) for part in (a, b) if not is_constant(part)]
        compared = joined(exp.And, [binary(kind, a.copy(), b.copy()), *numbers])
        return where_known((a, b), compared)

    return target.bind(left, lambda a: target.bind(right, lambda b: guarded(a, b)))


def _is_number(node: exp.Expression) -> exp.Expression:
    return negated(exp.IsNan(this=node.copy()))


def _order(kind: Operator) -> OperationWriter:
    def write(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
        doubles = _settle_numbers(node, arguments)
        return ordered(writer.target, kind, *doubles[1:], doubles=doubles[0])

    return write


def _settle_numbers(
    node: Operation, arguments: Arguments
) -> tuple[bool, exp.Expression, exp.Expression]:
    """Whether to compare doubles, and both sides; against a double an integer becomes one."""
    types = [argument.type for argument in node.arguments]
    for type_ in types:
        if type_ is not DOUBLES and type_ not in _PLAIN:
            raise CannotSay(f"a comparison of `{type_}` can't be said in SQL")
    left, right = arguments
    if DOUBLES not in types:
        return False, left, right
    sides = [
        argument if type_ is DOUBLES else cast(argument, DOUBLE)
        for type_, argument in zip(types, (left, right), strict=True)
    ]
    return True, sides[0], sides[1]


def _equal(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    type_ = node.arguments[0].type
    if type_.kind is Kind.LIST:
        return _equal_lists(writer, node, arguments, type_.parameters[0])
    doubles, left, right = _settle_numbers(node, arguments)
    return ordered(writer.target, exp.EQ, left, right, doubles=doubles)


def _equal_lists(
    writer: Writer, node: Operation, arguments: Arguments, element: Type
) -> exp.Expression:
    if element is not DOUBLES and element not in _PLAIN and not _has_empty(node.arguments):
        raise CannotSay(f"a comparison of lists of `{element}` can't be said in SQL")
    target = writer.target

    def compared(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        same = binary(exp.EQ, a.copy(), b.copy())
        if element is not DOUBLES:
            return where_known((a, b), same)
        nans = target.filtered(a.copy(), lambda value: exp.IsNan(this=value))
        return where_known((a, b), joined(exp.And, [same, _is_empty(target, nans)]))

    return target.bind(arguments[0], lambda a: target.bind(arguments[1], lambda b: compared(a, b)))


def _has_empty(nodes: Sequence[Node]) -> bool:
    inner = [node.value if isinstance(node, Box) else node for node in nodes]
    return any(isinstance(node, Items) and not node.items for node in inner)


def _is_empty(target: Target, values: exp.Expression) -> exp.Expression:
    return binary(exp.EQ, target.size(values), integer(0))


def _unequal(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    return negated(_equal(writer, node, arguments))


def _negation(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    if node.arguments[0].type is not BOOL:
        raise CannotSay("`!` of a value that may be no `bool` can't be said in SQL")
    return negated(arguments[0])


def _membership(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    value, container = arguments
    inner = node.arguments[1].type
    if inner.kind is Kind.MAP:
        require_text_keys(inner)
        return _has_key(writer, value, container)
    element = inner.parameters[0] if inner.kind is Kind.LIST else inner
    literal = node.arguments[1]
    if isinstance(literal, Items) and literal.items and _all_constant(container):
        return _among(writer.target, node.arguments[0].type, value, _elements(container))
    if element is not DOUBLES and element not in _PLAIN and not _has_empty((literal,)):
        raise CannotSay(f"`in` a list of `{element}` can't be said in SQL")

    def held(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        found = writer.target.has_element(b.copy(), a.copy())
        if element is DOUBLES and not is_constant(a):
            found = joined(exp.And, [found, _is_number(a)])
        return where_known((a, b), found)

    bind = writer.target.bind
    return bind(value, lambda a: bind(container, lambda b: held(a, b)))


def _all_constant(container: exp.Expression) -> bool:
    return isinstance(container, exp.Array) and all(map(is_constant, container.expressions))


def _elements(container: exp.Expression) -> list[exp.Expression]:
    return [element.copy() for element in container.expressions]


def _among(
    target: Target, type_: Type, value: exp.Expression, elements: list[exp.Expression]
) -> exp.Expression:
    """No constant is NaN, so that only the value could be one."""

    def compared(found: exp.Expression) -> exp.Expression:
        return exp.In(this=closed(found.copy()), expressions=elements)

    return compared(value) if type_ in _PLAIN else target.bind(value, compared)


def require_text_keys(type_: Type) -> None:
    """CannotSay unless a map's keys are strings or integers, which SQL has as keys too."""
    if type_.parameters[0] not in (STRING, INT):
        raise CannotSay(f"a map with keys of type `{type_.parameters[0]}` can't be said in SQL")


def _has_key(writer: Writer, key: exp.Expression, mapping: exp.Expression) -> exp.Expression:
    target = writer.target

    def held(a: exp.Expression, b: exp.Expression) -> exp.Expression:
        return where_known((a, b), target.has_element(target.keys(b.copy()), a.copy()))

    return target.bind(key, lambda a: target.bind(mapping, lambda b: held(a, b)))


def _presence(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    mapping, key = arguments
    require_text_keys(node.arguments[0].type)
    return _has_key(writer, key, mapping)


def _index(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    container, place = arguments
    type_ = node.arguments[0].type
    if type_.kind is Kind.MAP:
        require_text_keys(type_)
        return writer.target.entry(container, place)
    return writer.target.element(container, place)


def _size(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    (value,) = arguments
    type_ = node.arguments[0].type
    if type_ is STRING:
        return exp.Length(this=value)
    if type_.kind is Kind.LIST:
        return writer.target.size(value)
    if type_.kind is Kind.MAP:
        require_text_keys(type_)
        return writer.target.size(writer.target.keys(value))
    raise CannotSay(f"`size` of a `{type_}` can't be said in SQL")


WRITERS: Final[dict[str, OperationWriter]] = {
    "_==_": _equal,
    "_!=_": _unequal,
    "_<_": _order(exp.LT),
    "_<=_": _order(exp.LTE),
    "_>_": _order(exp.GT),
    "_>=_": _order(exp.GTE),
    "!_": _negation,
    "_in_": _membership,
    "has": _presence,
    "_[_]": _index,
    "_._": _index,
    "size": _size,
}
