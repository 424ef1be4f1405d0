"""Macros and map literals in SQL.

SQL's own functions on lists forget NULLs; here a condition that is unknown for one element makes
the whole unknown, unless another element settles it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.comparing import require_text_keys
from offerd.dialects.sql.optionals import write_or_value
from offerd.dialects.sql.syntax import binary, case, integer, is_null
from offerd.dialects.sql.target import Body
from offerd.dialects.sql.writing import Writer
from offerd.expression.check.tree import Constant, Entries, Macro
from offerd.expression.check.types import Kind


def write_macro(writer: Writer, node: Macro) -> exp.Expression:
    """`exists`, `all`, `exists_one`, `filter` or `map` with one variable, `cel.bind`, `orValue`."""
    if node.macro == "bind":
        return writer.target.bind(writer.write(node.range), _result(writer, node))
    if node.macro == "or_value":
        return write_or_value(writer, node)
    write = _MACROS.get(node.macro)
    if write is None:
        raise CannotSay(f"the macro `{node.macro}` has no translation into SQL")
    return write(writer, node, _range(writer, node))


def _range(writer: Writer, node: Macro) -> exp.Expression:
    values = writer.write(node.range)
    if node.range.type.kind is Kind.MAP:
        require_text_keys(node.range.type)
        return writer.target.keys(values)
    if node.range.type.kind is not Kind.LIST:
        raise CannotSay("a macro on a value whose type only the data decides can't be said in SQL")
    return values


def _condition(writer: Writer, node: Macro) -> Body:
    """The condition as a function of the element."""

    def body(element: exp.Expression) -> exp.Expression:
        if node.condition is None:
            return exp.true()
        writer.locals[node.slot] = element
        return writer.condition(node.condition)

    return body


def _result(writer: Writer, node: Macro) -> Body:
    def body(element: exp.Expression) -> exp.Expression:
        if node.result is None:
            return element
        writer.locals[node.slot] = element
        return writer.write(node.result)

    return body


def _exists(writer: Writer, node: Macro, values: exp.Expression) -> exp.Expression:
    return _settling(writer, node, values, settles=True)


def _all(writer: Writer, node: Macro, values: exp.Expression) -> exp.Expression:
    return _settling(writer, node, values, settles=False)


def _settling(
    writer: Writer, node: Macro, values: exp.Expression, *, settles: bool
) -> exp.Expression:
    target = writer.target

    def settled(verdicts: exp.Expression) -> exp.Expression:
        found = target.has_element(verdicts.copy(), exp.true() if settles else exp.false())
        otherwise = exp.false() if settles else exp.true()
        verdict = exp.true() if settles else exp.false()
        return case((found, verdict), (target.none_null(verdicts.copy()), otherwise))

    return target.bind(target.transformed(values, _condition(writer, node)), settled)


def _exists_one(writer: Writer, node: Macro, values: exp.Expression) -> exp.Expression:
    target = writer.target

    def counted(verdicts: exp.Expression) -> exp.Expression:
        found = target.size(target.filtered(verdicts.copy(), lambda verdict: verdict))
        once = binary(exp.EQ, found, integer(1))
        return case((target.none_null(verdicts.copy()), once))

    return target.bind(target.transformed(values, _condition(writer, node)), counted)


def _filter(writer: Writer, node: Macro, values: exp.Expression) -> exp.Expression:
    target = writer.target
    condition = _condition(writer, node)

    def kept(found: exp.Expression) -> exp.Expression:
        unknown = target.filtered(found.copy(), lambda element: is_null(condition(element)))
        none_unknown = binary(exp.EQ, target.size(unknown), integer(0))
        return case((none_unknown, target.filtered(found.copy(), condition)))

    return target.bind(values, kept)


def _map(writer: Writer, node: Macro, values: exp.Expression) -> exp.Expression:
    target = writer.target
    source = values if node.condition is None else _filter(writer, node, values)
    return target.known_elements(target.transformed(source, _result(writer, node)))


_MACROS: Final[dict[str, Callable[[Writer, Macro, exp.Expression], exp.Expression]]] = {
    "exists": _exists,
    "all": _all,
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
}


def write_map(writer: Writer, node: Entries) -> exp.Expression:
    """A map literal whose keys are distinct constants."""
    if not node.keys:
        raise CannotSay("an empty map can't be said in SQL")
    require_text_keys(node.type)
    keys = [key.value for key in node.keys if isinstance(key, Constant)]
    if len(set(keys)) != len(node.keys):
        raise CannotSay("the keys of a map must be distinct and written in the rule")
    names = [writer.write(key) for key in node.keys]
    values = writer.target.list_literal([writer.write(value) for value in node.values], None)

    def known(found: exp.Expression) -> exp.Expression:
        made = writer.target.map_literal(names, found.copy())
        return case((writer.target.none_null(found.copy()), made))

    return writer.target.bind(values, known)
