"""What of a rule an index can answer: conditions on single attributes that all must hold.

A rule is taken apart at its outermost `&&`. A part that compares one attribute of the customer
or the moment with constants becomes a `Condition`; one that asks for an audience becomes what
the audience's own rule needs. Whatever else there is stays with the rule, which is then asked as
a whole of those for whom its conditions hold.

A condition that doesn't hold, because it is false or its attribute is missing, keeps the rule
from being true, and from failing: unknown outdoes failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from math import inf, isfinite, nextafter
from typing import Any, Final, NamedTuple

from offerd import expression as ex
from offerd.audience.membership import LOOKUP
from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Constant,
    Items,
    Node,
    Operation,
    Presence,
    Reference,
    Variable,
)

ROOTS: Final = ("profile", "context", "aggregate", "score", "now")
"""The records of which conditions are indexed; `now` is a record of itself alone."""
_KINDS: Final[dict[ex.Type, type]] = {
    ex.BOOL: bool,
    ex.INT: int,
    ex.TIMESTAMP: int,
    ex.DOUBLE: float,
    ex.STRING: str,
}
_MOST_CONDITIONS: Final = 64
_MOST_AUDIENCES: Final = 8
"""More audiences inside one another, or conditions, than these stay with the rule."""


class Test(Enum):
    """What a condition asks of its attribute.

    ONE_OF, NONE_OF: to be one of the values, or there and none of them. FROM, BELOW: to be at
    least, or less than, the one value. PRESENT, ABSENT: to be there, or not.
    """

    ONE_OF = "one of"
    NONE_OF = "none of"
    FROM = "from"
    BELOW = "below"
    PRESENT = "present"
    ABSENT = "absent"


class Condition(NamedTuple):
    """A test of an attribute of a root; `kind` is what its values are in Python."""

    root: str
    path: str
    kind: type
    test: Test
    values: tuple[Any, ...] = ()


class Needed(NamedTuple):
    """What a rule needs, all of it; `is_all` says that nothing else is left to ask.

    `audiences` are those whose rules were taken in, `loaded` is one without rule whose member
    the customer must be, "" for none.
    """

    conditions: tuple[Condition, ...]
    audiences: frozenset[str]
    loaded: str
    is_all: bool


def needed(rule: ex.Rule, audiences: Mapping[str, ex.Rule]) -> Needed:
    """Returns what an index can tell of a rule; `audiences` are rules of audiences by id."""
    reading = _Reading(audiences)
    reading.read(rule.checked.tree, 0)
    return Needed(
        tuple(reading.conditions), frozenset(reading.taken_in), reading.loaded, reading.is_all
    )


class _Reading:
    """Reads one rule."""

    def __init__(self, audiences: Mapping[str, ex.Rule]) -> None:
        self._audiences = audiences
        self.conditions: list[Condition] = []
        self.taken_in: set[str] = set()
        self.loaded = ""
        self.is_all = True

    def read(self, tree: Node, depth: int) -> None:
        """Adds what a condition, which must be true, needs."""
        for part in _parts(tree):
            if len(self.conditions) >= _MOST_CONDITIONS:
                self.is_all = False
                return
            if isinstance(part, Reference) and part.lookup == LOOKUP:
                self._ask_audience(part.name, depth)
            else:
                found = _condition(part)
                if found is None:
                    self.is_all = False
                else:
                    self.conditions.append(found)

    def _ask_audience(self, audience: str, depth: int) -> None:
        if audience in self.taken_in or audience == self.loaded:
            return
        rule = self._audiences.get(audience)
        if rule is not None and depth < _MOST_AUDIENCES:
            self.taken_in.add(audience)
            self.read(rule.checked.tree, depth + 1)
        elif rule is None and not self.loaded:
            self.loaded = audience
        else:
            self.is_all = False


def _parts(tree: Node) -> Iterator[Node]:
    """Yields what must all be true."""
    if isinstance(tree, Chain) and tree.all:
        for operand in tree.operands:
            yield from _parts(operand)
    else:
        yield tree


def _condition(node: Node) -> Condition | None:
    """Returns the condition that a part is, or None."""
    match node:
        case Presence():
            return Condition(node.root, node.path, object, Test.PRESENT) if _known(node) else None
        case Chain(all=False):
            return _union([_condition(operand) for operand in node.operands])
        case Operation(function="!_", arguments=(inner,)):
            found = _condition(inner)
            return None if found is None else _negated(found)
        case Operation() if node.overload >= 0:
            return _comparison(node)
        case Attribute() | Variable() | Reference() if node.type is ex.BOOL:
            return _of(node, Test.ONE_OF, (True,))
    return None


def _union(found: list[Condition | None]) -> Condition | None:
    """Returns what `||` of conditions is, if each is on values of one attribute."""
    conditions = [one for one in found if one is not None and one.test is Test.ONE_OF]
    if len(conditions) < len(found):
        return None
    first = conditions[0]
    if any(one[:3] != first[:3] for one in conditions):
        return None
    return first._replace(values=tuple(value for one in conditions for value in one.values))


_OPPOSITES: Final = {
    Test.ONE_OF: Test.NONE_OF,
    Test.NONE_OF: Test.ONE_OF,
    Test.PRESENT: Test.ABSENT,
    Test.ABSENT: Test.PRESENT,
    Test.FROM: Test.BELOW,
    Test.BELOW: Test.FROM,
}


def _negated(condition: Condition) -> Condition | None:
    if condition.kind is float and condition.test in (Test.FROM, Test.BELOW):
        return None  # `!(x < 1.0)` is no `x >= 1.0` where x isn't a number
    return condition._replace(test=_OPPOSITES[condition.test])


_SWAPPED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}


def _comparison(node: Operation) -> Condition | None:
    if len(node.arguments) != 2:
        return None
    function, (left, right) = node.function, node.arguments
    if function == "_in_":
        values = _constants(right)
        return _of(left, Test.ONE_OF, values) if values else None
    if isinstance(left, Constant):
        function, left, right = _SWAPPED.get(function, function), right, left
    if not isinstance(right, Constant) or right.type is not left.type:
        return None
    value = right.value
    match function:
        case "_==_":
            return _of(left, Test.ONE_OF, (value,))
        case "_!=_":
            return _of(left, Test.NONE_OF, (value,))
        case "_>=_":
            return _of(left, Test.FROM, (value,))
        case "_<_":
            return _of(left, Test.BELOW, (value,))
        case "_>_":
            return _of(left, Test.FROM, (_next(value),))
        case "_<=_":
            return _of(left, Test.BELOW, (_next(value),))
    return None


def _constants(node: Node) -> tuple[Any, ...] | None:
    if not isinstance(node, Items):
        return None
    constants = [item.value for item in node.items if isinstance(item, Constant)]
    return tuple(constants) if len(constants) == len(node.items) else None


def _next(value: Any) -> Any:
    """Returns the least value greater than a value, inf if none is known."""
    match value:
        case bool():
            return inf
        case int():
            return value + 1
        case float():
            return nextafter(value, inf)
        case str():
            return value + "\0"
    return inf


def _of(node: Node, test: Test, values: tuple[Any, ...]) -> Condition | None:
    """Returns a condition on what a node reads, None if that or a value can't be indexed."""
    kind = _KINDS.get(node.type)
    if kind is None or not _known(node):
        return None
    if test in (Test.FROM, Test.BELOW) and kind is bool:
        return None
    for value in values:
        if type(value) is not kind or (isinstance(value, float) and not isfinite(value)):
            return None
    match node:
        case Attribute():
            return Condition(node.root, node.path, kind, test, values)
        case Reference():
            return Condition(node.lookup, node.name, kind, test, values)
        case Variable():
            return Condition(node.name, node.name, kind, test, values)
    return None


def _known(node: Node) -> bool:
    match node:
        case Attribute() | Presence():
            return node.root in ROOTS
        case Reference():
            return node.lookup in ROOTS
        case Variable():
            return node.name in ROOTS
    return False
