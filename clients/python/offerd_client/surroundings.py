"""What clients can ask about places: one class for each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from offerd_client import places
from offerd_client.calls import Call
from offerd_client.places import (
    EVERY_PLACE,
    FoundPlace,
    Location,
    Place,
    PlaceAhead,
    PlaceFilter,
    PlacesInBox,
    RegionPlatform,
    Regions,
)
from offerd_client.settings import ClientSettings

Answered = TypeVar("Answered")


class Surroundings(ABC):
    """What a client for code that waits can ask about places."""

    _settings: ClientSettings

    def places_within(
        self,
        location: Location,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[FoundPlace, ...]:
        """The places whose fence contains a location, the one that counts most first.

        At most `limit`, 1 to 1,000; None is 100.
        """
        return self._answer(places.within(self._settings, location, chosen, limit, timeout_s))

    def places_nearby(
        self,
        location: Location,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        within_m: float | None = None,
        timeout_s: float | None = None,
    ) -> tuple[FoundPlace, ...]:
        """The places nearest to a location by the distance to their edge, nearest first.

        At most `limit`, 1 to 1,000, None is 20; and no farther than `within_m`.
        """
        return self._answer(
            places.nearby(
                self._settings,
                location,
                chosen,
                limit=limit,
                within_m=within_m,
                timeout_s=timeout_s,
            )
        )

    def places_in_box(
        self,
        south: float,
        west: float,
        north: float,
        east: float,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> PlacesInBox:
        """The places whose fence touches a box; `west` greater than `east` is across 180 degrees.

        At most `limit`, 1 to 1,000; None is 100.
        """
        sides = (south, west, north, east)
        return self._answer(places.in_box(self._settings, sides, chosen, limit, timeout_s))

    def places_ahead(
        self,
        location: Location,
        *,
        bearing_deg: float | None = None,
        distance_m: float | None = None,
        beside_m: float | None = None,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[PlaceAhead, ...]:
        """The places on the way of who goes on, in the order in which they come.

        `bearing_deg` None is the course of the location. Looks `distance_m` ahead, None is 5,000,
        and `beside_m` to each side, None is 100; at most `limit` are told, None is 20.
        """
        return self._answer(
            places.ahead(
                self._settings,
                location,
                chosen,
                bearing_deg=bearing_deg,
                distance_m=distance_m,
                beside_m=beside_m,
                limit=limit,
                timeout_s=timeout_s,
            )
        )

    def regions(
        self,
        location: Location,
        *,
        platform: RegionPlatform | None = None,
        limit: int | None = None,
        chosen: PlaceFilter = EVERY_PLACE,
        timeout_s: float | None = None,
    ) -> Regions:
        """The regions that a phone does best to watch, and when to ask again.

        As many as its `platform` allows, or `limit`, 1 to 100: one of the two is needed.
        """
        return self._answer(
            places.regions(
                self._settings,
                location,
                chosen,
                platform=platform,
                limit=limit,
                timeout_s=timeout_s,
            )
        )

    def place(self, id: str, *, timeout_s: float | None = None) -> Place:
        """One place. Raises NotFound if there is none of that id."""
        return self._answer(places.place(self._settings, id, timeout_s))

    @abstractmethod
    def _answer(self, call: Call[Answered]) -> Answered: ...


class AsyncSurroundings(ABC):
    """What a client for asyncio can ask about places."""

    _settings: ClientSettings

    async def places_within(
        self,
        location: Location,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[FoundPlace, ...]:
        """The places whose fence contains a location, the one that counts most first.

        At most `limit`, 1 to 1,000; None is 100.
        """
        return await self._answer(places.within(self._settings, location, chosen, limit, timeout_s))

    async def places_nearby(
        self,
        location: Location,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        within_m: float | None = None,
        timeout_s: float | None = None,
    ) -> tuple[FoundPlace, ...]:
        """The places nearest to a location by the distance to their edge, nearest first.

        At most `limit`, 1 to 1,000, None is 20; and no farther than `within_m`.
        """
        return await self._answer(
            places.nearby(
                self._settings,
                location,
                chosen,
                limit=limit,
                within_m=within_m,
                timeout_s=timeout_s,
            )
        )

    async def places_in_box(
        self,
        south: float,
        west: float,
        north: float,
        east: float,
        *,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> PlacesInBox:
        """The places whose fence touches a box; `west` greater than `east` is across 180 degrees.

        At most `limit`, 1 to 1,000; None is 100.
        """
        sides = (south, west, north, east)
        return await self._answer(places.in_box(self._settings, sides, chosen, limit, timeout_s))

    async def places_ahead(
        self,
        location: Location,
        *,
        bearing_deg: float | None = None,
        distance_m: float | None = None,
        beside_m: float | None = None,
        chosen: PlaceFilter = EVERY_PLACE,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[PlaceAhead, ...]:
        """The places on the way of who goes on, in the order in which they come.

        `bearing_deg` None is the course of the location. Looks `distance_m` ahead, None is 5,000,
        and `beside_m` to each side, None is 100; at most `limit` are told, None is 20.
        """
        return await self._answer(
            places.ahead(
                self._settings,
                location,
                chosen,
                bearing_deg=bearing_deg,
                distance_m=distance_m,
                beside_m=beside_m,
                limit=limit,
                timeout_s=timeout_s,
            )
        )

    async def regions(
        self,
        location: Location,
        *,
        platform: RegionPlatform | None = None,
        limit: int | None = None,
        chosen: PlaceFilter = EVERY_PLACE,
        timeout_s: float | None = None,
    ) -> Regions:
        """The regions that a phone does best to watch, and when to ask again.

        As many as its `platform` allows, or `limit`, 1 to 100: one of the two is needed.
        """
        return await self._answer(
            places.regions(
                self._settings,
                location,
                chosen,
                platform=platform,
                limit=limit,
                timeout_s=timeout_s,
            )
        )

    async def place(self, id: str, *, timeout_s: float | None = None) -> Place:
        """One place. Raises NotFound if there is none of that id."""
        return await self._answer(places.place(self._settings, id, timeout_s))

    @abstractmethod
    async def _answer(self, call: Call[Answered]) -> Answered: ...
