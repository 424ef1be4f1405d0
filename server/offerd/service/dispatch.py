"""Where every call passes, whichever door it came through.

A call is answered, its mistakes are told from the service's own, and one line is logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import structlog
from google.protobuf.message import Message

from offerd.errors import Code, InvalidArgument, NotFound, Reason, RequestError, Unavailable
from offerd.service.streams import Ending, admitted

Handler = Callable[[Any], Awaitable[Message]]
"""Answers one rpc: from its request message to its response message."""

StreamHandler = Callable[[Any], AsyncIterator[Message]]
"""Answers one rpc with a stream: from its request message, or the stream of them."""

Requests = Message | InvalidArgument | AsyncIterator[Message | InvalidArgument]
"""What a stream is asked with: one message or a stream; a refusal stands for one unreadable."""

_LONGEST_ID = 128
_OWN_FAULTS = (Code.INTERNAL,)


class Dispatcher:
    """Answers rpcs by their full name (`/offerd.v1.DecisionService/Decide`)."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        log: structlog.typing.FilteringBoundLogger,
        streams: Mapping[str, StreamHandler] | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._streams = dict(streams or {})
        self._ending = Ending()
        self._log = log
        self._in_flight = 0
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

    async def call(self, method: str, request: Message | InvalidArgument, door: str) -> Message:
        """Returns the answer of an rpc; raises RequestError and nothing else.

        A door that couldn't read the request passes the refusal in its stead. `door` is the
        name that the log gives to where the call came from.
        """
        with self._accounted(method, request, door):
            if isinstance(request, InvalidArgument):
                raise request
            handler = self._handlers.get(method)
            if handler is None:
                raise NotFound(Reason.NO_SUCH_METHOD, f"no method `{method}`")
            return await handler(request)

    async def stream(self, method: str, requests: Requests, door: str) -> AsyncGenerator[Message]:
        """Yields the answers of an rpc that streams; raises RequestError and nothing else.

        Its line is logged when it ends.
        """
        with self._accounted(method, None, door):
            handler = self._streams.get(method)
            if handler is None:
                raise NotFound(Reason.NO_SUCH_METHOD, f"no method `{method}`")
            answers = self._ending.interrupting(handler(admitted(requests)))
            async with contextlib.aclosing(answers):
                async for answer in answers:
                    yield answer

    @contextlib.contextmanager
    def _accounted(self, method: str, request: object, door: str) -> Iterator[None]:
        """Counts a call as in flight, tells its mistakes from the service's own, and logs it."""
        started = time.perf_counter_ns()
        refused: RequestError | None = None
        code = "OK"
        self._come += 1
        self._in_flight += 1
        try:
            if self._draining:
                raise Unavailable(Reason.NOT_SERVING, "the service is stopping")
            yield
        except RequestError as error:
            refused = error
            raise
        except (asyncio.CancelledError, GeneratorExit):
            # The caller went away or its deadline has passed: nobody gets an answer.
            code = "CANCELLED"
            raise
        except Exception as error:
            refused = RequestError(
                Reason.INTERNAL, "the service failed at this request; its log has the details"
            )
            self._log.exception("failed", method=method, door=door)
            raise refused from error
        finally:
            self._in_flight -= 1
            line: dict[str, object] = {
                "method": method.rpartition("/")[2],
                "door": door,
                "code": refused.code.name if refused else code,
                "duration_us": (time.perf_counter_ns() - started) // 1_000,
            }
            self._log_line(line, request, refused)

    def _log_line(
        self, line: dict[str, object], request: object, refused: RequestError | None
    ) -> None:
        request_id = getattr(request, "request_id", "")
        # A refused one may be anything, of any length; it has no place in a log.
        if request_id and len(request_id) <= _LONGEST_ID and request_id.isprintable():
            line["request_id"] = request_id
        if refused is not None:
            line["reason"] = refused.reason.value
            line["field"] = refused.field
            line["error"] = refused.message
        level = self._log.error if refused and refused.code in _OWN_FAULTS else self._log.info
        level("request", **line)
