"""A few places of every shape, in memory."""

from __future__ import annotations

from collections.abc import Callable

from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Library,
    Opening,
    OpeningHours,
    Place,
    Point,
    Polygon,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.simulation.places_map import PlacesMap, Wish, places_map

LIBRARIES = (Library("studios", "Studios", 1), Library("malls", "Malls", 2))
DAY = (Opening(390, 1260),)
HOURS = OpeningHours(
    "Europe/Stockholm", (DAY, DAY, DAY, DAY, DAY, (Opening(600, 1560),), ()), {"2026-12-24": ()}
)


def ring(*points: tuple[float, float]) -> tuple[Point, ...]:
    """Latitudes and longitudes as a ring."""
    return tuple(Point(*point) for point in points)


def studio(name: str, latitude: float, longitude: float, radius_m: float = 100.0) -> Place:
    """A circle of the category `studio`."""
    centre = Point(latitude, longitude)
    return Place(
        name, "studios", name.title(), Circle(centre, radius_m), centre, "studio",
        metadata={"town": "Stockholm"}, opening_hours=HOURS,
    )  # fmt: skip


MALL = Place(
    "mall", "malls", "The <Mall> & more",
    Area((Polygon(
        ring((59.310, 18.060), (59.310, 18.080), (59.320, 18.080), (59.320, 18.060)),
        (ring((59.311, 18.061), (59.311, 18.062), (59.312, 18.062)),),
    ),)),
    Point(59.315, 18.070), "mall",
)  # fmt: skip
STREET = Place(
    "street", "malls", "Street",
    Corridor(ring((59.30, 18.00), (59.30, 18.04)), 40.0), Point(59.30, 18.02),
)  # fmt: skip
INNER = Place(
    "inner", "studios", "Inner", Circle(Point(59.315, 18.070), 80.0), Point(59.315, 18.070),
    "studio", parent="mall",
)  # fmt: skip
ATLAS = (
    studio("north", 59.40, 18.07),
    studio("edge", 59.3201, 18.07, 150.0),
    MALL,
    INNER,
    STREET,
)


def places(*some: Place) -> Places:
    """Some places, those of the atlas if none are given."""
    return Places(MemorySource(some or ATLAS, LIBRARIES))


def drawn(
    some: Places,
    limit: int = 100,
    near: Point | None = None,
    chooser: Callable[[Place], bool] = lambda _: True,
) -> PlacesMap:
    """A map of places."""
    return places_map(some, Wish(limit, chooser, near), "Atlas")
