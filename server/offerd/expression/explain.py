"""Why an expression came out as it did: the value of every part, and which parts decided.

This is the slow path, for when somebody asks; it watches the exact form at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offerd.expression.check.declarations import Environment
from offerd.expression.check.tree import (
    Box,
    Chain,
    Checked,
    Conditional,
    Node,
    Operation,
    children,
)
from offerd.expression.check.types import Type
from offerd.expression.plan.exact import Exact, Step
from offerd.expression.values import Failure, Unknown


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


@dataclass(frozen=True, slots=True)
class Deciding:
    """A part that made the outcome what it is.

    `goal` is the outcome of this part that would help to turn the whole; None if its own outcome
    only chose what counts, or if the whole is no condition.
    """

    part: Explanation
    goal: bool | None


def explain(checked: Checked, environment: Environment, roots: Sequence[Any]) -> Explanation:
    """Evaluates the expression with the values of `environment.roots`, and tells how it went."""
    seen: dict[int, Any] = {}

    def watch(node: Node, step: Step) -> Step:
        def watched(frame: list[Any]) -> Any:
            outcome = seen[id(node)] = step(frame)
            return outcome

        return watched

    outcome = Exact(checked, environment, watch)(*roots)
    # An evaluation that is ended before its time leaves no outcome of the whole behind.
    seen.setdefault(id(_unboxed(checked.tree)), outcome)
    return _explanation(checked.source, checked.tree, seen)


def _explanation(source: str, node: Node, seen: dict[int, Any]) -> Explanation:
    node = _unboxed(node)
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


def _unboxed(node: Node) -> Node:
    while isinstance(node, Box):
        node = node.value
    return node


Hides = Callable[[Explanation], bool]
"""Whether a part depends on what is not to be told."""


def _nothing(part: Explanation) -> bool:
    return False


def deciding(part: Explanation, goal: bool | None, hides: Hides = _nothing) -> Iterator[Deciding]:
    """The parts on which the outcome rests, in source order.

    Of a false `&&` that is the first false operand, of a true one all of them; of an unknown
    one, those that are unknown. `||` is its mirror image; a condition counts together with the
    branch that it chose; `!` is looked through. Where a hidden part chose what counts, that part
    alone is named: what it chose would tell its outcome.
    """
    node = part.node
    if isinstance(node, Operation) and node.function == "!_":
        yield from deciding(part.parts[0], None if goal is None else not goal, hides)
    elif isinstance(node, Conditional):
        condition, *branches = part.parts
        chosen = [branch for branch in branches if branch.evaluated]
        yield from deciding(condition, None if chosen else goal, hides)
        for branch in () if hides(condition) else chosen:
            yield from deciding(branch, goal, hides)
    elif isinstance(node, Chain) and (operands := _deciding_operands(part, node, hides)):
        for operand in operands:
            yield from deciding(operand, goal, hides)
    else:
        yield Deciding(part, goal)


def _deciding_operands(part: Explanation, chain: Chain, hides: Hides) -> list[Explanation]:
    absorbing = not chain.all
    if part.outcome is absorbing:
        place = next(n for n, operand in enumerate(part.parts) if operand.outcome is absorbing)
        before = [operand for operand in part.parts[: place + 1] if hides(operand)]
        return before[:1] or [part.parts[place]]
    if isinstance(part.outcome, Unknown | Failure):
        kind = type(part.outcome)
        return [operand for operand in part.parts if isinstance(operand.outcome, kind)]
    return list(part.parts)
