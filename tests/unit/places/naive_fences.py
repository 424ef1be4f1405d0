"""A naive twin of the geometry: angles of vectors, and rays to the east in the plane.

It shares nothing with the code under test but the definition of the sphere, and is slow. A ring
around a pole is closed over the pole, which needs cuts where the code under test needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Corridor, Fence, Point

AXES_SQUARED = (1 - 1 / 298.257223563) ** 2
ON_EDGE_DEG = 1e-11
UNSURE_DEG = 1e-12
UNSURE_M = 1e-7

Vector = tuple[float, float, float]


def vector(latitude: float, longitude: float) -> Vector:
    """Returns the direction of a point from the centre of the Earth."""
    psi = math.atan2(
        AXES_SQUARED * math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
    )
    around = math.radians(longitude)
    return math.cos(psi) * math.cos(around), math.cos(psi) * math.sin(around), math.sin(psi)


def angle(a: Vector, b: Vector) -> float:
    """Returns the angle of two vectors, exact for small and large ones alike."""
    across = math.hypot(
        a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    )
    return math.atan2(across, sum(p * q for p, q in zip(a, b, strict=True)))


def to_arc(p: Vector, a: Vector, b: Vector) -> float:
    """Returns the angle from p to the arc from a to b, by searching for the least."""

    def at(share: float) -> float:
        whole = angle(a, b)
        if not whole:
            return angle(p, a)
        of_a, of_b = math.sin((1 - share) * whole), math.sin(share * whole)
        mixed = [of_a * i + of_b * j for i, j in zip(a, b, strict=True)]
        return angle(p, (mixed[0], mixed[1], mixed[2]))

    return _least(at, 16)


def nearest_turn(longitude: float, to: float) -> float:
    """Returns a longitude, some whole turns on, that is less than half a turn from another."""
    return longitude + 360 * round((to - longitude) / 360)


class NaiveFence:
    """A fence with its rings unrolled and its vectors taken."""

    def __init__(self, fence: Fence) -> None:
        self.fence = fence
        if isinstance(fence, Circle):
            self.centre = vector(fence.centre.latitude, fence.centre.longitude)
        elif isinstance(fence, Corridor):
            self.line = [vector(at.latitude, at.longitude) for at in fence.line]
        else:
            self.polygons = [
                [NaiveRing(ring) for ring in (polygon.outer, *polygon.holes)]
                for polygon in fence.polygons
            ]

    def contains(self, latitude: float, longitude: float, p: Vector) -> bool | None:
        """Returns whether a point is inside; None so near to the edge that rounding decides."""
        if isinstance(self.fence, Area):
            answers = [_in_polygon(rings, latitude, longitude) for rings in self.polygons]
            return True if True in answers else None if None in answers else False
        if isinstance(self.fence, Circle):
            return _less(angle(p, self.centre), self.fence.radius_m)
        half_m = self.fence.width_m / 2
        answers = [
            _less(to_arc(p, a, b), half_m)
            for a, b in pairwise(self.line)
            if angle(p, a) <= angle(a, b) + half_m / EARTH_RADIUS_M + 1e-9
        ]
        return True if True in answers else None if None in answers else False


def _less(angle_: float, radius_m: float) -> bool | None:
    apart_m = angle_ * EARTH_RADIUS_M - radius_m
    # Near the antipode a chord has half of its digits only.
    unsure_m = UNSURE_M if angle_ < 3.1 else 1.0
    return None if abs(apart_m) < unsure_m else apart_m < 0


def _in_polygon(rings: Sequence[NaiveRing], latitude: float, longitude: float) -> bool | None:
    """Returns whether a point is in the outer ring or on it, and strictly in no hole."""
    outer = rings[0].where(latitude, longitude)
    if outer in ("unsure", "outside"):
        return None if outer == "unsure" else False
    if outer == "edge":
        return True
    holes = [hole.where(latitude, longitude) for hole in rings[1:]]
    return False if "inside" in holes else None if "unsure" in holes else True


class NaiveRing:
    """A ring as a closed path in the plane."""

    def __init__(self, ring: Sequence[Point]) -> None:
        path = [(ring[0].longitude, ring[0].latitude)]
        for at in (*ring[1:], ring[0]):
            path.append((nearest_turn(at.longitude, path[-1][0]), at.latitude))
        self.real = len(ring)
        turn = path[-1][0] - path[0][0]
        self.pole = 0.0
        if abs(turn) > 180:
            self.pole = _pole(path, turn)
            path += [(path[-1][0], 2 * self.pole), (path[0][0], 2 * self.pole), path[0]]
        self.edges = list(pairwise(path))
        self.west = min(x for x, _ in path)
        self.east = max(x for x, _ in path)
        self.south = min(y for _, y in path)
        self.north = max(y for _, y in path)
        self.poles = {y for _, y in path[: self.real] if abs(y) == 90.0}

    def where(self, latitude: float, longitude: float) -> str:
        """Returns inside, edge or outside, or unsure if rounding decides."""
        if abs(latitude) == 90.0:
            if latitude == self.pole:
                return "inside"
            return "edge" if latitude in self.poles else "outside"
        if not self.south - 1e-9 <= latitude <= self.north + 1e-9:
            return "outside"
        odd = False
        for shift in (-720, -360, 0, 360, 720):
            x = longitude + shift
            if x < self.west - 1 or x > self.east + 1:
                continue
            for number, ((x1, y1), (x2, y2)) in enumerate(self.edges):
                low, high = (y1, y2) if y1 < y2 else (y2, y1)
                if not low - 1e-9 <= latitude <= high + 1e-9:
                    continue
                if number < self.real:
                    near = _plane_distance(x, latitude, x1, y1, x2, y2)
                    if near <= ON_EDGE_DEG / 2:
                        return "edge"
                    if near <= ON_EDGE_DEG * 2 + UNSURE_DEG:
                        return "unsure"
                if (y1 > latitude) != (y2 > latitude):
                    odd ^= x1 + (latitude - y1) / (y2 - y1) * (x2 - x1) > x
        return "inside" if odd else "outside"


def _pole(path: Sequence[tuple[float, float]], turn: float) -> float:
    """Returns the latitude of the pole on whose side of a ring there is less."""
    below = 0.0
    for (x1, y1), (x2, y2) in pairwise(path):
        steps = 64
        for n in range(steps):
            y = y1 + (y2 - y1) * (n + 0.5) / steps
            below += math.sin(math.radians(y)) * (x2 - x1) / steps
    return 90.0 if below / turn >= 0 else -90.0


def _plane_distance(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    dx, dy = x2 - x1, y2 - y1
    length2 = dx * dx + dy * dy
    if not length2:
        return math.hypot(x - x1, y - y1)
    share = max(0.0, min(1.0, ((x - x1) * dx + (y - y1) * dy) / length2))
    if 0 < share < 1:
        return abs((x - x1) * dy - (y - y1) * dx) / math.sqrt(length2)
    return math.hypot(x - x1 - share * dx, y - y1 - share * dy)


def distance_m(fence: Fence, latitude: float, longitude: float) -> float:
    """Returns metres to the edge of a fence that a point is outside of, found by searching."""
    p = vector(latitude, longitude)
    if isinstance(fence, Circle):
        centre = vector(fence.centre.latitude, fence.centre.longitude)
        return angle(p, centre) * EARTH_RADIUS_M - fence.radius_m
    if isinstance(fence, Corridor):
        line = [vector(at.latitude, at.longitude) for at in fence.line]
        apart = min(to_arc(p, a, b) for a, b in pairwise(line))
        return apart * EARTH_RADIUS_M - fence.width_m / 2
    rings = [ring for polygon in fence.polygons for ring in (polygon.outer, *polygon.holes)]
    return EARTH_RADIUS_M * min(
        _to_edge(p, a, b) for ring in rings for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)
    )


def _to_edge(p: Vector, a: Point, b: Point) -> float:
    step = nearest_turn(b.longitude, a.longitude) - a.longitude

    def at(share: float) -> float:
        high = a.latitude + share * (b.latitude - a.latitude)
        return angle(p, vector(high, a.longitude + share * step))

    return _least(at, 50)


def _least(at: Callable[[float], float], steps: int) -> float:
    """Returns the least value of a function from 0 to 1, by steps and then by thirds."""
    best = min(range(steps + 1), key=lambda n: at(n / steps))
    low, high = max(best - 1, 0) / steps, min(best + 1, steps) / steps
    for _ in range(80):
        third = (high - low) / 3
        if at(low + third) <= at(high - third):
            high -= third
        else:
            low += third
    return min(at((low + high) / 2), at(0.0), at(1.0))
