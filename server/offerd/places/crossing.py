"""Which edges cross, in the plane of longitude and latitude, and which great circles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from offerd.places.rings import Edge
from offerd.places.sphere import Vector, cross, dot, to_arc_chord2

_MOST_BANDS = 512


class Met(NamedTuple):
    """Two edges, by their places in what they were given in, and whether they only touch."""

    one: int
    other: int
    touch: bool


def meetings(one: Sequence[Edge], other: Sequence[Edge] | None = None) -> Iterator[Met]:
    """Yields the edges of one that meet those of another, or each other if there is no other.

    Edges with a common end meet only if they run along each other from there. Sweeps from west
    to east: Shamos and Hoey, "Geometric intersection problems", 1976, with bands of latitude
    instead of their tree.
    """
    sets = (one,) if other is None else (one, other)
    waiting = sorted(
        (edge[0], side, n) for side, edges in enumerate(sets) for n, edge in enumerate(edges)
    )
    if not waiting:
        return
    south = min(min(edge[1], edge[3]) for edges in sets for edge in edges)
    north = max(max(edge[1], edge[3]) for edges in sets for edge in edges)
    count = min(math.isqrt(len(waiting)) + 1, _MOST_BANDS)
    scale = (count - 1) / (north - south) if north > south else 0.0
    bands: list[list[list[tuple[int, int]]]] = [[[] for _ in range(count)] for _ in sets]
    for west, side, number in waiting:
        edge = sets[side][number]
        low, high = (edge[1], edge[3]) if edge[1] <= edge[3] else (edge[3], edge[1])
        first = int((low - south) * scale)
        against = side if other is None else 1 - side
        edges = sets[against]
        for band in range(first, int((high - south) * scale) + 1):
            there = bands[against][band]
            there[:] = [waits for waits in there if edges[waits[0]][2] >= west]
            for n, from_band in there:
                # Two edges are looked at once, in the first band of both.
                if band not in (first, from_band):
                    continue
                _, y1, _, y2 = edges[n]
                if (y1 < low and y2 < low) or (y1 > high and y2 > high):
                    continue
                touch = meet(edge, edges[n])
                if touch is not None:
                    yield Met(number, n, touch) if side == 0 else Met(n, number, touch)
            bands[side][band].append((number, first))


def meet(a: Edge, b: Edge) -> bool | None:
    """Returns None for edges that don't meet, else whether they only touch in one point."""
    ax, ay, bx, by = a
    cx, cy, dx, dy = b
    of_c, of_d = _side(a, cx, cy), _side(a, dx, dy)
    of_a, of_b = _side(b, ax, ay), _side(b, bx, by)
    ends = {(ax, ay), (bx, by)} & {(cx, cy), (dx, dy)}
    if of_c == of_d == 0:
        if ends:
            return False if len(ends) == 2 or _run_along(a, b) else None
        return False if _run_along(a, b) else None
    if ends:
        return None
    if of_c * of_d > 0 or of_a * of_b > 0:
        return None
    return not (of_c and of_d and of_a and of_b)


def _side(edge: Edge, x: float, y: float) -> int:
    """Returns on which side of an edge's line a point is: -1, 0 or 1."""
    dx, dy = edge[2] - edge[0], edge[3] - edge[1]
    across, along = (y - edge[1]) * dx, (x - edge[0]) * dy
    side = across - along
    if abs(side) <= 4e-16 * (abs(across) + abs(along)):
        return 0
    return 1 if side > 0 else -1


def _run_along(a: Edge, b: Edge) -> bool:
    """Returns whether edges on one line have more than a point in common."""
    if a[2] - a[0] >= abs(a[3] - a[1]):
        return min(a[2], b[2]) > max(a[0], b[0])
    low, high = sorted((a[1], a[3]))
    from_, until = sorted((b[1], b[3]))
    return min(high, until) > max(low, from_)


def shifted(edges: Sequence[Edge], turn: float) -> list[Edge]:
    """Returns edges so many degrees farther east."""
    return [(x1 + turn, y1, x2 + turn, y2) for x1, y1, x2, y2 in edges]


def arcs_chord2(a: Vector, b: Vector, c: Vector, d: Vector) -> float:
    """Returns the least squared chord between the great circles from a to b and from c to d."""
    if _cross(a, b, c, d):
        return 0.0
    return min(
        to_arc_chord2(a, c, d),
        to_arc_chord2(b, c, d),
        to_arc_chord2(c, a, b),
        to_arc_chord2(d, a, b),
    )


def _cross(a: Vector, b: Vector, c: Vector, d: Vector) -> bool:
    one, other = cross(a, b), cross(c, d)
    of_a, of_b = dot(other, a), dot(other, b)
    of_c, of_d = dot(one, c), dot(one, d)
    if of_a * of_b >= 0.0 or of_c * of_d >= 0.0:
        return False
    # Whole circles cross twice, on opposite sides of the Earth.
    return (of_a > 0.0) == (of_d > 0.0)
