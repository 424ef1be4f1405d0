"""Fences as lines to draw: rings of longitude and latitude that don't jump at the antimeridian."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

from offerd.model.place import Area, Corridor, Point
from offerd.places import sphere

Ring = list[float]
"""longitude, latitude, longitude, … in degrees; longitudes go on beyond 180 where a ring does."""

MOST_VERTICES: Final = 1_000
"""A ring of more is drawn with fewer: those that change its look are kept."""

_FRACTION: Final = 1 / 4_000
_DECIMALS: Final = 6
_LONGEST_EDGE_DEG: Final = 1.0


def area_outlines(area: Area) -> list[list[Ring]]:
    """Returns of each polygon its rings, the outer first."""
    outlines = []
    near = area.polygons[0].outer[0].longitude
    for polygon in area.polygons:
        outer = _ring(polygon.outer, near)
        outlines.append([outer, *(_ring(hole, outer[0]) for hole in polygon.holes)])
    return outlines


def corridor_line(corridor: Corridor) -> Ring:
    """Returns the line of a corridor, its geodesics in pieces of at most a degree."""
    return _flat(_continuous(list(_along(corridor.line)), corridor.line[0].longitude))


def is_simplified(area: Area) -> bool:
    """Tells whether a ring is drawn with fewer vertices than it has."""
    return any(
        len(ring) > MOST_VERTICES
        for polygon in area.polygons
        for ring in (polygon.outer, *polygon.holes)
    )


def _ring(points: Sequence[Point], near: float) -> Ring:
    line = _continuous(points, near)
    if len(line) > MOST_VERTICES:
        line = _thinned(line)
    turn = _nearest_turn(line[0][0], line[-1][0]) - line[0][0]
    if abs(turn) > 180:
        line = [*line, (line[0][0] + turn, line[0][1]), *_round_pole(line, turn)]
    return _flat(line)


def _round_pole(line: Sequence[tuple[float, float]], turn: float) -> list[tuple[float, float]]:
    """The corners by which a ring round a pole is closed: along the pole, and back."""
    pole = math.copysign(90.0, sum(latitude for _, latitude in line))
    return [(line[0][0] + turn, pole), (line[0][0], pole)]


def _continuous(points: Sequence[Point], near: float) -> list[tuple[float, float]]:
    line = []
    for point in points:
        near = _nearest_turn(point.longitude, near)
        line.append((near, point.latitude))
    return line


def _nearest_turn(longitude: float, near: float) -> float:
    """Returns the longitude, whole turns added, that is nearest to another."""
    return longitude + 360 * round((near - longitude) / 360)


def _along(line: Sequence[Point]) -> Iterator[Point]:
    yield line[0]
    for start, end in itertools.pairwise(line):
        a, b = (sphere.vector(at.latitude, at.longitude) for at in (start, end))
        angle = math.acos(max(-1.0, min(1.0, sphere.dot(a, b))))
        pieces = math.ceil(math.degrees(angle) / _LONGEST_EDGE_DEG)
        for piece in range(1, pieces):
            of_a, of_b = math.sin((1 - piece / pieces) * angle), math.sin(piece / pieces * angle)
            yield sphere.point(sphere.mixed(a, b, of_a, of_b))
        yield end


def _thinned(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leaves out vertices that are less than a fraction of the ring's size from the last kept."""
    wide = max(x for x, _ in line) - min(x for x, _ in line)
    high = max(y for _, y in line) - min(y for _, y in line)
    least = max(wide, high) * _FRACTION
    kept = [line[0]]
    for x, y in line[1:-1]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= least:
            kept.append((x, y))
    return [*kept, line[-1]]


def _flat(line: Sequence[tuple[float, float]]) -> Ring:
    return [round(value, _DECIMALS) for pair in line for value in pair]
