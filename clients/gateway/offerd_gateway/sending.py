"""Answers that go out together: those of a turn of the event loop, once all are made.

An answer that goes out by itself wakes whoever it is for, or a proxy before many callers, who
sleeps again before the next one comes. To be woken once for all that is ready costs both sides
less. Whoever asks alone is answered at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
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
        self._waiting: list[Connection] = []
        # Whether the last turn had several answers, so that this one is likely to.
        self._had_several = False
        self._count = 0
        self._since_s = 0.0

    def waits(self, connection: Connection) -> bool:
        """Whether an answer is to be kept until the connection is told to `send`."""
        # Not by the clock of the loop, which may stand still for a turn.
        now_s = time.perf_counter()
        self._count += 1
        if self._count == 1:
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._since_s = now_s
        elif now_s - self._since_s > LONGEST_S:
            self._send_all()
            self._since_s = now_s
        if self._count == 1 and not self._had_several:
            return False
        self._waiting.append(connection)
        return True

    def _end_turn(self) -> None:
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
