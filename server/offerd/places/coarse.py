"""Positions of customers who don't let their precise location be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from offerd.model.place import Point

DECIMALS: Final = 2
"""How many decimals of a degree are left of a coordinate that isn't to be precise."""

ACCURACY_M: Final = 1_000.0
"""How accurate such a position is taken to be, at best: no two points that are rounded to the
same one are farther from it than 0.79 km."""


def rounded(latitude: float, longitude: float) -> Point:
    """Returns the nearest point of whole hundredths of a degree."""
    # Adding 0.0 makes 0.0 of -0.0.
    return Point(round(latitude, DECIMALS) + 0.0, round(longitude, DECIMALS) + 0.0)


def roughly(told: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a location tells, without what differs once it has been made coarse."""
    rough = {name: value for name, value in told.items() if name != "accuracy_m"}
    at = rounded(rough.pop("latitude", 0.0), rough.pop("longitude", 0.0))
    return {**rough, "at": (at.latitude, at.longitude)}


def coarse_accuracy_m(accuracy_m: float | None) -> float:
    """Returns the accuracy of a rounded position, in metres; None is for one that isn't known."""
    return ACCURACY_M if accuracy_m is None else max(accuracy_m, ACCURACY_M)
