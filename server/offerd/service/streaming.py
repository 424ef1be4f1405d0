"""EventService.CollectStream: events one by one as they come, many on their way at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from google.protobuf.message import Message

from offerd.service.events import Events
from offerd.v1 import event_service_pb2 as pb

ON_THEIR_WAY: Final = 1_000
"""Events of one stream that aren't answered yet; more aren't read until some are."""

_FIELD: Final = "events[0]."

Answer = asyncio.Task[pb.EventResult]


class EventStream:
    """Stores the events of one stream, and answers them in their order."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._answers: asyncio.Queue[Answer | BaseException | None] = asyncio.Queue(ON_THEIR_WAY)

    async def answers(self, messages: AsyncIterator[Message]) -> AsyncIterator[pb.EventResult]:
        """Yields what became of each event once that is durable.

        A wrong event is refused in its answer and the stream goes on. What can't be read, and a
        store that is full or behind, ends it with an error at its place; what was answered is
        stored.
        """
        reading = asyncio.create_task(self._read(messages))
        try:
            while True:
                found = await self._answers.get()
                if found is None:
                    return
                if isinstance(found, BaseException):
                    raise found
                yield await found
        finally:
            reading.cancel()
            left = [one for one in self._left() if isinstance(one, asyncio.Task)]
            for one in left:
                one.cancel()
            await asyncio.gather(reading, *left, return_exceptions=True)

    async def _read(self, messages: AsyncIterator[Message]) -> None:
        try:
            async for message in messages:
                await self._answers.put(asyncio.create_task(self._stored(message)))
        except Exception as error:
            # Told at its place: what came before it is answered first.
            await self._answers.put(error)
        else:
            await self._answers.put(None)

    async def _stored(self, message: Message) -> pb.EventResult:
        assert isinstance(message, pb.Event)  # noqa: S101 - the door reads nothing else
        (result,) = await self._events.store_now([message])
        if result.HasField("refusal"):
            result.refusal.field = result.refusal.field.removeprefix(_FIELD)
        return result

    def _left(self) -> list[Answer | BaseException | None]:
        found: list[Answer | BaseException | None] = []
        while not self._answers.empty():
            found.append(self._answers.get_nowait())
        return found
