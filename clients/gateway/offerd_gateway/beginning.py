"""When the answer to a stream begins: with its first line, or earlier if that is long in coming."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

FIRST_LINE_S = 1.0
"""How long the first line is waited for, in seconds.

What is refused within it is told with a status of its own; who listens to silence shouldn't have to
wonder for longer whether anybody is there.
"""


class Beginning:
    """Calls `begin` once: when told to, or else after a while."""

    def __init__(self, begin: Callable[[], Awaitable[None]]) -> None:
        self._begin = begin
        self._lock = asyncio.Lock()
        self._timer = asyncio.create_task(self._later())
        self.begun = False

    async def now(self) -> None:
        """Begin, unless it has begun."""
        async with self._lock:
            if not self.begun:
                await self._begin()
                self.begun = True

    async def settle(self) -> bool:
        """Wait for nothing more; return whether it has begun."""
        self._timer.cancel()
        await asyncio.wait((self._timer,))
        return self.begun

    async def _later(self) -> None:
        await asyncio.sleep(FIRST_LINE_S)
        await self.now()
