"""Killed in the middle of its work, the service loses nothing that it has acknowledged."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import grpc
import grpc.aio
import pytest

from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from processes import ServeProcess, serve_process
from seeds import random_seed

ROUNDS = 6
SENDERS = 8
CUSTOMERS = 5
ACCEPTED = events.EVENT_STATUS_ACCEPTED
DUPLICATE = events.EVENT_STATUS_DUPLICATE


def _visits(ids: list[str]) -> events.CollectRequest:
    return events.CollectRequest(
        events=[
            events.Event(
                event_id=id,
                type="visit",
                identities=[{"namespace": "ecid", "id": _customer(id)}],
            )
            for id in ids
        ]
    )


def _customer(event_id: str) -> str:
    return f"customer-{int(event_id.rpartition('-')[2]) % CUSTOMERS}"


async def _collect(channel: grpc.aio.Channel, ids: list[str]) -> list[int]:
    answer = await events_grpc.EventServiceStub(channel).Collect(_visits(ids), timeout=30)
    return [result.status for result in answer.results]


class _Sent:
    """What was sent in all rounds, and what of it was acknowledged."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: list[str] = []
        self.acknowledged: set[str] = set()

    def next_batch(self) -> list[str]:
        size = self.random.choice((1, 1, 1, 7, 40))
        batch = [f"event-{len(self.ids) + number}" for number in range(size)]
        self.ids += batch
        return batch


async def _collect_until_killed(served: ServeProcess, sent: _Sent) -> None:
    """Sends from several senders at once, and kills the process after some answers."""
    answers_left = sent.random.randint(1, 60)
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:

        async def send() -> None:
            nonlocal answers_left
            while True:
                batch = sent.next_batch()
                try:
                    statuses = await _collect(channel, batch)
                except grpc.aio.AioRpcError:
                    return
                assert set(statuses) == {ACCEPTED}
                sent.acknowledged.update(batch)
                answers_left -= 1
                if answers_left == 0:
                    served.process.kill()

        await asyncio.gather(*(send() for _ in range(SENDERS)))
    served.wait()


async def _check(served: ServeProcess, sent: _Sent) -> None:
    """Everything acknowledged is there, once; everything sent again is there once after that."""
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        statuses = [
            status
            for start in range(0, len(sent.ids), 500)
            for status in await _collect(channel, sent.ids[start : start + 500])
        ]
        for id, status in zip(sent.ids, statuses, strict=True):
            assert status in ({DUPLICATE} if id in sent.acknowledged else {ACCEPTED, DUPLICATE}), id
        sent.acknowledged.update(sent.ids)
        stub = profiles_grpc.ProfileServiceStub(channel)
        for customer in {_customer(id) for id in sent.ids}:
            request = profiles.GetProfileRequest(namespace="ecid", id=customer)
            profile = (await stub.GetProfile(request)).profile
            expected = sum(_customer(id) == customer for id in sent.ids)
            assert profile.event_count == expected
            assert profile.aggregates["visits"] == expected


async def test_kill_loses_and_doubles_nothing(bundle: Path, tmp_path: Path) -> None:
    """Killed again and again while it collects: each acknowledged event is kept, and once."""
    seed = random_seed()
    sent = _Sent(seed)
    for _ in range(ROUNDS):
        with serve_process(bundle, tmp_path / "state") as served:
            await _check(served, sent)
            await _collect_until_killed(served, sent)
    with serve_process(bundle, tmp_path / "state") as served:
        await _check(served, sent)
        assert served.terminate() == 0


async def test_acknowledged_means_counted(bundle: Path, tmp_path: Path) -> None:
    """What is acknowledged is counted before anything else is asked, and kept over a restart."""
    state = tmp_path / "state"
    ids = [f"event-{number}" for number in range(100)]
    for status in (ACCEPTED, DUPLICATE):
        with serve_process(bundle, state) as served:
            async with grpc.aio.insecure_channel(served.grpc_address) as channel:
                assert set(await _collect(channel, ids)) == {status}
                stub = profiles_grpc.ProfileServiceStub(channel)
                request = profiles.GetProfileRequest(namespace="ecid", id="customer-0")
                answer = await stub.GetProfile(request)
                assert answer.profile.event_count == len(ids) / CUSTOMERS
            assert served.terminate() == 0


async def test_profiles_survive_a_restart(bundle: Path, tmp_path: Path) -> None:
    """A profile is after a restart what it was before, to the byte."""
    state = tmp_path / "state"
    request = profiles.GetProfileRequest(namespace="email", id="a@example.com")
    with serve_process(bundle, state) as served:
        async with grpc.aio.insecure_channel(served.grpc_address) as channel:
            stub = profiles_grpc.ProfileServiceStub(channel)
            await stub.SetProfile(
                profiles.SetProfileRequest(
                    namespace="email", id="a@example.com", attributes={"age": 30}
                )
            )
            before = await stub.GetProfile(request)
            with pytest.raises(grpc.aio.AioRpcError, match="no profile"):
                await stub.GetProfile(profiles.GetProfileRequest(namespace="email", id="b"))
        served.kill()
    with serve_process(bundle, state) as served:
        async with grpc.aio.insecure_channel(served.grpc_address) as channel:
            stub = profiles_grpc.ProfileServiceStub(channel)
            assert await stub.GetProfile(request) == before
