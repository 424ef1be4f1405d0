"""One attribute of the index: which rules a value of it doesn't keep from being true.

Sets of rules are integers, a bit for each rule. For conditions on equality there is a set for
each value that any of them names and one for all other values; for those on order the bounds are
sorted, and there is a set for each place between them. What is kept is bounded: where values are
many, a set is made of the few rules in which it differs, and where bounds are many, neighbours
share a set, and the rules between them are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from offerd.decision.conditions import Condition, Test

BUDGET_BYTES: Final = 4 << 20
"""So much memory the sets of one column may take, or some dozens of them if each takes more."""
FEWEST_SETS: Final = 64
_SHORT: Final = 1 << 512
"""Below this a set is walked through as it is, above it word by word."""

Bits = int


class Equal(NamedTuple):
    """Conditions on equality and presence; `kind` is what values must be for the sets to be right.

    `values` has a set by value, `other` is that of all others and `missing` that of no value.
    `few` has by value the rules by which its set differs from `other`, for the values that have
    no set. `readers` are the rules with a condition.
    """

    path: str
    kind: type
    values: dict[Any, Bits]
    other: Bits
    missing: Bits
    readers: Bits
    few: dict[Any, tuple[int, ...]]


class Ordered(NamedTuple):
    """Conditions on order: `places[n]` is the set where n of `bounds` are not greater.

    `unsure` has, where bounds share a set, the rules that must be asked there.
    """

    path: str
    kind: type
    bounds: list[Any]
    places: list[Bits]
    missing: Bits
    readers: Bits
    unsure: list[Bits] | None


class _Wanted:
    """What one rule wants of an attribute, all its conditions together."""

    __slots__ = ("absent", "allowed", "denied", "high", "low", "present")

    def __init__(self) -> None:
        self.allowed: set[Any] | None = None
        self.denied: set[Any] = set()
        self.low: Any = None
        self.high: Any = None
        self.present = False
        self.absent = False

    def add(self, test: Test, values: tuple[Any, ...]) -> None:
        """Adds a condition."""
        match test:
            case Test.ONE_OF:
                given = set(values)
                self.allowed = given if self.allowed is None else self.allowed & given
            case Test.NONE_OF:
                self.denied.update(values)
            case Test.FROM:
                self.low = values[0] if self.low is None else max(self.low, values[0])
            case Test.BELOW:
                self.high = values[0] if self.high is None else min(self.high, values[0])
            case Test.PRESENT:
                self.present = True
            case Test.ABSENT:
                self.absent = True

    @property
    def is_equality(self) -> bool:
        """Whether any of it is for `Equal`."""
        return self.allowed is not None or bool(self.denied) or self.present or self.absent

    @property
    def is_order(self) -> bool:
        """Whether any of it is for `Ordered`."""
        return self.low is not None or self.high is not None


class ColumnBuilder:
    """Gathers the conditions on one attribute."""

    def __init__(self, path: str, rules: int) -> None:
        self._path = path
        self._rules = rules
        self._kind: type = object
        self._wanted: dict[int, _Wanted] = {}

    def add(self, rule: int, condition: Condition) -> None:
        """Adds a condition of a rule."""
        if condition.kind is not object:
            self._kind = condition.kind
        wanted = self._wanted.get(rule)
        if wanted is None:
            wanted = self._wanted[rule] = _Wanted()
        wanted.add(condition.test, condition.values)

    def equal(self) -> Equal | None:
        """Returns the conditions on equality and presence, None if there are none."""
        own = {rule: one for rule, one in self._wanted.items() if one.is_equality}
        if not own:
            return None
        absent = [rule for rule, one in own.items() if one.absent]
        excluding = [*absent, *(rule for rule, one in own.items() if one.allowed is not None)]
        readers = self._set(own)
        other = self._all & ~self._set(excluding)
        values, few = self._values(own, other)
        needing = [rule for rule, one in own.items() if _needs_value(one)]
        missing = self._all & ~self._set(needing)
        return Equal(self._path, self._kind, values, other, missing, readers, few)

    def _values(
        self, own: Mapping[int, _Wanted], other: Bits
    ) -> tuple[dict[Any, Bits], dict[Any, tuple[int, ...]]]:
        differing: dict[Any, list[int]] = {}
        for rule, one in own.items():
            if one.absent:
                continue
            named = one.denied if one.allowed is None else one.allowed - one.denied
            for value in named:
                differing.setdefault(value, []).append(rule)
        in_full = sorted(differing, key=lambda value: -len(differing[value]))[: self._most_sets]
        return (
            {value: other ^ self._set(differing[value]) for value in in_full},
            {value: tuple(differing[value]) for value in differing.keys() - set(in_full)},
        )

    def ordered(self) -> Ordered | None:
        """Returns the conditions on order, None if there are none."""
        own = {rule: one for rule, one in self._wanted.items() if one.is_order}
        if not own:
            return None
        changes: dict[Any, list[int]] = {}
        start = self._all & ~self._set(rule for rule, one in own.items() if one.low is not None)
        for rule, one in own.items():
            if one.low is not None:
                if one.high is not None and one.high <= one.low:
                    continue  # nothing is both
                changes.setdefault(one.low, []).append(rule)
            if one.high is not None:
                changes.setdefault(one.high, []).append(rule)
        bounds = sorted(changes)
        together = max(1, -(-len(bounds) // self._most_sets))
        kept, places, unsure = list[Any](), [start], [0]
        for first in range(0, len(bounds), together):
            *inner, last = bounds[first : first + together]
            between = self._set(rule for bound in inner for rule in changes[bound])
            if inner:
                # From the first of them on, and until the last, it isn't known.
                kept.append(inner[0])
                places.append(start | between)
                unsure.append(between)
            changed = set[int]()
            for bound in (*inner, last):
                changed.symmetric_difference_update(changes[bound])
            start ^= self._set(changed)
            kept.append(last)
            places.append(start)
            unsure.append(0)
        readers = self._set(own)
        return Ordered(
            self._path, self._kind, kept, places, self._all & ~readers, readers,
            unsure if together > 1 else None,
        )  # fmt: skip

    @property
    def _all(self) -> Bits:
        return (1 << self._rules) - 1

    @property
    def _most_sets(self) -> int:
        return max(FEWEST_SETS, BUDGET_BYTES // (self._rules // 8 + 1))

    def _set(self, rules: Iterable[int]) -> Bits:
        return bits(rules, self._rules)


def _needs_value(wanted: _Wanted) -> bool:
    return wanted.allowed is not None or bool(wanted.denied) or wanted.present


def bits(places: Iterable[int], size: int) -> Bits:
    """Returns the set of some places below a size."""
    octets = bytearray(size // 8 + 1)
    for place in places:
        octets[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(octets, "little")


def places_in(found: Bits) -> list[int]:
    """Returns the places of a set, ascending."""
    if found < _SHORT:
        return _places(found, 0)
    octets = found.to_bytes(-(-found.bit_length() // 64) * 8, "little")
    places: list[int] = []
    for number, word in enumerate(memoryview(octets).cast("Q")):
        if word:
            places += _places(word, number << 6)
    return places


def _places(found: Bits, first: int) -> list[int]:
    places = []
    before = first - 1
    while found:
        low = found & -found
        places.append(before + low.bit_length())
        found ^= low
    return places
