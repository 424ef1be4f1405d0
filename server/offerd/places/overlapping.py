"""Whether fences overlap."""

from __future__ import annotations

import math

from offerd.model.place import Fence
from offerd.places.crossing import arcs_chord2, meetings, shifted
from offerd.places.edges import CLOSE_ENOUGH, bend, halves, is_long, longest_chord, middle
from offerd.places.rings import Edge, Outline
from offerd.places.shapes import AreaShape, CircleShape, CorridorShape, Shape, shape_of
from offerd.places.sphere import along_m, chord2, chord2_of, point, vector


def overlaps(a: Fence, b: Fence) -> bool:
    """Returns whether two fences have a point in common, be it on their edges.

    Edges of polygons are exact against each other, and within 0.1 m against other fences.
    """
    return shapes_overlap(shape_of(a), shape_of(b))


def shapes_overlap(one: Shape, other: Shape) -> bool:
    """Returns the same of fences made ready."""
    if isinstance(one, CircleShape):
        return _circle(one, other)
    if isinstance(other, CircleShape):
        return _circle(other, one)
    if isinstance(one, AreaShape):
        return _areas(one, other) if isinstance(other, AreaShape) else _both(one, other)
    return _both(other, one) if isinstance(other, AreaShape) else _corridors(one, other)


def _circle(one: CircleShape, other: Shape) -> bool:
    if isinstance(other, CircleShape):
        return along_m(chord2(one.centre, other.centre)) <= one.radius_m + other.radius_m
    return other.distance_m(*one.at) <= one.radius_m


def _areas(a: AreaShape, b: AreaShape) -> bool:
    return any(_outlines(one, other) for one in a.outlines for other in b.outlines) or (
        _has_vertex(a, b) or _has_vertex(b, a)
    )


def _outlines(a: Outline, b: Outline) -> bool:
    """Returns whether edges of two polygons meet."""
    if a.south > b.north or b.south > a.north:
        return False
    turn = math.ceil((a.west - b.east) / 360.0) * 360.0
    while b.west + turn <= a.east:
        west, east = max(a.west, b.west + turn), min(a.east, b.east + turn)
        south, north = max(a.south, b.south), min(a.north, b.north)
        near = [
            [
                edge
                for edge in edges
                if edge[2] >= west
                and edge[0] <= east
                and max(edge[1], edge[3]) >= south
                and min(edge[1], edge[3]) <= north
            ]
            for edges in (a.edges, shifted(b.edges, turn) if turn else b.edges)
        ]
        if any(True for _ in meetings(*near)):
            return True
        turn += 360.0
    return False


def _has_vertex(a: AreaShape, b: AreaShape) -> bool:
    """Returns whether a vertex of each polygon's first edge is in the other area."""
    return any(
        a.contains(one.edges[0][1], (one.edges[0][0] + 180.0) % 360.0 - 180.0) for one in b.outlines
    )


def _corridors(a: CorridorShape, b: CorridorShape) -> bool:
    most = chord2_of(a.half_m + b.half_m)
    return any(arcs_chord2(*one, *other) <= most for one in a.arcs() for other in b.arcs())


def _both(area: AreaShape, corridor: CorridorShape) -> bool:
    start = point(corridor.line[0])
    if area.contains(start.latitude, start.longitude):
        return True
    if any(corridor.contains(edge[1], edge[0]) for edge in area.edges()):
        return True
    return any(_comes_near(edge, corridor) for edge in area.edges())


def _comes_near(edge: Edge, corridor: CorridorShape) -> bool:
    """Returns whether an edge has a point in a corridor, looking closer where it may have."""
    half = math.sqrt(corridor.chord2)
    stack = [(edge, vector(edge[1], edge[0]), vector(edge[3], edge[2]))]
    while stack:
        part, a, b = stack.pop()
        x, y = middle(part)
        at = vector(y, x)
        near = math.sqrt(corridor.apart(at))
        if near <= half:
            return True
        if near - longest_chord(part) > half:
            continue
        if is_long(part) or bend(part, a, b) > CLOSE_ENOUGH:
            first, second = halves(part)
            stack += ((first, a, at), (second, at, b))
        elif any(arcs_chord2(a, b, c, d) <= corridor.chord2 for c, d in corridor.arcs()):
            return True
    return False
