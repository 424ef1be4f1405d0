"""BatchDecide and DecideStream: many requests in one call, each decided as Decide would."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Final

from offerd.admission import admit_text
from offerd.errors import DeadlineExceeded, InvalidArgument, Reason, RequestError
from offerd.service.begun import Begun, Ended, begin
from offerd.service.deadline import has_passed
from offerd.service.dispatch import AtOnceHandler
from offerd.service.serialized import Answer, Serialized, length_delimited, serialized
from offerd.v1 import decision_service_pb2 as pb

Decide = Callable[[pb.DecideRequest], Coroutine[Any, Any, Answer]]
"""Decides one request; raises RequestError."""

MAXIMUM_REQUESTS: Final = 500
MAXIMUM_SCOPES: Final = 2_000
MAXIMUM_ANSWER_BYTES: Final = 32 << 20
MAXIMUM_AT_ONCE: Final = 100
"""Requests in one message of a stream, and answers in one."""
OUTSTANDING: Final = 1_000
"""Requests of one stream that aren't answered yet; more aren't read until some are."""
_LONGEST_ID: Final = 128
_ANSWER_BYTES: Final = 1 << 20
"""A message of a stream holds no further answer once it has so many."""
_AT_ONCE_S: Final = 0.002
"""Others have their turn at least so often."""

# The fields of messages that are put together here: number and kind.
_RESPONSE, _ERROR, _RESULTS, _ID, _RESULT = b"\x0a", b"\x12", b"\x0a", b"\x0a", b"\x12"

_UNEXPECTED: Final = RequestError(
    Reason.INTERNAL, "the service failed at this request; its log has the details"
)


class Batches:
    """Answers both rpcs.

    `failed` is told what went wrong that isn't a request's fault. `at_once` answers what needn't
    wait, from the bytes of a request; `decide` is asked for the rest.
    """

    def __init__(
        self,
        decide: Decide,
        failed: Callable[[BaseException], None],
        at_once: AtOnceHandler,
    ) -> None:
        self._decide = decide
        self._failed = failed
        self._at_once = at_once

    async def batch_decide(self, request: pb.BatchDecideRequest) -> Serialized:
        """Decides all requests side by side; raises InvalidArgument for none or too many."""
        _check_size(request.requests)
        results: list[bytes | asyncio.Task[Answer]] = []
        left_bytes = MAXIMUM_ANSWER_BYTES
        try:
            turn_s = time.perf_counter()
            for one in request.requests:
                if has_passed():
                    raise _too_late()
                result = self._begun(one) if left_bytes > 0 else _error(_TOO_MUCH)
                if isinstance(result, bytes):
                    left_bytes -= len(result)
                results.append(result)
                if time.perf_counter() - turn_s > _AT_ONCE_S:
                    await asyncio.sleep(0)
                    turn_s = time.perf_counter()
            waiting = [one for one in results if isinstance(one, asyncio.Task)]
            if waiting:
                await asyncio.wait(waiting)
        finally:
            await _given_up(results)
        answers = (one if isinstance(one, bytes) else self._result(one) for one in results)
        return Serialized(
            pb.BatchDecideResponse,
            b"".join(length_delimited(_RESULTS, answer) for answer in answers),
        )

    def _begun(self, request: pb.DecideRequest) -> bytes | asyncio.Task[Answer]:
        """Returns a DecideResult, or what goes on until there is one."""
        begun = self._begin(request)
        return begun if isinstance(begun, asyncio.Task) else self._result(begun)

    def _begin(self, request: pb.DecideRequest) -> Begun[Answer]:
        try:
            answered = self._at_once(request.SerializeToString())
        except Exception as error:  # of one request, whose result tells it
            return Ended(None, error)
        if answered is not None:
            return Ended(answered.answer, None)
        return begin(lambda: self._decide(request))

    def decide_stream(
        self, messages: AsyncIterator[pb.DecideStreamRequest]
    ) -> AsyncIterator[Serialized]:
        """Yields answers to requests as they are decided.

        What can't be read ends the stream with an error once what came before it is answered.
        """
        return _Stream(self._begin, self._result).answers(messages)

    def _result(self, decided: Begun[Answer]) -> bytes:
        """Returns a DecideResult."""
        try:
            return length_delimited(_RESPONSE, serialized(decided.result()))
        except RequestError as error:
            return _error(error)
        except Exception as error:
            self._failed(error)
            return _error(_UNEXPECTED)


class _Stream:
    """One stream: a task reads and begins to decide, what is decided gathers to be answered."""

    def __init__(
        self,
        begin: Callable[[pb.DecideRequest], Begun[Answer]],
        result: Callable[[Begun[Answer]], bytes],
    ) -> None:
        self._begin_one = begin
        self._result = result
        self._outstanding = 0
        self._deciding: set[asyncio.Task[Answer]] = set()
        self._results: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    async def answers(
        self, messages: AsyncIterator[pb.DecideStreamRequest]
    ) -> AsyncIterator[Serialized]:
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
            for one in self._deciding:
                one.cancel()
            await asyncio.gather(reading, *self._deciding, return_exceptions=True)

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
                if not 1 <= len(message.requests) <= MAXIMUM_AT_ONCE:
                    raise _wrong_count(len(message.requests), MAXIMUM_AT_ONCE)
                turn_s = time.perf_counter()
                for one in message.requests:
                    await self._has_room()
                    self._begin(one)
                    if time.perf_counter() - turn_s > _AT_ONCE_S:
                        await asyncio.sleep(0)
                        turn_s = time.perf_counter()
                # The answers have their turn before the next message.
                await asyncio.sleep(0)
        except Exception as error:
            self._error = error
        self._ended = True
        self._news.set()

    async def _has_room(self) -> None:
        while self._outstanding >= OUTSTANDING:
            self._room.clear()
            await self._room.wait()

    def _begin(self, asked: pb.StreamedRequest) -> None:
        self._outstanding += 1
        try:
            named = admit_text(asked.id, "id", _LONGEST_ID, required=True)
            if not asked.HasField("request"):
                raise InvalidArgument(Reason.MISSING_FIELD, "`request` is missing", field="request")
        except InvalidArgument as error:
            self._decided(asked.id[:_LONGEST_ID], Ended(None, error))
            return
        decided = self._begin_one(asked.request)
        if isinstance(decided, asyncio.Task):
            self._deciding.add(decided)
            decided.add_done_callback(lambda task: self._done(named, task))
        else:
            self._decided(named, decided)

    def _done(self, named: str, task: asyncio.Task[Answer]) -> None:
        self._deciding.discard(task)
        if not task.cancelled():
            self._decided(named, task)

    def _decided(self, named: str, decided: Begun[Answer]) -> None:
        result = self._result(decided)
        streamed = b"".join(
            (length_delimited(_ID, named.encode()), length_delimited(_RESULT, result))
        )
        self._results.append(length_delimited(_RESULTS, streamed))
        self._news.set()


def _check_size(requests: Sequence[pb.DecideRequest]) -> None:
    if not 1 <= len(requests) <= MAXIMUM_REQUESTS:
        raise _wrong_count(len(requests), MAXIMUM_REQUESTS)
    scopes = sum(len(one.scopes) for one in requests)
    if scopes > MAXIMUM_SCOPES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{scopes:,} scopes in all requests together, at most {MAXIMUM_SCOPES:,} expected",
            field="requests",
        )


def _wrong_count(count: int, most: int) -> InvalidArgument:
    return InvalidArgument(
        Reason.TOO_LARGE if count else Reason.MISSING_FIELD,
        f"{count or 'no'} requests, 1 to {most} expected",
        field="requests",
    )


async def _given_up(results: Sequence[bytes | asyncio.Task[Answer]]) -> None:
    """Cancels what still decides, as nobody waits for it."""
    left = [one for one in results if isinstance(one, asyncio.Task) and not one.done()]
    for one in left:
        one.cancel()
    if left:
        await asyncio.gather(*left, return_exceptions=True)


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded(
        Reason.DEADLINE_EXCEEDED, "not answered within the time that the caller gave"
    )


_TOO_MUCH: Final = InvalidArgument(
    Reason.TOO_LARGE,
    f"the answers before have {MAXIMUM_ANSWER_BYTES >> 20} MiB together: ask for less at once",
)


def _error(error: RequestError) -> bytes:
    message = pb.DecideError(
        code=error.code.number,
        reason=f"ERROR_REASON_{error.reason.value}",
        message=error.message,
        field=error.field,
        metadata=error.metadata,
    )
    return length_delimited(_ERROR, message.SerializeToString())
