"""`offerd serve --workers`: several processes answer as one would, and outlive each other."""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest

from contract.cap_storm import Storm
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import audience_service_pb2_grpc as audiences_grpc
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import load_service_pb2 as loads
from offerd.v1 import load_service_pb2_grpc as loads_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from processes import HOST, ServeProcess, run, serve_process
from seeds import random_seed
from serving import compile_to

WORKERS = 3
CONNECTIONS = 12
DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
profile: [{name: age, type: int}]
events: [{id: visit}]
aggregates: [{id: visits, events: [visit], function: count}]
audiences:
- {id: returning, rule: aggregate.visits >= 2}
- {id: vip, external: true}
placements: [{id: web, channel: web, content_type: text}]
offers:
- id: welcome
  eligibility: aggregate.visits < 2
  representations: [{placement: web, text: A}]
- id: vip
  priority: 2
  eligibility: audience("vip")
  representations: [{placement: web, text: B}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [welcome, vip]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""
ACCEPTED = events.EVENT_STATUS_ACCEPTED


@pytest.fixture(scope="module")
def workers_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Definitions with something of everything that is shared."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")


@contextmanager
def served(bundle: Path, state: Path, *options: str | Path) -> Iterator[ServeProcess]:
    """A service of several processes."""
    with serve_process(bundle, state, "--workers", str(WORKERS), *options) as process:
        yield process


@contextmanager
def channels(process: ServeProcess) -> Iterator[list[grpc.Channel]]:
    """Connections of their own, which the workers share among them."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.insecure_channel(process.grpc_address, options) for _ in range(CONNECTIONS)]
    try:
        yield opened
    finally:
        for channel in opened:
            channel.close()


@contextmanager
def all_end(pids: Iterable[int]) -> Iterator[None]:
    """Fails unless these processes end within a minute of what is done here."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        for handle in handles:
            assert select.select([handle], [], [], 60)[0], "a process goes on"
    finally:
        for handle in handles:
            os.close(handle)


class Acknowledged(set[str]):
    """What was acknowledged, to be waited for."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()

    async def note(self, name: str) -> None:
        """Adds one."""
        async with self._changed:
            self.add(name)
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns as soon as a condition holds when one is added; fails after a minute."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(condition)

    async def until_more(self, count: int) -> None:
        """Returns once there are so many more."""
        reached = len(self) + count
        await self.until(lambda: len(self) >= reached)


def who(number: int = 1) -> list[dict[str, str]]:
    """Somebody on a device."""
    return [{"namespace": "ecid", "id": str(number)}]


def visit(channel: grpc.Channel, event_id: str, number: int = 1) -> int:
    """Tells of a visit; returns what became of it."""
    event = events.Event(event_id=event_id, type="visit", identities=who(number))
    stub = events_grpc.EventServiceStub(channel)
    request = events.CollectRequest(events=[event])
    return stub.Collect(request, timeout=30, wait_for_ready=True).results[0].status


def visits(channel: grpc.Channel, number: int = 1) -> int:
    """How many events are known of somebody."""
    request = profiles.GetProfileRequest(namespace="ecid", id=str(number))
    stub = profiles_grpc.ProfileServiceStub(channel)
    return stub.GetProfile(request, timeout=30, wait_for_ready=True).profile.event_count


def proposed(channel: grpc.Channel, number: int = 1) -> str:
    """Which offer somebody is shown."""
    question = decisions.DecideRequest(
        scopes=[decisions.Scope(name="hero")], identities=who(number)
    )
    stub = decisions_grpc.DecisionServiceStub(channel)
    return stub.Decide(question, timeout=30).propositions[0].items[0].offer


def answering(process: ServeProcess) -> set[int]:
    """The numbers of the workers that have answered anything, by the log."""
    return {line["worker"] for line in process.log() if line["event"] == "request"}


def test_what_one_worker_acknowledged_all_know(workers_bundle: Path, tmp_path: Path) -> None:
    """Whichever connection is asked next, and over HTTP too; also after a restart with one."""
    state = tmp_path / "state"
    with served(workers_bundle, state) as process, channels(process) as connections:
        assert len(process.workers()) == WORKERS
        for number, channel in enumerate(connections):
            assert visit(channel, f"e{number}") == ACCEPTED
            other = connections[(number * 5 + 1) % CONNECTIONS]
            assert visits(other) == number + 1
            assert proposed(other) == ("welcome" if number < 1 else "none")
        for channel in connections:
            assert visit(channel, "e0") == events.EVENT_STATUS_DUPLICATE
        body = {"scopes": [{"name": "hero"}], "identities": who()}
        url = f"http://{HOST}:{process.http_port}/v1/decisions:decide"
        for _ in range(CONNECTIONS):
            answer = httpx.post(url, json=body, timeout=30).json()
            assert answer["propositions"][0]["items"][0]["offer"] == "none"
        assert len(answering(process)) > 1
        assert process.terminate() == 0
    with serve_process(workers_bundle, state) as process, channels(process) as connections:
        assert visits(connections[0]) == CONNECTIONS


def test_what_only_the_writer_can_do_any_worker_takes(workers_bundle: Path, tmp_path: Path) -> None:
    """Patches, deletions, loads, and watching audiences; refusals come through as they are."""
    with (
        served(workers_bundle, tmp_path / "state") as process,
        channels(process) as connections,
        ThreadPoolExecutor(1) as threads,
    ):
        watching = audiences_grpc.AudienceServiceStub(connections[0]).WatchAudiences(
            audiences.WatchAudiencesRequest(audiences=["returning"], after_position="beginning")
        )
        first = threads.submit(next, iter(watching))
        for number, channel in enumerate(connections[:2]):
            visit(channel, f"e{number}")
        assert first.result(30).identity.id == "1"
        watching.cancel()
        stubs = [profiles_grpc.ProfileServiceStub(channel) for channel in connections]
        for number, stub in enumerate(stubs):
            patch = profiles.PatchProfileRequest(
                namespace="ecid", id="1", attributes={"age": number}
            )
            assert stub.PatchProfile(patch, timeout=30).profile.attributes["age"] == number
        with pytest.raises(grpc.RpcError, match="did you mean `age`"):
            stubs[0].PatchProfile(
                profiles.PatchProfileRequest(namespace="ecid", id="1", attributes={"agee": 1})
            )
        header = loads.LoadHeader(
            kind=loads.LOAD_KIND_MEMBERSHIPS, mode=loads.LOAD_MODE_REPLACE, target="vip"
        )
        header.as_of.GetCurrentTime()
        row = loads.LoadRow(identity=who()[0], membership=loads.LoadMembership())
        requests = [
            loads.LoadRequest(header=header),
            loads.LoadRequest(rows=loads.LoadRows(rows=[row])),
            loads.LoadRequest(end=loads.LoadEnd(rows=1)),
        ]
        list(loads_grpc.LoadServiceStub(connections[1]).Load(iter(requests), timeout=30))
        assert {proposed(channel) for channel in connections} == {"vip"}
        stubs[2].DeleteProfile(profiles.DeleteProfileRequest(namespace="ecid", id="1"), timeout=30)
        for channel in connections:
            with pytest.raises(grpc.RpcError, match="no profile"):
                visits(channel)
        assert process.terminate() == 0


async def test_workers_that_die_are_replaced(workers_bundle: Path, tmp_path: Path) -> None:
    """Under load, one after the other: what was acknowledged is there, and counted once."""
    seed = random_seed()
    rng = random.Random(seed)
    with served(workers_bundle, tmp_path / "state") as process:
        first = process.workers()
        acknowledged = Acknowledged()
        stopping = asyncio.Event()

        async def send(sender: int) -> None:
            number = 0
            while not stopping.is_set():
                options = [("grpc.use_local_subchannel_pool", 1)]
                async with grpc.aio.insecure_channel(process.grpc_address, options) as channel:
                    stub = events_grpc.EventServiceStub(channel)
                    for _ in range(20):
                        event = events.Event(
                            event_id=f"{sender}-{number}", type="visit", identities=who(sender)
                        )
                        request = events.CollectRequest(events=[event])
                        try:
                            await stub.Collect(request, timeout=30)
                        except grpc.aio.AioRpcError:
                            break  # it is sent again
                        await acknowledged.note(event.event_id)
                        number += 1

        sending = [asyncio.create_task(send(sender)) for sender in range(6)]
        for victim in rng.sample(sorted(first), WORKERS):
            await acknowledged.until_more(100)
            os.kill(victim, signal.SIGKILL)
        await acknowledged.until(lambda: len(process.workers() - first) == WORKERS)
        await acknowledged.until_more(300)
        stopping.set()
        await asyncio.gather(*sending)
        with channels(process) as connections:
            for sender in range(6):
                told = sum(name.startswith(f"{sender}-") for name in acknowledged)
                # One may be stored whose answer got lost, if it is the last.
                assert told <= visits(connections[sender], sender) <= told + 1
        assert process.terminate() == 0


def test_nobody_is_left_behind(workers_bundle: Path, tmp_path: Path) -> None:
    """Neither by SIGTERM, nor by a kill, after which the same address can be had again."""
    state = tmp_path / "state"
    with served(workers_bundle, state) as process, channels(process) as connections:
        assert visit(connections[0], "e1") == ACCEPTED
        with all_end(process.workers()):
            assert process.terminate() == 0
    with served(workers_bundle, state) as process, channels(process) as connections:
        assert visit(connections[0], "e2") == ACCEPTED
        with all_end(process.workers()):
            process.kill()
        address = ("--grpc", process.grpc_address)
    with served(workers_bundle, state, *address) as process, channels(process) as connections:
        assert visits(connections[0]) == 2
        taken = run(
            *("serve", "--bundle", workers_bundle, "--state", tmp_path / "other"),
            *("--workers", "2", "--grpc", process.grpc_address, "--no-http"),
        )
        assert taken.returncode == 1
        assert "can't listen on" in taken.stderr


def test_releases_are_for_one_process(tmp_path: Path) -> None:
    """Which is told before anything is opened."""
    (tmp_path / "releases").mkdir()
    done = run(
        *("serve", "--releases", tmp_path / "releases", "--state", tmp_path / "state"),
        *("--workers", "2"),
    )
    assert done.returncode == 1
    assert "error: `--workers` serves a bundle or definitions" in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("mode", ["reserve", "decide"])
def test_a_cap_is_met_exactly_over_all_workers(tmp_path: Path, mode: str) -> None:
    """Whoever dies: one that answers, the one that writes with all others, and clients."""
    seed = random_seed()
    limit = 60
    storm = Storm(tmp_path / "storm", mode, limit, 800, seed, ("--workers", str(WORKERS)))
    try:
        outcome = storm.run(server_kills=1, client_kills=1, worker_kills=2)
    finally:
        storm.close()
    print(outcome)
    assert outcome.worker_kills == 2
    assert outcome.counted == limit
    lost = 0 if mode == "reserve" else outcome.at_most_lost
    assert limit - lost <= outcome.told["granted"] <= limit
    assert mode == "decide" or outcome.pending == 0
