"""One stream of requests to decide: what is decided gathers to be answered."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

from offerd.admission import admit_text
from offerd.errors import InvalidArgument, Reason
from offerd.service.begun import Begun, Ended
from offerd.service.serialized import Answer, Serialized
from offerd.service.slices import Deciding, Slices
from offerd.service.translate.results import in_stream
from offerd.v1 import decision_service_pb2 as pb

MAXIMUM_AT_ONCE: Final = 100
"""Requests in one message of a stream, and answers in one."""
OUTSTANDING: Final = 1_000
"""Requests of one stream that aren't answered yet; more aren't read until some are."""
_LONGEST_ID: Final = 128
_ANSWER_BYTES: Final = 1 << 20
"""A message of a stream holds no further answer once it has so many."""
_GATHER_S: Final = 0.005
"""What is decided waits no longer than this for others of the same message."""


class DecideStream:
    """One stream: a task reads and begins to decide, what is decided gathers to be answered."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding
        self._slices = Slices(deciding)
        self._outstanding = 0
        self._waiting: set[asyncio.Task[Answer]] = set()
        self._results: deque[bytes] = deque()
        self._told_s = 0.0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    async def answers(
        self, messages: AsyncIterator[pb.DecideStreamRequest]
    ) -> AsyncIterator[Serialized]:
        """Yields answers as they are decided, and raises what reading the messages raised."""
        reading = asyncio.create_task(self._read(messages))
        try:
            while not (self._ended and not self._outstanding):
                await self._news.wait()
                self._news.clear()
                while self._results:
                    yield self._answer()
            if self._error is not None:
                raise self._error
        finally:
            reading.cancel()
            for one in self._waiting:
                one.cancel()
            await asyncio.gather(reading, *self._waiting, return_exceptions=True)

    def _answer(self) -> Serialized:
        parts: list[bytes] = []
        size_bytes = 0
        while self._results and len(parts) < MAXIMUM_AT_ONCE and size_bytes < _ANSWER_BYTES:
            parts.append(self._results.popleft())
            size_bytes += len(parts[-1])
        self._outstanding -= len(parts)
        self._room.set()
        return Serialized(pb.DecideStreamResponse, b"".join(parts))

    async def _read(self, messages: AsyncIterator[pb.DecideStreamRequest]) -> None:
        try:
            async for message in messages:
                count = len(message.requests)
                if not 1 <= count <= MAXIMUM_AT_ONCE:
                    raise wrong_count(count, MAXIMUM_AT_ONCE)
                self._told_s = time.perf_counter()
                await self._decide(await self._named(message.requests))
                self._tell()
                # The answers have their turn before the next message.
                await asyncio.sleep(0)
        except Exception as error:
            self._error = error
        self._ended = True
        self._tell()

    async def _named(
        self, requests: Sequence[pb.StreamedRequest]
    ) -> list[tuple[str, pb.DecideRequest]]:
        """Returns what is asked by its names; answers what has no right name, or asks nothing."""
        named: list[tuple[str, pb.DecideRequest]] = []
        for one in requests:
            name = one.id
            try:
                admit_text(name, "id", _LONGEST_ID, required=True)
                if not one.HasField("request"):
                    raise InvalidArgument(
                        Reason.MISSING_FIELD, "`request` is missing", field="request"
                    )
            except InvalidArgument as error:
                await self._has_room()
                self._outstanding += 1
                self._decided(name[:_LONGEST_ID], Ended(None, error))
            else:
                named.append((name, one.request))
        return named

    async def _decide(self, named: Sequence[tuple[str, pb.DecideRequest]]) -> None:
        """Decides requests, or begins to."""
        requests = [request for _, request in named]
        place = 0
        while place < len(named):
            await self._has_room()
            until = place + OUTSTANDING - self._outstanding
            found = self._slices.next(requests[place:until])
            self._outstanding += len(found)
            for one in found:
                name, request = named[place]
                place += 1
                if one is None:
                    self._begin(name, request)
                    await self._rest()
                else:
                    self._results.append(in_stream(name, one))
            await self._rest()

    async def _rest(self) -> None:
        """Has what is decided answered and lets others have their turn, each if it is time."""
        if time.perf_counter() - self._told_s >= _GATHER_S:
            self._tell()
        await self._slices.rest()

    async def _has_room(self) -> None:
        while self._outstanding >= OUTSTANDING:
            self._tell()
            self._room.clear()
            await self._room.wait()

    def _begin(self, name: str, request: pb.DecideRequest) -> None:
        begun = self._deciding.begin(request)
        if isinstance(begun, asyncio.Task):
            self._waiting.add(begun)
            begun.add_done_callback(lambda task: self._done(name, task))
        else:
            self._results.append(in_stream(name, begun))

    def _done(self, name: str, task: asyncio.Task[Answer]) -> None:
        self._waiting.discard(task)
        if not task.cancelled():
            self._decided(name, task)
            self._tell()

    def _decided(self, name: str, decided: Begun[Answer]) -> None:
        self._results.append(in_stream(name, self._deciding.result(decided)))

    def _tell(self) -> None:
        """Has what is decided answered."""
        self._told_s = time.perf_counter()
        self._news.set()


def wrong_count(count: int, most: int) -> InvalidArgument:
    """Returns the refusal of so many requests where 1 to `most` are expected."""
    return InvalidArgument(
        Reason.TOO_LARGE if count else Reason.MISSING_FIELD,
        f"{count or 'no'} requests, 1 to {most} expected",
        field="requests",
    )
