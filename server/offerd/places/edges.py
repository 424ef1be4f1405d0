"""How far it is to an edge that is straight in longitude and latitude.

Such an edge isn't a great circle. It is halved until the great circles between its pieces run
within `CLOSE_ENOUGH_M` of it, where it matters: pieces that can't be nearest aren't halved.
"""

from __future__ import annotations

import math

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.rings import Edge
from offerd.places.sphere import Vector, chord2, cross, dot, to_arc_chord2, unit, vector

CLOSE_ENOUGH_M = 0.1
"""How far great circles may run from the edge that they stand for."""

CLOSE_ENOUGH = CLOSE_ENOUGH_M / EARTH_RADIUS_M
"""The same in radians."""
_LONG_DEG = 3.0


def middle(edge: Edge) -> tuple[float, float]:
    """Returns x and y of the middle of an edge."""
    return (edge[0] + edge[2]) / 2, (edge[1] + edge[3]) / 2


def halves(edge: Edge) -> tuple[Edge, Edge]:
    """Returns both halves of an edge."""
    x, y = middle(edge)
    return (edge[0], edge[1], x, y), (x, y, edge[2], edge[3])


def is_long(edge: Edge) -> bool:
    """Returns whether an edge is too long for its middle to tell how far it bends."""
    return edge[2] - edge[0] > _LONG_DEG or abs(edge[3] - edge[1]) > _LONG_DEG


def bend(edge: Edge, a: Vector, b: Vector) -> float:
    """Returns how far, in radians, the middle of the edge from a to b is from the great circle."""
    x, y = middle(edge)
    normal = unit(cross(a, b))
    return abs(dot(normal, vector(y, x)))


def to_edge_chord2(p: Vector, edge: Edge, a: Vector, b: Vector, best: float) -> float:
    """Returns the squared chord from p to the nearest point of an edge, or `best` if that is less.

    `a` and `b` are the vectors of the edge's ends.
    """
    stack = [(edge, a, b)]
    while stack:
        part, start, end = stack.pop()
        bent = math.inf if is_long(part) else bend(part, start, end)
        if bent > CLOSE_ENOUGH:
            near = reach(p, part, start, end)
            if near * abs(near) >= best:
                continue
            x, y = middle(part)
            at = vector(y, x)
            first, second = halves(part)
            if chord2(p, start) <= chord2(p, end):
                stack += ((second, at, end), (first, start, at))
            else:
                stack += ((first, start, at), (second, at, end))
        else:
            best = min(best, to_arc_chord2(p, start, end))
    return best


def reach(p: Vector, edge: Edge, a: Vector, b: Vector) -> float:
    """Returns a chord that no point of the edge is nearer than; below 0 if it may be anywhere.

    An edge is at most as long as its rise in latitude and its run in longitude together, and no
    point of it is farther from both ends than half of that.
    """
    near = min(chord2(p, a), chord2(p, b))
    return math.sqrt(near) - longest_chord(edge) / 2


def longest_chord(edge: Edge) -> float:
    """Returns a length that no two points of an edge are farther apart than.

    A degree of longitude is longest where an edge is nearest to the equator.
    """
    y1, y2 = edge[1], edge[3]
    nearest = 0.0 if y1 * y2 < 0 else min(abs(y1), abs(y2))
    across = math.radians(edge[2] - edge[0]) * math.cos(math.radians(nearest) * 0.99)
    return 1.01 * math.hypot(across, math.radians(abs(y2 - y1)))
