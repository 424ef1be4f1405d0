"""What a decision costs inside the service, without sockets: processor time and Python calls.

The whole path of workload W is driven with the bytes of requests, from where the transport hands
them over to where it takes the answer back: the native server with a stand-in for its front,
dispatcher, servicers, log line and all. The processor time of the process is told for each
decision, beside that of a fixed piece of Python (`yardstick`), so that runs on a busy machine can
be compared; and how many functions written in Python are called, by layer, which doesn't depend
on the machine at all. The other ways in are the JSON door from the bytes of its connections on
(`json_connection`), one BatchDecide and one DecideStream of a hundred. Not measured: HTTP/2,
sockets, the load generator.

usage: python benchmarks/bench_transport.py --inside, which see
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import gc
import io
import itertools
import json
import pstats
import queue
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any, NamedTuple
from unittest import mock

from google.protobuf import json_format
from json_connection import connected, posting
from rich.console import Console
from rich.table import Table
from transport_world import CUSTOMERS, World, question

from offerd.app.local_backend import LocalBackend
from offerd.app.logging import set_up_logging
from offerd.app.process import dispatcher_for
from offerd.app.revisions import load_bundle
from offerd.service import native_server
from offerd.service.dispatch import Dispatcher
from offerd.service.revisions import Revisions, Standing
from offerd.service.servicers import register
from offerd.store import Durability, JournalMode, JournalSettings, State
from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.app import Gateway

IN_FLIGHT = 32
BATCH = 100
PROFILED = 300
DECIDE = "/offerd.v1.DecisionService/Decide"
LAYERS = {
    "engine": ("offerd/decision/", "offerd/audience/", "offerd/expression/", "<columns>", "<rule"),
    "customer": ("offerd/customer/", "offerd/events/", "offerd/store/", "service/views",
                 "service/reading", "service/subjects", "model/identity"),
    "answer": ("translate/serial", "translate/answers", "serialized", "tokens", "rendering",
               "naming", "offerd/content/", "offerd/bundle/"),
    "log": ("structlog/", "app/logging", "app/log_queue", "/logging/"),
    "request": ("service/translate/", "offerd/admission/", "service/decisions", "consents",
                "service/room", "journalling", "revisions", "overrides", "offerd/model/"),
    "door": ("offerd/service/", "asyncio/", "uvicorn/", "contextlib", "offerd/app/",
             "offerd_gateway/"),
}  # fmt: skip
"""Which layer a function is of: the first whose part of a path its file has."""


class Ways(NamedTuple):
    """The ways in, each given how many decisions to make at least; returns how many it made.

    `in_thread` does something in the thread that answers what needn't wait.
    """

    named: dict[str, Callable[[int], Awaitable[int]]]
    kept: list[bytes]
    """The last answers, to look at."""
    in_thread: Callable[[Callable[[], object]], None]


class _Nowhere(io.StringIO):
    """Where lines of the log go."""

    def write(self, text: str) -> int:
        return len(text)


class StandInFront:
    """What the native server takes for its front: calls from memory, always some in flight."""

    bound_port = 1

    def __init__(self, *_: object, **__: object) -> None:
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._paths: list[str] = []
        self._left = 0
        self._open = 0
        self._over: asyncio.Future[None]
        self._refused = ""
        self._numbers = itertools.count()
        self._aside: Callable[[], object] | None = None
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []

    def add_methods(self, methods: list[tuple[str, bool]]) -> None:
        self._paths = [path for path, _ in methods]

    def set_fallback(self, path: str) -> None:
        """Nothing falls back."""

    def start(self) -> None:
        """Starts at once."""

    def close(self) -> None:
        self._calls.put(None)

    async def ask(self, path: str, count: int, in_flight: int) -> int:
        """Has so many calls answered, the next ones in flight once all before are answered."""
        self._method = self._paths.index(path)
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self._left, self._in_flight = count, in_flight
        self.answers.clear()
        self._next()
        await self._over
        assert not self._refused, self._refused
        return count

    def _next(self) -> None:
        some = min(self._left, self._in_flight)
        self._left -= some
        self._open = some
        details = ((("user-agent", "inside"),), "ipv4:127.0.0.1:1", None)
        numbers = [next(self._numbers) for _ in range(some)]
        size = len(self.requests)
        self._calls.put(
            [(0, n, self._method, self.requests[n % size], None, details) for n in numbers]
        )

    def recv_batch_details(self, _most: int, timeout_ms: int | None) -> list[Any] | None:
        try:
            found: list[Any] | None = self._calls.get(block=timeout_ms is None)
        except queue.Empty:
            return []
        if self._aside is not None:
            aside, self._aside = self._aside, None
            aside()
        return found

    def in_thread(self, work: Callable[[], object]) -> None:
        """Has something done, before the next calls come, in the thread that answers them."""
        self._aside = work
        self._calls.put([])

    def respond(self, _call: int, answer: bytes) -> bool:
        if len(self.answers) < BATCH:
            self.answers.append(answer)
        self._open -= 1
        if not self._open:
            if self._left:
                self._next()
            else:
                self._loop.call_soon_threadsafe(self._over.set_result, None)
        return True

    def fail(self, _call: int, code: int, words: str, **_: object) -> bool:
        self._refused = f"refused with {code}: {words}"
        self._loop.call_soon_threadsafe(self._over.set_result, None)
        return True


@asynccontextmanager
async def serving(world: World, *, journal: bool) -> AsyncIterator[Ways]:
    """Opens everything but sockets."""
    settings = JournalSettings(JournalMode.BEHIND if journal else JournalMode.OFF)
    log = set_up_logging(level="info", as_json=True)
    standing = Standing(load_bundle(world.bundle, ()))
    with State.open(
        world.state, standing.plans(), durability=Durability.RELAXED, journal=settings
    ) as state:
        revisions = Revisions(standing, state, log, time.time_ns)
        dispatcher = dispatcher_for(revisions, log)
        with mock.patch.object(native_server, "NativeGrpcFront", StandInFront):
            server = native_server.NativeServer(
                "inside",
                dispatcher.doors_soon("grpc"),
                maximum_message_bytes=8 << 20,
                maximum_streams=8,
                shared=False,
                some=dispatcher.doors_some("grpc"),
            )
        register(server, dispatcher)
        await server.start()
        gc.collect()
        gc.freeze()
        front: Any = server._front
        yield _ways(front, dispatcher)
        await server.stop(1.0)


def _ways(front: StandInFront, dispatcher: Dispatcher) -> Ways:
    single = [question(number).SerializeToString() for number in range(CUSTOMERS)]
    requests = [question(number) for number in range(BATCH)]
    batch = [pb.BatchDecideRequest(requests=requests).SerializeToString()]
    posted = [
        posting(json.dumps(json_format.MessageToDict(question(number))).encode())
        for number in range(CUSTOMERS)
    ]
    gateway = Gateway(LocalBackend(dispatcher), on_access=lambda _: None, only_turned_away=True)
    connections = connected(gateway, IN_FLIGHT)

    async def unary(count: int, in_flight: int = IN_FLIGHT) -> int:
        front.requests = single
        return await front.ask(DECIDE, count, in_flight)

    async def alone(count: int) -> int:
        return await unary(count, 1)

    async def batched(count: int) -> int:
        front.requests = batch
        path = "/offerd.v1.DecisionService/BatchDecide"
        return BATCH * await front.ask(path, -(-count // BATCH), 1)

    async def streamed(count: int) -> int:
        named = pb.DecideStreamRequest(
            requests=[pb.StreamedRequest(id=str(n), request=one) for n, one in enumerate(requests)]
        ).SerializeToString()
        wanted = BATCH * -(-count // BATCH)
        return await _stream(dispatcher, named, wanted)

    async def over_json(count: int) -> int:
        for first in range(0, count, IN_FLIGHT):
            for number, connection in enumerate(connections, first):
                connection.ask(posted[number % CUSTOMERS])
            for connection in connections:
                await connection.answered()
            await asyncio.sleep(0)
        return -(-count // IN_FLIGHT) * IN_FLIGHT

    named = {
        "native, 32 in flight": unary,
        "native, alone": alone,
        "BatchDecide": batched,
        "DecideStream": streamed,
        "JSON": over_json,
    }
    return Ways(named, front.answers, front.in_thread)


async def _stream(dispatcher: Dispatcher, message: bytes, wanted: int) -> int:
    news: asyncio.Queue[None] = asyncio.Queue()

    async def messages() -> AsyncIterator[Any]:
        for _ in range(wanted // BATCH):
            yield pb.DecideStreamRequest.FromString(message)
            await news.get()

    found = 0
    path = "/offerd.v1.DecisionService/DecideStream"
    async for answer in dispatcher.stream(path, messages(), "grpc"):
        found += len(pb.DecideStreamResponse.FromString(answer.data).results)  # type: ignore[union-attr]
        if not found % BATCH:
            news.put_nowait(None)
    return found


def yardstick() -> float:
    """Returns the processor time of a fixed piece of Python, in microseconds."""
    began = time.process_time()
    for _ in range(20):
        known: dict[str, int] = {}
        for number in range(1_000):
            name = f"n{number % 97}"
            known[name] = known.get(name, 0) + len(name)
    return (time.process_time() - began) * 1e6 / 20


async def cpu_us(way: Callable[[int], Awaitable[int]], seconds: float) -> float:
    """Returns the processor time of all threads for one decision, in microseconds."""
    decided, count = 0, 200
    began_s, used_s = time.perf_counter(), time.process_time()
    while time.perf_counter() - began_s < seconds:
        decided += await way(count)
    return (time.process_time() - used_s) * 1e6 / decided


def layer_of(path: str) -> str:
    """Returns which layer a file is of."""
    for layer, parts in LAYERS.items():
        if any(part in path for part in parts):
            return layer
    return "other"


async def calls(ways: Ways, way: Callable[[int], Awaitable[int]]) -> Counter[str]:
    """Returns how many functions of Python each layer calls, in so many decisions."""
    codes: Counter[Any] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            codes[frame.f_code] += 1

    sys.setprofile(count)
    ways.in_thread(partial(sys.setprofile, count))
    decided = await way(PROFILED)
    sys.setprofile(None)
    ways.in_thread(partial(sys.setprofile, None))
    found: Counter[str] = Counter()
    for code, number in codes.items():
        if code.co_filename != __file__:
            found[layer_of(code.co_filename)] += number
    return Counter({layer: number / decided for layer, number in found.items()})  # type: ignore[misc]


async def measured(
    world: World, seconds: float, rounds: int, *, journal: bool
) -> tuple[dict[str, float], dict[str, Counter[str]]]:
    """Returns the least processor time of each way in, and the calls of each."""
    best: dict[str, float] = {}
    counted: dict[str, Counter[str]] = {}
    async with serving(world, journal=journal) as ways:
        for way in ways.named.values():
            await way(CUSTOMERS)
        for _ in range(rounds):
            best["yardstick"] = min(best.get("yardstick", 1e9), yardstick())
            for name, way in ways.named.items():
                best[name] = min(best.get(name, 1e9), await cpu_us(way, seconds))
        for name, way in ways.named.items():
            counted[name] = await calls(ways, way)
    return best, counted


async def profiled(world: World, *, journal: bool, lines: int) -> None:
    """Prints what takes the time of `native, 32 in flight`, as cProfile has it."""
    async with serving(world, journal=journal) as ways:
        way = ways.named["native, 32 in flight"]
        await way(CUSTOMERS)
        profile = cProfile.Profile()
        ways.in_thread(profile.enable)
        await way(5_000)
        ways.in_thread(profile.disable)
        await way(1)
    pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(lines)


def show(best: dict[str, float], counted: dict[str, Counter[str]]) -> None:
    """Prints the table."""
    layers = [*LAYERS, "other"]
    table = Table("a decision", "processor µs", "yardsticks", "Python calls", *layers)
    for name, counts in counted.items():
        table.add_row(
            name, f"{best[name]:,.0f}", f"{best[name] / best['yardstick']:.2f}",
            f"{sum(counts.values()):,.0f}", *(f"{counts[layer]:,.0f}" for layer in layers),
        )  # fmt: skip
    Console(width=160).print(table)


def run(world: World, seconds: float, rounds: int, *, journal: bool, lines: int) -> None:
    """Measures and prints; lines of the log go nowhere."""
    with contextlib.redirect_stderr(_Nowhere()):
        if lines:
            asyncio.run(profiled(world, journal=journal, lines=lines))
            return
        found = asyncio.run(measured(world, seconds, rounds, journal=journal))
    show(*found)
