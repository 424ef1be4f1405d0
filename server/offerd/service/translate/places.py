"""Places: which of them a request means, checked; and as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from offerd.admission import admit_text
from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.place import Area, Circle, Corridor, OpeningHours, Place
from offerd.places.hours import is_open, next_close_ns, next_open_ns
from offerd.places.index import ALL, Places, Wanted
from offerd.places.sphere import bearing_deg, distance_m
from offerd.places.terms import Description
from offerd.service.translate.locations import FULL_CIRCLE_DEG, Location
from offerd.service.translate.structs import ns_to_timestamp, timestamp_to_ns
from offerd.v1 import place_service_pb2 as pb

MAXIMUM_NAMES: Final = 100
"""The most libraries, and the most categories, that one filter may name."""
MAXIMUM_METADATA: Final = 20
MAXIMUM_TEXT: Final = 512
MAXIMUM_LOOKED_INTO: Final = 5_000
"""The most places whose metadata or opening hours are looked at for one request."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2261

_SHAPES: Final = {
    Circle: pb.FENCE_SHAPE_CIRCLE,
    Area: pb.FENCE_SHAPE_AREA,
    Corridor: pb.FENCE_SHAPE_CORRIDOR,
}


class Filter(NamedTuple):
    """Which places are meant, and the instant for which opening hours are told."""

    wanted: Wanted
    time_ns: int


class PlaceMessages:
    """Checks filters and tells places of one revision."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._ranks = {library.id: library.rank for library in places.libraries}
        self._libraries = _numbered(library.id for library in places.libraries)
        self._categories = _numbered(places.categories)

    def admit(self, message: pb.PlaceFilter, field: str, now_ns: int) -> Filter:
        """Returns the filter of a message; raises InvalidArgument at its first mistake."""
        time_ns = now_ns
        if message.HasField("time"):
            time_ns = timestamp_to_ns(message.time, f"{field}.time", _FIRST_YEAR, _LAST_YEAR)
        libraries = _numbers(
            message.libraries, self._libraries, f"{field}.libraries", Reason.UNKNOWN_LIBRARY
        )
        categories = _numbers(
            message.categories, self._categories, f"{field}.categories", Reason.VALUE_NOT_ALLOWED
        )
        test = _test(_metadata(message.metadata, f"{field}.metadata"), message.open, time_ns)
        if libraries is None and categories is None and test is None:
            return Filter(ALL, time_ns)
        return Filter(Wanted(categories=categories, libraries=libraries, test=test), time_ns)

    def place(self, place: Place, number: int) -> pb.Place:
        """Returns the message of a place."""
        return pb.Place(
            id=place.id,
            name=place.name,
            library=place.library,
            rank=self._ranks[place.library],
            category=place.category,
            parent=place.parent,
            metadata=place.metadata,
            latitude=place.centre.latitude,
            longitude=place.centre.longitude,
            radius_m=self._places.radius_m(number),
            shape=_SHAPES[type(place.fence)],
        )

    def found(self, number: int, away_m: float, where: Location, time_ns: int) -> pb.FoundPlace:
        """Returns the message of a place whose edge is `away_m` from a location."""
        place = self._places.place(number)
        centre = place.centre
        there = (where.latitude, where.longitude, centre.latitude, centre.longitude)
        message = pb.FoundPlace(
            place=self.place(place, number),
            distance_m=max(away_m - where.uncertain_m, 0.0),
            center_distance_m=distance_m(*there),
            bearing_deg=bearing_deg(*there) % FULL_CIRCLE_DEG,
            inside=away_m == 0.0,
        )
        if place.opening_hours is not None:
            _tell_hours(message, place.opening_hours, time_ns)
        return message


def _tell_hours(message: pb.FoundPlace, hours: OpeningHours, time_ns: int) -> None:
    message.open = is_open(hours, time_ns)
    opens_ns, closes_ns = next_open_ns(hours, time_ns), next_close_ns(hours, time_ns)
    if opens_ns is not None:
        message.next_open_time.CopyFrom(ns_to_timestamp(opens_ns))
    if closes_ns is not None:
        message.next_close_time.CopyFrom(ns_to_timestamp(closes_ns))


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _numbers(
    names: Sequence[str], known: Mapping[str, int], field: str, reason: Reason
) -> frozenset[int] | None:
    """Returns the numbers of names, None if there are none."""
    if len(names) > MAXIMUM_NAMES:
        raise InvalidArgument(
            Reason.TOO_LARGE, f"{len(names)} names, at most {MAXIMUM_NAMES} expected", field=field
        )
    for place, name in enumerate(names):
        if name not in known:
            kind = "library" if reason is Reason.UNKNOWN_LIBRARY else "category"
            raise InvalidArgument(
                reason,
                f"no {kind} of places {quote(name)}{suggestion(name, known)}",
                field=f"{field}[{place}]",
            )
    return frozenset(known[name] for name in names) if names else None


def _metadata(given: Mapping[str, str], field: str) -> dict[str, str]:
    if len(given) > MAXIMUM_METADATA:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(given)} keys, at most {MAXIMUM_METADATA} expected",
            field=field,
        )
    for key, value in given.items():
        admit_text(key, field, MAXIMUM_TEXT, required=True)
        admit_text(value, field, MAXIMUM_TEXT)
    return dict(given)


def _test(
    metadata: dict[str, str], only_open: bool, time_ns: int
) -> Callable[[Description], bool] | None:
    """Returns what tells whether a place is meant, None if all are."""
    if not metadata and not only_open:
        return None
    wanted, left = metadata.items(), MAXIMUM_LOOKED_INTO

    def test(place: Description) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise InvalidArgument(
                Reason.TOO_LARGE,
                f"more than {MAXIMUM_LOOKED_INTO:,} places would have to be looked into: "
                "ask for fewer by libraries, categories or distance",
                field="filter",
            )
        if not wanted <= place.metadata.items():
            return False
        hours = place.opening_hours
        return not only_open or (hours is not None and is_open(hours, time_ns))

    return test
