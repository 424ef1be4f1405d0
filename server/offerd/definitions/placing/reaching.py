"""Warnings of fences that nobody would be found in, and of places that lie elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from offerd.definitions.findings import Findings
from offerd.definitions.placing.caps import Caps
from offerd.definitions.placing.collector import PlaceCollector
from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Corridor, LocationSettings, Place
from offerd.places.geometry import area_m2
from offerd.places.shapes import Shape, shape_of

_SHOWN: Final = 20
_SMALLEST_M: Final = 10.0
"""Out of doors a phone knows where it is to five or ten metres, and seldom better."""


def warn_of_reach(
    collected: PlaceCollector, caps: Caps, settings: LocationSettings, findings: Findings
) -> None:
    """Warns of fences too small for any location, and of places outside of their parents."""
    _warn_of_small(collected, caps, settings, findings)
    _warn_of_outside(collected, findings)


def _warn_of_small(
    collected: PlaceCollector, caps: Caps, settings: LocationSettings, findings: Findings
) -> None:
    least_m = min(_SMALLEST_M, settings.worst_accuracy_m)
    count = 0
    for number, angle in enumerate(caps.angles):
        if angle * EARTH_RADIUS_M > 2 * least_m and caps.are_circles[number]:
            continue
        place = collected.places[number]
        words = _size(place, least_m)
        if not words:
            continue
        count += 1
        if count <= _SHOWN:
            where = collected.origin(number).place(("id",))
            message = f"`{place.id}` is {words}: locations are seldom so accurate, so that only a "
            findings.warn(where, message + "phone's own events enter it")
            last = where
    if count > _SHOWN:
        findings.warn(last, f"and {count - _SHOWN:,} more places are as small")


def _size(place: Place, least_m: float) -> str:
    """How small a fence is, in words; "" for one that is large enough."""
    match place.fence:
        case Circle(radius_m=radius_m) if radius_m < least_m:
            return f"a circle of {radius_m:g} m"
        case Corridor(width_m=width_m) if width_m / 2 < least_m:
            return f"a corridor of {width_m:g} m"
        case Area() if area_m2(place.fence) < 3.0 * least_m * least_m:
            return f"an area of {area_m2(place.fence):.0f} m²"
    return ""


def _warn_of_outside(collected: PlaceCollector, findings: Findings) -> None:
    places = collected.places

    @lru_cache(maxsize=1_000)
    def shape(number: int) -> Shape:
        return shape_of(places[number].fence)

    count = 0
    for number, parent in collected.parents.items():
        place = places[number]
        fence = shape(collected.numbers[parent])
        if fence.contains(place.centre.latitude, place.centre.longitude):
            continue
        away_m = fence.distance_m(place.centre.latitude, place.centre.longitude)
        count += 1
        if count <= _SHOWN:
            where = collected.origin(number).place(("parent",))
            what = "centre" if isinstance(place.fence, Circle) else "middle"
            message = f"the {what} of `{place.id}` is {away_m:,.0f} m outside of its parent"
            findings.warn(where, f"{message} `{parent}`")
            last = where
    if count > _SHOWN:
        findings.warn(last, f"and {count - _SHOWN:,} more places are outside of their parents")
