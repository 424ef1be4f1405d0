"""What waits for a write over the native transport: answered, refused, asked again, or undone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog

from doors import RPCS
from offerd.errors import Exhausted, Reason
from offerd.service.dispatch import Dispatcher
from offerd.service.native_server import NativeServer
from offerd.service.serialized import AnsweredAtOnce, Serialized
from offerd.service.servicers import register
from offerd.service.soon import Claim, Soon
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from processes import HOST

DECIDE = RPCS["Decide"].method
LONG_S = 30.0


class Store:
    """Writes that are done when a test says so, and what became of the answers."""

    def __init__(self) -> None:
        self.writes: dict[str, Future[str]] = {}
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.undone: asyncio.Queue[str] = asyncio.Queue()
        self.lines: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.in_full: list[str] = []
        self.took_us = 0
        self.when_deciding: Callable[[], None] = lambda: None
        self.when_landing: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()

    def soon(self, data: bytes) -> Soon:
        """Decides at once, and has something written."""
        request_id = pb.DecideRequest.FromString(data).request_id
        write: Future[str] = Future()
        self.writes[request_id] = write
        self._tell(self.asked, request_id)
        self.when_deciding()
        answer = pb.DecideResponse(request_id=request_id, revision="soon").SerializeToString()
        answered = AnsweredAtOnce(Serialized(pb.DecideResponse, answer), request_id)
        claim = Claim(self._holds, lambda _: self._undo(request_id))
        return Soon(answered, claim, write)

    async def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """Decides in full."""
        self.in_full.append(request.request_id)
        return pb.DecideResponse(request_id=request.request_id, revision="in full")

    def _holds(self, came_to: str) -> bool:
        self.when_landing()
        return came_to == "room"

    def _undo(self, request_id: str) -> None:
        self._tell(self.undone, request_id)

    def log(
        self, _logger: object, _level: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Keeps the name and the code of a call's line."""
        self.took_us = line.get("duration_us", 0)
        self._tell(self.lines, (line.get("request_id", ""), line.get("code", "")))
        return line

    async def line(self) -> tuple[str, str]:
        """Returns the next of them."""
        return await asyncio.wait_for(self.lines.get(), LONG_S)

    def _tell(self, news: asyncio.Queue[Any], what: object) -> None:
        self._loop.call_soon_threadsafe(news.put_nowait, what)

    def done(self, request_id: str, came_to: str) -> None:
        """Has a write done, in another thread."""
        write = self.writes[request_id]
        threading.Thread(target=write.set_result, args=(came_to,)).start()


class Served:
    """What serves, how to ask it, and the store behind it."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        server: NativeServer,
        decide: Callable[..., Any],
    ) -> None:
        self.store = store
        self.dispatcher = dispatcher
        self.server = server
        self._decide = decide

    async def begun(self, request_id: str) -> asyncio.Task[pb.DecideResponse]:
        """Asks, and returns once the answer waits for its write."""

        async def ask() -> pb.DecideResponse:
            answer: pb.DecideResponse = await self._decide(
                pb.DecideRequest(request_id=request_id), timeout=LONG_S
            )
            return answer

        task = asyncio.create_task(ask())
        assert await asyncio.wait_for(self.store.asked.get(), LONG_S) == request_id
        return task


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    """Serves Decide so that each answer waits for a write."""
    store = Store()
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[store.log])
    dispatcher = Dispatcher({DECIDE: store.decide}, log, soon={DECIDE: store.soon})
    server = NativeServer(
        f"{HOST}:0",
        dispatcher.doors_soon("grpc"),
        maximum_message_bytes=1 << 20,
        maximum_streams=10,
        shared=False,
    )
    register(server, dispatcher)
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        yield Served(store, dispatcher, server, pb_grpc.DecisionServiceStub(channel).Decide)
    await server.stop(1.0)


async def test_each_is_answered_once_its_own_write_is_done() -> None:
    """In whatever order that is; the line of each is logged then."""
    async with serving() as served:
        first = await served.begun("first")
        second = await served.begun("second")
        served.store.done("second", "room")
        assert (await second).revision == "soon"
        assert not first.done()
        assert await served.store.line() == ("second", "OK")
        served.store.done("first", "room")
        assert (await first).request_id == "first"
        assert await served.store.line() == ("first", "OK")
        assert served.store.undone.empty()


async def test_what_another_was_faster_at_is_decided_in_full() -> None:
    """Nothing was stored then, so nothing is undone; it is logged once."""
    async with serving() as served:
        call = await served.begun("late")
        served.store.done("late", "no room")
        assert (await call).revision == "in full"
        assert await served.store.line() == ("late", "OK")
        assert served.store.lines.empty()
        assert served.store.undone.empty()


async def test_a_write_that_is_refused_refuses_the_call() -> None:
    """As the store says it; a defect is told as one, and who asks next is answered."""
    async with serving() as served:
        for error, code in (
            (Exhausted(Reason.STORE_FULL, "no room on the disk"), "RESOURCE_EXHAUSTED"),
            (ZeroDivisionError("out of numbers"), "INTERNAL"),
        ):
            call = await served.begun("refused")
            served.store.writes["refused"].set_exception(error)
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call
            assert raised.value.code() is grpc.StatusCode[code]
            assert "out of numbers" not in (raised.value.details() or "")
        call = await served.begun("next")
        served.store.done("next", "room")
        assert (await call).request_id == "next"


async def test_who_goes_away_before_the_write_begins_has_nothing_written() -> None:
    """The write is cancelled; there is nothing to undo."""
    async with serving() as served:
        call = await served.begun("gone")
        call.cancel()
        assert await served.store.line() == ("gone", "CANCELLED")
        assert served.store.writes["gone"].cancelled()
        assert served.store.undone.empty()


async def test_who_goes_away_while_it_is_written_has_it_undone() -> None:
    """Nobody gets the answer, so what was taken for it is given back."""
    async with serving() as served:
        call = await served.begun("gone")
        assert served.store.writes["gone"].set_running_or_notify_cancel()
        call.cancel()
        other = await served.begun("other")  # which comes after the news that the first is gone
        served.store.done("gone", "room")
        assert await asyncio.wait_for(served.store.undone.get(), LONG_S) == "gone"
        assert await served.store.line() == ("gone", "CANCELLED")
        served.store.done("other", "room")
        await other


async def test_a_stop_waits_for_what_is_written() -> None:
    """Within its grace; the caller is answered."""
    async with serving() as served:
        call = await served.begun("last")
        stopping = asyncio.create_task(served.server.stop(LONG_S))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        served.store.done("last", "room")
        assert (await call).request_id == "last"
        await stopping


async def test_who_goes_away_as_another_was_faster_is_not_decided_for() -> None:
    """It would take room that nobody gives back."""
    async with serving() as served:
        lands, may_go_on = threading.Event(), threading.Event()

        def when_landing() -> None:
            lands.set()
            may_go_on.wait(LONG_S)

        served.store.when_landing = when_landing
        call = await served.begun("gone")
        served.store.done("gone", "no room")
        await asyncio.to_thread(lands.wait, LONG_S)
        call.cancel()
        other = await served.begun("other")  # which comes after the news that the first is gone
        served.store.when_landing = lambda: None
        may_go_on.set()
        served.store.done("other", "no room")
        assert (await other).revision == "in full"
        lines = {await served.store.line() for _ in range(2)}
        assert lines == {("gone", "CANCELLED"), ("other", "OK")}
        assert served.store.in_full == ["other"]


async def test_a_defect_as_a_write_ends_is_told() -> None:
    """Its caller would wait for as long as they may, and so would a stop."""
    async with serving() as served:

        def fails() -> None:
            raise ZeroDivisionError("out of numbers")

        served.store.when_landing = fails
        call = await served.begun("bad")
        served.store.done("bad", "room")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.INTERNAL
        assert "out of numbers" not in (raised.value.details() or "")
        served.store.when_landing = lambda: None
        call = await served.begun("next")
        served.store.done("next", "room")
        assert (await call).request_id == "next"


async def test_nothing_that_ends_within_the_grace_of_a_stop_is_lost() -> None:
    """Whether it is answered as its write ends, or decided in full then."""
    for number in range(24):
        async with serving() as served:
            names = [f"call-{one}" for one in range(8)]
            calls = [await served.begun(name) for name in names]
            stopping = asyncio.create_task(served.server.stop(LONG_S))
            await asyncio.sleep(0.002 * (number % 4))  # how often it looks whether any is left
            for place, name in enumerate(names):
                served.store.done(name, "room" if (number + place) % 3 else "no room")
            assert [(await call).request_id for call in calls] == names
            await stopping


async def test_what_was_being_decided_as_the_service_stops_is_answered() -> None:
    """Room may be taken for it by then."""
    async with serving() as served:
        loop = asyncio.get_running_loop()
        draining: list[asyncio.Task[None]] = []

        async def begins_to_stop() -> None:
            draining.append(asyncio.create_task(served.dispatcher.drain(0.0, LONG_S)))
            await asyncio.sleep(0)

        served.store.when_deciding = lambda: asyncio.run_coroutine_threadsafe(
            begins_to_stop(), loop
        ).result(LONG_S)
        call = await served.begun("last")
        served.store.done("last", "room")
        assert (await call).revision == "soon"
        await draining[0]
        assert served.store.undone.empty()


async def test_what_is_not_written_when_the_grace_is_over_is_not_written() -> None:
    """Nobody would get the answer, and soon nothing could be undone any more."""
    async with serving() as served:
        call = await served.begun("late")
        await served.server.stop(0.0)
        with pytest.raises(grpc.aio.AioRpcError):
            await call
        assert served.store.writes["late"].cancelled()
        assert await served.store.line() == ("late", "CANCELLED")


async def test_the_line_of_a_call_tells_how_long_deciding_took_too() -> None:
    """Not only how long its write has."""
    async with serving() as served:
        took_us: list[int] = []

        def takes_a_while() -> None:
            began_ns = time.perf_counter_ns()
            threading.Event().wait(0.05)
            took_us.append((time.perf_counter_ns() - began_ns) // 1_000)
            served.store.writes["slow"].set_result("room")

        served.store.when_deciding = takes_a_while
        await (await served.begun("slow"))
        await served.store.line()
        assert served.store.took_us >= took_us[0]
