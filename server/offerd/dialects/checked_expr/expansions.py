"""Macros as the comprehensions that the specification of CEL expands them to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from offerd.expression import BOOL, INT, Type, list_of
from offerd.expression.check.tree import Macro, Node

ACCUMULATOR: Final = "@result"
"""The name of what a comprehension has found so far."""


class Exporter(Protocol):
    """Writes parts; see `write.py`."""

    def write(self, node: Node) -> Any:
        """A node and all below it."""

    def expr(self, type_: Type, node: Node | None = None) -> Any:
        """A new part without a kind."""

    def ident(self, name: str, type_: Type, node: Node | None = None) -> Any:
        """A name."""

    def local(self, slot: int) -> str:
        """The name of a macro's variable."""

    def constant(self, kind: str, value: Any, type_: Type, node: Node | None = None) -> Any:
        """A constant, by the name of its field."""

    def call(
        self,
        function: str,
        arguments: Sequence[Any],
        type_: Type,
        overloads: Sequence[str],
        node: Node | None = None,
    ) -> Any:
        """A function applied."""

    def fold(self, node: Macro, start: Any, condition: Any, step: Any, result: Any) -> Any:
        """A comprehension over the macro's range."""

    def accumulated(self, type_: Type) -> Any:
        """What has been found so far."""

    def truth(self, value: bool) -> Any:
        """A constant bool."""


def _condition(exporter: Exporter, node: Macro) -> Any:
    if node.condition is None:
        return exporter.truth(True)
    return exporter.write(node.condition)


def _exists(exporter: Exporter, node: Macro) -> Any:
    found = exporter.accumulated(BOOL)
    otherwise = exporter.call("!_", [found], BOOL, ["logical_not"])
    go_on = exporter.call("@not_strictly_false", [otherwise], BOOL, ["not_strictly_false"])
    parts = [exporter.accumulated(BOOL), _condition(exporter, node)]
    step = exporter.call("_||_", parts, BOOL, ["logical_or"])
    return exporter.fold(node, exporter.truth(False), go_on, step, exporter.accumulated(BOOL))


def _all(exporter: Exporter, node: Macro) -> Any:
    found = exporter.accumulated(BOOL)
    go_on = exporter.call("@not_strictly_false", [found], BOOL, ["not_strictly_false"])
    parts = [exporter.accumulated(BOOL), _condition(exporter, node)]
    step = exporter.call("_&&_", parts, BOOL, ["logical_and"])
    return exporter.fold(node, exporter.truth(True), go_on, step, exporter.accumulated(BOOL))


def _exists_one(exporter: Exporter, node: Macro) -> Any:
    def one() -> Any:
        return exporter.constant("int64_value", 1, INT)

    found = exporter.accumulated(INT)
    counted = exporter.call("_+_", [found, one()], INT, ["add_int64"])
    parts = [_condition(exporter, node), counted, exporter.accumulated(INT)]
    step = exporter.call("_?_:_", parts, INT, ["conditional"])
    result = exporter.call("_==_", [exporter.accumulated(INT), one()], BOOL, ["equals"])
    start = exporter.constant("int64_value", 0, INT)
    return exporter.fold(node, start, exporter.truth(True), step, result)


def _collect(exporter: Exporter, node: Macro) -> Any:
    element = node.type.parameters[0]
    values = list_of(element)
    added = exporter.expr(values)
    if node.result is None:
        value = exporter.ident(exporter.local(node.slot), element)
    else:
        value = exporter.write(node.result)
    added.list_expr.elements.append(value)
    step = exporter.call("_+_", [exporter.accumulated(values), added], values, ["add_list"])
    if node.condition is not None:
        parts = [exporter.write(node.condition), step, exporter.accumulated(values)]
        step = exporter.call("_?_:_", parts, values, ["conditional"])
    start = exporter.expr(values)
    start.list_expr.SetInParent()
    return exporter.fold(node, start, exporter.truth(True), step, exporter.accumulated(values))


EXPANSIONS: Final = {
    "exists": _exists,
    "all": _all,
    "exists_one": _exists_one,
    "filter": _collect,
    "map": _collect,
}
