"""PlaceService: what is here and around, answered from the bundle alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from offerd.admission import admit_text, quote
from offerd.bundle import Bundle
from offerd.errors import InvalidArgument, NotFound, Reason
from offerd.places.index import ALL, Places
from offerd.places.regions import ANDROID_LIMIT, IOS_LIMIT, Motion, regions
from offerd.service.translate.locations import Location, at_least_0, course, location, within
from offerd.service.translate.places import Filter, PlaceMessages
from offerd.v1 import decision_service_pb2
from offerd.v1 import place_service_pb2 as pb

MAXIMUM_PLACES: Final = 1_000
MAXIMUM_REGIONS: Final = 100
MAXIMUM_DISTANCE_M: Final = 1_000_000.0
MAXIMUM_BESIDE_M: Final = 100_000.0
_WITHIN, _NEARBY, _IN_BOX, _AHEAD = 100, 20, 100, 20
_DISTANCE_M, _BESIDE_M = 5_000.0, 100.0
_LONGEST_ID = 128

_PLATFORMS: Final = {
    pb.REGION_PLATFORM_UNSPECIFIED: None,
    # One region is for the circle outside of which to ask again.
    pb.REGION_PLATFORM_IOS: IOS_LIMIT - 1,
    pb.REGION_PLATFORM_ANDROID: ANDROID_LIMIT - 1,
}


_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")


class _Revision(NamedTuple):
    """What answers: the places of a bundle."""

    bundle: Bundle
    places: Places
    messages: PlaceMessages

    @property
    def name(self) -> str:
        return self.bundle.revision


class PlaceCalls:
    """Answers all rpcs by the bundle that `bundle_of` gives. `now` is in nanoseconds.

    Every rpc raises InvalidArgument for a request that is wrong.
    """

    def __init__(self, bundle_of: Callable[[], Bundle], now: Callable[[], int]) -> None:
        self._bundle_of = bundle_of
        self._now = now
        # By weak keys: a bundle that serves no more isn't kept open until somebody asks again.
        self._messages: WeakKeyDictionary[Bundle, PlaceMessages] = WeakKeyDictionary()
        self._thread = ThreadPoolExecutor(1, "offerd-places")

    async def within(self, request: pb.WithinRequest) -> pb.WithinResponse:
        """Returns the places whose fence contains a position, by their priority."""
        return await self._aside(self._within, request)

    def _within(self, here: _Revision, request: pb.WithinRequest) -> pb.WithinResponse:
        where = _where(request)
        chosen = self._filter(here, request.filter)
        limit = _limit(request, _WITHIN)
        at = (where.latitude, where.longitude)
        if chosen.wanted is ALL:
            numbers = here.places.within(*at)[:limit]
        else:
            # Those that contain it are the nearest, in the order of their priority.
            found = here.places.nearest(*at, limit, chosen.wanted, within_m=0.0)
            numbers = [one.number for one in found]
        return pb.WithinResponse(
            places=[here.messages.found(one, 0.0, where, chosen.time_ns) for one in numbers],
            revision=here.name,
        )

    async def nearby(self, request: pb.NearbyRequest) -> pb.NearbyResponse:
        """Returns the places nearest to a position, by the distance to their edge."""
        return await self._aside(self._nearby, request)

    def _nearby(self, here: _Revision, request: pb.NearbyRequest) -> pb.NearbyResponse:
        where = _where(request)
        chosen = self._filter(here, request.filter)
        limit = _limit(request, _NEARBY)
        within_m = float("inf")
        if request.HasField("within_m"):
            # A place is told as no farther than it may be from anywhere in a cell.
            within_m = at_least_0(request.within_m, "within_m") + where.uncertain_m
        found = here.places.nearest(
            where.latitude, where.longitude, limit, chosen.wanted, within_m=within_m
        )
        return pb.NearbyResponse(
            places=[
                here.messages.found(one.number, one.distance_m, where, chosen.time_ns)
                for one in found
            ],
            revision=here.name,
        )

    async def in_box(self, request: pb.InBoxRequest) -> pb.InBoxResponse:
        """Returns the places whose fence touches a box, by priority, seen from its middle."""
        return await self._aside(self._in_box, request)

    def _in_box(self, here: _Revision, request: pb.InBoxRequest) -> pb.InBoxResponse:
        south, west, north, east = _box(request)
        chosen = self._filter(here, request.filter)
        limit = _limit(request, _IN_BOX)
        numbers = here.places.in_box(south, west, north, east, limit + 1, wanted=chosen.wanted)
        middle = Location((south + north) / 2, _middle(west, east))
        found = [
            here.messages.found(
                number,
                here.places.distance_m(number, middle.latitude, middle.longitude),
                middle,
                chosen.time_ns,
            )
            for number in sorted(numbers[:limit], key=lambda one: here.places.place(one).id)
        ]
        return pb.InBoxResponse(
            places=found,
            revision=here.name,
            more=len(numbers) > limit,
        )

    async def ahead(self, request: pb.AheadRequest) -> pb.AheadResponse:
        """Returns the places ahead of somebody who goes on, in the order that they come."""
        return await self._aside(self._ahead, request)

    def _ahead(self, here: _Revision, request: pb.AheadRequest) -> pb.AheadResponse:
        where = _where(request)
        chosen = self._filter(here, request.filter)
        limit = _limit(request, _AHEAD)
        found = here.places.ahead(
            where.latitude,
            where.longitude,
            _bearing(request, where),
            _optional(request, "distance_m", _DISTANCE_M, MAXIMUM_DISTANCE_M),
            _optional(request, "beside_m", _BESIDE_M, MAXIMUM_BESIDE_M),
            limit=limit,
            wanted=chosen.wanted,
        )
        answer = pb.AheadResponse(revision=here.name)
        for one in found:
            away_m = here.places.distance_m(one.number, where.latitude, where.longitude)
            answer.places.add(
                place=here.messages.found(one.number, away_m, where, chosen.time_ns),
                along_m=one.along_m,
                beside_m=one.beside_m,
            )
        return answer

    async def regions(self, request: pb.RegionsRequest) -> pb.RegionsResponse:
        """Returns the regions to watch around a position, and when to ask again."""
        return await self._aside(self._regions, request)

    def _regions(self, here: _Revision, request: pb.RegionsRequest) -> pb.RegionsResponse:
        where = _where(request)
        chosen = self._filter(here, request.filter)
        found = regions(
            here.places,
            where.latitude,
            where.longitude,
            _region_limit(request),
            wanted=chosen.wanted,
            uncertain_m=where.uncertain_m,
            motion=Motion(where.course_deg, where.speed_mps),
        )
        return pb.RegionsResponse(
            regions=[
                pb.Region(
                    place=here.messages.found(one.number, one.distance_m, where, chosen.time_ns),
                    latitude=one.latitude,
                    longitude=one.longitude,
                    radius_m=one.radius_m,
                    exact=one.exact,
                )
                for one in found.regions
            ],
            ask_again_m=found.ask_again_m,
            revision=here.name,
        )

    async def get_place(self, request: pb.GetPlaceRequest) -> pb.GetPlaceResponse:
        """Returns one place; raises NotFound if there is none of that id."""
        return await self._aside(self._get_place, request)

    def _get_place(self, here: _Revision, request: pb.GetPlaceRequest) -> pb.GetPlaceResponse:
        place_id = admit_text(request.place, "place", _LONGEST_ID, required=True)
        number = here.places.number_of(place_id)
        if number is None:
            raise NotFound(Reason.PLACE_NOT_FOUND, f"no place {quote(place_id)}", field="place")
        place = here.messages.place(here.places.place(number), number)
        return pb.GetPlaceResponse(place=place, revision=here.name)

    async def _aside(
        self, answer: Callable[[_Revision, _Request], _Answer], request: _Request
    ) -> _Answer:
        """Answers in a thread, one request at a time, also if nobody waits for one any more.

        A fence of very many points, or a filter that few places pass, takes a tenth of a second
        when it is new: decisions don't wait for that.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, answer, self._revision(), request)

    def _revision(self) -> _Revision:
        bundle = self._bundle_of()
        messages = self._messages.get(bundle)
        if messages is None:
            messages = self._messages[bundle] = PlaceMessages(bundle.places)
        return _Revision(bundle, bundle.places, messages)

    def _filter(self, here: _Revision, message: pb.PlaceFilter) -> Filter:
        return here.messages.admit(message, "filter", self._now())


_WithPosition = pb.WithinRequest | pb.NearbyRequest | pb.AheadRequest | pb.RegionsRequest
_WithLimit = pb.WithinRequest | pb.NearbyRequest | pb.InBoxRequest | pb.AheadRequest


def _where(request: _WithPosition) -> Location:
    if not request.HasField("location"):
        raise InvalidArgument(Reason.MISSING_FIELD, "`location` is missing", field="location")
    message: decision_service_pb2.Location = request.location
    return location(message, "location")


def _limit(request: _WithLimit, usual: int) -> int:
    return _count(request.limit, MAXIMUM_PLACES) if request.HasField("limit") else usual


def _count(value: int, most: int) -> int:
    if 1 <= value <= most:
        return value
    raise InvalidArgument(
        Reason.OUT_OF_RANGE, f"`limit` is {value}; expected 1 to {most:,}", field="limit"
    )


def _optional(request: pb.AheadRequest, name: str, usual: float, most: float) -> float:
    return within(getattr(request, name), name, 0.0, most) if request.HasField(name) else usual


def _bearing(request: pb.AheadRequest, where: Location) -> float:
    if request.HasField("bearing_deg"):
        return course(request.bearing_deg, "bearing_deg")
    if where.course_deg is None:
        raise InvalidArgument(
            Reason.MISSING_FIELD,
            "where to is missing: `bearing_deg`, or the `course_deg` of the location",
            field="bearing_deg",
        )
    return where.course_deg


def _box(request: pb.InBoxRequest) -> tuple[float, float, float, float]:
    sides: list[float] = []
    for name, most in (("south", 90.0), ("west", 180.0), ("north", 90.0), ("east", 180.0)):
        if not request.HasField(name):
            raise InvalidArgument(
                Reason.MISSING_FIELD, f"a box needs its {name}, in degrees", field=name
            )
        sides.append(within(getattr(request, name), name, -most, most))
    south, west, north, east = sides
    if south > north:
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"`south` is {south:g}, which lies north of `north`, {north:g}",
            field="south",
        )
    return south, west, north, east


def _middle(west: float, east: float) -> float:
    """Returns the longitude in the middle of a box, also of one across the antimeridian."""
    middle = (west + (east if west <= east else east + 360.0)) / 2
    return middle if middle <= 180.0 else middle - 360.0


def _region_limit(request: pb.RegionsRequest) -> int:
    if request.platform not in _PLATFORMS:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED, f"`{request.platform}` is no platform", field="platform"
        )
    allowed = _PLATFORMS[request.platform]
    if not request.HasField("limit"):
        if allowed is None:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "how many is missing: `platform` or `limit`", field="limit"
            )
        return allowed
    limit = _count(request.limit, MAXIMUM_REGIONS)
    return limit if allowed is None else min(limit, allowed)
