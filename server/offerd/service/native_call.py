"""One call over the native transport: what comes with it, what answers it, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, NoReturn

import grpc
import grpc.aio
from pygrpc_native import NativeGrpcFront

from offerd.service.dispatch import SomeDoor, SoonDoor
from offerd.service.waiting import Waiting

logger = logging.getLogger(__name__)

Trailing = Sequence[tuple[str, str | bytes]]

CallDetails = tuple[Sequence[tuple[str, str | bytes]], str, float | None]
"""Metadata, who calls, and for how long they wait, in seconds."""


MAXIMUM_METADATA_BYTES: Final = 16 << 10
"""As of grpcio. The front itself takes more, as it refuses with a status that is none of gRPC."""


class Method(NamedTuple):
    """`soon` answers from bytes to bytes what needn't wait, or for a write; None for the rest.

    `some` does so for several of them, side by side.
    """

    answer: Callable[[Any, Any], Coroutine[Any, Any, Any]]
    parse: Callable[[bytes], Any]
    serialize: Callable[[Any], bytes]
    soon: SoonDoor | None
    some: SomeDoor | None


class Status(NamedTuple):
    """How a call ends that isn't answered."""

    code: int
    details: str
    trailing: Trailing


FAILED: Final = Status(grpc.StatusCode.INTERNAL.value[0], "the service failed at this request", ())
"""Of a call that a defect ended."""

_CANCELLED: Final = grpc.StatusCode.CANCELLED.value[0]
_EXHAUSTED: Final = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def too_large(payload: bytes, details: CallDetails, maximum_bytes: int) -> Status | None:
    """Returns how a call ends whose request or metadata is too large, None if neither is."""
    if sum([len(name) + len(value) for name, value in details[0]]) > MAXIMUM_METADATA_BYTES:
        return Status(_EXHAUSTED, "received metadata size exceeds limit", ())
    if len(payload) <= maximum_bytes:
        return None
    # The words of gRPC itself, which clients know it by.
    words = f"SERVER: Received message larger than max ({len(payload)} vs. {maximum_bytes})"
    return Status(_EXHAUSTED, words, ())


class CallContext:
    """What a servicer may ask of its call, as of grpc.aio.ServicerContext."""

    __slots__ = ("_until_s", "status")

    def __init__(self, until_s: float | None) -> None:
        self._until_s = until_s
        self.status: Status | None = None

    def time_remaining(self) -> float | None:
        """Returns how long the caller waits yet, in seconds; None if for as long as it takes."""
        return None if self._until_s is None else max(0.0, self._until_s - time.monotonic())

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Trailing = ()
    ) -> NoReturn:
        """Ends the call with a status."""
        self.status = Status(code.value[0], details, trailing_metadata)
        raise grpc.aio.AbortError


async def run(front: NativeGrpcFront, call: int, method: Method, waiting: Waiting) -> None:
    """Answers a call by its servicer, on the event loop, and ends it whatever happens."""
    context = CallContext(waiting.until_s)
    try:
        answer = await method.answer(method.parse(waiting.payload), context)
        front.respond(call, method.serialize(answer))
    except asyncio.CancelledError:
        front.fail(call, _CANCELLED, "")
        raise
    except Exception:
        # A call's outermost edge: a defect is answered as one, and ends nothing else.
        status = context.status
        if status is None:
            logger.exception("a call has failed")
            status = FAILED
        front.fail(call, status.code, status.details, trailing_metadata=status.trailing)
