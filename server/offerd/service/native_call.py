"""One call over the native transport: what comes with it, what answers it, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, NoReturn

import grpc
import grpc.aio

from offerd.service.dispatch import SoonDoor

Trailing = Sequence[tuple[str, str | bytes]]

CallDetails = tuple[Sequence[tuple[str, str | bytes]], str, float | None]
"""Metadata, who calls, and for how long they wait, in seconds."""


class Method(NamedTuple):
    """`soon` answers from bytes to bytes what needn't wait, or for a write; None for the rest."""

    answer: Callable[[Any, Any], Coroutine[Any, Any, Any]]
    parse: Callable[[bytes], Any]
    serialize: Callable[[Any], bytes]
    soon: SoonDoor | None


class Status(NamedTuple):
    """How a call ends that isn't answered."""

    code: int
    details: str
    trailing: Trailing


FAILED: Final = Status(grpc.StatusCode.INTERNAL.value[0], "the service failed at this request", ())
"""Of a call that a defect ended."""


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
