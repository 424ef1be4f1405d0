"""What the gateway asks: a service, in this process or behind a channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol, runtime_checkable

import grpc
import grpc.aio
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from offerd_client.status import error_from_call
from offerd_gateway.routes import rpcs

Metadata = Sequence[tuple[str, str]]

READY_TIMEOUT_S = 1.0
HEALTH_METHOD = "/grpc.health.v1.Health/Check"


class Backend(Protocol):
    """A service of offerd.v1 that can be asked."""

    async def call(
        self, method: str, request: Message, *, timeout_s: float | None, metadata: Metadata
    ) -> Message:
        """Answer one rpc.

        `method` is the rpc's full name as gRPC spells it, such as
        `/offerd.v1.DecisionService/Decide`. `timeout_s` is what the caller has left
        to wait, in seconds; None is for as long as it takes; passing it raises
        DeadlineExceeded. `metadata` are pairs of lower-case name and value. Raises
        an `offerd.errors.RequestError` for a request that can't be answered.
        """
        ...

    def stream(
        self, method: str, request: Message, *, timeout_s: float | None, metadata: Metadata
    ) -> AsyncGenerator[Message]:
        """Answer an rpc that streams, message by message; otherwise as `call`.

        Closing it ends the rpc.
        """
        ...

    async def ready(self) -> bool:
        """Whether requests would be answered now; never raises."""
        ...


Pieces = tuple[str, str, int, Sequence[bytes], Sequence[str]]
"""All that is in a DecideResponse: its request's name, the revision, when it was decided, in
nanoseconds, its propositions, and warnings.

Propositions are five pieces at a time, which together are their bytes: what is before the name of
a proposition; its name; its scope and outcome, as fields of it; the field of an item up to its
token; the token. Of one more item the first three are empty, and without any the last two. Most
have come before, as the same objects. Names and tokens are of letters, digits, `-` and `_`.
"""


class Found(Protocol):
    """The answer of an rpc."""

    @property
    def data(self) -> bytes:
        """The bytes of its message."""
        ...

    @property
    def pieces(self) -> Pieces | None:
        """What it is made of, if that is told."""
        ...


@runtime_checkable
class AtOnce(Protocol):
    """What a backend may do besides, if it is in this process."""

    def at_once(self, method: str) -> Callable[[bytes], Found | None] | None:
        """Returns what answers an rpc without waiting, None if nothing does.

        It takes the bytes of a request and gives its answer, or None: then nothing has changed, and
        `call` answers. It raises as `call`.
        """
        ...


@runtime_checkable
class SomeAtOnce(AtOnce, Protocol):
    """What such a backend may do besides, for several requests that are there together."""

    def some_at_once(
        self, method: str
    ) -> Callable[[Sequence[bytes]], Sequence[Found | None]] | None:
        """Returns what answers several requests to an rpc side by side, None if nothing does.

        It answers the first of them as `at_once` does, as many as it likes. If those are none, or
        it raises anything, nothing has changed: ask for them alone.
        """
        ...


class RemoteBackend:
    """A service at the other end of a grpc.aio channel, which stays the caller's to close."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._calls: dict[str, Callable[..., grpc.aio.UnaryUnaryCall[Message, Message]]] = {
            rpc.method: channel.unary_unary(
                rpc.method,
                request_serializer=rpc.request_class.SerializeToString,
                response_deserializer=rpc.response_class.FromString,
            )
            for rpc in rpcs()
            if not rpc.streams
        }
        self._streams: dict[str, Callable[..., grpc.aio.UnaryStreamCall[Message, Message]]] = {
            rpc.method: channel.unary_stream(
                rpc.method,
                request_serializer=rpc.request_class.SerializeToString,
                response_deserializer=rpc.response_class.FromString,
            )
            for rpc in rpcs()
            if rpc.streams
        }
        self._check_health = channel.unary_unary(
            HEALTH_METHOD,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def call(
        self, method: str, request: Message, *, timeout_s: float | None, metadata: Metadata
    ) -> Message:
        """Answer one rpc; see Backend."""
        try:
            return await self._calls[method](
                request, timeout=timeout_s, metadata=tuple(metadata) or None
            )
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error) from error

    async def stream(
        self, method: str, request: Message, *, timeout_s: float | None, metadata: Metadata
    ) -> AsyncGenerator[Message]:
        """Answer an rpc that streams; see Backend."""
        call = self._streams[method](request, timeout=timeout_s, metadata=tuple(metadata) or None)
        try:
            async for answer in call:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error) from error
        finally:
            call.cancel()

    async def ready(self) -> bool:
        """Whether the service's own health check says that it serves."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                answer = await self._check_health(
                    health_pb2.HealthCheckRequest(), timeout=READY_TIMEOUT_S
                )
        except (grpc.aio.AioRpcError, TimeoutError):
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
