"""Both transports behave alike: whatever a caller can see of one it sees of the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from doors import RPCS
from offerd.errors import ConfigurationError, Exhausted, Reason
from offerd.service.deadline import has_passed
from offerd.service.dispatch import Dispatcher
from offerd.service.grpc_server import MAXIMUM_MESSAGE_BYTES, SERVICES, GrpcServer, Transport
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from processes import HOST

DECIDE = RPCS["Decide"].method
QUESTION = pb.DecideRequest(request_id="q", scopes=[pb.Scope(name="hero")])
ANSWER = pb.DecideResponse(request_id="a")
TIMEOUT_S = 30
Handle = Callable[[Any], Awaitable[Message]]

pytestmark = pytest.mark.parametrize("transport", [Transport.GRPCIO, Transport.NATIVE])


class Served:
    """A server of Decide, and what its dispatcher has logged."""

    def __init__(self, transport: Transport, handle: Handle) -> None:
        self.lines: list[dict[str, object]] = []

        def keep(_log: object, name: str, line: MutableMapping[str, Any]) -> str:
            self.lines.append({"level": name, **line})
            return ""

        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[keep])
        self.dispatcher = Dispatcher({DECIDE: handle}, log)
        self.server = GrpcServer(self.dispatcher, HOST, 0, None, transport=transport)
        self.address = f"{HOST}:{self.server.port}"


@asynccontextmanager
async def serving(
    transport: Transport, handle: Handle, **options: int
) -> AsyncIterator[tuple[Served, grpc.aio.Channel]]:
    """Serves Decide, and opens a channel to it with options of gRPC."""
    served = Served(transport, handle)
    assert served.server.transport is transport
    await served.server.start()
    found = [(f"grpc.{name}", value) for name, value in options.items()]
    async with grpc.aio.insecure_channel(served.address, found) as channel:
        yield served, channel
    await served.server.stop(1.0)


async def answer(_: Any) -> Message:
    """Answers at once."""
    return ANSWER


async def refused(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    """Returns what a call fails with."""
    with pytest.raises(grpc.aio.AioRpcError) as found:
        await call
    return found.value


async def test_answers(transport: Transport) -> None:
    """Many at once, over one connection and over many, each with its own answer."""

    async def echo(request: pb.DecideRequest) -> Message:
        if request.request_id.endswith("7"):
            await asyncio.sleep(0)
        return pb.DecideResponse(request_id=request.request_id)

    async with serving(transport, echo) as (served, channel):
        channels = [channel]
        for number in range(3):
            lone = (("grpc.use_local_subchannel_pool", 1), ("number", number))
            channels.append(grpc.aio.insecure_channel(served.address, lone))
        stubs = [pb_grpc.DecisionServiceStub(one) for one in channels]
        for wave in range(10):  # a thousand at once a slow machine would refuse
            names = [f"n{wave}{number}" for number in range(100)]
            calls = [
                stubs[n % 4].Decide(pb.DecideRequest(request_id=name), timeout=TIMEOUT_S)
                for n, name in enumerate(names)
            ]
            assert [found.request_id for found in await asyncio.gather(*calls)] == names
        for one in channels[1:]:
            await one.close()


async def test_a_refusal_has_all_its_facts(transport: Transport) -> None:
    """Code, words in any script, and ErrorInfo with when to come again."""

    async def refuse(_: Any) -> Message:
        raise Exhausted(
            Reason.OVERLOADED, "hellå — no", field="f", metadata={"retry_after_ms": "1000"}
        )

    async with serving(transport, refuse) as (_, channel):
        error = await refused(pb_grpc.DecisionServiceStub(channel).Decide(QUESTION))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.details() == "hellå — no"
        status = rpc_status.from_call(error)
        assert status is not None
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        assert dict(info.metadata) == {"field": "f", "retry_after_ms": "1000"}


async def test_defects_are_internal(transport: Transport) -> None:
    """What goes wrong in the service is told as that and nothing of it."""

    async def fail(_: Any) -> Message:
        raise ValueError("secret")

    async with serving(transport, fail) as (served, channel):
        error = await refused(pb_grpc.DecisionServiceStub(channel).Decide(QUESTION))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in (error.details() or "")
        assert [line["event"] for line in served.lines] == ["failed", "request"]


async def test_a_deadline_cancels_the_work(transport: Transport) -> None:
    """The handler is told how long its caller waits, and is cancelled when that has passed."""
    begun: asyncio.Queue[bool] = asyncio.Queue()
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def wait(_: Any) -> Message:
        await begun.put(has_passed())
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await ended.put("cancelled")
            raise
        return ANSWER

    async with serving(transport, wait) as (served, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        error = await refused(stub.Decide(QUESTION, timeout=0.3))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert await asyncio.wait_for(ended.get(), TIMEOUT_S) == "cancelled"
        assert await begun.get() is False
        call = stub.Decide(QUESTION)
        assert await begun.get() is False
        call.cancel()
        assert await asyncio.wait_for(ended.get(), TIMEOUT_S) == "cancelled"
        with pytest.raises(asyncio.CancelledError):
            await call
    assert {line["code"] for line in served.lines} <= {"CANCELLED"}


async def test_a_deadline_that_has_passed_is_not_worked_on(transport: Transport) -> None:
    """While the loop was busy the callers have gone: nobody decides for them."""
    decided: list[str] = []
    busy = asyncio.Event()

    async def decide(request: pb.DecideRequest) -> Message:
        decided.append(request.request_id)
        if request.request_id == "first":
            busy.set()
            await asyncio.Event().wait()
        return ANSWER

    async with serving(transport, decide) as (_, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        hurried = [
            stub.Decide(pb.DecideRequest(request_id="late"), timeout=1e-9) for _ in range(20)
        ]
        results = await asyncio.gather(*hurried, return_exceptions=True)
        assert all(isinstance(one, grpc.aio.AioRpcError) for one in results)
        assert await stub.Decide(QUESTION, timeout=TIMEOUT_S) == ANSWER
    assert decided == ["q"]


async def test_messages_have_a_limit(transport: Transport) -> None:
    """One of just the limit is read, a larger one is refused in gRPC's own words."""

    async def size(request: pb.DecideRequest) -> Message:
        return pb.DecideResponse(request_id=str(request.ByteSize()))

    async with serving(transport, size, max_send_message_length=-1) as (_, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        room = MAXIMUM_MESSAGE_BYTES - len(
            pb.DecideRequest(preview_token="x" * 2**22).SerializeToString()
        )
        most = pb.DecideRequest(preview_token="x" * (2**22 + room))
        assert most.ByteSize() == MAXIMUM_MESSAGE_BYTES
        found = await stub.Decide(most, timeout=TIMEOUT_S)
        assert found.request_id == str(MAXIMUM_MESSAGE_BYTES)
        more = pb.DecideRequest(preview_token="x" * (2**22 + room + 1))
        error = await refused(stub.Decide(more, timeout=TIMEOUT_S))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in (error.details() or "")
        assert (await stub.Decide(QUESTION, timeout=TIMEOUT_S)).request_id


async def test_large_answers(transport: Transport) -> None:
    """An answer of many frames comes whole."""

    async def much(_: Any) -> Message:
        return pb.DecideResponse(warnings=["x" * 1_000] * 20_000)

    async with serving(transport, much, max_receive_message_length=-1) as (_, channel):
        found = await pb_grpc.DecisionServiceStub(channel).Decide(QUESTION, timeout=TIMEOUT_S)
        assert len(found.warnings) == 20_000


async def test_compressed_requests(transport: Transport) -> None:
    """What a caller compresses is read; deflate, which hardly anybody uses, by grpcio alone."""

    async def size(request: pb.DecideRequest) -> Message:
        return pb.DecideResponse(request_id=str(request.ByteSize()))

    asked = pb.DecideRequest(preview_token="x" * 100_000)
    async with serving(transport, size) as (_, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        found = await stub.Decide(asked, compression=grpc.Compression.Gzip, timeout=TIMEOUT_S)
        assert found.request_id == str(asked.ByteSize())
        call = stub.Decide(asked, compression=grpc.Compression.Deflate, timeout=TIMEOUT_S)
        if transport is Transport.GRPCIO:
            assert (await call).request_id == str(asked.ByteSize())
        else:
            assert (await refused(call)).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_bomb_stays_small(transport: Transport) -> None:
    """A compressed request is no larger than any other may be, once it isn't compressed."""
    async with serving(transport, answer, max_send_message_length=-1) as (_, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        bomb = pb.DecideRequest(preview_token="x" * (64 << 20))
        error = await refused(
            stub.Decide(bomb, compression=grpc.Compression.Gzip, timeout=TIMEOUT_S)
        )
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_unknown_methods_and_services(transport: Transport) -> None:
    """They are UNIMPLEMENTED."""
    async with serving(transport, answer) as (_, channel):
        for method in ("/offerd.v1.DecisionService/Decode", "/offerd.v9.No/Such", "/x"):
            call = channel.unary_unary(method, request_serializer=bytes)
            error = await refused(call(b"", timeout=TIMEOUT_S))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_malformed_requests(transport: Transport) -> None:
    """Bytes that are no message are refused with a reason."""
    async with serving(transport, answer) as (_, channel):
        call = channel.unary_unary(DECIDE, request_serializer=bytes)
        error = await refused(call(b"\xff\xff", timeout=TIMEOUT_S))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert rpc_status.from_call(error) is not None


async def test_metadata(transport: Transport) -> None:
    """Of any kind in any number is taken up to what gRPC takes; more is refused."""
    async with serving(transport, answer) as (_, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        some = (*((f"x-{n}", "v" * 20) for n in range(50)), ("x-bin", b"\x00\xff"))
        assert await stub.Decide(QUESTION, metadata=some, timeout=TIMEOUT_S) == ANSWER
        error = await refused(
            stub.Decide(QUESTION, metadata=(("x", "v" * 30_000),), timeout=TIMEOUT_S)
        )
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await stub.Decide(QUESTION, timeout=TIMEOUT_S) == ANSWER


async def test_health(transport: Transport) -> None:
    """Asked and watched, by each service, until the end."""
    async with serving(transport, answer) as (served, channel):
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", *SERVICES):
            request = health_pb2.HealthCheckRequest(service=service)
            found = await stub.Check(request, timeout=TIMEOUT_S)
            assert found.status == health_pb2.HealthCheckResponse.SERVING
        watching = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
        stopping = asyncio.create_task(served.server.stop(1.0))
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watching.cancel()
        await stopping


async def test_a_stop_lets_what_is_in_flight_finish(transport: Transport) -> None:
    """Calls in flight are answered, those that come later are told that it stops."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(request: pb.DecideRequest) -> Message:
        begun.set()
        await go_on.wait()
        return ANSWER

    async with serving(transport, wait) as (served, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        call = stub.Decide(QUESTION, timeout=TIMEOUT_S)
        await begun.wait()
        stopping = asyncio.create_task(served.server.stop(20.0))
        while True:
            error = await refused(stub.Decide(QUESTION, timeout=0.2))
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                break
        go_on.set()
        assert await call == ANSWER
        await stopping


async def test_a_grace_ends(transport: Transport) -> None:
    """A call that takes longer than the grace is broken off, and its handler cancelled."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_: Any) -> Message:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ANSWER

    async with serving(transport, wait) as (served, channel):
        stub = pb_grpc.DecisionServiceStub(channel)
        call = stub.Decide(QUESTION, timeout=TIMEOUT_S)
        await begun.wait()
        await served.server.stop(0.05)
        await asyncio.wait_for(cancelled.wait(), TIMEOUT_S)
        error = await refused(call)
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


async def test_a_connection_that_is_cut(transport: Transport) -> None:
    """Calls of a caller that vanishes are cancelled."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_: Any) -> Message:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ANSWER

    async with serving(transport, wait) as (served, _):
        lone = grpc.aio.insecure_channel(served.address, [("grpc.use_local_subchannel_pool", 1)])
        call = pb_grpc.DecisionServiceStub(lone).Decide(QUESTION)
        await begun.wait()
        await lone.close()
        await asyncio.wait_for(cancelled.wait(), TIMEOUT_S)
        with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
            await call


async def test_keepalive(transport: Transport) -> None:
    """A caller that pings now and then stays connected."""
    async with serving(
        transport, answer, keepalive_time_ms=10_000, keepalive_permit_without_calls=1
    ) as (_, channel):
        assert await pb_grpc.DecisionServiceStub(channel).Decide(QUESTION) == ANSWER


async def test_an_address_that_is_taken(transport: Transport) -> None:
    """Two servers don't listen at one place, unless both say so."""
    async with serving(transport, answer) as (served, _):
        with pytest.raises(ConfigurationError, match="can't listen"):
            GrpcServer(served.dispatcher, HOST, served.server.port, None, transport=transport)
