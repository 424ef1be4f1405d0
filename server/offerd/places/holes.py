"""Holes of polygons that lie where none can: outside, across another ring, in another hole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from offerd.model.place import Point, Polygon
from offerd.places.crossing import Met, meetings, shifted
from offerd.places.rings import crossings_north, edges_of, inside, outline, unwrapped


def wrong_holes(polygon: Polygon) -> Iterator[tuple[int, int, str]]:
    """Yields ring and vertex of each hole that is wrong, and what is; rings by themselves aren't.

    Rings may touch each other in points.
    """
    if not polygon.holes:
        return
    outer, *holes = (_Ring(points) for points in (polygon.outer, *polygon.holes))
    for ring, hole in enumerate(holes, start=1):
        wrong = _in_outer(hole, outer)
        if wrong is not None:
            yield (ring, *wrong)
            continue
        for other, before in enumerate(holes[: ring - 1], start=1):
            wrong = _beside(hole, before, other)
            if wrong is not None:
                yield (ring, *wrong)


class _Ring:
    """A ring beside other rings of its polygon."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self.vertices = unwrapped(points)
        self.edges = edges_of(self.vertices)
        self.outline = outline(Polygon(tuple(points)))
        self.ends = {(at.latitude, at.longitude % 360.0) for at in points}

    def is_apart(self, other: _Ring) -> bool:
        """Returns whether latitudes alone tell that there is nothing in common."""
        return self.outline.south > other.outline.north or other.outline.south > self.outline.north

    def meetings(self, other: _Ring) -> list[Met]:
        """Returns the edges of both that meet, in order, but for those with a common end."""
        a, b = self.outline, other.outline
        if self.is_apart(other):
            return []
        found: list[Met] = []
        turn = math.ceil((a.west - b.east) / 360.0) * 360.0
        while b.west + turn <= a.east:
            near = [
                number
                for number, (x1, y1, x2, y2) in enumerate(other.edges)
                if x2 + turn >= a.west
                and x1 + turn <= a.east
                and (y1 >= a.south or y2 >= a.south)
                and (y1 <= a.north or y2 <= a.north)
            ]
            against = [other.edges[number] for number in near]
            if turn:
                against = shifted(against, turn)
            found += [met._replace(other=near[met.other]) for met in meetings(self.edges, against)]
            turn += 360.0
        return sorted(found)

    def first(self, touch: bool, test: Callable[[Point], bool]) -> int | None:
        """Returns the first vertex that passes a test, or whose edge does in its middle.

        Of a ring that doesn't touch another, what holds of one vertex holds of all.
        """
        for vertex, at in enumerate(self.points):
            if test(at):
                return vertex
            if not touch:
                return None
            (x1, y1), (x2, y2) = self.vertices[vertex : vertex + 2]
            if test(Point((y1 + y2) / 2, ((x1 + x2) / 2 + 180.0) % 360.0 - 180.0)):
                return vertex
        return None

    def holds(self, at: Point) -> bool:
        """Returns whether a point is inside, on the edge included."""
        return inside(self.outline, at.latitude, at.longitude)

    def holds_well(self, at: Point) -> bool:
        """Returns whether a point is inside, and not on the edge."""
        if not self.holds(at):
            return False
        x = at.longitude + 360.0 * math.ceil((self.outline.west - 1.0 - at.longitude) / 360.0)
        while x <= self.outline.east + 1.0:
            if crossings_north(self.edges, x, at.latitude) < 0:
                return False
            x += 360.0
        return True


def _in_outer(hole: _Ring, outer: _Ring) -> tuple[int, str] | None:
    met = hole.meetings(outer)
    for one in met:
        if not one.touch:
            return one.one, f"the edge from here crosses the outer ring's from vertex {one.other}"
    touch = bool(met) or not hole.ends.isdisjoint(outer.ends)
    outside = hole.first(touch, lambda at: not outer.holds(at))
    return None if outside is None else (outside, "the hole is outside of the outer ring")


def _beside(hole: _Ring, other: _Ring, ring: int) -> tuple[int, str] | None:
    if hole.is_apart(other):
        return None
    met = hole.meetings(other)
    for one in met:
        if not one.touch:
            message = f"the edge from here crosses that of ring {ring} from vertex {one.other}"
            return one.one, message
    touch = bool(met) or not hole.ends.isdisjoint(other.ends)
    within = hole.first(touch, other.holds_well)
    if within is None and other.first(touch, hole.holds_well) is not None:
        within = 0
    return None if within is None else (within, f"the hole overlaps the hole that is ring {ring}")
