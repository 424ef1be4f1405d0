"""What bounds an evaluation whatever the data: it is charged for what it goes through and builds.

Both forms charge before they do the work, by the table of check/work.py. The fast form has a
meter only where data that may be admitted could make it take too many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.tree import Box, Constant, Node, Operation, unboxed
from offerd.expression.check.types import STRING, Kind
from offerd.expression.check.work import BUILT, COMPARED, WORK, steps_of
from offerd.expression.functions.collections import HASHED
from offerd.expression.limits import MOST_STEPS
from offerd.expression.values import KINDS, Optional, boxer

EXHAUSTED: Final = f"the rule takes more than {MOST_STEPS} steps on this data"


class Exhausted(Exception):
    """An evaluation has taken all the steps it may; `start` is the offset of the part it was at."""

    def __init__(self, start: int) -> None:
        super().__init__(EXHAUSTED)
        self.start = start


class Meter:
    """The steps that one evaluation may still take."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def take(self, steps: int, start: int) -> None:
        """Exhausted when there are not so many left."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted(start)

    def loop(self, values: Any, steps: int) -> Any:
        """The values, once so many steps have been taken for each of them."""
        self.take(len(values) * steps, 0)
        return values

    def equal(self, left: str, right: str) -> bool:
        """Whether two texts are equal."""
        self.left -= min(len(left), len(right)) // COMPARED
        if self.left < 0:
            raise Exhausted(0)
        return left == right

    def add(self, left: str, right: str) -> str:
        """Two texts, one after the other."""
        self.left -= len(left) // BUILT + len(right) // BUILT
        if self.left < 0:
            raise Exhausted(0)
        return left + right


Charge = Callable[[Meter, Sequence[Any]], None]


def charge_of(node: Node) -> Charge | None:
    """What takes the steps of an operation or a box, by its values; None if it has only one."""
    start = node.start
    if isinstance(node, Box):
        has_parts = bool(node.value.type.parameters)
        if not has_parts or boxer(node.value.type, node.type) is None:
            return None
        return lambda meter, values: meter.take(weigh(values[0], COMPARED, meter.left), start)
    if not isinstance(node, Operation) or node.function not in WORK:
        return None
    if node.function in _OF_TEXTS and all(part.type is STRING for part in node.arguments):
        return _charging_texts(node.function, start)
    function = node.function
    fresh = [not isinstance(unboxed(argument), Constant) for argument in node.arguments]

    def charge(meter: Meter, values: Sequence[Any]) -> None:
        extents = extents_of(values, meter.left, fresh)
        steps = steps_of(function, extents)
        meter.take(max(steps, *(extent.walked for extent in extents)), start)

    return charge


_EQUALITIES: Final = ("_==_", "_!=_")
_OF_TEXTS: Final = (*_EQUALITIES, "_+_")


def _charging_texts(function: str, start: int) -> Charge:
    """The same for two texts, which are met most."""
    characters = BUILT if function == "_+_" else COMPARED
    smallest = function in _EQUALITIES

    def charge(meter: Meter, values: Sequence[Any]) -> None:
        lengths = [len(value) for value in values if isinstance(value, str)]
        length = min(lengths, default=0) if smallest else sum(lengths)
        if length >= characters:
            meter.take(length // characters, start)

    return charge


def metered_template(node: Operation) -> str:
    """A template for two texts that takes its steps itself; "" for any other operation."""
    if node.function not in _OF_TEXTS or any(part.type is not STRING for part in node.arguments):
        return ""
    if node.function == "_+_":
        return "m.add({0}, {1})"
    return "m.equal({0}, {1})" if node.function == "_==_" else "(not m.equal({0}, {1}))"


def extents_of(values: Sequence[Any], most: int, fresh: Sequence[bool] | None = None) -> list[Met]:
    """The extents of values, none of them worked out beyond `most` steps."""
    known = (True,) * len(values) if fresh is None else fresh
    return [Met(value, most, new) for value, new in zip(values, known, strict=True)]


def charge_sorting(meter: Meter, elements: Any, keys: Any) -> None:
    """Takes the steps of sorting by these keys."""
    meter.take(steps_of("sort", extents_of([keys], meter.left)), 0)


def charged(charge: Charge, implementation: Callable[..., Any]) -> Callable[..., Any]:
    """The implementation with a meter as its first argument, which is charged first."""

    def call(meter: Meter, *values: Any) -> Any:
        charge(meter, values)
        return implementation(*values)

    return call


def weigh(value: Any, characters: int, most: int) -> int:
    """How many values are in a value, and how often so many characters; more than `most` if more.

    What is shared counts each time it is met, as those who walk over it meet it.
    """
    total = 0
    pending = [value]
    while pending:
        part = pending.pop()
        total += 1
        kind = KINDS.get(type(part))
        if kind is Kind.STRING or kind is Kind.BYTES:
            total += len(part) // characters
        elif kind is Kind.LIST and _PLAIN.issuperset(map(type, part)):
            total += len(part)
        elif kind is Kind.LIST or kind is Kind.MAP:
            if total + len(part) > most:
                return most + 1
            pending.extend(part)
            if kind is Kind.MAP:
                pending.extend(part.values())
        elif isinstance(part, Optional) and part.present:
            pending.append(part.value)
        if total > most:
            return total
    return total


class Met:
    """The extent of a value that there is; see Extent. At most `most` steps of it are worked out.

    `walked` is how many were: finding out is work too.
    """

    __slots__ = ("_most", "_value", "fresh", "kind", "length", "walked")

    def __init__(self, value: Any, most: int, fresh: bool) -> None:
        self._value = value
        self._most = most
        self.fresh = fresh
        self.walked = 0
        self.kind = KINDS.get(type(value), Kind.DYN)
        self.length = len(value) if self.kind in _MEASURED else 0

    @property
    def width(self) -> int:
        """Steps of a copy."""
        return self.length // BUILT if self.kind in _TEXTS else self.length

    @property
    def weight(self) -> int:
        """Steps of comparing all of it."""
        return self._weigh(COMPARED, self._most)

    def weight_within(self, most: int) -> int:
        """Steps of comparing all of it, or any number from `most` on."""
        return self._weigh(COMPARED, min(most, self._most))

    @property
    def bulk(self) -> int:
        """Steps of writing all of it."""
        return self._weigh(BUILT, self._most)

    def _weigh(self, characters: int, most: int) -> int:
        found = weigh(self._value, characters, most)
        self.walked = max(self.walked, found - 1)
        return found

    @property
    def hashed(self) -> bool:
        """Whether its elements are compared by hash."""
        kinds = set(map(type, self._value)) if self.kind is Kind.LIST else set()
        return len(kinds) == 1 and kinds <= HASHED

    @property
    def text(self) -> str | None:
        """The text that it is, if it is one."""
        return self._value if self.kind is Kind.STRING else None

    @property
    def number(self) -> int | None:
        """The whole number that it is, if it is one."""
        return self._value if self.kind is Kind.INT else None


_PLAIN: Final = frozenset((bool, int, float))
_TEXTS: Final = (Kind.STRING, Kind.BYTES)
_MEASURED: Final = (*_TEXTS, Kind.LIST, Kind.MAP)
