"""How one call over the native transport ends, and what a servicer may ask of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple, NoReturn

import grpc
import grpc.aio

Trailing = Sequence[tuple[str, str | bytes]]


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
