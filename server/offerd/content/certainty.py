"""Whether an expression always comes to a value, and if not, which part of it is to blame.

An attribute has a value where `has` said so before, as in `has(profile.x) ? profile.x : "y"`, or
where it is among those that are always given; likewise an entry of a map after `key in map`. What
can't be proved is taken to be in doubt.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple, TypeAlias

from offerd.content.given import is_answered
from offerd.content.totality import always_succeeds, is_finite
from offerd.expression import DOUBLE, DYN, Checked
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Conditional,
    Constant,
    Entries,
    Macro,
    Node,
    Operation,
    Presence,
    Reference,
    Shape,
    Stop,
    children,
    shape,
)
from offerd.expression.check.types import BOOL, Kind


class Doubt(NamedTuple):
    """Why there may be no value: source[start:end] is to blame, `reason` says how."""

    start: int
    end: int
    reason: str


Facts: TypeAlias = frozenset[tuple[Shape, bool]]
"""Conditions, by what they compute, and what they are known to have come to."""


def doubt(checked: Checked, given: Collection[str]) -> Doubt | None:
    """The first reason for which the expression may have no value; None if it always has one.

    `given` are the full names of attributes that are never missing, such as `offer.id`.
    """
    tree = checked.tree
    found = _Judge(given).doubt(tree, frozenset())
    if found is None and _is_double(checked) and not is_finite(tree):
        return Doubt(tree.start, tree.end, "may come to no number, being too large or divided by 0")
    return found


def _is_double(checked: Checked) -> bool:
    return DOUBLE in (checked.type, *checked.type.parameters)


class _Judge:
    """One walk over a tree; facts are those that hold wherever the part is evaluated."""

    def __init__(self, given: Collection[str]) -> None:
        self._given = given

    def doubt(self, node: Node, facts: Facts) -> Doubt | None:
        match node:
            case Attribute():
                return self._attribute(node, facts)
            case Reference():
                return _blame(node, "may be unknown")
            case Stop():
                return _blame(node, "fails")
            case Conditional():
                return (
                    self._condition(node.condition, facts)
                    or self.doubt(node.yes, facts | _known(node.condition, True))
                    or self.doubt(node.no, facts | _known(node.condition, False))
                )
            case Chain():
                return self._chain(node, facts)
            case Macro():
                return self._macro(node, facts)
            case _:
                return self._strict(node, facts)

    def _attribute(self, node: Attribute, facts: Facts) -> Doubt | None:
        present = (shape(Presence(node.root, node.path, BOOL, 0, 0)), True)
        name = f"{node.root}.{node.path}"
        if name in self._given or is_answered(node.root, node.path) or present in facts:
            return None
        return _blame(node, "may be missing")

    def _chain(self, node: Chain, facts: Facts) -> Doubt | None:
        """What decides early decides whatever else is unknown, so the rest holds after it."""
        for operand in node.operands:
            found = self._condition(operand, facts)
            if found is not None:
                return found
            facts |= _known(operand, node.all)
        return None

    def _macro(self, node: Macro, facts: Facts) -> Doubt | None:
        found = self.doubt(node.range, facts)
        if found is None and node.condition is not None:
            found = self._condition(node.condition, facts)
            facts |= _known(node.condition, True)
        if found is None and node.result is not None:
            found = self.doubt(node.result, facts)
        if found is None and (node.macro not in _TOTAL_MACROS or _may_misfit(node)):
            return _blame(node, "may fail")
        return found

    def _condition(self, node: Node, facts: Facts) -> Doubt | None:
        """A condition whose type is not known may turn out to be none."""
        return self.doubt(node, facts) or (None if node.type is BOOL else _blame(node, "may fail"))

    def _strict(self, node: Node, facts: Facts) -> Doubt | None:
        for part in children(node):
            found = self.doubt(part, facts)
            if found is not None:
                return found
        if isinstance(node, Operation):
            if always_succeeds(node) or _is_guarded(node, facts):
                return None
            return _blame(node, "may fail")
        if isinstance(node, Entries) and len(node.keys) > 1:
            distinct = all(isinstance(_unboxed(key), Constant) for key in node.keys)
            return None if distinct else _blame(node, "may fail")
        return None


_TOTAL_MACROS: Final = frozenset(
    (
        *("exists", "all", "exists_one", "filter", "map", "exists_entry", "all_entries"),
        *("exists_one_entry", "transform_list", "transform_map"),
        *("bind", "opt_map", "opt_flat_map", "or", "or_value"),
    )
)


def _may_misfit(node: Macro) -> bool:
    """Whether a value of no known type is used where not every type will do."""
    if node.macro == "bind":
        return False
    needs_option = node.macro in ("or", "opt_flat_map")
    return node.range.type is DYN or (
        needs_option and node.result is not None and node.result.type is DYN
    )


def _blame(node: Node, reason: str) -> Doubt:
    return Doubt(node.start, node.end, reason)


def _is_guarded(node: Operation, facts: Facts) -> bool:
    """Whether an entry of a map, or the value of an optional, was asked for before."""
    if node.overload < 0 or not node.arguments:
        return False
    parts = tuple(map(shape, node.arguments))
    if node.function == "value":
        asked = {("hasValue", parts)}
    elif node.function in ("_[_]", "_._") and node.arguments[0].type.kind is Kind.MAP:
        asked = {("_in_", parts[::-1]), ("has", parts)}
    else:
        return False
    return any(
        came is True and fact[0] == Operation.__name__ and (fact[1], fact[3]) in asked
        for fact, came in facts
    )


def _known(condition: Node, outcome: bool) -> Facts:
    """What is known where a condition has come to `outcome`."""
    node = _unboxed(condition)
    if isinstance(node, Operation) and node.function == "!_":
        return _known(node.arguments[0], not outcome)
    if isinstance(node, Chain) and node.all is outcome:
        return frozenset().union(*(_known(operand, outcome) for operand in node.operands))
    return frozenset(((shape(node), outcome),))


def _unboxed(node: Node) -> Node:
    return node.value if isinstance(node, Box) else node
