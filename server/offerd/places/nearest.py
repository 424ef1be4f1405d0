"""The nearest place that rules ask for, kept for whoever asks the same again."""

from __future__ import annotations

from typing import Final

from offerd.model.place import PlaceSelector, Point
from offerd.places.hours import is_open
from offerd.places.index import Found, Places, Wanted

_LOOKED_AT: Final = (10, 100)
"""So many of the nearest are looked at, and more only if none of these is open. There is an end
to it, because at night it may be that of a hundred thousand none is."""

_MOST_KEPT: Final = 4_096
_MINUTE_NS: Final = 60_000_000_000
_WHENEVER: Final = -1
_NOT_ASKED: Final = Found(-1, 0.0)

_Key = tuple[PlaceSelector, Point, int]
"""What is asked for, from where, and in which minute of all time, if that matters."""


class Nearest:
    """Finds the nearest of the places that a selector means.

    Answers are kept for a while: content asks again what its decision has asked, and many
    customers ask from the middle of their town.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._wanted: dict[PlaceSelector, Wanted] = {}
        self._kept: dict[_Key, Found | None] = {}

    def of(self, selector: PlaceSelector, at: Point) -> Found | None:
        """Returns the nearest place, None if the selector means none."""
        key = (selector, at, _WHENEVER)
        found = self._kept.get(key, _NOT_ASKED)
        if found is _NOT_ASKED:
            found = self._places.nearest_one(at.latitude, at.longitude, self._of(selector))
            self._keep(key, found)
        return found

    def open_of(self, selector: PlaceSelector, at: Point, now_ns: int) -> Found | None:
        """Returns the nearest place that is open at an instant, of the 100 nearest.

        One whose hours aren't known isn't. None if none of them is open.
        """
        # Whatever opens or closes does so on a full minute.
        key = (selector, at, now_ns // _MINUTE_NS)
        found = self._kept.get(key, _NOT_ASKED)
        if found is _NOT_ASKED:
            # Mostly it is the nearest of all, which is found soonest.
            first = self.of(selector, at)
            is_found = first is None or self._is_open(first, now_ns)
            found = first if is_found else self._next_open(self._of(selector), at, now_ns)
            self._keep(key, found)
        return found

    def _next_open(self, wanted: Wanted, at: Point, now_ns: int) -> Found | None:
        seen = 1
        for limit in _LOOKED_AT:
            found = self._places.nearest(at.latitude, at.longitude, limit, wanted)
            for one in found[seen:]:
                if self._is_open(one, now_ns):
                    return one
            if len(found) < limit:
                return None
            seen = limit
        return None

    def _is_open(self, found: Found, now_ns: int) -> bool:
        hours = self._places.description(found.number).opening_hours
        return hours is not None and is_open(hours, now_ns)

    def _of(self, selector: PlaceSelector) -> Wanted:
        wanted = self._wanted.get(selector)
        if wanted is None:
            wanted = self._wanted[selector] = self._places.wanted(selector)
        return wanted

    def _keep(self, key: _Key, found: Found | None) -> None:
        # The thread that tracks audiences asks, too: what was there may be gone a moment later.
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = found
