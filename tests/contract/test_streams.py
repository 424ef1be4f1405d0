"""Rpcs that stream: refusals in the middle, callers that go away, and a service that stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog
from google.protobuf.message import Message

from offerd.errors import InvalidArgument, Reason
from offerd.service.dispatch import Dispatcher, StreamHandler
from offerd.service.grpc_server import GrpcServer
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import audience_service_pb2_grpc as audiences_grpc
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from processes import HOST
from serving import TRANSPORT

WATCH = "/offerd.v1.AudienceService/WatchAudiences"
COLLECT = "/offerd.v1.EventService/CollectStream"
TIMEOUT_S = 30


class _Served:
    """A server of one stream, and what it has logged."""

    def __init__(self, method: str, handler: StreamHandler) -> None:
        self.lines: list[dict[str, object]] = []

        def keep(_log: object, name: str, line: MutableMapping[str, Any]) -> str:
            self.lines.append({"level": name, **line})
            return ""

        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[keep])
        self.server = GrpcServer(
            Dispatcher({}, log, {method: handler}), HOST, 0, None, transport=TRANSPORT
        )


@asynccontextmanager
async def _serve(
    method: str, handler: StreamHandler
) -> AsyncIterator[tuple[_Served, grpc.aio.Channel]]:
    served = _Served(method, handler)
    await served.server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{served.server.port}") as channel:
        yield served, channel
    await served.server.stop(0.0)


async def _echo(requests: AsyncIterator[Any]) -> AsyncIterator[Message]:
    async for event in requests:
        if event.event_id == "bad":
            raise InvalidArgument(Reason.INVALID_TEXT, "no such thing", field="event_id")
        yield events.EventResult(event_id=event.event_id)


async def test_both_directions_stream() -> None:
    """Each request is answered before the next one is sent."""
    async with _serve(COLLECT, _echo) as (served, channel):
        call = events_grpc.EventServiceStub(channel).CollectStream()
        for number in range(3):
            await call.write(events.Event(event_id=str(number)))
            answer = await asyncio.wait_for(call.read(), TIMEOUT_S)
            assert answer.event_id == str(number)
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
    assert [line["code"] for line in served.lines] == ["OK"]


async def test_a_refusal_ends_a_stream_with_its_reason() -> None:
    """What was answered before stays answered; the error is told as for any rpc."""
    async with _serve(COLLECT, _echo) as (served, channel):
        call = events_grpc.EventServiceStub(channel).CollectStream()
        await call.write(events.Event(event_id="good"))
        assert (await call.read()).event_id == "good"
        await call.write(events.Event(event_id="bad"))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "no such thing"
    assert [line["reason"] for line in served.lines] == ["INVALID_TEXT"]


async def test_bytes_that_are_no_message_are_refused_with_a_reason() -> None:
    """In a stream as in any call."""
    async with _serve(COLLECT, _echo) as (_, channel):
        call = channel.stream_stream(COLLECT)(iter([b"\xff\xff"]))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def _never(ended: Callable[[], None]) -> AsyncIterator[Message]:
    try:
        yield audiences.WatchAudiencesResponse(position="1")
        await asyncio.Event().wait()
    finally:
        ended()


async def test_a_stream_ends_with_the_service() -> None:
    """A watcher that waits for what never comes is told that the service stops."""
    ended = asyncio.Event()
    async with _serve(WATCH, lambda _: _never(ended.set)) as (served, channel):
        call = audiences_grpc.AudienceServiceStub(channel).WatchAudiences(
            audiences.WatchAudiencesRequest()
        )
        assert (await call.read()).position == "1"
        stopping = asyncio.ensure_future(served.server.stop(TIMEOUT_S))
        with pytest.raises(grpc.aio.AioRpcError) as stopped:
            await call.read()
        await stopping
    assert stopped.value.code() is grpc.StatusCode.UNAVAILABLE
    assert ended.is_set()


async def test_a_caller_that_goes_away_ends_the_work() -> None:
    """Nothing goes on waiting for nobody."""
    ended = asyncio.Event()
    async with _serve(WATCH, lambda _: _never(ended.set)) as (served, channel):
        call = audiences_grpc.AudienceServiceStub(channel).WatchAudiences(
            audiences.WatchAudiencesRequest()
        )
        await call.read()
        call.cancel()
        await asyncio.wait_for(ended.wait(), TIMEOUT_S)
    assert [line["code"] for line in served.lines] == ["CANCELLED"]


async def test_a_stream_that_nobody_handles() -> None:
    """Is no such method, not a defect."""
    async with _serve(WATCH, lambda _: _never(lambda: None)) as (_, channel):
        call = events_grpc.EventServiceStub(channel).CollectStream()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
