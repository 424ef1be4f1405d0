"""Events over a connection that stays open: each answered in order once it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from identity_service import DEFINITIONS
from offerd.model.profile import ProfileKey
from offerd.v1 import event_service_pb2 as pb
from offerd.v1 import event_service_pb2_grpc as pb_grpc
from offerd.v1.error_pb2 import ErrorReason
from serving import Running, serving

ACCEPTED, DUPLICATE, REFUSED = (
    pb.EVENT_STATUS_ACCEPTED, pb.EVENT_STATUS_DUPLICATE, pb.EVENT_STATUS_REFUSED,
)  # fmt: skip
DEVICE = ProfileKey("ecid", "1")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A service on real sockets."""
    source = tmp_path / "definitions"
    source.mkdir()
    (source / "all.yaml").write_text(DEFINITIONS)
    async with serving(tmp_path, [source]) as found:
        yield found


def event(number: int, **more: object) -> pb.Event:
    """Returns a page view of one device."""
    identity = {"namespace": DEVICE.namespace, "id": DEVICE.id}
    return pb.Event(event_id=f"e{number}", type="page_view", identities=[identity], **more)


async def test_many_events_are_on_their_way_at_once_and_answered_in_order(
    running: Running,
) -> None:
    """Three thousand, one of ten sent twice; what is answered is stored."""
    count = 3_000
    sent = [event(n - n % 10 if n % 10 == 9 else n) for n in range(count)]

    async def events() -> AsyncIterator[pb.Event]:
        for one in sent:
            yield one

    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        stub = pb_grpc.EventServiceStub(channel)
        results = [result async for result in stub.CollectStream(events())]
    assert [result.event_id for result in results] == [one.event_id for one in sent]
    assert sum(result.status == ACCEPTED for result in results) == count * 9 // 10
    assert sum(result.status == DUPLICATE for result in results) == count // 10
    assert running.state.counts().events == count * 9 // 10


async def test_an_answer_comes_before_the_next_event_is_sent(running: Running) -> None:
    """Nothing waits for the stream to end; a wrong event is refused and it goes on."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        stream = pb_grpc.EventServiceStub(channel).CollectStream()
        await stream.write(event(1))
        result = await stream.read()
        assert (result.status, result.HasField("refusal")) == (ACCEPTED, False)
        assert running.state.event("e1") is not None
        wrong = event(2)
        wrong.type = "page_vew"
        await stream.write(wrong)
        result = await stream.read()
        assert (result.status, result.refusal.field) == (REFUSED, "type")
        assert ErrorReason.Name(result.refusal.reason) == "ERROR_REASON_UNKNOWN_EVENT_TYPE"
        await stream.write(event(3))
        assert (await stream.read()).status == ACCEPTED
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF
    assert running.state.counts().events == 2


async def test_a_caller_that_goes_away_leaves_nothing_behind(running: Running) -> None:
    """The stream ends with its caller, in the middle of whatever it is at."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        stub = pb_grpc.EventServiceStub(channel)
        for number in range(20):
            stream = stub.CollectStream()
            for one in range(5):
                await stream.write(event(100 * number + one))
            assert (await stream.read()).status == ACCEPTED
            stream.cancel()
        answer = await stub.Collect(pb.CollectRequest(events=[event(1_000_000)]))
        assert answer.results[0].status == ACCEPTED
    alive = [task for task in asyncio.all_tasks() if "EventStream" in repr(task)]
    assert alive == []


async def test_a_stream_ends_when_the_service_stops(running: Running) -> None:
    """It is told why, and what was answered is stored."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        stream = pb_grpc.EventServiceStub(channel).CollectStream()
        await stream.write(event(1))
        assert (await stream.read()).status == ACCEPTED
        await running.dispatcher.drain(0.01, 0.5)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
