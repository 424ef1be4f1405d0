"""What waits for a write over the native transport: answered, refused, asked again, or undone."""

from __future__ import annotations

import asyncio
import threading
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
        self._loop = asyncio.get_running_loop()

    def soon(self, data: bytes) -> Soon:
        """Decides at once, and has something written."""
        request_id = pb.DecideRequest.FromString(data).request_id
        write: Future[str] = Future()
        self.writes[request_id] = write
        self._tell(self.asked, request_id)
        answer = pb.DecideResponse(request_id=request_id, revision="soon").SerializeToString()
        answered = AnsweredAtOnce(Serialized(pb.DecideResponse, answer), request_id)
        claim = Claim(lambda came_to: came_to == "room", lambda _: self._undo(request_id))
        return Soon(answered, claim, write)

    async def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """Decides in full."""
        return pb.DecideResponse(request_id=request.request_id, revision="in full")

    def _undo(self, request_id: str) -> None:
        self._tell(self.undone, request_id)

    def log(
        self, _logger: object, _level: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Keeps the name and the code of a call's line."""
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

    def __init__(self, store: Store, server: NativeServer, decide: Callable[..., Any]) -> None:
        self.store = store
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
        yield Served(store, server, pb_grpc.DecisionServiceStub(channel).Decide)
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
