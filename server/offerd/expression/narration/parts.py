"""The parts of an explanation: what they are called, what they touch, which of them decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Conditional,
    Local,
    Macro,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.explain import Explanation
from offerd.expression.format import one_line
from offerd.expression.values import Failure, Unknown

Visible = Callable[[str], bool]
"""Whether the caller may see the value of an attribute or lookup, by its full name."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """A part that made the outcome what it is.

    `goal` is the outcome of this part that would help to turn the whole; None if its own outcome
    only chose what counts, or if the whole is no condition.
    """

    part: Explanation
    goal: bool | None


def full_name(part: Explanation) -> str | None:
    """What data a part stands for, such as "profile.age" or `audience("x")`; None if it doesn't."""
    node = part.node
    if isinstance(node, Attribute | Presence):
        return f"{node.root}.{node.path}"
    if isinstance(node, Reference):
        return f'{node.lookup}("{node.name}")'
    return node.name if isinstance(node, Variable) else None


def text_of(part: Explanation) -> str:
    """A part as messages show it: its name, or what is written, on one line."""
    if isinstance(part.node, Attribute | Reference | Variable):
        return full_name(part) or part.text
    return one_line(part.text)


def names_in(part: Explanation) -> Iterator[str]:
    """The full names of the data that a part depends on, in source order, with repetitions."""
    name = full_name(part)
    if name is not None:
        yield name
    for inner in part.parts:
        yield from names_in(inner)


def depends_on_data(part: Explanation) -> bool:
    """Whether anything but constants is in the part."""
    if isinstance(part.node, Local) or full_name(part) is not None:
        return True
    return any(map(depends_on_data, part.parts))


def failed_part(part: Explanation) -> Explanation:
    """The innermost part that failed, of one that did."""
    for inner in part.parts:
        if isinstance(inner.outcome, Failure):
            return failed_part(inner)
    return part


class Hidden:
    """Which parts touch what the caller may not see, the variables of macros over it included."""

    def __init__(self, root: Explanation, visible: Visible) -> None:
        self._visible = visible
        self._names: dict[int, tuple[str, ...]] = {}
        self._note(root, {})

    def _note(self, part: Explanation, slots: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
        node = part.node
        name = full_name(part)
        names: list[str] = [] if name is None or self._visible(name) else [name]
        if isinstance(node, Local):
            names.extend(slots.get(node.slot, ()))
        inner = slots
        for place, child in enumerate(part.parts):
            found = self._note(child, inner)
            names.extend(found)
            if isinstance(node, Macro) and place == 0:
                # No macro has more than two variables of its own.
                inner = {**slots, node.slot: found, node.slot + 1: found}
        self._names[id(part)] = tuple(dict.fromkeys(names))
        return self._names[id(part)]

    def names(self, part: Explanation) -> tuple[str, ...]:
        """The names that the part depends on and that the caller may not see the values of."""
        return self._names[id(part)]


def goal_of(root: Explanation) -> bool | None:
    """The outcome that would turn a condition: true for one that doesn't hold; None for others."""
    if root.outcome is True:
        return False
    is_condition = root.type.name == "bool" or root.outcome is False
    return True if is_condition else None


def deciding(part: Explanation, goal: bool | None) -> Iterator[Deciding]:
    """The parts on which the outcome rests, in source order.

    Of a false `&&` that is the first false operand, of a true one all of them; of an unknown
    one, those that are unknown. `||` is its mirror image; a condition counts together with the
    branch that it chose; `!` is looked through.
    """
    node = part.node
    if isinstance(node, Operation) and node.function == "!_":
        yield from deciding(part.parts[0], None if goal is None else not goal)
    elif isinstance(node, Conditional):
        condition, *branches = part.parts
        chosen = [branch for branch in branches if branch.evaluated]
        yield from deciding(condition, None if chosen else goal)
        for branch in chosen:
            yield from deciding(branch, goal)
    elif isinstance(node, Chain) and (operands := _deciding_operands(part, node)):
        for operand in operands:
            yield from deciding(operand, goal)
    else:
        yield Deciding(part, goal)


def _deciding_operands(part: Explanation, chain: Chain) -> list[Explanation]:
    absorbing = not chain.all
    if part.outcome is absorbing:
        return [operand for operand in part.parts if operand.outcome is absorbing][:1]
    if isinstance(part.outcome, Unknown | Failure):
        kind = type(part.outcome)
        return [operand for operand in part.parts if isinstance(operand.outcome, kind)]
    return list(part.parts)
