"""Why an expression came out as it did: the value of every part, and which parts decided.

This is the slow path, for when somebody asks; it watches the exact form at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offerd.expression.check.declarations import Environment
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Checked,
    Conditional,
    Node,
    Operation,
    Presence,
    Reference,
    Variable,
    children,
)
from offerd.expression.check.types import Type
from offerd.expression.plan.exact import Exact, Step
from offerd.expression.values import Failure, Unknown


@dataclass(frozen=True, slots=True)
class Decision:
    """A part that decided: its text, its outcome, and the values met in it, by their names.

    A name's value is an Unknown when it was missing. Inside a macro it is the last value met.
    """

    text: str
    outcome: Any
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One part of an expression: source[start:end], its type, its outcome and its own parts.

    `outcome` is a value, an Unknown or a Failure; `evaluated` is False, and `outcome` None, for a
    part that was not needed. Inside a macro the outcome is that of the last element looked at.
    """

    text: str
    start: int
    end: int
    type: Type
    evaluated: bool
    outcome: Any
    parts: tuple[Explanation, ...]
    node: Node

    def deciding(self) -> tuple[Decision, ...]:
        """The parts that made the outcome what it is, in source order.

        Of a false `&&` that is the first false operand, of a true one all of them; of an unknown
        one, those that are unknown. `||` is its mirror image, and a condition counts together
        with the branch that it chose.
        """
        return tuple(_deciding(self))


def explain(checked: Checked, environment: Environment, roots: Sequence[Any]) -> Explanation:
    """Evaluates the expression with the values of `environment.roots`, and tells how it went."""
    seen: dict[int, Any] = {}

    def watch(node: Node, step: Step) -> Step:
        def watched(frame: list[Any]) -> Any:
            outcome = seen[id(node)] = step(frame)
            return outcome

        return watched

    Exact(checked, environment, watch)(*roots)
    return _explanation(checked.source, checked.tree, seen)


def _explanation(source: str, node: Node, seen: dict[int, Any]) -> Explanation:
    while isinstance(node, Box):
        node = node.value
    return Explanation(
        source[node.start : node.end],
        node.start,
        node.end,
        node.type,
        id(node) in seen,
        seen.get(id(node)),
        tuple(_explanation(source, child, seen) for child in children(node)),
        node,
    )


def _deciding(part: Explanation) -> Iterator[Decision]:
    chosen = _chosen(part)
    if not chosen:
        yield Decision(part.text, part.outcome, dict(_values(part)))
    for inner in chosen:
        yield from _deciding(inner)


def _chosen(part: Explanation) -> list[Explanation]:
    """The parts on which this one's outcome rests; none when it speaks for itself."""
    node, parts = part.node, part.parts
    if isinstance(node, Operation) and node.function == "!_":
        return list(parts)
    if isinstance(node, Conditional):
        return [inner for inner in parts if inner.evaluated]
    if isinstance(node, Chain):
        if part.outcome is (not node.all):
            return [inner for inner in parts if inner.outcome is part.outcome][:1]
        if isinstance(part.outcome, Unknown | Failure):
            kind = type(part.outcome)
            return [inner for inner in parts if isinstance(inner.outcome, kind)]
        return list(parts)
    return []


def _values(part: Explanation) -> Iterator[tuple[str, Any]]:
    node = part.node
    if part.evaluated:
        if isinstance(node, Attribute):
            yield f"{node.root}.{node.path}", part.outcome
        elif isinstance(node, Presence):
            yield f"has({node.root}.{node.path})", part.outcome
        elif isinstance(node, Reference):
            yield f'{node.lookup}("{node.name}")', part.outcome
        elif isinstance(node, Variable):
            yield node.name, part.outcome
    for inner in part.parts:
        yield from _values(inner)
