"""Answers that go out together: those of a turn of the event loop, once all are made.

An answer that goes out by itself wakes whoever it is for, or a proxy before many callers, who
sleeps again before the next one comes. To be woken once for all that is ready costs both sides
less. Whoever asks alone is answered at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

logger = logging.getLogger("offerd_gateway")

LONGEST_S: Final = 0.002
"""An answer waits no longer for others, but for the one that is being made then."""


class Connection(Protocol):
    """What an answer goes out on."""

    def send(self) -> None:
        """Sends what is kept to be sent, if anything is."""
        ...


class Sending:
    """When answers go out. For the connections of one event loop."""

    def __init__(self) -> None:
        self.before_end: Callable[[], None] | None = None
        """What makes further answers at the end of a turn, if anything does."""
        self._waiting: list[Connection] = []
        self._has_begun = False
        # Whether the last turn had several answers, so that this one is likely to.
        self._had_several = False
        self._count = 0
        self._since_s = 0.0

    @property
    def has_several(self) -> bool:
        """Whether this turn is likely to have several answers."""
        return self._had_several or self._count > 0

    def begin_turn(self) -> None:
        """Has the turn end, if it hasn't begun before."""
        if not self._has_begun:
            self._has_begun = True
            asyncio.get_running_loop().call_soon(self._end_turn)

    def waits(self, connection: Connection) -> bool:
        """Whether an answer is to be kept until the connection is told to `send`."""
        # Not by the clock of the loop, which may stand still for a turn.
        now_s = time.perf_counter()
        self._count += 1
        if self._count == 1:
            self.begin_turn()
            self._since_s = now_s
        elif now_s - self._since_s > LONGEST_S:
            self._send_all()
            self._since_s = now_s
        if self._count == 1 and not self._had_several:
            return False
        self._waiting.append(connection)
        return True

    def _end_turn(self) -> None:
        try:
            if self.before_end is not None:
                self.before_end()
        finally:
            self._has_begun = False
            self._had_several = self._count > 1
            self._count = 0
            self._send_all()

    def _send_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            try:
                connection.send()
            except Exception:  # of one connection, while others wait
                logger.exception("an answer couldn't be sent")
