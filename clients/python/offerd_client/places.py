"""Places: what is here and around, what lies ahead, and what a phone does best to watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.v1 import decision_service_pb2
from offerd.v1 import place_service_pb2 as pb
from offerd_client.calls import Call
from offerd_client.free import check_text, timestamp
from offerd_client.requests import check_int32
from offerd_client.settings import ClientSettings


@dataclass(frozen=True, slots=True)
class Location:
    """Where somebody is: coordinates in degrees, or a `cell`, a geohash such as `u6sce`.

    None is not known. `course_deg` is clockwise from north, 0 to below 360.
    """

    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    cell: str = ""
    speed_mps: float | None = None
    course_deg: float | None = None


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """Which places are meant; what isn't given excludes none.

    `libraries` are ids and `categories` names, any of which; `metadata` a place has all of.
    `open` are only those known to be open. `time` None is now.
    """

    libraries: Sequence[str] = ()
    categories: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    time: datetime | None = None


EVERY_PLACE = PlaceFilter()


class FenceShape(StrEnum):
    """What a fence is."""

    UNSPECIFIED = "UNSPECIFIED"
    """Something that a newer service says and this client doesn't know."""
    CIRCLE = "CIRCLE"
    AREA = "AREA"
    """A polygon or several."""
    CORRIDOR = "CORRIDOR"


SHAPES = {
    pb.FENCE_SHAPE_CIRCLE: FenceShape.CIRCLE,
    pb.FENCE_SHAPE_AREA: FenceShape.AREA,
    pb.FENCE_SHAPE_CORRIDOR: FenceShape.CORRIDOR,
}


class RegionPlatform(Enum):
    """What a phone is, which says how many regions it may watch: 20 or 100."""

    IOS = pb.REGION_PLATFORM_IOS
    ANDROID = pb.REGION_PLATFORM_ANDROID


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the definitions; `category` and `parent` are empty if there is none.

    `radius_m` is that of the circle, or of the least one around another fence, whose middle is at
    `latitude` and `longitude`. Where fences overlap the lower `rank` wins.
    """

    id: str
    name: str
    library: str
    rank: int
    category: str
    parent: str
    metadata: Mapping[str, str]
    latitude: float
    longitude: float
    radius_m: float
    shape: FenceShape


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place as it is seen from where it was asked.

    `distance_m` is to the edge of the fence, 0 inside. `open`, and when it opens and closes next,
    are None if that isn't known.
    """

    place: Place
    distance_m: float
    center_distance_m: float
    bearing_deg: float
    inside: bool
    open: bool | None = None
    next_open_time: datetime | None = None
    next_close_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlacesInBox:
    """The places in a box; `more` says that there are more than were asked for."""

    places: tuple[FoundPlace, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class PlaceAhead:
    """A place on the way: how far along it, and how far beside."""

    place: FoundPlace
    along_m: float
    beside_m: float


@dataclass(frozen=True, slots=True)
class Region:
    """A circle to watch. Unless it is `exact`, the fence is another: send a location on crossing
    it."""

    place: FoundPlace
    latitude: float
    longitude: float
    radius_m: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Regions:
    """What to watch, and how far from the position to go before asking again; 0 is at the next
    location."""

    regions: tuple[Region, ...]
    ask_again_m: float


def within(
    settings: ClientSettings,
    location: Location,
    chosen: PlaceFilter,
    limit: int | None,
    timeout_s: float | None,
) -> Call[tuple[FoundPlace, ...]]:
    """PlaceService.Within."""
    request = pb.WithinRequest(location=_location(location), filter=_filter(chosen))
    _set(request, limit=limit)
    return _call(settings, "Within", request, timeout_s, _read_all)


def nearby(
    settings: ClientSettings,
    location: Location,
    chosen: PlaceFilter,
    *,
    limit: int | None,
    within_m: float | None,
    timeout_s: float | None,
) -> Call[tuple[FoundPlace, ...]]:
    """PlaceService.Nearby."""
    request = pb.NearbyRequest(location=_location(location), filter=_filter(chosen))
    _set(request, limit=limit, within_m=within_m)
    return _call(settings, "Nearby", request, timeout_s, _read_all)


def in_box(
    settings: ClientSettings,
    sides: tuple[float, float, float, float],
    chosen: PlaceFilter,
    limit: int | None,
    timeout_s: float | None,
) -> Call[PlacesInBox]:
    """PlaceService.InBox; `sides` are south, west, north and east."""
    south, west, north, east = sides
    request = pb.InBoxRequest(
        south=south, west=west, north=north, east=east, filter=_filter(chosen)
    )
    _set(request, limit=limit)
    return _call(
        settings, "InBox", request, timeout_s,
        lambda answer: PlacesInBox(_read_all(answer), answer.more),
    )  # fmt: skip


def ahead(
    settings: ClientSettings,
    location: Location,
    chosen: PlaceFilter,
    *,
    bearing_deg: float | None,
    distance_m: float | None,
    beside_m: float | None,
    limit: int | None,
    timeout_s: float | None,
) -> Call[tuple[PlaceAhead, ...]]:
    """PlaceService.Ahead."""
    request = pb.AheadRequest(location=_location(location), filter=_filter(chosen))
    _set(request, bearing_deg=bearing_deg, distance_m=distance_m, beside_m=beside_m, limit=limit)
    return _call(settings, "Ahead", request, timeout_s, _read_ahead)


def regions(
    settings: ClientSettings,
    location: Location,
    chosen: PlaceFilter,
    *,
    platform: RegionPlatform | None,
    limit: int | None,
    timeout_s: float | None,
) -> Call[Regions]:
    """PlaceService.Regions."""
    request = pb.RegionsRequest(
        location=_location(location),
        filter=_filter(chosen),
        platform=None if platform is None else platform.value,
    )
    _set(request, limit=limit)
    return _call(settings, "Regions", request, timeout_s, _read_regions)


def place(settings: ClientSettings, place_id: str, timeout_s: float | None) -> Call[Place]:
    """PlaceService.GetPlace."""
    request = pb.GetPlaceRequest(place=check_text(place_id, "place"))
    return _call(settings, "GetPlace", request, timeout_s, lambda answer: _place(answer.place))


def _call(
    settings: ClientSettings,
    name: str,
    request: Message,
    timeout_s: float | None,
    read: Any,
) -> Call[Any]:
    seconds = settings.timeout_s if timeout_s is None else timeout_s
    return Call(f"/offerd.v1.PlaceService/{name}", request, seconds, read)


def _set(request: Message, **values: float | None) -> None:
    for name, value in values.items():
        if value is not None:
            setattr(request, name, check_int32(value, name) if name == "limit" else value)


def _location(location: Location) -> decision_service_pb2.Location:
    return decision_service_pb2.Location(
        latitude=location.latitude,
        longitude=location.longitude,
        accuracy_m=location.accuracy_m,
        cell=check_text(location.cell, "location.cell"),
        speed_mps=location.speed_mps,
        course_deg=location.course_deg,
    )


def _filter(chosen: PlaceFilter) -> pb.PlaceFilter:
    return pb.PlaceFilter(
        libraries=[check_text(one, "filter.libraries") for one in chosen.libraries],
        categories=[check_text(one, "filter.categories") for one in chosen.categories],
        metadata={
            check_text(key, "filter.metadata"): check_text(value, "filter.metadata")
            for key, value in chosen.metadata.items()
        },
        open=chosen.open,
        time=None if chosen.time is None else timestamp(chosen.time, "filter.time"),
    )


def _read_all(
    answer: pb.WithinResponse | pb.NearbyResponse | pb.InBoxResponse,
) -> tuple[FoundPlace, ...]:
    return tuple(map(_found, answer.places))


def _read_ahead(answer: pb.AheadResponse) -> tuple[PlaceAhead, ...]:
    return tuple(PlaceAhead(_found(one.place), one.along_m, one.beside_m) for one in answer.places)


def _read_regions(answer: pb.RegionsResponse) -> Regions:
    found = (
        Region(_found(one.place), one.latitude, one.longitude, one.radius_m, one.exact)
        for one in answer.regions
    )
    return Regions(tuple(found), answer.ask_again_m)


def _found(message: pb.FoundPlace) -> FoundPlace:
    def moment(name: str) -> datetime | None:
        value: Timestamp = getattr(message, name)
        return value.ToDatetime(UTC) if message.HasField(name) else None

    return FoundPlace(
        _place(message.place),
        message.distance_m,
        message.center_distance_m,
        message.bearing_deg,
        message.inside,
        message.open if message.HasField("open") else None,
        moment("next_open_time"),
        moment("next_close_time"),
    )


def _place(message: pb.Place) -> Place:
    return Place(
        message.id,
        message.name,
        message.library,
        message.rank,
        message.category,
        message.parent,
        dict(message.metadata),
        message.latitude,
        message.longitude,
        message.radius_m,
        SHAPES.get(message.shape, FenceShape.UNSPECIFIED),
    )
