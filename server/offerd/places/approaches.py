"""Coming nearer to places, and going past them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from offerd.model.place import Fix, LocationSettings
from offerd.places.index import Places
from offerd.places.plausible import exit_distance_m
from offerd.places.terms import Terms

MOST_NEAR: Final = 20
"""So many places, the nearest, are looked at besides those that the customer is in."""

MOST_PENDING: Final = 50
"""The most places of which it is kept that the customer is near, the nearest."""


class Nearness(NamedTuple):
    """What is pending at a place, as `Whereabouts.pending` has it.

    `nearest_m` is the least distance since the customer came near. `is_approached` is 1 if they
    came from farther. `is_likely` is 1 if the last location was inside, and its error so large
    that they may have been outside.
    """

    nearest_m: float
    is_approached: float
    is_likely: float


class Near(NamedTuple):
    """What is pending after a location, and which places were approached and passed by.

    With the distance of that moment those approached, with the least those passed by.
    """

    pending: dict[str, tuple[float, ...]]
    approached: list[tuple[str, float]]
    passed: list[tuple[str, float]]


def approach_m(place: Terms, settings: LocationSettings) -> float:
    """Returns how near to a place is an approach, 0 for never."""
    return settings.approach_m if place.approach_m is None else place.approach_m


def bounded(pending: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Returns what is pending at the nearest places, so many as may be."""
    if len(pending) <= MOST_PENDING:
        return pending
    nearest = sorted(pending, key=lambda one: (pending[one][0], one))
    return {one: pending[one] for one in nearest[:MOST_PENDING]}


class Approaching:
    """A location after another, which is `last`: None if nothing is known of before."""

    def __init__(
        self, last: Fix | None, fix: Fix, places: Places, settings: LocationSettings
    ) -> None:
        self._last = last
        self._fix = fix
        self._places = places
        self._settings = settings

    def near(
        self,
        pending: Mapping[str, tuple[float, ...]],
        inside: Collection[str],
        likely: Collection[str],
    ) -> Near:
        """Returns what comes of what was pending.

        `inside` are the ids of the places that the customer is in, `likely` of those that they
        may be in.
        """
        near = Near({}, [], [])
        for number, place in self._around(pending, inside, likely).items():
            told = pending.get(place.id)
            before = None if told is None else Nearness(*told)
            self._look(number, place, before, place.id in likely, near)
        return near._replace(pending=bounded(near.pending))

    def _look(
        self, number: int, place: Terms, before: Nearness | None, is_likely: bool, near: Near
    ) -> None:
        """Adds what comes of one place."""
        around_m = approach_m(place, self._settings)
        distance_m = self._distance_m(number, self._fix)
        nearest_m, is_approached = distance_m, 0.0
        if before is None:
            is_near = around_m > 0 and distance_m <= around_m
            if is_near and self._last is not None:
                is_approached = float(self._distance_m(number, self._last) > around_m)
            if is_approached:
                near.approached.append((place.id, distance_m))
        else:
            left_m = around_m + exit_distance_m(self._fix, self._settings)
            is_near = around_m > 0 and distance_m < left_m
            nearest_m = min(before.nearest_m, distance_m)
            is_approached = before.is_approached
            if is_approached and not is_near:
                near.passed.append((place.id, nearest_m))
        if is_near or is_likely:
            told = Nearness(nearest_m, is_approached, float(is_likely))
            near.pending[place.id] = tuple(told)

    def _around(
        self,
        pending: Mapping[str, tuple[float, ...]],
        inside: Collection[str],
        likely: Collection[str],
    ) -> dict[int, Terms]:
        """Returns the places to look at by number: the nearest first, then what else is pending."""
        return {
            number: place
            for number in self._numbers({*pending, *likely}, len(inside))
            if (place := self._places.terms(number)).id not in inside
        }

    def _numbers(self, pending: Collection[str], inside: int) -> Iterator[int]:
        reach_m = max(self._settings.approach_m, self._settings.widest_approach_m)
        if reach_m > 0:
            fix, limit = self._fix, MOST_NEAR + inside
            found = self._places.nearest(fix.latitude, fix.longitude, limit, within_m=reach_m)
            yield from (one.number for one in found)
        for place_id in sorted(pending):
            number = self._places.number_of(place_id)
            if number is not None:
                yield number

    def _distance_m(self, number: int, fix: Fix) -> float:
        return self._places.distance_m(number, fix.latitude, fix.longitude)
