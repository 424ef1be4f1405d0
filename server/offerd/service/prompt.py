"""Requests that wait for nothing but the disk: for room under caps, or for the journal.

They are read and decided as those that wait for nothing, see `at_once`, and are answered once what
they take is durable. `Decisions` is the reference, and what to ask where this gives no answer.
"""

from __future__ import annotations

from offerd.errors import DeadlineExceeded, Reason
from offerd.service.at_once import STEM_BYTES, AtOnce
from offerd.service.deadline import has_passed
from offerd.service.journalling import Journalling
from offerd.service.naming import Names
from offerd.service.room import Decided, Room
from offerd.service.serialized import Serialized


class Prompt:
    """Answers what `at_once` can decide, and what takes room."""

    def __init__(self, at_once: AtOnce, room: Room, journalling: Journalling, names: Names) -> None:
        self._at_once = at_once
        self._room = room
        self._journalling = journalling
        self._names = names

    async def decide(self, data: bytes) -> Serialized | None:
        """Answers the bytes of a DecideRequest; None if it has to be decided otherwise.

        Then nothing was stored: anything is unusual, or another request was faster.
        """
        if not self._at_once.must_wait:
            return None  # it has been asked before
        question = self._at_once.read(data)
        made = None if question is None else self._at_once.made(question)
        if made is None:
            return None
        asked, view, counts, answer = made
        stem = self._names.hexadecimal(STEM_BYTES)
        draft = self._journalling.draft(asked, stem, view, answer, counts)
        if not answer.demands:
            # First the answer: the thread that writes the journal computes from the same view.
            response = self._at_once.response(made, stem)
            await self._journalling.append(draft)
            return response
        decided = await self._room.take(asked.subject, answer, stem, asked.now_ns, draft)
        if decided is None:
            return None
        try:
            response = self._at_once.response(made, stem)
            refuse_late(decided)
        except BaseException:
            self._room.give_back(decided)
            raise
        return response


def refuse_late(decided: Decided) -> None:
    """Raises DeadlineExceeded if room was taken and the caller waits no longer."""
    if decided.taken is not None and has_passed():
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED, "not answered within the time that the caller gave"
        )
