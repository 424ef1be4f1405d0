"""The gateway's way to the service in the same process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from google.protobuf.message import Message
from structlog.contextvars import bound_contextvars

from offerd.errors import DeadlineExceeded, Reason
from offerd.service.deadline import waiting
from offerd.service.dispatch import Dispatcher
from offerd.service.serialized import Serialized, as_message

DOOR = "http"
REQUEST_ID = "x-request-id"


class LocalBackend:
    """Calls the dispatcher without a socket in between."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._at_once = dispatcher.doors_at_once(DOOR, queued=True)
        self._some_at_once = dispatcher.doors_some_at_once(DOOR, queued=True)
        self._stopping = False

    def at_once(self, method: str) -> Callable[[bytes], Serialized | None] | None:
        """Returns what answers an rpc without waiting; see offerd_gateway.backend.AtOnce."""
        return self._at_once.get(method)

    def some_at_once(
        self, method: str
    ) -> Callable[[Sequence[bytes]], Sequence[Serialized | None]] | None:
        """Returns what does so for several requests; see offerd_gateway.backend.SomeAtOnce."""
        return self._some_at_once.get(method)

    async def call(
        self,
        method: str,
        request: Message,
        *,
        timeout_s: float | None,
        metadata: Sequence[tuple[str, str]],
    ) -> Message:
        """Returns the answer of an rpc; raises RequestError."""
        try:
            # Not every request message has a place for its name; the log's line has.
            with bound_contextvars(**_named(metadata)), waiting(timeout_s):
                async with asyncio.timeout(timeout_s):
                    return await self._dispatcher.call(method, request, DOOR, queued=True)
        except TimeoutError as error:
            raise DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED, f"not answered within {timeout_s:g} s"
            ) from error

    async def stream(
        self,
        method: str,
        request: Message,
        *,
        timeout_s: float | None,
        metadata: Sequence[tuple[str, str]],
    ) -> AsyncGenerator[Message]:
        """Yields the answers of an rpc that streams; raises RequestError."""
        answers = self._dispatcher.stream(method, request, DOOR)
        now_s = asyncio.get_running_loop().time()
        deadline_s = None if timeout_s is None else now_s + timeout_s
        with bound_contextvars(**_named(metadata)):
            async with contextlib.aclosing(answers):
                while True:
                    try:
                        # Not around the yield: what the caller does meanwhile isn't ours to end.
                        async with asyncio.timeout_at(deadline_s):
                            answer = await anext(answers, None)
                    except TimeoutError as error:
                        raise DeadlineExceeded(
                            Reason.DEADLINE_EXCEEDED, f"not ended within {timeout_s:g} s"
                        ) from error
                    if answer is None:
                        return
                    yield as_message(answer)

    async def ready(self) -> bool:
        """Whether new calls are welcome."""
        return not self._stopping

    def stop(self) -> None:
        """Says from now on that it isn't ready, so that new calls go elsewhere."""
        self._stopping = True


def _named(metadata: Sequence[tuple[str, str]]) -> dict[str, str]:
    request_id = dict(metadata).get(REQUEST_ID)
    return {} if request_id is None else {"request_id": request_id}
