"""Fences made ready to be asked: what is inside, and how far it is to the edge."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from offerd.model.place import Area, Circle, Corridor, Fence
from offerd.places.grouping import Group, edges_over, groups, nearest_chord2
from offerd.places.rings import Edge, Outline, inside, outline
from offerd.places.sphere import (
    HALF_WAY_M,
    Vector,
    along_m,
    chord2,
    chord2_of,
    to_arc_chord2,
    vector,
)

_MANY = 100
"""Of more edges not all are looked at."""

_UNSURE_M = 1.0
"""More than arcs are off."""

LEAST_M = 1e-6
"""What is outside is at least so far away: the distance 0 means inside."""


def from_circle_m(apart: float, radius_m: float) -> float:
    """Returns metres to the edge of a circle from outside, 0 inside.

    `apart` is the squared chord from its centre.
    """
    away_m = along_m(apart) - radius_m
    # Only near the edge it may be that the arc says something else than the chord, which decides.
    if away_m > _UNSURE_M:
        return away_m
    return 0.0 if apart <= chord2_of(radius_m) else max(away_m, LEAST_M)


class CircleShape:
    """A circle: what is at most so far, straight through the Earth, from its centre."""

    def __init__(self, circle: Circle) -> None:
        self.at = circle.centre.latitude, circle.centre.longitude
        self.centre = vector(*self.at)
        self.radius_m = circle.radius_m
        self.chord2 = chord2_of(circle.radius_m)

    def contains(self, latitude: float, longitude: float) -> bool:
        """Returns whether a point is inside, on the edge included."""
        return chord2(vector(latitude, longitude), self.centre) <= self.chord2

    def distance_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the edge from outside, 0 inside."""
        return from_circle_m(chord2(vector(latitude, longitude), self.centre), self.radius_m)

    def farthest_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the farthest point of the fence."""
        apart = along_m(chord2(vector(latitude, longitude), self.centre))
        return min(apart + self.radius_m, HALF_WAY_M)


class CorridorShape:
    """What is at most half the width from a line of great circles."""

    def __init__(self, corridor: Corridor) -> None:
        self.line = tuple(vector(at.latitude, at.longitude) for at in corridor.line)
        self.half_m = corridor.width_m / 2
        self.chord2 = chord2_of(self.half_m)

    def arcs(self) -> list[tuple[Vector, Vector]]:
        """Returns the great circles of the line, by their ends."""
        return list(pairwise(self.line))

    def apart(self, p: Vector) -> float:
        """Returns the squared chord to the line."""
        return min(to_arc_chord2(p, a, b) for a, b in pairwise(self.line))

    def contains(self, latitude: float, longitude: float) -> bool:
        """Returns whether a point is inside, on the edge included."""
        return self.apart(vector(latitude, longitude)) <= self.chord2

    def distance_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the edge from outside, 0 inside."""
        apart = self.apart(vector(latitude, longitude))
        if apart <= self.chord2:
            return 0.0
        return max(along_m(apart) - self.half_m, LEAST_M)

    def farthest_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the farthest point of the fence, or a bound."""
        p = vector(latitude, longitude)
        # No point of an arc is farther than its farther end and half of the arc.
        far = max(
            max(along_m(chord2(p, a)), along_m(chord2(p, b)), _half_way_m(p, a, b))
            for a, b in pairwise(self.line)
        )
        return min(far + self.half_m, HALF_WAY_M)


def _half_way_m(p: Vector, a: Vector, b: Vector) -> float:
    """Returns the distance to the point of the arc that is farthest: opposite to the nearest."""
    opposite = (-p[0], -p[1], -p[2])
    return HALF_WAY_M - along_m(to_arc_chord2(opposite, a, b))


class AreaShape:
    """Polygons whose edges are straight in longitude and latitude."""

    def __init__(self, area: Area) -> None:
        self.outlines: tuple[Outline, ...] = tuple(map(outline, area.polygons))
        self._is_asked = False
        self._grouped: tuple[tuple[Group, ...], ...] | None = None

    def edges(self) -> Iterator[Edge]:
        """Yields the edges of all rings."""
        for one in self.outlines:
            yield from one.edges

    def contains(self, latitude: float, longitude: float) -> bool:
        """Returns whether a point is inside, on the edge included."""
        if not self._is_asked or all(len(one.edges) <= _MANY for one in self.outlines):
            # To make groups takes longer than to do without them once.
            self._is_asked = True
            return any(inside(one, latitude, longitude) for one in self.outlines)
        return any(
            inside(one, latitude, longitude, partial(edges_over, of_one))
            for one, of_one in zip(self.outlines, self._groups(), strict=True)
        )

    def distance_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the edge from outside, 0 inside."""
        if self.contains(latitude, longitude):
            return 0.0
        return max(along_m(self._apart(vector(latitude, longitude))), LEAST_M)

    def _apart(self, p: Vector) -> float:
        """Returns the squared chord to the nearest point of an edge."""
        return min(nearest_chord2(groups, p) for groups in self._groups())

    def _groups(self) -> tuple[tuple[Group, ...], ...]:
        """Returns the edges of each polygon in groups, made when they are first asked for."""
        made = self._grouped
        if made is None:
            # Put there whole, since other threads may ask too.
            made = self._grouped = tuple(groups(one.edges) for one in self.outlines)
        return made

    def farthest_m(self, latitude: float, longitude: float) -> float:
        """Returns metres to the farthest point of the fence."""
        opposite = vector(-latitude, longitude + 180.0)
        if self.contains(-latitude, (longitude + 360.0) % 360.0 - 180.0):
            return HALF_WAY_M
        return min(HALF_WAY_M, HALF_WAY_M - along_m(self._apart(opposite)) + 1.0)


Shape = CircleShape | CorridorShape | AreaShape
"""A fence made ready. Distances are metres on the sphere, 0 inside and only there."""


def shape_of(fence: Fence) -> Shape:
    """Returns a fence made ready to be asked."""
    if isinstance(fence, Circle):
        return CircleShape(fence)
    if isinstance(fence, Corridor):
        return CorridorShape(fence)
    return AreaShape(fence)
