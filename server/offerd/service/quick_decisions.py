"""Decisions for doors that have the bytes of a request and can't wait, by whichever revision.

What can't be answered so is for `Revisions.decide`, which is the reference. In any thread: one at a
time decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from offerd.service.at_once import Question
from offerd.service.decisions import Decisions
from offerd.service.exclusive import Exclusive
from offerd.service.serialized import AnsweredAtOnce
from offerd.service.serving import Serving
from offerd.service.soon import Soon


class QuickDecisions:
    """Decides what needn't be waited for; `deciding` is held meanwhile."""

    def __init__(self, serving: Callable[[], Serving], deciding: Exclusive) -> None:
        self._serving = serving
        self._deciding = deciding

    def at_once(self, data: bytes) -> AnsweredAtOnce | None:
        """Answers a DecideRequest; None if it has to be asked for otherwise, see `AtOnce`."""
        with self._deciding:
            asked = self._question(data)
            if asked is None or asked[0].at_once.must_wait:
                return None
            decisions, question = asked
            return decisions.at_once.answer(question)

    def soon(self, data: bytes) -> AnsweredAtOnce | Soon | None:
        """As `at_once`, or once a write is durable: see `Prompt`."""
        with self._deciding:
            asked = self._question(data)
            if asked is None:
                return None
            decisions, question = asked
            return decisions.prompt.begin(question)

    def some_at_once(self, several: Sequence[bytes], most_s: float) -> list[AnsweredAtOnce | None]:
        """As `at_once` the first of several requests, side by side, and one at least.

        As many as are decided within `most_s`, and by one revision. If one of them fails nothing
        is journalled: ask for it alone.
        """
        with self._deciding:
            # Not counting how long other threads were deciding.
            until_s = time.perf_counter() + most_s
            decisions, questions = self._questions(several)
            if decisions is None or decisions.at_once.must_wait:
                return [None] * len(questions)
            return decisions.at_once.answer_some(questions, until_s)

    def some_soon(
        self, several: Sequence[bytes], most_s: float
    ) -> list[AnsweredAtOnce | Soon | None]:
        """As `soon` the first of several requests, side by side; likewise, and maybe none.

        Whoever follows the last is to be asked for alone: it may be one that fails.
        """
        with self._deciding:
            until_s = time.perf_counter() + most_s
            decisions, questions = self._questions(several)
            if decisions is None:
                return [None] * len(questions)
            return decisions.prompt.begin_some(questions, until_s)

    def _questions(
        self, several: Sequence[bytes]
    ) -> tuple[Decisions | None, list[Question | None]]:
        """Returns the first of what is asked that one answers; who, None if nobody does any."""
        questions: list[Question | None] = []
        decisions: Decisions | None = None
        for data in several:
            asked = self._question(data)
            if asked is None:
                questions.append(None)
                continue
            if decisions is not None and asked[0] is not decisions:
                break
            decisions, question = asked
            questions.append(question)
        return decisions, questions

    def _question(self, data: bytes) -> tuple[Decisions, Question] | None:
        """Returns what is asked, and who answers; None if the message has to be read."""
        # Once: another revision may come to be served meanwhile.
        serving = self._serving()
        active, canary, _ = serving
        question = active.decisions.at_once.read(data)
        if question is None:
            return None
        if canary is not None:
            subject = question.subject
            if serving.of(None if subject is None else subject.unit) is canary:
                question = canary.decisions.at_once.read(data)
                return None if question is None else (canary.decisions, question)
        return active.decisions, question
