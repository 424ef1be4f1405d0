"""That places can be asked for: what opening a bundle can tell, and what a walk over all can."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from offerd import expression as ex
from offerd.bundle.calendars import verify_zone
from offerd.bundle.damage import damage_at
from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.places import BundlePlaces
from offerd.bundle.tables import PLACE_IDS, PLACE_INDEX, PLACES
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue
from offerd.model.packed_places import PackedPlaces
from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Fence,
    LocationSettings,
    Opening,
    OpeningHours,
    Place,
    PlaceSelector,
    Point,
)
from offerd.places.building import index_records
from offerd.places.geometry import faults

_LONGEST_NS = 366 * 24 * 3_600 * 10**9
_TWO_DAYS_MINUTES = 2_880


def verify_place_tables(catalogue: Catalogue, places: BundlePlaces) -> None:
    """Raises BundleError if settings, libraries or questions about places can't be used.

    Reads no place but those that a rule names, so it takes as long with a million of them.
    """
    _verify_settings(catalogue.location)
    ranks = [library.rank for library in catalogue.libraries]
    if len(set(ranks)) < len(ranks):
        raise BundleError("two libraries have the same rank")
    if list(places.categories) != sorted(set(places.categories) - {""}):
        raise BundleError("the categories of places aren't in their order")
    libraries = {library.id for library in catalogue.libraries}
    for read in catalogue.place_reads:
        where = f"what rules read as `places.{read.path}`"
        try:
            ex.parse_type(read.type)
        except ValueError as error:
            raise BundleError(f"{where} has the type `{read.type[:40]}`: {error}") from error
        _verify_selector(read.selector, libraries, places, where)


def _verify_selector(
    selector: PlaceSelector, libraries: set[str], places: BundlePlaces, where: str
) -> None:
    given = [name for name in (selector.place, selector.category, selector.library) if name]
    if len(given) > 1:
        raise BundleError(f"{where} selects places in two ways")
    if (
        (selector.library and selector.library not in libraries)
        or (selector.category and selector.category not in places.categories)
        or (selector.place and places.number_of(selector.place) is None)
    ):
        raise BundleError(f"{where} refers to `{given[0]}`, which isn't there")


def _verify_settings(settings: LocationSettings) -> None:
    positive = (settings.worst_accuracy_m, settings.highest_speed_mps)
    others = (settings.exit_margin_m, settings.approach_m, settings.widest_approach_m)
    if not all(0 < one < math.inf for one in positive) or not all(
        0 <= one < math.inf for one in others
    ):
        raise BundleError("the settings for locations have a number that can't be")
    _verify_times((settings.ttl_ns, *settings.dwell_ns), "the settings for locations")


def _verify_times(times_ns: Iterable[int | None], where: str) -> None:
    for time_ns in times_ns:
        if time_ns is not None and not 1 <= time_ns <= _LONGEST_NS:
            raise BundleError(f"{where} has a time that can't be counted")


def verify_every_place(
    environment: BundleEnvironment, catalogue: Catalogue, places: BundlePlaces
) -> None:
    """Raises BundleError at the first place that is none, or that can't be found."""
    decode = msgspec.msgpack.Decoder(Place).decode
    packed = PackedPlaces()
    libraries = {library.id for library in catalogue.libraries}
    categories = {*places.categories, ""}
    numbers: dict[str, int] = {}
    parents: dict[str, str] = {}
    for number, record in enumerate(environment.records(PLACES)):
        with damage_at(f"place {number}"):
            place = decode(record)
            packed.records.append(record)
            _verify_place(place, libraries, categories)
        numbers[place.id] = number
        if place.parent:
            parents[place.id] = place.parent
    if len(numbers) < len(packed):
        raise BundleError("a place is there twice")
    if {place.category for place in packed} | {""} != categories:
        raise BundleError("there are categories that no place has")
    _verify_parents(parents, numbers)
    for name, number in numbers.items():
        if places.number_of(name) != number:
            raise BundleError(f"`{PLACE_IDS.decode()}` doesn't say which place `{name}` is")
    _verify_index(environment, catalogue, packed, places)


def _verify_index(
    environment: BundleEnvironment, catalogue: Catalogue, packed: PackedPlaces, places: BundlePlaces
) -> None:
    """Makes the index once more; as many records as that has are known to be there."""
    count = 0
    for index_key, expected in index_records(packed, catalogue.libraries, places.categories):
        count += 1
        if environment.keyed(PLACE_INDEX, index_key) != expected:
            raise BundleError(f"`{PLACE_INDEX.decode()}` doesn't lead to all places")
    if count != environment.meta.counts[PLACE_INDEX.decode()]:
        raise BundleError(f"`{PLACE_INDEX.decode()}` leads to places that aren't there")


def _verify_place(place: Place, libraries: set[str], categories: set[str]) -> None:
    where = f"place `{place.id}`"
    for name, known in ((place.library, libraries), (place.category, categories)):
        if name not in known:
            raise BundleError(f"{where} refers to `{name}`, which isn't there")
    for point in (place.centre, *_points(place.fence)):
        if not (-90 <= point.latitude <= 90 and -180 <= point.longitude <= 180):
            raise BundleError(f"{where} has a point that isn't on the Earth")
    fault = next(faults(place.fence), None)
    if fault is not None:
        raise BundleError(f"{where} has a wrong fence: {fault.message}")
    if place.approach_m is not None and not 0 <= place.approach_m < math.inf:
        raise BundleError(f"{where} has a distance that can't be")
    _verify_times((place.ttl_ns, *(place.dwell_ns or ())), where)
    if place.opening_hours is not None:
        _verify_hours(place.opening_hours, where)


def _points(fence: Fence) -> Iterator[Point]:
    match fence:
        case Circle():
            yield fence.centre
        case Corridor():
            yield from fence.line
        case Area():
            for polygon in fence.polygons:
                for ring in (polygon.outer, *polygon.holes):
                    yield from ring


def _verify_hours(hours: OpeningHours, where: str) -> None:
    verify_zone(hours.time_zone, where)
    if len(hours.weekdays) != 7:
        raise BundleError(f"{where} has opening hours of {len(hours.weekdays)} weekdays")
    for openings in (*hours.weekdays, *hours.exceptions.values()):
        if not all(map(_is_opening, openings)):
            raise BundleError(f"{where} has opening hours that can't be")


def _is_opening(one: Opening) -> bool:
    return 0 <= one.from_minute < one.until_minute <= _TWO_DAYS_MINUTES


def _verify_parents(parents: Mapping[str, str], numbers: Mapping[str, int]) -> None:
    settled: set[str] = set()
    for name in parents:
        path: set[str] = set()
        at: str | None = name
        while at is not None and at not in settled:
            if at in path:
                raise BundleError(f"place `{at}` lies in itself")
            if at not in numbers:
                raise BundleError(f"a place refers to `{at}`, which isn't there")
            path.add(at)
            at = parents.get(at)
        settled |= path
