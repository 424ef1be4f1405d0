"""Rings in the plane of longitude and latitude, across the antimeridian and around the poles.

Longitudes are unwrapped along a ring: the next vertex goes on from the one before, beyond 180
degrees if need be. A ray from a point straight north meets edges of the ring, of which an odd
number changes sides; north of all is the pole, which is inside only of rings that go round it.
Rays that go north need no cut at the antimeridian, and a meridian never comes back.

Parity of crossings with half-open edges: Shimrat, "Algorithm 112: position of point relative to
polygon", 1962.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from offerd.model.place import Point, Polygon

ON_EDGE_DEG = 1e-11
"""How near to an edge is on it: about a micrometre, a thousand times what rounding may add."""

Edge = tuple[float, float, float, float]
"""x1, y1, x2, y2 in degrees of longitude and latitude, with x1 <= x2, and y1 <= y2 if equal."""


class Outline(NamedTuple):
    """The edges of a polygon's rings.

    `west` and `east` are the least and greatest x of `edges`, which may lie beyond 180 degrees.
    """

    edges: tuple[Edge, ...]
    north_inside: bool
    south_inside: bool
    west: float
    east: float
    south: float
    north: float


def unwrapped(ring: Sequence[Point]) -> list[tuple[float, float]]:
    """Returns the ring's vertices as x and y, and the first once more at the end.

    The last x differs from the first by a whole turn if the ring goes round the poles.
    """
    turns = 0
    before = ring[0].longitude
    vertices = []
    for at in (*ring, ring[0]):
        step = at.longitude - before
        if step > 180.0:
            turns -= 1
        elif step < -180.0:
            turns += 1
        before = at.longitude
        vertices.append((at.longitude + 360.0 * turns, at.latitude))
    return vertices


def edges_of(vertices: Sequence[tuple[float, float]]) -> list[Edge]:
    """Returns the edges between vertices, as many as there are steps from one to the next."""
    return [(*one, *other) if one < other else (*other, *one) for one, other in pairwise(vertices)]


def sines_below(vertices: Sequence[tuple[float, float]]) -> float:
    """Returns the integral of the sine of latitude along longitude, in radians.

    Of a closed ring it is the area, of a unit sphere, with the sign of its direction: negative
    for those counter-clockwise.
    """
    total = 0.0
    for (x1, y1), (x2, y2) in pairwise(vertices):
        low, high = math.radians(y1), math.radians(y2)
        mean = math.sin((low + high) / 2)
        half = (high - low) / 2
        if half:
            mean *= math.sin(half) / half
        total += math.radians(x2 - x1) * mean
    return total


def goes_round(vertices: Sequence[tuple[float, float]]) -> bool:
    """Returns whether an unwrapped ring goes round the poles."""
    return abs(vertices[-1][0] - vertices[0][0]) > 180.0


def outline(polygon: Polygon) -> Outline:
    """Returns the edges of a polygon, without those of no length.

    A ring that goes round both poles contains that one on whose side there is less of the Earth,
    the northern if both have as much.
    """
    edges: list[Edge] = []
    north = south = False
    for ring in (polygon.outer, *polygon.holes):
        vertices = unwrapped(ring)
        if goes_round(vertices):
            if sines_below(vertices) * (vertices[-1][0] - vertices[0][0]) >= 0.0:
                north = not north
            else:
                south = not south
        for one, other in pairwise(vertices):
            if one != other:
                edges.append((*one, *other) if one < other else (*other, *one))
    return Outline(
        tuple(edges),
        north,
        south,
        min(edge[0] for edge in edges),
        max(edge[2] for edge in edges),
        min(min(edge[1], edge[3]) for edge in edges),
        max(max(edge[1], edge[3]) for edge in edges),
    )


def crossings_north(edges: Iterable[Edge], x: float, y: float) -> int:
    """Returns how many edges a ray from the point to the north meets, -1 if it is on one."""
    count = 0
    for x1, y1, x2, y2 in edges:
        if x1 - ON_EDGE_DEG <= x <= x2 + ON_EDGE_DEG:
            dx, dy = x2 - x1, y2 - y1
            above = (y - y1) * dx - (x - x1) * dy
            low, high = (y1, y2) if dy >= 0 else (y2, y1)
            if (
                abs(above) <= ON_EDGE_DEG * (dx + abs(dy))
                and low - ON_EDGE_DEG <= y <= high + ON_EDGE_DEG
            ):
                return -1
            if above < 0 and x1 <= x < x2:
                count += 1
    return count


def inside(
    outline: Outline,
    latitude: float,
    longitude: float,
    edges_over: Callable[[float], Iterable[Edge]] | None = None,
) -> bool:
    """Returns whether a point is in a polygon, on its edge included.

    `edges_over` gives edges by x, among them all that are there; None is all of them.
    """
    if abs(latitude) == 90.0:
        if outline.north_inside if latitude > 0 else outline.south_inside:
            return True
        return (outline.north if latitude > 0 else outline.south) == latitude
    if (latitude > outline.north + ON_EDGE_DEG and not outline.north_inside) or (
        latitude < outline.south - ON_EDGE_DEG and not outline.south_inside
    ):
        return False
    odd = outline.north_inside
    x = longitude + 360.0 * math.ceil((outline.west - ON_EDGE_DEG - longitude) / 360.0)
    while x <= outline.east + ON_EDGE_DEG:
        edges = outline.edges if edges_over is None else edges_over(x)
        count = crossings_north(edges, x, latitude)
        if count < 0:
            return True
        odd ^= bool(count & 1)
        x += 360.0
    return odd
