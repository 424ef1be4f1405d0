"""What is answered at once over the native transport."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog

from doors import RPCS
from offerd.service.dispatch import Dispatcher, SoonDoor
from offerd.service.native_server import NativeServer
from offerd.service.servicers import register
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from processes import HOST

DECIDE = RPCS["Decide"].method
TIMEOUT_S = 30


@asynccontextmanager
async def serving(soon: SoonDoor) -> AsyncIterator[tuple[NativeServer, Any]]:
    """Serves Decide by what answers it at once, or soon, and by nothing else; yields its stub."""
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    server = NativeServer(
        f"{HOST}:0",
        {DECIDE: soon},
        maximum_message_bytes=1 << 20,
        maximum_streams=10,
        shared=False,
    )
    register(server, Dispatcher({}, log))
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        yield server, pb_grpc.DecisionServiceStub(channel).Decide
    await server.stop(1.0)


async def test_a_call_that_hangs_is_noticed() -> None:
    """For as long as it hangs; the event loop goes on meanwhile, and may tell."""
    begun, may_end = threading.Event(), threading.Event()

    def hangs(_: bytes) -> bytes:
        begun.set()
        may_end.wait(TIMEOUT_S)
        return pb.DecideResponse().SerializeToString()

    async with serving(hangs) as (server, decide):
        assert not server.is_stuck(0.0)
        call = decide(pb.DecideRequest(), timeout=TIMEOUT_S)
        asking = asyncio.ensure_future(_awaited(call))
        await asyncio.to_thread(begun.wait, TIMEOUT_S)
        assert server.is_stuck(0.0)
        assert not server.is_stuck(TIMEOUT_S)
        may_end.set()
        await asking
        async with asyncio.timeout(TIMEOUT_S):
            while server.is_stuck(0.0):  # noqa: ASYNC110 - it tells of no change
                await asyncio.sleep(0)


async def _awaited(call: Awaitable[object]) -> object:
    return await call


async def test_a_defect_ends_nothing_but_its_own_call(caplog: pytest.LogCaptureFixture) -> None:
    """The caller is told so, the log why, and whoever comes then is answered."""

    def at_once(data: bytes) -> bytes:
        request_id = pb.DecideRequest.FromString(data).request_id
        if request_id == "bad":
            raise OSError("the log is full")
        return pb.DecideResponse(request_id=request_id).SerializeToString()

    async with serving(at_once) as (_, decide):
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await decide(pb.DecideRequest(request_id="bad"), timeout=TIMEOUT_S)
            assert raised.value.code() is grpc.StatusCode.INTERNAL
            answer = await decide(pb.DecideRequest(request_id="good"), timeout=TIMEOUT_S)
            assert answer.request_id == "good"
    assert "the log is full" in caplog.text


async def test_refusals_come_in_time_however_slow_each_answer_is() -> None:
    """Whoever finds no room is told so before the next ones are decided."""
    decided: list[int] = []
    begun = threading.Event()

    def slow(_: bytes) -> bytes:
        begun.set()
        # After the first few may wait, and there is as much time to tell the others so.
        threading.Event().wait(0.005 if decided else 0.5)
        decided.append(0)
        return pb.DecideResponse().SerializeToString()

    async with serving(slow) as (server, _):
        front = server._front = _Counting(server._front, decided)
        reader, writer = await asyncio.open_connection(HOST, server.port)
        writer.write(_PREFACE + _call(1))
        await asyncio.to_thread(begun.wait, TIMEOUT_S)
        writer.writelines(_call(3 + 2 * number) for number in range(1_000))
        async with asyncio.timeout(TIMEOUT_S):
            while len(decided) + front.refused < 1_001:
                await reader.read(1 << 16)
        writer.close()
    assert front.refused > 800
    assert front.decided_before_last < 10


class _Counting:
    """A front that counts whom it refuses, and how many were decided before the last of them."""

    def __init__(self, front: Any, decided: list[int]) -> None:
        self._front = front
        self._decided = decided
        self.refused = 0
        self.decided_before_last = 0

    def fail(self, *arguments: Any, **more: Any) -> bool:
        self.refused += 1
        self.decided_before_last = len(self._decided)
        refused: bool = self._front.fail(*arguments, **more)
        return refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self._front, name)


_DATA, _HEADERS, _SETTINGS = 0, 1, 4


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Returns a frame of HTTP/2."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0, b"")


def _call(stream: int) -> bytes:
    """Returns what asks to decide, with nothing said: so many are sent in no time."""
    headers = {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": DECIDE.encode(),
        b":authority": b"offerd",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
    }
    block = b"".join(
        b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value
        for name, value in headers.items()
    )
    return _frame(_HEADERS, 4, stream, block) + _frame(_DATA, 1, stream, bytes(5))
