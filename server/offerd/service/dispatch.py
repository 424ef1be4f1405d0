"""Where every call passes, whichever door it came through.

A call is answered, its mistakes are told from the service's own, and one line is logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from concurrent.futures import Future
from functools import partial
from typing import Any

import structlog
from google.protobuf.message import Message

from offerd.errors import (
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    Reason,
    Unavailable,
)
from offerd.service.accounted import Accounted, Later
from offerd.service.answer_log import Answered, AnswerLog
from offerd.service.deadline import has_passed
from offerd.service.overload import Turn
from offerd.service.serialized import Answer, AnsweredAtOnce, Serialized, as_message
from offerd.service.slice_size import SLICE_S, SliceSize
from offerd.service.soon import Soon
from offerd.service.streams import Ending, admitted

Handler = Callable[[Any], Awaitable[Answer]]
"""Answers one rpc: from its request message to its response message, or the bytes of that."""

AtOnceHandler = Callable[[bytes], AnsweredAtOnce | None]
"""Answers an rpc without waiting, from the bytes of its request, or gives None: ask the Handler.

Nothing has changed then.
"""

SoonHandler = Callable[[bytes], AnsweredAtOnce | Soon | None]
"""As an AtOnceHandler, but the answer may have to wait for a write."""

SomeHandler = Callable[[Sequence[bytes], float], Sequence[AnsweredAtOnce | Soon | None]]
"""As a SoonHandler the first of several requests, as many as are decided within so many seconds and
before one that fails.

It may be none. Whoever is told nothing is to be asked for alone.
"""

SomeAtOnceHandler = Callable[[Sequence[bytes], float], Sequence[AnsweredAtOnce | None]]
"""As an AtOnceHandler the first of several requests, as many as are decided within so many seconds,
and one at least.

If it raises anything none of them is answered: ask for each alone.
"""

StreamHandler = Callable[[Any], AsyncIterator[Answer]]
"""Answers one rpc with a stream: from its request message, or the stream of them."""

Requests = Message | InvalidArgument | AsyncIterator[Message | InvalidArgument]
"""What a stream is asked with: one message or a stream; a refusal stands for one unreadable."""

Given = bytes | tuple[Later, Future[Any]] | None
"""An answer, or what ends the call once the write is done that it waits for, or None: ask for it
otherwise."""

SoonDoor = Callable[[bytes], Given]
"""Answers from bytes to bytes; raises RequestError and nothing else."""

SomeDoor = Callable[[Sequence[bytes], float], Sequence[Given]]
"""Answers the first of several requests as a SoonDoor does, as a SomeHandler has them."""


class Dispatcher:
    """Answers rpcs by their full name (`/offerd.v1.DecisionService/Decide`)."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        log: structlog.typing.FilteringBoundLogger,
        streams: Mapping[str, StreamHandler] | None = None,
        *,
        at_once: Mapping[str, AtOnceHandler] | None = None,
        soon: Mapping[str, SoonHandler] | None = None,
        some: Mapping[str, SomeHandler] | None = None,
        some_at_once: Mapping[str, SomeAtOnceHandler] | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._at_once = dict(at_once or {})
        self._soon = dict(soon or {})
        self._some = dict(some or {})
        self._some_at_once = dict(some_at_once or {})
        self._streams = dict(streams or {})
        self._ending = Ending()
        self.log = log
        """Where the lines of calls go."""
        bound = log.bind()
        # Not a method of this object, which would then hold itself, and what answers open.
        self.note: Callable[[Answered], None] = (
            bound.answered if isinstance(bound, AnswerLog) else partial(_tell, log)
        )
        """Logs the line of a call that was answered."""
        self._turn = Turn()
        # Calls end in several threads.
        self._in_flight: set[object] = set()
        self._come = 0
        self._draining = False

    async def drain(self, quiet_s: float, at_most_s: float) -> None:
        """Refuses calls from now on, and returns when that has become quiet.

        Quiet is when no call is in flight and none has come for `quiet_s` seconds; waits for
        that no longer than `at_most_s`. Calls that have reached the process but no handler yet
        are told so too, while a server that stops at once would break them off. Streams end
        after the answer that they are at, and are told why.
        """
        self._draining = True
        self._ending.begin()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                come = -1
                while self._in_flight or come != self._come:
                    come = self._come
                    await asyncio.sleep(quiet_s)

    async def call(
        self,
        method: str,
        request: Message | InvalidArgument,
        door: str,
        *,
        queued: bool = False,
    ) -> Message:
        """Returns the answer of an rpc as a message; otherwise as `answer`."""
        return as_message(await self.answer(method, request, door, queued=queued))

    async def answer(
        self,
        method: str,
        request: Message | InvalidArgument,
        door: str,
        *,
        queued: bool = False,
    ) -> Answer:
        """Returns the answer of an rpc; raises RequestError and nothing else.

        A door that couldn't read the request passes the refusal in its stead. `door` is the
        name that the log gives to where the call came from. `queued` says that the call is a task
        of its own, which has waited for its turn of the event loop: of too many in one turn the
        last are refused.
        """
        with Accounted(self, method, request, door):
            if isinstance(request, InvalidArgument):
                raise request
            handler = self._handlers.get(method)
            if handler is None:
                raise NotFound(Reason.NO_SUCH_METHOD, f"no method `{method}`")
            if queued:
                self._turn.admit()
            if has_passed():
                raise DeadlineExceeded(
                    Reason.DEADLINE_EXCEEDED, "the time that the caller gave was over at once"
                )
            at_once = self._at_once.get(method)
            if at_once is not None:
                answered = at_once(request.SerializeToString())
                if answered is not None:
                    return answered.answer
            return await handler(request)

    def doors_at_once(
        self, door: str, *, queued: bool = False
    ) -> dict[str, Callable[[bytes], Serialized | None]]:
        """Returns what answers rpcs by their names without waiting, as `answer` does.

        From the bytes of a request, and None for those that have to be asked for by `answer`.
        Raises RequestError and nothing else.
        """
        return {
            method: partial(
                self._answer_at_once, method, method.rpartition("/")[2], handler, door, queued
            )
            for method, handler in self._at_once.items()
        }

    def _answer_at_once(  # noqa: PLR0917 - what is bound, and then the request
        self,
        method: str,
        name: str,
        handler: AtOnceHandler,
        door: str,
        queued: bool,
        data: bytes,
    ) -> Serialized | None:
        if self._draining:
            return None
        started_ns = time.perf_counter_ns()
        try:
            if queued:
                self._turn.admit()
            answered = handler(data)
        except Exception:  # told as where it is asked for with its message
            with Accounted(self, method, None, door, started_ns):
                raise
        if answered is None:
            if queued:
                self._turn.take_back()  # it is counted where it is asked for with its message
            return None
        self._come += 1
        took_us = (time.perf_counter_ns() - started_ns) // 1_000
        self.note(Answered(name, door, took_us, answered.request_id))
        return answered.answer

    def doors_some_at_once(
        self, door: str, *, queued: bool = False
    ) -> dict[str, Callable[[Sequence[bytes]], Sequence[Serialized | None]]]:
        """As `doors_at_once`, for who has several requests of one rpc: answers the first of them.

        One at least, side by side. If it raises anything none is answered: ask for each alone.
        """
        return {
            method: partial(
                self._answer_some_at_once, method.rpartition("/")[2], handler, door, queued,
                SliceSize(),
            )
            for method, handler in self._some_at_once.items()
        }  # fmt: skip

    def _answer_some_at_once(  # noqa: PLR0917 - what is bound, and then the requests
        self,
        name: str,
        handler: SomeAtOnceHandler,
        door: str,
        queued: bool,
        size: SliceSize,
        several: Sequence[bytes],
    ) -> Sequence[Serialized | None]:
        if self._draining:
            return [None] * len(several)
        started_ns = time.perf_counter_ns()
        some = several[: size.now]
        unanswered = len(some)
        if queued:
            self._turn.admit(unanswered)
        try:
            found = handler(some, SLICE_S)
            unanswered -= len([one for one in found if one is not None])
        finally:
            if queued:
                self._turn.take_back(unanswered)
        size.took(len(found), len(some))
        took_us = (time.perf_counter_ns() - started_ns) // 1_000
        answers: list[Serialized | None] = []
        for one in found:
            if one is None:
                answers.append(None)
                continue
            self._come += 1
            self.note(Answered(name, door, took_us, one.request_id))
            answers.append(one.answer)
        return answers

    def doors_soon(self, door: str) -> dict[str, SoonDoor]:
        """As `doors_at_once`, for who can wait for a write in whatever thread that ends."""
        return {
            method: partial(self._begin_soon, method, method.rpartition("/")[2], handler, door)
            for method, handler in self._soon.items()
        }

    def doors_some(self, door: str) -> dict[str, SomeDoor]:
        """As `doors_soon`, for who has several requests of one rpc."""
        return {
            method: partial(self._begin_some, method, method.rpartition("/")[2], handler, door)
            for method, handler in self._some.items()
        }

    def _begin_soon(
        self, method: str, name: str, handler: SoonHandler, door: str, data: bytes
    ) -> Given:
        if self._draining:
            return None
        started_ns = time.perf_counter_ns()
        try:
            begun = handler(data)
        except Exception:  # told as where it is asked for with its message
            with Accounted(self, method, None, door, started_ns):
                raise
        return self._begun(begun, method, name, door, started_ns)

    def _begin_some(  # noqa: PLR0917 - what is bound, and then the requests
        self,
        method: str,
        name: str,
        handler: SomeHandler,
        door: str,
        several: Sequence[bytes],
        most_s: float,
    ) -> list[Given]:
        if self._draining:
            return []
        started_ns = time.perf_counter_ns()
        return [
            self._begun(one, method, name, door, started_ns) for one in handler(several, most_s)
        ]

    def _begun(
        self,
        begun: AnsweredAtOnce | Soon | None,
        method: str,
        name: str,
        door: str,
        started_ns: int,
    ) -> Given:
        """Counts and logs a call that was answered, or will be."""
        if begun is None:
            return None
        if isinstance(begun, Soon):
            answered, claim, write = begun
            accounted = Accounted(self, method, answered, door, started_ns)
            # Even if the service began to stop meanwhile: room may be taken for it already.
            self._come += 1
            self._in_flight.add(accounted)
            return Later(accounted, claim, answered.answer.data), write
        self._come += 1
        took_us = (time.perf_counter_ns() - started_ns) // 1_000
        self.note(Answered(name, door, took_us, begun.request_id))
        return begun.answer.data

    async def stream(self, method: str, requests: Requests, door: str) -> AsyncGenerator[Answer]:
        """Yields the answers of an rpc that streams; raises RequestError and nothing else.

        Its line is logged when it ends.
        """
        with Accounted(self, method, None, door):
            handler = self._streams.get(method)
            if handler is None:
                raise NotFound(Reason.NO_SUCH_METHOD, f"no method `{method}`")
            answers = self._ending.interrupting(handler(admitted(requests)))
            async with contextlib.aclosing(answers):
                async for answer in answers:
                    yield answer

    def begin(self, call: object) -> None:
        """Counts a call as in flight; raises Unavailable once the service stops."""
        self._come += 1
        if self._draining:
            raise Unavailable(Reason.NOT_SERVING, "the service is stopping")
        self._in_flight.add(call)

    def end(self, call: object) -> None:
        """Counts it as over."""
        self._in_flight.discard(call)


def _tell(log: structlog.typing.FilteringBoundLogger, answered: Answered) -> None:
    log.info("request", **answered.line())
