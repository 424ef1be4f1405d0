"""How large fences are, and where their middle is."""

from __future__ import annotations

import math
from itertools import pairwise

from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Corridor, Fence, Point, Polygon
from offerd.places.rings import goes_round, inside, outline, sines_below, unwrapped
from offerd.places.sphere import along_m, chord2, mixed, point, unit, vector

_SPHERE_M2 = 4 * math.pi * EARTH_RADIUS_M**2


def area_m2(fence: Fence) -> float:
    """Returns how much of the sphere a fence covers, in square metres.

    Of a corridor as if it didn't overlap itself; of polygons that overlap, both. Edges are
    integrated as they are, straight in longitude and latitude, within 1 % of the ellipsoid.
    """
    if isinstance(fence, Circle):
        half = math.sin(min(fence.radius_m / (2 * EARTH_RADIUS_M), math.pi / 2))
        return _SPHERE_M2 * half * half
    if isinstance(fence, Corridor):
        line = [vector(at.latitude, at.longitude) for at in fence.line]
        length_m = sum(along_m(chord2(a, b)) for a, b in pairwise(line))
        ends_m2 = math.pi * (fence.width_m / 2) ** 2
        return min(fence.width_m * length_m + ends_m2, _SPHERE_M2)
    return sum(_polygon_m2(polygon) for polygon in fence.polygons)


def _polygon_m2(polygon: Polygon) -> float:
    holes = sum(_ring_area(ring) for ring in polygon.holes)
    return max(_ring_area(polygon.outer) - holes, 0.0) * EARTH_RADIUS_M**2


def _ring_area(ring: tuple[Point, ...]) -> float:
    vertices = unwrapped(ring)
    below = abs(sines_below(vertices))
    return 2 * math.pi - below if goes_round(vertices) else below


def centre_of(fence: Fence) -> Point:
    """Returns the centre of a circle, the middle of a corridor's line, or a point in an area.

    Of an area's largest polygon the centroid, if it is inside; else the middle of the widest
    part on its parallel, or on others. Of one around a pole, the pole.
    """
    if isinstance(fence, Circle):
        return fence.centre
    if isinstance(fence, Corridor):
        return _middle(fence)
    return _centre(fence)


def _middle(corridor: Corridor) -> Point:
    line = [vector(at.latitude, at.longitude) for at in corridor.line]
    lengths = [math.sqrt(chord2(a, b)) for a, b in pairwise(line)]
    left = sum(lengths) / 2
    for (a, b), length in zip(pairwise(line), lengths, strict=True):
        if left <= length and length:
            share = left / length
            return point(unit(mixed(a, b, 1 - share, share)))
        left -= length
    return corridor.line[-1]


def _centre(area: Area) -> Point:
    polygon = max(area.polygons, key=_polygon_m2)
    whole = outline(polygon)
    if whole.north_inside or whole.south_inside:
        return Point(90.0 if whole.north_inside else -90.0, 0.0)
    vertices = unwrapped(polygon.outer)
    x, y = _centroid(vertices)
    if inside(whole, y, _wrapped(x)):
        return Point(y, _wrapped(x))
    tries = 16
    widest, at = 0.0, vertices[0]
    for number in range(tries):
        height = whole.south + (whole.north - whole.south) * (number + 0.5) / tries
        for level in (y, height) if not number else (height,):
            xs = sorted(
                x1 + (level - y1) * (x2 - x1) / (y2 - y1)
                for x1, y1, x2, y2 in whole.edges
                if (y1 <= level) is not (y2 <= level)
            )
            for west, east in zip(xs[::2], xs[1::2], strict=False):
                if east - west > widest:
                    widest, at = east - west, ((west + east) / 2, level)
    return Point(at[1], _wrapped(at[0]))


def _centroid(vertices: list[tuple[float, float]]) -> tuple[float, float]:
    x0, y0 = vertices[0]
    twice = x_sum = y_sum = 0.0
    for (x1, y1), (x2, y2) in pairwise(vertices):
        ax, ay, bx, by = x1 - x0, y1 - y0, x2 - x0, y2 - y0
        part = ax * by - bx * ay
        twice += part
        x_sum += (ax + bx) * part
        y_sum += (ay + by) * part
    if not twice:
        return x0, y0
    return x0 + x_sum / (3 * twice), y0 + y_sum / (3 * twice)


def _wrapped(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0 if abs(longitude) > 180.0 else longitude
