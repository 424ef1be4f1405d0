"""Requests that are decided side by side: those of a turn of the event loop.

What is decided for one request goes faster for the next one right after it, step by step, than
once that has been read and the one before answered. Nobody waits for others to come: what one turn
has read is decided at its end, or as soon as there are enough. Whoever asks alone is answered as
soon as their request is read.
"""

from __future__ import annotations

import logging
from typing import Final, Protocol

from offerd_gateway.at_once import AnswersAtOnce, Asked, Whole
from offerd_gateway.sending import Sending

logger = logging.getLogger("offerd_gateway")

MOST: Final = 16
"""So many wait for one another at most."""


class Asking(Protocol):
    """A connection on which something is asked."""

    def take(self, answer: Whole | None) -> None:
        """Takes the answer; None is that it has to be asked for in the ordinary way."""
        ...

    def fail(self) -> None:
        """Ends the connection: it couldn't take its answer."""
        ...


class Gathering:
    """What is asked and not decided yet. For the connections of one event loop."""

    def __init__(self, answers: AnswersAtOnce, sending: Sending) -> None:
        self._answers = answers
        self.sending = sending
        """When answers go out."""
        self._waiting: dict[Asking, Asked] = {}
        sending.before_end = self._decide

    def takes(self, connection: Asking, asked: Asked) -> bool:
        """Whether a request is decided with others; then the connection is told the answer.

        At the end of this turn at the latest. Until then the connection does nothing else, unless
        it has the answer `now`.
        """
        if not (self.sending.has_several and asked.head.call.may_answer_some):
            return False
        self._waiting[connection] = asked
        if len(self._waiting) >= MOST:
            self._decide()
        else:
            self.sending.begin_turn()
        return True

    def now(self, connection: Asking) -> None:
        """Has a connection take its answer, if it waits for one."""
        asked = self._waiting.pop(connection, None)
        if asked is not None:
            connection.take(self._answers.answer(asked))

    def _decide(self) -> None:
        """Decides all that wait."""
        waiting, self._waiting = self._waiting, {}
        connections, several = list(waiting), list(waiting.values())
        try:
            while several:
                found = self._answers.answer_some(several)
                for connection, answer in zip(connections, found, strict=False):
                    _give(connection, answer)
                del connections[: len(found)], several[: len(found)]
        finally:
            for connection in connections:  # there are none but by a defect
                connection.fail()


def _give(connection: Asking, answer: Whole | None) -> None:
    try:
        connection.take(answer)
    except Exception:  # of one connection, while others wait
        logger.exception("an answer couldn't be taken")
        connection.fail()
