"""Requests that wait for nothing but the disk: for room under caps, or for the journal.

They are read and decided as those that wait for nothing, see `at_once`, and are answered once what
they take is durable. `Decisions` is the reference, and what to ask where this gives no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from offerd.errors import DeadlineExceeded, Reason
from offerd.service.at_once import AtOnce, Made, Question
from offerd.service.deadline import has_passed
from offerd.service.journalling import Journalling
from offerd.service.naming import Names
from offerd.service.room import Decided, Room
from offerd.service.serialized import AnsweredAtOnce, Serialized
from offerd.service.soon import Claim, Soon, kept


class Prompt:
    """Answers what `at_once` can decide, and what takes room."""

    def __init__(self, at_once: AtOnce, room: Room, journalling: Journalling, names: Names) -> None:
        self._at_once = at_once
        self._room = room
        self._journalling = journalling
        self._names = names

    def begin(self, question: Question) -> AnsweredAtOnce | Soon | None:
        """Decides, and asks for what is to be stored; None if it has to be decided otherwise.

        Raises Exhausted if the store is full or behind; then nothing was stored.
        """
        if not self._at_once.must_wait:
            return self._at_once.answer(question)
        made = self._at_once.made(question)
        return None if made is None else self._asked_for(question, made)

    def begin_some(
        self, questions: Sequence[Question | None], until_s: float
    ) -> list[AnsweredAtOnce | Soon | None]:
        """Decides the first of some questions as `begin` does, as of one instant; None for None.

        As many as are decided before `until_s`, by the clock of `time.perf_counter`, and before
        one that fails, which tells why when it is asked for alone.
        """
        begun: list[AnsweredAtOnce | Soon | None] = []
        try:
            if not self._at_once.must_wait:
                begun += self._at_once.answer_some(questions, until_s)
                return begun
            made = self._at_once.made_some(questions, until_s)
            for question, one in zip(questions, made, strict=False):
                if question is None or one is None:
                    begun.append(None)
                else:
                    begun.append(self._asked_for(question, one))
        except Exception:  # told to its caller, where it is asked for alone
            return begun
        return begun

    def _asked_for(self, question: Question, made: Made) -> AnsweredAtOnce | Soon:
        """Asks for what is to be stored of what was decided."""
        asked, view, counts, answer = made
        stem = self._names.stem(asked.now_ns)
        # First the answer: the thread that writes the journal computes from the same view, and
        # what can't be answered takes nothing.
        answered = AnsweredAtOnce(self._at_once.response(made, stem), question.request_id)
        draft = self._journalling.draft(asked, stem, view, answer, counts)
        if answer.demands:
            subject, now_ns = asked.subject, asked.now_ns
            claim = self._room.claim(subject, answer)
            return Soon(answered, claim, self._room.ask(subject, answer, stem, now_ns, draft))
        written = self._journalling.write(draft)
        return answered if written is None else Soon(answered, _WRITTEN, written)

    async def decide(self, data: bytes) -> Serialized | None:
        """Answers the bytes of a DecideRequest; None if it has to be decided otherwise.

        Then nothing was stored: anything is unusual, or another request was faster.
        """
        if not self._at_once.must_wait:
            return None  # it has been asked before
        question = self._at_once.read(data)
        begun = None if question is None else self.begin(question)
        if not isinstance(begun, Soon):
            return None if begun is None else begun.answer
        answered, claim, write = begun
        try:
            came_to = await kept(claim, write)
        finally:
            del begun, write  # as in `landed`
        if not claim.holds(came_to):
            return None
        if has_passed() and claim is not _WRITTEN:
            claim.undo(came_to)
            raise too_late()
        return answered.answer


_WRITTEN: Final = Claim(lambda _: True, lambda _: None)
"""Of an answer that waits for the journal alone: what is in there was decided, whoever got it."""


def refuse_late(decided: Decided) -> None:
    """Raises DeadlineExceeded if room was taken and the caller waits no longer."""
    if decided.taken is not None and has_passed():
        raise too_late()


def too_late() -> DeadlineExceeded:
    """Returns the refusal of what would be answered when nobody waits for it any more."""
    return DeadlineExceeded(
        Reason.DEADLINE_EXCEEDED, "not answered within the time that the caller gave"
    )
