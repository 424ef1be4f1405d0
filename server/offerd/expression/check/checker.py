"""Syntax tree to checked tree, with every mistake found in one pass.

A part with a mistake gets the type ERROR, which fits everything, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Sequence

from offerd.expression.check import calls, macros, names
from offerd.expression.check.constancy import lint_branches, lint_chain
from offerd.expression.check.context import Context
from offerd.expression.check.resolve import coerce
from offerd.expression.check.tree import (
    Chain,
    Conditional,
    Constant,
    Entries,
    Items,
    Node,
)
from offerd.expression.check.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    NEVER,
    STRING,
    UINT,
    Kind,
    Type,
    join,
    list_of,
    map_of,
)
from offerd.expression.syntax import ast


class Checker(Context):
    """The state of checking one expression, and what becomes of its parts."""

    def check(self, expr: ast.Expr) -> Node:
        """The checked form of a part."""
        match expr:
            case ast.Literal():
                return Constant(expr.value, expr.type, expr.start, expr.end)
            case ast.Name() | ast.Select():
                return names.check_name(self, expr)
            case ast.ListLiteral():
                return self._list_literal(expr)
            case ast.MapLiteral():
                return self._map_literal(expr)
            case ast.Call():
                return self._call(expr)

    def _call(self, expr: ast.Call) -> Node:
        if expr.function in ("_&&_", "_||_"):
            return self._chain(expr)
        if expr.function == "_?_:_":
            return self._conditional(expr)
        if expr.target is not None and macros.is_macro(expr):
            return macros.check_macro(self, expr, expr.target)
        if expr.function == "_?._":
            return names.check_optional_select(self, expr)
        if expr.function == "has" and expr.target is None:
            return names.check_has(self, expr)
        return calls.check_call(self, expr)

    def _chain(self, expr: ast.Call) -> Node:
        where = f"an operand of `{expr.function.strip('_')}`"
        operands = tuple(self.condition(self.check(a), where) for a in expr.arguments)
        chain = Chain(expr.function == "_&&_", operands, BOOL, expr.start, expr.end)
        if self.is_rule and not any(operand.type is ERROR for operand in operands):
            lint_chain(chain, self.source, self.report)
        return chain

    def _conditional(self, expr: ast.Call) -> Node:
        where = "the condition before `?`"
        condition = self.condition(self.check(expr.arguments[0]), where)
        yes, no = self.check(expr.arguments[1]), self.check(expr.arguments[2])
        if self.is_rule:
            lint_branches(condition, yes, no, self.source, self.report)
        type_ = join(yes.type, no.type)
        if type_ is None and self.is_open:
            type_ = DYN
        if type_ is None:
            message = f"both values after `?` must be of one type: found `{yes.type}`"
            return self.reject(f"{message} and `{no.type}`", expr.arguments[1].start, expr.end)
        branches = (coerce(yes, type_), coerce(no, type_))
        return Conditional(condition, *branches, type_, expr.start, expr.end)

    def _list_literal(self, expr: ast.ListLiteral) -> Node:
        items = [self.check(item) for item in expr.items]
        if expr.optional:
            items = [self._optional(item, n in expr.optional) for n, item in enumerate(items)]
        type_ = common_type(items)
        if type_ is ERROR:
            return Constant(None, ERROR, expr.start, expr.end)
        boxed = tuple(coerce(item, type_) for item in items)
        made = Items(boxed, list_of(type_), expr.start, expr.end)
        return self._present(made, "[?_]") if expr.optional else made

    def _optional(self, node: Node, written: bool) -> Node:
        """A part of a literal with optional parts; those written with a `?` are so already."""
        if node.type is ERROR:
            return node
        if not written:
            made = self.operation("optional.of", (node,), node.start, node.end)
            return node if made is None else made
        if node.type.kind is Kind.OPTIONAL or node.type is DYN or self.is_open:
            return node
        message = f"a part written with `?` must be optional: found `{node.type}`"
        return self.reject(message, node.start, node.end)

    def _present(self, literal: Node, function: str) -> Node:
        made = self.operation(function, (literal,), literal.start, literal.end)
        return literal if made is None else made

    def _map_literal(self, expr: ast.MapLiteral) -> Node:
        keys = [self._map_key(self.check(key)) for key, _ in expr.entries]
        values = [self.check(value) for _, value in expr.entries]
        if expr.optional:
            values = [self._optional(value, n in expr.optional) for n, value in enumerate(values)]
        key_type, value_type = common_type(keys), common_type(values)
        if key_type is ERROR or value_type is ERROR:
            return Constant(None, ERROR, expr.start, expr.end)
        made = Entries(
            tuple(coerce(key, key_type) for key in keys),
            tuple(coerce(value, value_type) for value in values),
            map_of(key_type, value_type),
            expr.start,
            expr.end,
        )
        return self._present(made, "{?_}") if expr.optional else made

    def _map_key(self, key: Node) -> Node:
        if key.type in (BOOL, INT, UINT, STRING, DYN, ERROR):
            return key
        if self.is_open:
            return coerce(key, DYN)
        message = "a map's key must be a `string`, `int`, `uint` or `bool`"
        return self.reject(f"{message}: found `{key.type}`", key.start, key.end)


def common_type(nodes: Sequence[Node]) -> Type:
    """The type that holds all of them; `dyn` when they are of several types."""
    type_: Type = NEVER
    for node in nodes:
        if node.type is ERROR:
            return ERROR
        type_ = join(type_, node.type) or DYN
    return type_
