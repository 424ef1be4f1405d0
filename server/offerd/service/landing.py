"""Waiting on an event loop for writes, which another thread does many of at once.

Waking a loop costs a call of the system. Of writes that become durable together the first one
wakes it, and it then goes on with whoever waits for any of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary, ref

T = TypeVar("T")


async def landed(future: Future[T]) -> T:
    """Returns what a write came to, or raises why it failed, without holding up the loop.

    A write that hasn't begun when whoever waits is cancelled isn't done.
    """
    loop = asyncio.get_running_loop()
    landing = _landings.get(loop)
    if landing is None:
        landing = _landings[loop] = _Landing(loop)
    try:
        return await landing.waiter(loop, future)
    except asyncio.CancelledError:
        future.cancel()
        raise
    finally:
        del future  # its error has this frame, which would hold it, and all who wait, in a cycle


class _Landing:
    """What is done and whose waiters on one loop don't know it yet."""

    __slots__ = ("_done", "_loop", "_woken")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)
        self._done: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._woken = False

    def waiter(self, loop: asyncio.AbstractEventLoop, future: Future[T]) -> asyncio.Future[T]:
        """Returns what is done on the loop once the write is."""
        waiter: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(partial(self._take, waiter))
        return waiter

    def _take(self, waiter: asyncio.Future[Any], future: Future[Any]) -> None:
        """Notes that a write is done, in the thread that did it."""
        self._done.append((waiter, future))
        if self._woken:
            return
        loop = self._loop()
        if loop is not None and not loop.is_closed():
            self._woken = True
            loop.call_soon_threadsafe(self._land)

    def _land(self) -> None:
        # First, so that what is done from now on wakes the loop again.
        self._woken = False
        while self._done:
            waiter, future = self._done.popleft()
            if not waiter.done():
                _tell(waiter, future)


def _tell(waiter: asyncio.Future[Any], future: Future[Any]) -> None:
    if future.cancelled():
        waiter.cancel()
        return
    error = future.exception()
    if error is None:
        waiter.set_result(future.result())
    else:
        waiter.set_exception(error)


_landings: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Landing]] = WeakKeyDictionary()
