"""Answers that are made already, and may be given once a write is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from offerd.service.landing import landed
from offerd.service.serialized import AnsweredAtOnce


class Claim(NamedTuple):
    """What an answer needs of the store.

    `holds` says of what the write came to whether the answer may be given; if not, nothing was
    stored and the request has to be decided otherwise. `undo` is for an answer that nobody gets.
    """

    holds: Callable[[Any], bool]
    undo: Callable[[Any], None]

    def give_up(self, write: Future[Any]) -> None:
        """Has what was written undone, as far as it was, now or once it is written."""
        if not write.cancel():
            write.add_done_callback(self._undone)

    def _undone(self, done: Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None and self.holds(done.result()):
            self.undo(done.result())


class Soon(NamedTuple):
    """An answer, its claim, and the write that both wait for, which mustn't hold this."""

    answered: AnsweredAtOnce
    claim: Claim
    write: Future[Any]


async def kept(claim: Claim, write: Future[Any]) -> Any:
    """Waits for a write without holding up the loop; returns what it came to.

    If the caller is cancelled meanwhile, it is undone. Raises what the write raises.
    """
    try:
        return await landed(write)
    except asyncio.CancelledError:
        claim.give_up(write)
        raise
    finally:
        del write  # as in `landed`
