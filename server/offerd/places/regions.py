"""The few regions that a phone does best to watch, and the circle outside of which to ask again.

A phone watches few circles, 20 or 100, of as many places as there may be. It gets those that are
nearest, and a circle around where it is that reaches to the edge of the nearest place that isn't
among them: while it is inside, it can't have come into any other.

Of somebody who goes somewhere, what lies ahead counts as nearer than it is and what lies behind
as farther, so that the regions still serve should it be late to ask again. That makes the circle
smaller, to a third of what it would have been at worst.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from offerd.model.place import Circle
from offerd.places.index import ALL, Found, Places, Wanted
from offerd.places.sphere import bearing_deg

IOS_LIMIT: Final = 20
ANDROID_LIMIT: Final = 100
"""How many regions an app may watch on either platform, the circle itself among them."""

FARTHEST_M: Final = 100_000.0
"""The largest circle, also where nothing is around it."""

_MARGIN: Final = 0.01
"""Phones measure along the ellipsoid: more than it differs from what is told here."""
_HEADING: Final = 0.5
"""So much of a distance counts less straight ahead, and more straight behind."""
_SLOWEST_MPS: Final = 1.0
"""Who is slower goes nowhere in particular."""
_LOOKED_AT: Final = 4
"""So many times as many places are looked at as there are regions, to choose by heading."""


class Motion(NamedTuple):
    """How somebody moves: degrees clockwise from north, and metres per second. None: not known."""

    course_deg: float | None = None
    speed_mps: float | None = None

    @property
    def heading_deg(self) -> float | None:
        """Where they are going, None if nowhere in particular."""
        if self.speed_mps is not None and self.speed_mps < _SLOWEST_MPS:
            return None
        return self.course_deg


STILL: Final = Motion()


class Region(NamedTuple):
    """A circle to watch, of a place by its number.

    It is the fence itself if it is `exact`, else one around all of the fence. `distance_m` is how
    far the fence is.
    """

    number: int
    distance_m: float
    latitude: float
    longitude: float
    radius_m: float
    exact: bool


class RegionsAnswer(NamedTuple):
    """Regions, nearest first, and how far around the position no place but theirs is entered."""

    regions: tuple[Region, ...]
    ask_again_m: float


def regions(
    places: Places,
    latitude: float,
    longitude: float,
    limit: int,
    *,
    wanted: Wanted = ALL,
    uncertain_m: float = 0.0,
    motion: Motion = STILL,
) -> RegionsAnswer:
    """Returns at most `limit` regions to watch around a position.

    `uncertain_m` is how far away whoever asks may be from the position that they tell: of a cell
    its accuracy. The circle is right around any such place. It is 0 where more than `limit`
    places are too near to tell them apart.
    """
    heading_deg = motion.heading_deg
    looked_at = limit + 1 if heading_deg is None else _LOOKED_AT * limit + 1
    # Of what is left out here the largest circle has to end before it too.
    within_m = FARTHEST_M / (1 - _MARGIN) + uncertain_m
    found = places.nearest(latitude, longitude, looked_at, wanted, within_m=within_m)
    reach_m = found[-1].distance_m if len(found) == looked_at else math.inf
    if heading_deg is not None:
        found = sorted(found, key=_Ahead(places, latitude, longitude, heading_deg).felt_m)
    chosen, left = found[:limit], found[limit:]
    nearest_m = min([reach_m, *(one.distance_m for one in left)])
    free_m = min((nearest_m - uncertain_m) * (1 - _MARGIN), FARTHEST_M)
    return RegionsAnswer(_told(places, chosen), max(free_m, 0.0))


class _Ahead:
    """How far places feel for who goes in a direction."""

    def __init__(
        self, places: Places, latitude: float, longitude: float, heading_deg: float
    ) -> None:
        self._places = places
        self._latitude = latitude
        self._longitude = longitude
        self._heading_deg = heading_deg

    def felt_m(self, found: Found) -> float:
        centre = self._places.place(found.number).centre
        to_deg = bearing_deg(self._latitude, self._longitude, centre.latitude, centre.longitude)
        aside = math.cos(math.radians(to_deg - self._heading_deg))
        return found.distance_m * (1 - _HEADING * aside)


def _told(places: Places, chosen: Sequence[Found]) -> tuple[Region, ...]:
    told: list[Region] = []
    for number, distance_m in sorted(chosen, key=lambda found: found.distance_m):
        place = places.place(number)
        exact = isinstance(place.fence, Circle)
        radius_m = places.radius_m(number)
        if not exact:
            radius_m *= 1 + _MARGIN
        centre = place.centre
        told.append(Region(number, distance_m, centre.latitude, centre.longitude, radius_m, exact))
    return tuple(told)
