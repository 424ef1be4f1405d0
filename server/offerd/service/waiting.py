"""Calls that wait: for their turn, before anything of them is begun, or for a write."""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future
from typing import Any, NamedTuple

from offerd.service.overload import Queueing


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
