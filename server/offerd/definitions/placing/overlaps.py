"""Warnings of fences that get in each other's way: legal, but probably not what was meant."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import heappush, heappushpop, nsmallest
from typing import Final

from offerd.definitions.findings import Findings
from offerd.definitions.placing.caps import Caps
from offerd.definitions.placing.collector import PlaceCollector
from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Corridor, Library, Place, Point
from offerd.places.geometry import area_m2
from offerd.places.overlapping import shapes_overlap
from offerd.places.shapes import shape_of
from offerd.places.sphere import destination

_SHOWN: Final = 20
"""So many places of a kind of warning are named, the others counted."""

_MOST_COMPARED: Final = 20_000_000
_MOST_EXACT: Final = 10_000
"""So many pairs of other fences than circles are compared; others count by the circles around."""

_AROUND: Final = 16


class _Overlapping:
    """The first pairs by number that overlap, and how many there were."""

    def __init__(self) -> None:
        self._pairs: list[tuple[int, int]] = []
        self.count = 0

    def add(self, number: int, other: int) -> None:
        """Adds a place and one before it."""
        self.count += 1
        if len(self._pairs) < _SHOWN:
            heappush(self._pairs, (-number, -other))
        else:
            heappushpop(self._pairs, (-number, -other))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The first of them, in order."""
        return sorted((-number, -other) for number, other in self._pairs)


def warn_of_overlaps(
    collected: PlaceCollector, caps: Caps, libraries: Sequence[Library], findings: Findings
) -> None:
    """Warns of places of one library that overlap, and of those that never are the current one.

    A place never is where all of its fence lies in that of a library which comes first, or where
    its fence is that of another place of the library.
    """
    _Overlaps(collected, caps, libraries, findings).warn()


class _Overlaps:
    def __init__(
        self,
        collected: PlaceCollector,
        caps: Caps,
        libraries: Sequence[Library],
        findings: Findings,
    ) -> None:
        self._collected = collected
        self._places = collected.places
        self._findings = findings
        ranks = {library.id: library.rank for library in libraries}
        self._ranks = array("q", (ranks[name] for name in collected.libraries))
        self._caps = caps
        self._circles = caps.are_circles
        self._exact = 0
        self._is_counted = True
        self._same: dict[int, int] = {}
        self._hidden: dict[int, int] = {}
        self._overlapping = _Overlapping()
        # Neighbours are compared one after the other, and making a fence ready takes a while.
        self._shape = lru_cache(maxsize=200)(lambda number: shape_of(self._places[number].fence))

    def warn(self) -> None:
        for one, other in self._caps.meeting(_MOST_COMPARED):
            self._sort(one, other)
        for number, other in _first(self._hidden):
            library = self._places[other].library
            self._warn(
                number,
                f"{self._name(number)} can never be the current place: it lies in "
                f"{self._name(other)}, whose library `{library}` comes first",
            )
        more = "places can never be the current one"
        self._warn_of_more(_first(self._hidden), len(self._hidden), more)
        for number, other in _first(self._same):
            self._warn(
                number,
                f"{self._name(number)} can never be the current place: its fence is that of "
                f"{self._name(other)}",
            )
        more = "places have the fence of another one"
        self._warn_of_more(_first(self._same), len(self._same), more)
        for number, other in self._overlapping.pairs:
            self._warn(number, self._overlap(other, number))
        pairs = self._overlapping.pairs
        more = "pairs of places of one library overlap"
        self._warn_of_more(pairs, self._overlapping.count, more)

    def _sort(self, one: int, other: int) -> None:
        """Says of two places whose circles meet what is to be said of them."""
        libraries = self._collected.library_of
        first, second = self._ranks[libraries[one]], self._ranks[libraries[other]]
        if first != second:
            inner, outer = (one, other) if first > second else (other, one)
            if self._lies_in(inner, outer):
                self._hidden[inner] = min(outer, self._hidden.get(inner, outer))
        elif self._is_same(one, other):
            self._same[other] = min(one, self._same.get(other, one))
        elif not self._are_nested(one, other) and self._do_overlap(one, other):
            self._overlapping.add(other, one)

    def _do_overlap(self, one: int, other: int) -> bool:
        if self._circles[one] and self._circles[other]:
            return True
        if self._exact >= _MOST_EXACT:
            self._is_counted = False
            return True
        self._exact += 1
        return shapes_overlap(self._shape(one), self._shape(other))

    def _is_same(self, one: int, other: int) -> bool:
        if self._caps.angles[one] != self._caps.angles[other] or self._caps.apart(one, other):
            return False
        return self._places[one].fence == self._places[other].fence

    def _lies_in(self, inner: int, outer: int) -> bool:
        caps = self._caps
        reach = caps.angles[outer] - caps.angles[inner]
        if self._circles[outer] and caps.apart(inner, outer) <= reach:
            return True
        # What lies in a fence is no wider than the circle around it, and has its middle inside.
        widest = caps.angles[outer] * (1 if self._circles[inner] else 3)
        if (
            (self._circles[inner] and self._circles[outer])
            or caps.angles[inner] > widest
            or caps.apart(inner, outer) > caps.angles[outer]
            or not self._spend()
        ):
            return False
        centre = self._places[inner].centre
        shape = self._shape(outer)
        return shape.contains(centre.latitude, centre.longitude) and all(
            shape.contains(at.latitude, at.longitude) for at in _edge(self._places[inner])
        )

    def _spend(self) -> bool:
        self._exact += 1
        self._is_counted = self._is_counted and self._exact <= _MOST_EXACT
        return self._exact <= _MOST_EXACT

    def _are_nested(self, one: int, other: int) -> bool:
        return self._is_within(one, other) or self._is_within(other, one)

    def _is_within(self, child: int, ancestor: int) -> bool:
        """Whether a place lies, as its definition says, in another."""
        at: int | None = child
        while at is not None:
            parent = self._collected.parents.get(at)
            at = None if parent is None else self._collected.numbers.get(parent)
            if at == ancestor:
                return True
        return False

    def _overlap(self, one: int, other: int) -> str:
        areas = area_m2(self._places[one].fence), area_m2(self._places[other].fence)
        if areas[0] == areas[1]:
            wins = f"{self._name(one)} is the current place, as it is defined first"
        else:
            smaller = one if areas[0] < areas[1] else other
            wins = f"{self._name(smaller)}, the smaller one, is the current place"
        return (
            f"{self._name(other)} overlaps {self._name(one)} of the same library: where they do, "
            f"{wins}"
        )

    def _name(self, number: int) -> str:
        return f"`{self._places[number].id}`"

    def _warn(self, number: int, message: str) -> None:
        self._findings.warn(self._collected.origin(number).place(("id",)), message)

    def _warn_of_more(self, shown: Sequence[tuple[int, int]], count: int, what: str) -> None:
        if count > _SHOWN:
            about = "" if self._is_counted else "about "
            if not self._caps.has_met_all:
                about = "at least "
            self._warn(shown[-1][0], f"and {about}{count - _SHOWN:,} more {what}")


def _first(pairs: Mapping[int, int]) -> list[tuple[int, int]]:
    return nsmallest(_SHOWN, pairs.items())


def _edge(place: Place) -> Iterator[Point]:
    """Points all along the edge of a fence; of straight edges, their ends and middles."""
    match place.fence:
        case Circle():
            yield from _around(place.fence.centre, place.fence.radius_m)
        case Corridor():
            for point in place.fence.line:
                yield from _around(point, place.fence.width_m / 2)
        case Area():
            for polygon in place.fence.polygons:
                before = polygon.outer[-1]
                for point in polygon.outer:
                    yield point
                    if abs(point.longitude - before.longitude) <= 180:
                        middle = (point.latitude + before.latitude) / 2
                        yield Point(middle, (point.longitude + before.longitude) / 2)
                    before = point


def _around(centre: Point, radius_m: float) -> Iterator[Point]:
    if radius_m >= math.pi * EARTH_RADIUS_M:
        return
    for number in range(_AROUND):
        yield destination(centre.latitude, centre.longitude, number * 360 / _AROUND, radius_m)
