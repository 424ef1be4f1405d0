"""What rules are told of a place itself, wherever the customer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from offerd.places.hours import is_open, next_close_ns, next_open_ns
from offerd.places.terms import Description

HOURS: Final = ("open", "opens_at", "closes_at")
"""Fields that change while the place stays the same."""


def _open(place: Description, now_ns: int) -> bool | None:
    return None if place.opening_hours is None else is_open(place.opening_hours, now_ns)


def _opens_at(place: Description, now_ns: int) -> int | None:
    return None if place.opening_hours is None else next_open_ns(place.opening_hours, now_ns)


def _closes_at(place: Description, now_ns: int) -> int | None:
    return None if place.opening_hours is None else next_close_ns(place.opening_hours, now_ns)


FIELDS: Final[Mapping[str, Callable[[Description, int], Any]]] = {
    "id": lambda place, _: place.id,
    "name": lambda place, _: place.name,
    "category": lambda place, _: place.category or None,
    "library": lambda place, _: place.library,
    "latitude": lambda place, _: place.centre.latitude,
    "longitude": lambda place, _: place.centre.longitude,
    "metadata": lambda place, _: dict(place.metadata),
    "open": _open,
    "opens_at": _opens_at,
    "closes_at": _closes_at,
}
"""By field what gives its value at an instant, None where there is none."""
