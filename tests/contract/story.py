"""A brand with studios, its service and its clock, and one customer of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc

from offerd_client import (
    AsyncClient,
    Consent,
    ConsentValue,
    Event,
    EventStatus,
    Identity,
)
from offerd_client.loading import LoadHeader, LoadKind, LoadRow, load
from serving import Running, serving

DEFINITIONS = Path(__file__).parent / "twelve_steps"
START = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
ALMA = "Alma@Example.com"
EMAIL = Identity.authenticated("email", ALMA)
BROWSER = Identity.device("ecid", "browser-1")
PHONE = Identity.device("app", "phone-1")
YES = Consent(general=ConsentValue.YES)
STUDIO = (59.3142, 18.071)
"""The middle of the studio in the mall; its fence is 100 m away."""


def around_studio(north_m: float, east_m: float) -> tuple[float, float]:
    """A point so far from the middle of the studio, in degrees."""
    north_deg = north_m / 111_195
    return STUDIO[0] + north_deg, STUDIO[1] + east_m / (111_195 * 0.5103)


def location(at: datetime, north_m: float, east_m: float, accuracy_m: float = 10.0) -> Event:
    """What a phone tells of where it is, around the studio."""
    latitude, longitude = around_studio(north_m, east_m)
    told = {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy_m}
    return Event("location", properties=told, event_time=at)


class Day:
    """The service's clock."""

    def __init__(self) -> None:
        self.at = START

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""
        return int((self.at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000

    def later(self, **span: int) -> None:
        """Lets time pass."""
        self.at += timedelta(**span)


class Story:
    """A service, its clock, and a client."""

    def __init__(self, running: Running, day: Day, client: AsyncClient) -> None:
        self.running, self.day, self.client = running, day, client
        self.address = f"127.0.0.1:{running.grpc_port}"

    async def offers(self, scope: str, *identities: Identity, **asked: Any) -> list[str]:
        """The offers that a scope is answered with, "" for a fallback."""
        decision = await self.client.decide([scope], identities=identities, **asked)
        items = decision.proposition(scope).items
        return ["" if item.fallback else item.offer for item in items]

    async def happened(self, *events: Event) -> None:
        """Collects events, all of which must be accepted."""
        for result in await self.client.collect(events):
            assert result.status is EventStatus.ACCEPTED, result

    async def moved(self, *locations: Event) -> list[str]:
        """Collects locations of her phone; returns what they crossed, as `place_entry mall`."""
        crossed = []
        for result in await self.client.collect(locations, identities=[PHONE, EMAIL]):
            assert result.status is EventStatus.ACCEPTED, result
            crossed += [f"{one.type} {one.place}" for one in result.crossings]
        return crossed

    async def members(self) -> dict[str, bool]:
        """Whether Alma is in an audience, by its id."""
        profile = await self.client.get_profile("email", ALMA, linked=True, memberships=True)
        return defaultdict(bool, {one.audience: one.realized for one in profile.memberships})

    async def load(self, kind: LoadKind, target: str, rows: Sequence[LoadRow]) -> None:
        """Loads rows as of now."""

        def run() -> None:
            header = LoadHeader(kind, target, self.day.now_ns())
            with grpc.insecure_channel(self.address) as channel:
                *_, last = load(channel, header, rows)
            assert last.done
            assert not last.refused

        await asyncio.to_thread(run)


@asynccontextmanager
async def telling(folder: Path) -> AsyncIterator[Story]:
    """A member who bought yoga things in person half a year ago, and agreed to be written to."""
    day = Day()
    async with (
        serving(folder, [DEFINITIONS], day.now_ns) as running,
        AsyncClient(f"127.0.0.1:{running.grpc_port}") as client,
    ):
        running.revisions.track()
        story = Story(running, day, client)
        await client.set_consent([EMAIL], YES)
        await client.set_profile(
            "email",
            ALMA,
            {
                "loyalty": {"tier": "plus", "points": 120},
                "health": {"goal": "back"},
                "time_zone": "Europe/Stockholm",
            },
        )
        bought = START - timedelta(days=180)
        await story.happened(
            Event("purchase", [EMAIL], properties={"category": "yoga"}, event_time=bought)
        )
        yield story
