"""Killed at any moment, the service has of each location all that it caused, or nothing."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.json_format import ParseDict

from offerd.definitions import load
from offerd.events import Movements
from offerd.model.event import Event
from offerd.model.place import Whereabouts
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from places_shop import DEFINITIONS, FAR, NORTH, SOUTH, location
from processes import ServeProcess, serve_process
from seeds import random_seed
from serving import compile_to

ROUNDS = 1
CUSTOMERS = 4
STEPS = 40
STEP_NS = 120 * 10**9
START_NS = 1_767_225_600 * 10**9


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's definitions."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "all.yaml").write_text(DEFINITIONS)
    return folder


class Walker:
    """A customer who walks about, and what is expected of them after so many steps."""

    def __init__(self, name: str, rng: random.Random, movements: Movements) -> None:
        self.name = name
        self.acknowledged = 0
        self.steps: list[Event] = []
        self.ids: list[set[str]] = [set()]
        self.whereabouts: list[Whereabouts | None] = [None]
        for number in range(STEPS):
            latitude, longitude = rng.choice((SOUTH, SOUTH, NORTH, FAR))
            properties = {
                "latitude": latitude + rng.uniform(-0.001, 0.001),
                "longitude": longitude,
                "accuracy_m": 10.0,
            }
            time_ns = START_NS + number * STEP_NS
            event = Event(f"{name}-{number}", "location", time_ns, properties)
            moved = movements.moved(self.whereabouts[-1], event)
            self.steps.append(event)
            self.whereabouts.append(moved.whereabouts)
            own = {event.id, *(one.id for one in moved.caused)}
            self.ids.append(self.ids[-1] | own)

    def message(self, number: int) -> events.CollectRequest:
        """Returns the request that sends a step."""
        event = self.steps[number]
        told = event.properties
        at = told["latitude"], told["longitude"]
        who = [{"namespace": "ecid", "id": self.name}]
        body = location(event.id, at, who)
        message = ParseDict({"events": [body]}, events.CollectRequest())
        message.events[0].event_time.FromNanoseconds(event.time_ns)
        return message


async def walk_until_killed(served: ServeProcess, walkers: list[Walker], kill_after: int) -> None:
    """Sends steps of all at once, each one's in order, and kills the process after some answers."""
    left = kill_after
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        stub = events_grpc.EventServiceStub(channel)

        async def walk(walker: Walker) -> None:
            nonlocal left
            for number in range(walker.acknowledged, STEPS):
                try:
                    answer = await stub.Collect(walker.message(number), timeout=30)
                except grpc.aio.AioRpcError:
                    return
                assert answer.results[0].status != events.EVENT_STATUS_REFUSED
                walker.acknowledged = number + 1
                left -= 1
                if left == 0:
                    served.process.kill()

        await asyncio.gather(*map(walk, walkers))


def stored_ids(served: ServeProcess, name: str) -> set[str]:
    """Returns the ids of all events of a customer."""
    with grpc.insecure_channel(served.grpc_address) as channel:
        stub = profiles_grpc.ProfileServiceStub(channel)
        identity = {"namespace": "ecid", "id": name}
        pieces = stub.ExportSubject(profiles.ExportSubjectRequest(identities=[identity]))
        return {piece.data["id"] for piece in pieces if piece.kind == "event"}


def visits(served: ServeProcess, name: str) -> list[tuple[str, int, int, int]]:
    """Returns where a customer is and was, as the service tells it."""
    with grpc.insecure_channel(served.grpc_address) as channel:
        request = profiles.GetProfileRequest(namespace="ecid", id=name)
        profile = profiles_grpc.ProfileServiceStub(channel).GetProfile(request).profile
    return [
        (
            one.place,
            one.entry_time.ToNanoseconds(),
            one.seen_time.ToNanoseconds(),
            one.exit_time.ToNanoseconds() if one.HasField("exit_time") else 0,
        )
        for one in profile.whereabouts.visits
    ]


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "two workers"])
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """How the service is started."""
    found: tuple[str, ...] = request.param
    return found


def test_a_location_and_what_it_causes_are_stored_together(
    source: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """However often it is killed, events and whereabouts are those of the locations stored."""
    seed = random_seed()
    rng = random.Random(seed)
    catalogue = load([source]).catalogue
    places = Places(MemorySource(list(catalogue.places), catalogue.libraries))
    movements = Movements(places, catalogue.location)
    walkers = [Walker(f"w{number}", rng, movements) for number in range(CUSTOMERS)]
    bundle = compile_to(tmp_path / "bundle", source)
    for _ in range(ROUNDS):
        with serve_process(bundle, tmp_path / "state", *options) as served:
            asyncio.run(walk_until_killed(served, walkers, rng.randint(5, 60)))
            served.wait()
        with serve_process(bundle, tmp_path / "state", *options) as served:
            for walker in walkers:
                stored = stored_ids(served, walker.name) if walker.acknowledged else set()
                count = len({one.id for one in walker.steps} & stored)
                assert count - walker.acknowledged in (0, 1)
                assert stored == walker.ids[count]
    with serve_process(bundle, tmp_path / "state", *options) as served:
        asyncio.run(walk_until_killed(served, walkers, 10**6))
        for walker in walkers:
            assert stored_ids(served, walker.name) == walker.ids[-1]
            known = walker.whereabouts[-1]
            assert known is not None
            assert visits(served, walker.name) == [
                (one.place, one.entered_ns, one.seen_ns, one.exited_ns or 0) for one in known.visits
            ]
            assert len(walker.ids[-1]) > STEPS + 10
