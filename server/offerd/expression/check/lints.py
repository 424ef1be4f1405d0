"""Mistakes that types allow: values an attribute never has, conditions that never vary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from offerd.expression.check.declarations import Environment, Record
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.tree import Attribute, Box, Constant, Items, Node, Operation
from offerd.expression.check.types import STRING

Report = Callable[[str, int, int], None]


def lint_values(operation: Operation, environment: Environment, report: Report) -> None:
    """Reports strings compared with an attribute that is declared never to have them."""
    if operation.function in ("_==_", "_!=_"):
        left, right = map(_unboxed, operation.arguments)
        for attribute, other in ((left, right), (right, left)):
            if isinstance(attribute, Attribute):
                _lint_each(attribute, (other,), environment, report)
    elif operation.function == "_in_":
        value, container = map(_unboxed, operation.arguments)
        if isinstance(value, Attribute) and isinstance(container, Items):
            _lint_each(value, container.items, environment, report)
        if isinstance(container, Attribute):
            _lint_each(container, (value,), environment, report)


def _lint_each(
    attribute: Attribute, others: Sequence[Node], environment: Environment, report: Report
) -> None:
    record = environment.variables[attribute.root]
    if not isinstance(record, Record):
        return
    values = record.attributes[attribute.path].values
    for other in map(_unboxed, others):
        if not values or not isinstance(other, Constant) or other.type is not STRING:
            continue
        if other.value not in values:
            text = str(other.value)
            hint = suggestion(text, values) or f": expected one of {listed(values)}"
            name = f"{attribute.root}.{attribute.path}"
            report(f"`{text}` is not a value of `{name}`{hint}", other.start, other.end)


def lint_condition(node: Node, where: str, report: Report) -> None:
    """Reports a condition that is the same for everybody."""
    if isinstance(node, Constant):
        shown = {True: "`true`", False: "`false`"}.get(node.value is True, "")
        report(f"{where} is always {shown}", node.start, node.end)


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in backticks, the first few of them."""
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _unboxed(node: Node) -> Node:
    return node.value if isinstance(node, Box) else node
