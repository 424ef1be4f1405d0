"""What is wrong with fences, named by polygon, ring and vertex."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from offerd.model.place import Area, Circle, Corridor, Fence, Point
from offerd.places.crossing import Met, meetings, shifted
from offerd.places.holes import wrong_holes
from offerd.places.poles import same_point
from offerd.places.rings import Edge, edges_of, unwrapped
from offerd.places.sphere import HALF_WAY_M, distance_m

_MOST = 5
"""How many crossings are told of a ring."""
_OPPOSITE_M = HALF_WAY_M * 0.999


class Fault(NamedTuple):
    """What is wrong with a fence.

    `part` is `circle`, `geometry` or `corridor`. `polygon`, `ring` and `vertex` are counted from
    0, None where there is none to name; ring 0 is the outer one; of a corridor `vertex` counts
    the points of its line. The message names none of them but further vertices.
    """

    part: str
    polygon: int | None
    ring: int | None
    vertex: int | None
    message: str

    @property
    def where(self) -> str:
        """The place in words, such as `polygon 0, ring 1, vertex 3`; "" for all of the fence."""
        named = (("polygon", self.polygon), ("ring", self.ring), ("vertex", self.vertex))
        return ", ".join(f"{what} {number}" for what, number in named if number is not None)


def faults(fence: Fence) -> Iterator[Fault]:
    """Yields everything that is wrong with a fence; nothing for one that can be asked."""
    if isinstance(fence, Circle):
        yield from _circle(fence)
    elif isinstance(fence, Corridor):
        yield from _corridor(fence)
    else:
        yield from _area(fence)


def _circle(circle: Circle) -> Iterator[Fault]:
    for message in (*_of_point(circle.centre), *_of_size("radius", circle.radius_m)):
        yield Fault("circle", None, None, None, message)


def _corridor(corridor: Corridor) -> Iterator[Fault]:
    for message in _of_size("width", corridor.width_m):
        yield Fault("corridor", None, None, None, message)
    if len(corridor.line) < 2:
        yield Fault("corridor", None, None, None, "a line needs 2 points or more")
    before: Point | None = None
    for vertex, at in enumerate(corridor.line):
        wrong = list(_of_point(at))
        for message in wrong:
            yield Fault("corridor", None, None, vertex, message)
        if before is not None and not wrong:
            apart_m = distance_m(before.latitude, before.longitude, at.latitude, at.longitude)
            if apart_m == 0.0:
                yield Fault("corridor", None, None, vertex, "repeats the point before it")
            elif apart_m > _OPPOSITE_M:
                message = "is opposite to the point before it, so there is no shortest way"
                yield Fault("corridor", None, None, vertex, message)
        before = None if wrong else at


def _of_size(name: str, size_m: float) -> Iterator[str]:
    if not math.isfinite(size_m):
        yield f"the {name} must be a number of metres, not `{size_m}`"
    elif size_m <= 0.0:
        yield f"the {name} must be greater than 0 metres, not `{size_m:g}`"
    elif size_m > HALF_WAY_M:
        most = f"{HALF_WAY_M:.0f} metres, half of the way around the Earth"
        yield f"the {name} must be at most {most}, not `{size_m:g}`"


def _of_point(at: Point) -> Iterator[str]:
    if not -90.0 <= at.latitude <= 90.0:
        yield f"the latitude must be -90 to 90, not `{at.latitude}`"
    if not -180.0 <= at.longitude <= 180.0:
        yield f"the longitude must be -180 to 180, not `{at.longitude}`"


def _area(area: Area) -> Iterator[Fault]:
    if not area.polygons:
        yield Fault("geometry", None, None, None, "there is no polygon")
    for number, polygon in enumerate(area.polygons):
        rings = (polygon.outer, *polygon.holes)
        found = [list(_ring(number, ring, points)) for ring, points in enumerate(rings)]
        for of_ring in found:
            yield from of_ring
        if not any(found):
            for ring, vertex, message in wrong_holes(polygon):
                yield Fault("geometry", number, ring, vertex, message)


def _ring(polygon: int, ring: int, points: Sequence[Point]) -> Iterator[Fault]:
    """Yields what is wrong with one ring by itself."""
    wrong = [
        Fault("geometry", polygon, ring, vertex, message)
        for vertex, at in enumerate(points)
        for message in _of_point(at)
    ]
    if wrong:
        yield from wrong
        return
    if len(points) < 3:
        message = f"a ring needs 3 vertices or more, not {len(points)}"
        yield Fault("geometry", polygon, ring, None, message)
        return
    steps = list(_repeated(points)) or list(_wide_steps(points))
    for vertex, message in steps:
        yield Fault("geometry", polygon, ring, vertex, message)
    if steps:
        return
    vertices = unwrapped(points)
    if abs(vertices[-1][0] - vertices[0][0]) > 540.0:
        message = "the ring goes around the poles more than once"
        yield Fault("geometry", polygon, ring, None, message)
        return
    for one, other in islice(_crossed(vertices), _MOST):
        last = len(points) - 1
        message = (
            f"the edge from here to vertex {_next(one, last)} crosses or touches "
            f"the edge from vertex {other} to vertex {_next(other, last)}"
        )
        yield Fault("geometry", polygon, ring, one, message)


def _next(vertex: int, last: int) -> int:
    return 0 if vertex == last else vertex + 1


def _repeated(points: Sequence[Point]) -> Iterator[tuple[int, str]]:
    seen: dict[tuple[float, float], int] = {}
    last = len(points) - 1
    for vertex, (at, (x, _)) in enumerate(zip(points, unwrapped(points), strict=False)):
        # Both sides of a map that is cut at the antimeridian are there, and aren't one.
        meridian = x if abs(at.longitude) == 180.0 else at.longitude
        known = seen.setdefault((meridian, at.latitude), vertex)
        if vertex == last and same_point(at, points[0]):
            known = 0
        if known == vertex:
            continue
        if points[known].longitude != at.longitude:
            yield (
                vertex,
                f"is vertex {known} again, since 180 and -180 degrees are one meridian: leave one "
                "out, or put vertices between to go around the Earth",
            )
        elif known == vertex - 1:
            yield vertex, "repeats the vertex before it"
        elif known == 0 and vertex == last:
            yield vertex, "repeats the first vertex, at which the ring ends by itself"
        else:
            yield vertex, f"repeats vertex {known}: the ring touches itself"


def _wide_steps(points: Sequence[Point]) -> Iterator[tuple[int, str]]:
    before = points[-1]
    for vertex, at in enumerate(points):
        if abs(at.longitude - before.longitude) == 180.0:
            yield (
                vertex,
                "is 180 degrees of longitude from the vertex before it, "
                "so it isn't known which way the edge goes: put a vertex between",
            )
        before = at


def _crossed(vertices: Sequence[tuple[float, float]]) -> Iterator[tuple[int, int]]:
    """Yields the first vertices of two edges of a ring that cross, the lesser first."""
    edges = edges_of(vertices)
    found = {_in_order(met) for met in meetings(edges)}
    if max(edge[2] for edge in edges) - min(edge[0] for edge in edges) > 180.0:
        found |= {
            _in_order(met)
            for met in meetings(edges, shifted(edges, 360.0))
            if not (_is_seam(edges[met.one]) and _is_seam(edges[met.other]))
        }
    yield from sorted(found)


def _is_seam(edge: Edge) -> bool:
    """Returns whether an edge runs along the antimeridian, where maps are cut.

    What goes around the Earth is cut there, and its two sides touch each other.
    """
    return edge[0] == edge[2] and abs(edge[0]) % 360.0 == 180.0


def _in_order(met: Met) -> tuple[int, int]:
    return min(met.one, met.other), max(met.one, met.other)
