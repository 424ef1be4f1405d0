"""Streams of an rpc: requests that couldn't be read, and ending when the service stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from google.protobuf.message import Message

from offerd.errors import InvalidArgument, Reason, Unavailable
from offerd.service.serialized import Answer


def admitted(requests: Any) -> Any:
    """Returns what a handler is asked with: a message, or an iterator of messages.

    One that couldn't be read is raised as the refusal that stands for it, at once or where it
    is reached.
    """
    if isinstance(requests, InvalidArgument):
        raise requests
    if isinstance(requests, Message):
        return requests
    return _each(requests)


async def _each(requests: AsyncIterator[Message | InvalidArgument]) -> AsyncIterator[Message]:
    async for request in requests:
        if isinstance(request, InvalidArgument):
            raise request
        yield request


class Ending:
    """The end of all streams, which may be waiting for something that never comes."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """Ends all streams, those to come too."""
        self._begun.set()

    async def interrupting(self, answers: AsyncIterator[Answer]) -> AsyncGenerator[Answer]:
        """Yields answers; raises Unavailable instead of waiting for the next after the end."""
        ending = asyncio.ensure_future(self._begun.wait())
        waiting: asyncio.Future[Answer] | None = None
        try:
            while True:
                waiting = asyncio.ensure_future(anext(answers))
                await asyncio.wait((waiting, ending), return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    raise Unavailable(Reason.NOT_SERVING, "the service is stopping")
                try:
                    answer = waiting.result()
                except StopAsyncIteration:
                    return
                yield answer
        finally:
            ending.cancel()
            if waiting is not None and not waiting.done():
                waiting.cancel()
                await asyncio.wait((waiting,))
            close = getattr(answers, "aclose", None)
            if close is not None:
                await close()
