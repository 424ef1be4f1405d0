"""Edges in groups that lie together, so that of very many only those near a point are looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from offerd.places.edges import longest_chord, to_edge_chord2
from offerd.places.rings import ON_EDGE_DEG, Edge
from offerd.places.sphere import Vector, chord2, vector

_FEWEST = 16
_SPARE = 1e-12
"""More than rounding does to chords."""

Ends = tuple[Edge, Vector, Vector, float]
"""An edge, the vectors of its ends, and a chord: no point of it is farther from both of them."""


class Group(NamedTuple):
    """Edges that follow each other.

    All of them are between `west` and `east`, in degrees, and within a chord of `reach` from
    `middle`, which is a point in space.
    """

    west: float
    east: float
    middle: Vector
    reach: float
    ends: tuple[Ends, ...]


def groups(edges: Sequence[Edge]) -> tuple[Group, ...]:
    """Returns edges in as many groups as each has members, about."""
    size = max(_FEWEST, math.isqrt(len(edges)))
    return tuple(_group(edges[start : start + size]) for start in range(0, len(edges), size))


def _group(edges: Sequence[Edge]) -> Group:
    ends = tuple(
        (edge, vector(edge[1], edge[0]), vector(edge[3], edge[2]), longest_chord(edge) / 2)
        for edge in edges
    )
    corners = [corner for _, a, b, _ in ends for corner in (a, b)]
    x, y, z = (sum(part) / len(corners) for part in zip(*corners, strict=True))
    middle = (x, y, z)
    reach = max(
        math.sqrt(max(chord2(middle, a), chord2(middle, b))) + half for _, a, b, half in ends
    )
    west = min(edge[0] for edge in edges)
    return Group(west, max(edge[2] for edge in edges), middle, reach, ends)


def edges_over(groups: Sequence[Group], x: float) -> Iterator[Edge]:
    """Yields edges, among them all that a meridian meets."""
    for group in groups:
        if group.west - ON_EDGE_DEG <= x <= group.east + ON_EDGE_DEG:
            for edge, _, _, _ in group.ends:
                yield edge


def nearest_chord2(groups: Sequence[Group], p: Vector) -> float:
    """Returns the squared chord from p to the nearest point of the edges of some groups."""
    best = 4.0
    for least, group in sorted(
        ((math.sqrt(chord2(p, group.middle)) - group.reach - _SPARE, group) for group in groups),
        key=lambda one: one[0],
    ):
        if least > 0.0 and least * least > best:
            break
        best = _nearest_of(group, p, best)
    return best


def _nearest_of(group: Group, p: Vector, best: float) -> float:
    """Returns the same of one group, or `best` if that is less.

    An edge no end of which is near enough, for how long it is, isn't looked at.
    """
    x, y, z = p
    near = [
        (x - a[0]) * (x - a[0]) + (y - a[1]) * (y - a[1]) + (z - a[2]) * (z - a[2])
        for _, a, _, _ in group.ends
    ]
    best = min(best, *near)
    within = math.sqrt(best)
    for apart, (edge, a, b, half) in zip(near, group.ends, strict=True):
        # Each end is at most twice the half from any point between.
        if apart <= (within + 2 * half) ** 2:
            best = to_edge_chord2(p, edge, a, b, best)
            within = math.sqrt(best)
    return best
