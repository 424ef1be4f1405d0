"""Checked tree to syntax nodes of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay, DialectError, dialect_error
from offerd.dialects.questions import require_no_question
from offerd.dialects.sql.columns import Columns, Times, flat_columns
from offerd.dialects.sql.engines import target_of
from offerd.dialects.sql.lists import write_macro, write_map
from offerd.dialects.sql.operations import write_operation
from offerd.dialects.sql.syntax import (
    binary,
    closed,
    double,
    integer,
    is_constant,
    is_known,
    joined,
    text,
)
from offerd.dialects.sql.target import Target
from offerd.dialects.sql.types import column_type, element_type
from offerd.expression import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Checked,
    Type,
)
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Conditional,
    Constant,
    Entries,
    Items,
    Local,
    Macro,
    Node,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.check.types import Kind

MAXIMUM_NODES: Final = 200_000
"""No condition has more parts; audiences within audiences can multiply."""


def to_sql(
    checked: Checked,
    dialect: str = "duckdb",
    *,
    columns: Columns = flat_columns,
    times: Times = Times.NANOSECONDS,
    now_ns: int | None = None,
    audiences: Mapping[str, Checked] | None = None,
    pretty: bool = False,
) -> str:
    """The expression in a dialect of SQL that sqlglot writes.

    A condition is TRUE or FALSE: FALSE also where the rule is unknown or fails, as in the service.
    Any other value is NULL there. `columns` says where attributes are, `times` what columns of
    timestamps hold. `now_ns` is the instant that `now` stands for, in nanoseconds since 1970 UTC;
    without it `now` is a column. `audiences` holds the rules that `audience("...")` stands for.
    Raises DialectError for what the dialect can't say.
    """
    found = to_expression(
        checked, dialect, columns=columns, times=times, now_ns=now_ns, audiences=audiences
    )
    if checked.type is BOOL:
        found = exp.Coalesce(this=found, expressions=[exp.false()])
    return found.sql(dialect=dialect, pretty=pretty)


def to_count_sql(
    checked: Checked,
    table: str,
    dialect: str = "duckdb",
    *,
    columns: Columns = flat_columns,
    times: Times = Times.NANOSECONDS,
    now_ns: int | None = None,
    audiences: Mapping[str, Checked] | None = None,
) -> str:
    """A query that counts the rows of a table for which a rule holds; otherwise like to_sql."""
    found = to_expression(
        checked, dialect, columns=columns, times=times, now_ns=now_ns, audiences=audiences
    )
    condition = exp.Coalesce(this=found, expressions=[exp.false()])
    query = exp.select(exp.Count(this=exp.Star())).from_(exp.to_table(table)).where(condition)
    return query.sql(dialect=dialect)


def to_expression(
    checked: Checked,
    dialect: str = "duckdb",
    *,
    columns: Columns = flat_columns,
    times: Times = Times.NANOSECONDS,
    now_ns: int | None = None,
    audiences: Mapping[str, Checked] | None = None,
) -> exp.Expression:
    """The same as a syntax node, NULL where the rule is unknown or fails."""
    layout = _Layout(columns, times, now_ns, audiences or {})
    writer = _TreeWriter(checked.source, target_of(dialect), layout)
    found = writer.write(checked.tree)
    if sum(1 for _ in found.walk()) > MAXIMUM_NODES:
        raise dialect_error(
            checked.source, f"the condition has more than {MAXIMUM_NODES} parts", 0, 1
        )
    return found


@dataclass(frozen=True, slots=True)
class _Layout:
    """What names in an expression stand for."""

    columns: Columns
    times: Times
    now_ns: int | None
    audiences: Mapping[str, Checked]


class _TreeWriter:
    """The state of writing one expression, which the modules beside this one share.

    Every node that is written is NULL where the expression is unknown or fails, and never makes
    a query fail. A timestamp is an integer of nanoseconds of any width, a duration a BIGINT.
    """

    def __init__(
        self, source: str, target: Target, layout: _Layout, within: tuple[str, ...] = ()
    ) -> None:
        self.source = source
        self.target = target
        self.layout = layout
        self.within = within
        self.locals: dict[int, exp.Expression] = {}

    def refuse(self, node: Node, message: str) -> DialectError:
        """The error about a node."""
        return dialect_error(self.source, message, node.start, node.end)

    def write(self, node: Node) -> exp.Expression:
        """A node and all below it."""
        try:
            return self._write(node)
        except CannotSay as reason:
            raise self.refuse(node, str(reason)) from None

    def _write(self, node: Node) -> exp.Expression:
        match node:
            case Constant():
                return self._constant(node)
            case Variable():
                return self._variable(node)
            case Attribute():
                require_no_question(node)
                return self._read(self.layout.columns(node.root, node.path), node.type)
            case Presence():
                require_no_question(node)
                return is_known(self.layout.columns(node.root, node.path))
            case Reference():
                return self._reference(node)
            case Local():
                return self.locals[node.slot].copy()
            case Operation():
                return write_operation(self, node)
            case Chain():
                return joined(
                    exp.And if node.all else exp.Or, [self.condition(o) for o in node.operands]
                )
            case Conditional():
                return self._conditional(node)
            case Items():
                return self.items(node, node.type)
            case Entries():
                return write_map(self, node)
            case Macro():
                return write_macro(self, node)
            case Box():
                return self._box(node)
            case _:
                raise CannotSay("a part of this kind has no translation into SQL")

    def condition(self, node: Node) -> exp.Expression:
        """A node that must be a bool whatever the data."""
        if node.type is not BOOL:
            raise self.refuse(node, f"a condition must be true or false: found `{node.type}`")
        return self.write(node)

    def _constant(self, node: Constant) -> exp.Expression:
        if node.type is BOOL:
            return exp.true() if node.value else exp.false()
        if node.type in (INT, DURATION):
            return integer(node.value)
        if node.type is TIMESTAMP:
            return self.target.integer(node.value)
        if node.type is DOUBLE:
            return double(node.value)
        if node.type is STRING:
            if "\0" in node.value:
                raise CannotSay("a string with a zero character can't be said in SQL")
            return text(node.value)
        raise CannotSay(f"a constant of type `{node.type}` has no translation into SQL")

    def _variable(self, node: Variable) -> exp.Expression:
        if node.name == "now" and node.type is TIMESTAMP and self.layout.now_ns is not None:
            return self.target.integer(self.layout.now_ns)
        return self._read(self.layout.columns(node.name, ""), node.type)

    def _read(self, column: exp.Expression, type_: Type) -> exp.Expression:
        column_type(type_)
        if self.layout.times is Times.NANOSECONDS:
            return column
        if type_ is TIMESTAMP:
            return self._instant(column)
        if type_.kind is Kind.MAP and type_.parameters[1] is TIMESTAMP:
            return self.target.mapped_values(column, self._instant)
        if type_.kind is Kind.LIST and type_.parameters[0] is TIMESTAMP:
            return self.target.transformed(column, self._instant)
        return column

    def _instant(self, column: exp.Expression) -> exp.Expression:
        if self.layout.times is Times.NATIVE:
            return self.target.nanoseconds(column)
        return binary(exp.Mul, self.target.widened(column), integer(1000))

    def _reference(self, node: Reference) -> exp.Expression:
        if node.lookup != "audience":
            raise CannotSay(f'`{node.lookup}("...")` has no translation into SQL')
        rule = self.layout.audiences.get(node.name)
        if rule is None:
            raise CannotSay(f"the rule of audience `{node.name}` is not given")
        if node.name in self.within:
            raise CannotSay(f"audience `{node.name}` depends on itself")
        within = (*self.within, node.name)
        inner = _TreeWriter(rule.source, self.target, self.layout, within)
        return closed(inner.condition(rule.tree))

    def _conditional(self, node: Conditional) -> exp.Expression:
        # CASE alone would take an unknown condition for a false one.
        branches = [
            exp.If(this=exp.true(), true=self.write(node.yes)),
            exp.If(this=exp.false(), true=self.write(node.no)),
        ]
        return exp.Case(this=closed(self.condition(node.condition)), ifs=branches)

    def items(self, node: Items, type_: Type) -> exp.Expression:
        """A list literal as a list of the given type, which may say more than its own."""
        items = [self.write(item) for item in node.items]
        element = None if items else element_type(type_.parameters[0])
        made = self.target.list_literal(items, element)
        return made if all(map(is_constant, items)) else self.target.known_elements(made)

    def _box(self, node: Box) -> exp.Expression:
        value = node.value
        if isinstance(value, Items) and not value.items and node.type.kind is Kind.LIST:
            return self.items(value, node.type)
        raise CannotSay("a value whose type only the data decides can't be said in SQL")
