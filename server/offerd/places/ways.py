"""A way along a great circle, and where fences are along it and beside it."""

from __future__ import annotations

import math

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.edges import CLOSE_ENOUGH, bend, halves, is_long, longest_chord, middle
from offerd.places.shapes import AreaShape, CircleShape, CorridorShape, Shape
from offerd.places.sphere import (
    Vector,
    along_m,
    chord2,
    chord2_of,
    cross,
    dot,
    mixed,
    to_arc_chord2,
    toward,
    unit,
    vector,
)

_WIDE = 0.5
"""Radians beside a way at which distances along it mean little any more."""


class Way:
    """What is passed by who sets out from a point with a bearing and goes so far.

    At most a third of the way around the Earth: 13,000 km. Raises ValueError beyond.
    """

    LONGEST_M = 13_000_000.0

    def __init__(
        self, latitude: float, longitude: float, bearing_deg: float, length_m: float
    ) -> None:
        if not 0.0 <= length_m <= self.LONGEST_M:
            raise ValueError(f"a way must be 0 to {self.LONGEST_M:.0f} metres, not {length_m}")
        self.origin = latitude, longitude
        self.start = vector(latitude, longitude)
        self.ahead = toward(latitude, longitude, bearing_deg)
        self.length = length_m / EARTH_RADIUS_M
        self.end = self._at(self.length)
        self.normal = cross(self.start, self.ahead)

    def _at(self, angle: float) -> Vector:
        return mixed(self.start, self.ahead, math.cos(angle), math.sin(angle))

    def along(self, p: Vector) -> float:
        """Returns the angle along the way to where it is nearest to a point, 0 to its length."""
        angle = math.atan2(dot(p, self.ahead), dot(p, self.start))
        if 0.0 <= angle <= self.length:
            return angle
        return 0.0 if chord2(p, self.start) <= chord2(p, self.end) else self.length

    def beside_m(self, p: Vector) -> float:
        """Returns metres from the way to a point."""
        return along_m(to_arc_chord2(p, self.start, self.end))

    def bound(self, centre: Vector, radius_m: float, beside_m: float) -> float | None:
        """Returns metres along the way before which no fence in a circle is nearest.

        None if none comes within `beside_m` of the way.
        """
        apart = self.beside_m(centre)
        if apart - radius_m > beside_m:
            return None
        wide = (apart + 2 * radius_m) / EARTH_RADIUS_M
        if wide > _WIDE:
            return 0.0
        before = radius_m / EARTH_RADIUS_M / math.cos(wide) * 1.01
        return max(0.0, (self.along(centre) - before) * EARTH_RADIUS_M - 0.01)

    def passes(self, shape: Shape, beside_m: float) -> tuple[float, float] | None:
        """Returns metres along the way to where a fence is nearest first, and metres to it there.

        None if it doesn't come within `beside_m`. A fence that the way crosses is nearest where
        the way enters it, 0 if it begins inside.
        """
        if shape.contains(*self.origin):
            return 0.0, 0.0
        if isinstance(shape, CircleShape):
            found = [self._near(shape.centre, shape.radius_m)]
        elif isinstance(shape, CorridorShape):
            found = [self._arc(a, b, shape.half_m) for a, b in shape.arcs()]
        else:
            found = self._edges(shape, beside_m)
        along, beside = min(found, key=_nearer, default=(0.0, math.inf))
        return None if beside > beside_m else (along, beside)

    def _edges(self, shape: AreaShape, beside_m: float) -> list[tuple[float, float]]:
        """Returns along and beside of pieces of edges, among them the nearest."""
        found: list[tuple[float, float]] = []
        least = beside_m
        for edge in shape.edges():
            stack = [(edge, vector(edge[1], edge[0]), vector(edge[3], edge[2]))]
            while stack:
                part, a, b = stack.pop()
                x, y = middle(part)
                at = vector(y, x)
                if self.beside_m(at) - longest_chord(part) * EARTH_RADIUS_M > least:
                    continue
                if is_long(part) or bend(part, a, b) > CLOSE_ENOUGH:
                    first, second = halves(part)
                    stack += ((first, a, at), (second, at, b))
                else:
                    found.append(self._arc(a, b, 0.0))
                    least = min(least, found[-1][1])
        return found

    def _near(self, centre: Vector, radius_m: float) -> tuple[float, float]:
        """Returns along and beside of a circle."""
        if chord2(self.start, centre) <= chord2_of(radius_m):
            return 0.0, 0.0
        apart_m = self.beside_m(centre)
        along = self.along(centre)
        if apart_m > radius_m:
            return along * EARTH_RADIUS_M, apart_m - radius_m
        # The way enters where its right triangle with the middle has the radius.
        across = math.asin(max(-1.0, min(1.0, dot(self.normal, centre))))
        ratio = math.cos(radius_m / EARTH_RADIUS_M) / math.cos(across)
        middle = math.atan2(dot(centre, self.ahead), dot(centre, self.start))
        enters = middle - math.acos(max(-1.0, min(1.0, ratio)))
        return min(max(enters, 0.0), self.length) * EARTH_RADIUS_M, 0.0

    def _arc(self, a: Vector, b: Vector, half_m: float) -> tuple[float, float]:
        """Returns along and beside of all that is so near to a great circle."""
        crossing = self._crossing(a, b)
        if not half_m:
            if crossing is not None:
                return crossing * EARTH_RADIUS_M, 0.0
            return min((self._touch(p) for p in self._nearest(a, b)), key=_nearer)
        rounds = [self._near(p, half_m) for p in self._nearest(a, b)]
        if to_arc_chord2(self.start, a, b) <= chord2_of(half_m):
            return 0.0, 0.0
        if crossing is not None:
            rounds.append((crossing * EARTH_RADIUS_M, 0.0))
        along, beside = min(rounds, key=_nearer)
        if beside == 0.0:
            along = self._first_in(a, b, half_m, along / EARTH_RADIUS_M) * EARTH_RADIUS_M
        return along, beside

    def _first_in(self, a: Vector, b: Vector, half_m: float, inside: float) -> float:
        """Returns where the way enters what is so near to a great circle.

        The distance to a great circle falls until it is least: halving finds where it is enough.
        """
        most = chord2_of(half_m)
        low, high = 0.0, inside
        for _ in range(50):
            middle = (low + high) / 2
            if to_arc_chord2(self._at(middle), a, b) <= most:
                high = middle
            else:
                low = middle
        return high

    def _touch(self, p: Vector) -> tuple[float, float]:
        return self.along(p) * EARTH_RADIUS_M, self.beside_m(p)

    def _nearest(self, a: Vector, b: Vector) -> list[Vector]:
        """Returns points of an arc of which one is nearest to the way, if they don't cross."""
        found = [a, b]
        normal = cross(a, b)
        if dot(normal, normal) > 0.0:
            normal = unit(normal)
            for end in (self.start, self.end):
                foot = unit(mixed(end, normal, 1.0, -dot(end, normal)))
                if dot(cross(normal, a), foot) > 0.0 > dot(cross(normal, b), foot):
                    found.append(foot)
        return found

    def _crossing(self, a: Vector, b: Vector) -> float | None:
        """Returns the angle along the way at which it crosses an arc, None if it doesn't."""
        one, other = dot(self.normal, a), dot(self.normal, b)
        if (one > 0.0) == (other > 0.0):
            return None
        at = unit(mixed(a, b, abs(other), abs(one)))
        angle = math.atan2(dot(at, self.ahead), dot(at, self.start))
        return angle if 0.0 <= angle <= self.length else None


def _nearer(passed: tuple[float, float]) -> tuple[float, float]:
    along, beside = passed
    return beside, along
