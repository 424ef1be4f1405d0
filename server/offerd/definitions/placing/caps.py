"""Which of very many fences may overlap, by the circles around them.

Circles lie on a sphere, and the sphere in cubes: the longer the sides of a circle's cubes, the
larger it is, so that one that meets another is in a cube nearby. There are neither poles nor an
antimeridian in that.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator

from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Place
from offerd.places.shapes import shape_of
from offerd.places.sphere import vector

_POLAR_DEG = 85.0
_SMALL_DEG = 1.0
_SLACK = 1.02
_FINEST = 20
"""Cubes of that level are 12 m wide; smaller circles share them."""


class Caps:
    """The circles around the fences of places, by number: unit vector, and angle in radians.

    `are_circles` says by number which fences are such circles themselves. A circle around another
    fence may be half as wide again as it has to be.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self.x = array("d")
        self.y = array("d")
        self.z = array("d")
        self.angles = array("d")
        self.are_circles = bytearray()
        self.has_met_all = False
        for place in places:
            centre, fence = place.centre, place.fence
            x, y, z = vector(centre.latitude, centre.longitude)
            self.are_circles.append(isinstance(fence, Circle))
            radius_m = fence.radius_m if isinstance(fence, Circle) else _radius_m(place)
            self.x.append(x)
            self.y.append(y)
            self.z.append(z)
            self.angles.append(min(radius_m / EARTH_RADIUS_M, math.pi))

    def apart(self, one: int, other: int) -> float:
        """The angle between the centres of two circles, in radians."""
        chord = math.dist(
            (self.x[one], self.y[one], self.z[one]), (self.x[other], self.y[other], self.z[other])
        )
        return 2 * math.asin(min(chord / 2, 1.0))

    def meeting(self, most_compared: int) -> Iterator[tuple[int, int]]:
        """Yields pairs of circles that have a point in common, each once.

        In an order that depends on the circles alone. Stops, short of some pairs, after so many
        comparisons; `has_met_all` says afterwards whether it didn't.
        """
        self.has_met_all = False
        levels = [_level(angle) for angle in self.angles]
        cubes: dict[int, dict[int, list[int]]] = {}
        widest: dict[int, float] = {}
        compared = 0
        # Larger circles first: whoever comes later meets those that are in the cubes already.
        for number in sorted(range(len(levels)), key=levels.__getitem__):
            level = levels[number]
            of_level = cubes.setdefault(level, {})
            widest[level] = max(widest.get(level, 0.0), self.angles[number])
            for coarser, held in cubes.items():
                for key in self._keys(number, coarser, self.angles[number] + widest[coarser]):
                    others = held.get(key)
                    if others is None:
                        continue
                    compared += len(others)
                    if compared > most_compared:
                        return
                    yield from self._meeting(number, others)
            of_level.setdefault(self._keys(number, level, 0.0)[0], []).append(number)
        self.has_met_all = True

    def _meeting(self, number: int, others: Iterable[int]) -> Iterator[tuple[int, int]]:
        x, y, z, angle = self.x[number], self.y[number], self.z[number], self.angles[number]
        for other in others:
            dx, dy, dz = x - self.x[other], y - self.y[other], z - self.z[other]
            reach = 2 * math.sin(min(angle + self.angles[other], math.pi) / 2)
            if dx * dx + dy * dy + dz * dz <= reach * reach:
                yield (number, other) if number < other else (other, number)

    def _keys(self, number: int, level: int, reach: float) -> list[int]:
        """The cubes of a level in which centres no farther than `reach` can be."""
        scale = 2.0**level
        x, y, z = self.x[number], self.y[number], self.z[number]
        return [
            (one << 50) + (other << 25) + third
            for one in _cubes(x, reach, scale)
            for other in _cubes(y, reach, scale)
            for third in _cubes(z, reach, scale)
        ]


def _cubes(at: float, reach: float, scale: float) -> range:
    """The numbers of cubes along one axis, from 0."""
    return range(int((at - reach + 8) * scale), int((at + reach + 8) * scale) + 1)


def _radius_m(place: Place) -> float:
    """The radius of a circle around a fence, whose centre is the place's."""
    centre, fence = place.centre, place.fence
    if isinstance(fence, Area) and abs(centre.latitude) < _POLAR_DEG:
        rings = [polygon.outer for polygon in fence.polygons]
        up = max(abs(at.latitude - centre.latitude) for ring in rings for at in ring)
        across = max(abs(at.longitude - centre.longitude) for ring in rings for at in ring)
        if up < _SMALL_DEG and across < _SMALL_DEG:
            # So near, degrees are as good as lengths, and there is no need to go along the edges.
            across *= math.cos(math.radians(max(abs(centre.latitude) - up, 0.0)))
            return math.radians(math.hypot(up, across)) * EARTH_RADIUS_M * _SLACK
    return shape_of(fence).farthest_m(centre.latitude, centre.longitude)


def _level(angle: float) -> int:
    """The level at whose cubes a circle is at most as wide as one."""
    if angle <= 0.0:
        return _FINEST
    # Every second level is enough: of fewer levels fewer cubes are looked into.
    return max(-2, min(_FINEST, math.floor(-math.log2(2 * angle)))) & ~1
