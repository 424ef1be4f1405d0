"""Boxes of latitude and longitude, and which fences have a point in them."""

from __future__ import annotations

from offerd.model.place import EARTH_RADIUS_M, Area, Point, Polygon
from offerd.places.columns import cap, half_width_deg
from offerd.places.lookup import check
from offerd.places.overlapping import shapes_overlap
from offerd.places.shapes import Shape, shape_of
from offerd.places.sphere import Vector

_WIDEST_DEG = 120.0
"""Wider boxes are several polygons, whose edges stay below half way around."""


class BoxArea:
    """What is between two latitudes and two longitudes, going east from the first.

    Raises ValueError if its corners are no points, or the south is north of the north.
    """

    def __init__(self, south: float, west: float, north: float, east: float) -> None:
        check(south, west)
        check(north, east)
        if south > north:
            raise ValueError(
                f"the south of a box, {south}, must not be north of its north, {north}"
            )
        self.south, self.west, self.north = south, west, north
        self.width = east - west if east >= west else east - west + 360.0
        is_point = south == north and not self.width
        self._shape = None if is_point else shape_of(Area(tuple(self._polygons())))

    def _polygons(self) -> list[Polygon]:
        count = max(1, -int(-self.width // _WIDEST_DEG))
        found = []
        for number in range(count):
            west = _wrapped(self.west + self.width * number / count)
            east = _wrapped(self.west + self.width * (number + 1) / count)
            found.append(
                Polygon(
                    (
                        Point(self.south, west),
                        Point(self.south, east),
                        Point(self.north, east),
                        Point(self.north, west),
                    )
                )
            )
        return found

    def may_hold(self, centre: Vector, radius_m: float) -> bool:
        """Returns whether some of a circle may be in the box."""
        around = cap(centre, radius_m / EARTH_RADIUS_M)
        half = half_width_deg(around, self.south, self.north)
        if half < 0.0:
            return False
        return (around.longitude_deg + half - self.west) % 360.0 <= self.width + 2 * half

    def overlaps(self, fence: Shape) -> bool:
        """Returns whether a fence has a point in the box."""
        if self._shape is None:
            return fence.contains(self.south, self.west)
        return shapes_overlap(self._shape, fence)


def _wrapped(longitude: float) -> float:
    return longitude - 360.0 if longitude > 180.0 else longitude
