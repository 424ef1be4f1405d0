"""Optionals in SQL: there are none, so whether there is a value and the value are two conditions.

`exists` is TRUE, FALSE, or NULL where the optional itself is unknown or failed; `value` is NULL
unless `exists` is TRUE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.comparing import require_text_keys
from offerd.dialects.sql.syntax import binary, case, closed, integer, is_constant, is_known
from offerd.dialects.sql.syntax import where_known as known
from offerd.dialects.sql.writing import Writer
from offerd.expression import Type
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Conditional,
    Macro,
    Node,
    Operation,
    Presence,
)
from offerd.expression.check.types import Kind
from offerd.expression.functions.table import display_name


class _Optional(NamedTuple):
    exists: exp.Expression
    value: exp.Expression


def write_or_value(writer: Writer, node: Macro) -> exp.Expression:
    """`orValue`: COALESCE where only a missing attribute can be the reason that there is none."""
    if node.result is None:
        raise CannotSay("`orValue` needs another value")
    other = writer.write(node.result)
    if _attribute(node.range) is not None:
        return exp.Coalesce(this=_optional(writer, node.range).value, expressions=[other])
    exists, value = _optional(writer, node.range)
    return _chosen(exists, value, other)


def write_has_value(writer: Writer, node: Operation) -> exp.Expression:
    """`hasValue`."""
    return _optional(writer, node.arguments[0]).exists


def write_value(writer: Writer, node: Operation) -> exp.Expression:
    """`value`, a failure where there is none."""
    return _optional(writer, node.arguments[0]).value


def _chosen(condition: exp.Expression, yes: exp.Expression, no: exp.Expression) -> exp.Expression:
    branches = [exp.If(this=exp.true(), true=yes), exp.If(this=exp.false(), true=no)]
    return exp.Case(this=closed(condition), ifs=branches)


def _optional(writer: Writer, node: Node) -> _Optional:
    match node:
        case Box():
            return _boxed(writer, node)
        case Conditional():
            return _conditional(writer, node)
        case Macro(macro="or"):
            return _or(writer, node)
        case Operation() if node.function in _OPTIONALS:
            return _OPTIONALS[node.function](writer, node)
        case Operation():
            raise CannotSay(f"{display_name(node.function)} has no translation into SQL")
        case _:
            raise CannotSay("an optional made so has no translation into SQL")


def _boxed(writer: Writer, node: Box) -> _Optional:
    """None of any type, or an empty list of the type that is wanted."""
    inner = node.value
    if isinstance(inner, Operation) and inner.function == "optional.none":
        return _none(writer, inner)
    if isinstance(inner, Operation) and inner.function == "optional.of":
        (value,) = inner.arguments
        typed = Box(value, node.type.parameters[0], value.start, value.end)
        return _Optional(exp.true(), writer.write(typed))
    raise CannotSay("a value whose type only the data decides can't be said in SQL")


def _attribute(node: Node) -> Attribute | None:
    """The attribute of `profile.?a`, which is checked as `has(profile.a) ? ... : ...`."""
    if not isinstance(node, Conditional) or not isinstance(node.condition, Presence):
        return None
    yes, asked = node.yes, node.condition
    if not isinstance(yes, Operation) or yes.function != "optional.of":
        return None
    found = yes.arguments[0]
    if not isinstance(found, Attribute) or (found.root, found.path) != (asked.root, asked.path):
        return None
    no = node.no.value if isinstance(node.no, Box) else node.no
    return found if isinstance(no, Operation) and no.function == "optional.none" else None


def _conditional(writer: Writer, node: Conditional) -> _Optional:
    attribute = _attribute(node)
    if attribute is not None:
        value = writer.write(attribute)
        return _Optional(is_known(value.copy()), value)
    condition = writer.condition(node.condition)
    yes, no = _optional(writer, node.yes), _optional(writer, node.no)
    exists = _chosen(condition, yes.exists, no.exists)
    return _Optional(exists, _chosen(condition.copy(), yes.value, no.value))


def _or(writer: Writer, node: Macro) -> _Optional:
    if node.result is None:
        raise CannotSay("`or` needs another optional")
    first, second = _optional(writer, node.range), _optional(writer, node.result)
    exists = _chosen(first.exists, exp.true(), second.exists)
    return _Optional(exists, _chosen(first.exists.copy(), first.value, second.value))


def _of(writer: Writer, node: Operation) -> _Optional:
    value = writer.write(node.arguments[0])
    exists = exp.true() if is_constant(value) else known([value], exp.true())
    return _Optional(exists, value)


def _none(writer: Writer, node: Operation) -> _Optional:
    return _Optional(exp.false(), exp.Null())


def _part(writer: Writer, node: Operation) -> _Optional:
    """`m[?k]`, `m.?k` or `l[?i]`, also of an optional map or list, which may be none."""
    container, place = node.arguments
    key = writer.write(place)
    if container.type.kind is not Kind.OPTIONAL:
        values = writer.write(container)
        value = _found(writer, container.type, values, key)
        return _Optional(known([values, key], is_known(value.copy())), value)
    inner = _optional(writer, container)
    value = _found(writer, container.type.parameters[0], inner.value, key)
    exists = known([key], _chosen(inner.exists, is_known(value.copy()), exp.false()))
    return _Optional(exists, value)


def _found(
    writer: Writer, type_: Type, values: exp.Expression, key: exp.Expression
) -> exp.Expression:
    """The entry or element, NULL where there is none."""
    if type_.kind is Kind.MAP:
        require_text_keys(type_)
        return writer.target.entry(values.copy(), key.copy())
    if type_.kind is Kind.LIST:
        return writer.target.element(values.copy(), key.copy())
    raise CannotSay("a part of a value whose type only the data decides can't be said in SQL")


def _first(writer: Writer, node: Operation) -> _Optional:
    values = writer.write(node.arguments[0])
    return _of_list(writer, values, integer(0))


def _last(writer: Writer, node: Operation) -> _Optional:
    values = writer.write(node.arguments[0])
    end = binary(exp.Sub, writer.target.size(values.copy()), integer(1))
    return _of_list(writer, values, end)


def _of_list(writer: Writer, values: exp.Expression, place: exp.Expression) -> _Optional:
    size = writer.target.size(values.copy())
    exists = case((is_known(values.copy()), binary(exp.GT, size, integer(0))))
    return _Optional(exists, writer.target.element(values, place))


_OPTIONALS: Final[dict[str, Callable[[Writer, Operation], _Optional]]] = {
    "optional.of": _of,
    "optional.none": _none,
    "_?._": _part,
    "_[?_]": _part,
    "first": _first,
    "last": _last,
}
