"""Calls that wait: for their turn, before anything of them is begun, or for a write."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from offerd.service.overload import Queueing

MOST_WAITING_BYTES: Final = 128 << 20
"""Requests that aren't begun have so many bytes together at most."""


class Waiting(NamedTuple):
    """A call that isn't begun: its method, its request, and until when its caller waits."""

    method: int
    payload: bytes
    until_s: float | None

    @property
    def is_late(self) -> bool:
        """Whether its caller waits no longer, as they have been told."""
        return self.until_s is not None and time.monotonic() >= self.until_s


class Landing:
    """A call whose answer waits for a write, and whether its caller went away meanwhile."""

    __slots__ = ("is_gone", "write")

    def __init__(self, write: Future[Any]) -> None:
        self.write = write
        self.is_gone = False


class Line:
    """Calls that wait, first come, first served, as many as may (see `Queueing`)."""

    __slots__ = ("calls", "queueing")

    def __init__(self) -> None:
        self.calls: OrderedDict[int, Waiting] = OrderedDict()
        self.queueing = Queueing()

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now would wait too long."""
        return len(self.calls) >= self.queueing.limit


class Lines:
    """The calls that wait for the thread that takes them, `front`, and for the event loop, `loop`.

    For that thread, but for `next_of_loop`.
    """

    __slots__ = ("_in_bytes", "_out_bytes", "front", "loop")

    def __init__(self) -> None:
        self.front = Line()
        self.loop = Line()
        # Each is changed by one thread only: what came in, and what the loop took out of that.
        self._in_bytes = 0
        self._out_bytes = 0

    def let_wait(self, line: Line, call: int, waiting: Waiting) -> bool:
        """Lets a call wait, if there is room; tells whether there is."""
        size_bytes = len(waiting.payload)
        if line.is_full or self._in_bytes - self._out_bytes + size_bytes > MOST_WAITING_BYTES:
            return False
        self._in_bytes += size_bytes
        line.calls[call] = waiting
        return True

    def forget(self, call: int) -> bool:
        """Lets a call wait no longer; tells whether it did."""
        for line in (self.front, self.loop):
            gone = line.calls.pop(call, None)
            if gone is not None:
                self._in_bytes -= len(gone.payload)
                return True
        return False

    def next_of_front(self, most: int) -> list[tuple[int, Waiting]]:
        """Takes the first of those that wait in front, and those after it of the same method."""
        calls = self.front.calls
        taken: list[tuple[int, Waiting]] = []
        while calls and len(taken) < most:
            call, waiting = calls.popitem(last=False)
            if taken and waiting.method != taken[0][1].method:
                calls[call] = waiting
                calls.move_to_end(call, last=False)
                break
            self._in_bytes -= len(waiting.payload)
            taken.append((call, waiting))
        return taken

    def put_back(self, taken: Sequence[tuple[int, Waiting]]) -> None:
        """Lets calls wait in front again before all others, in their order."""
        calls = self.front.calls
        for call, waiting in reversed(taken):
            self._in_bytes += len(waiting.payload)
            calls[call] = waiting
            calls.move_to_end(call, last=False)

    def next_of_loop(self) -> tuple[int, Waiting]:
        """Takes the first of those that wait for the loop, in its thread; KeyError if none does."""
        call, waiting = self.loop.calls.popitem(last=False)
        self._out_bytes += len(waiting.payload)
        return call, waiting
