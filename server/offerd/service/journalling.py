"""Decisions on their way into the journal."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from offerd.bundle import Bundle
from offerd.decision.capping import Counts
from offerd.decision.engine import Answer, decide
from offerd.model.journal import Draft
from offerd.model.profile import ProfileView
from offerd.replay import RecordingCounts
from offerd.service.asked import Asked
from offerd.service.landing import landed
from offerd.store import Journal, JournalMode


class Journalling:
    """Writes down what one bundle decides."""

    def __init__(self, bundle: Bundle, journal: Journal) -> None:
        self._bundle = bundle
        self._journal = journal
        self.is_on = journal.mode is not JournalMode.OFF
        """Whether decisions are written down."""
        self.is_waited_for = journal.mode is JournalMode.BEFORE_ANSWER
        """Whether they are before they are answered."""

    def recording(self, counts: Counts) -> Counts:
        """Returns counts for one decision that remember what they said, if it is journalled."""
        return RecordingCounts(counts) if self.is_on else counts

    def draft(
        self, asked: Asked, stem: str, view: ProfileView, answer: Answer, counts: Counts
    ) -> Draft | None:
        """Returns a decision for the journal, or None if it is off.

        `counts` are those that it was made with, from `recording`.
        """
        if not isinstance(counts, RecordingCounts):
            return None
        propositions = answer.propositions
        with_reasons = self._journal.wants_reasons(stem)
        if with_reasons:
            # Decided once more, so that the answer itself is as if nobody had asked why.
            options = asked.options._replace(explain=True, reasons=True)
            propositions = decide(
                self._bundle.prepared,
                view,
                asked.context,
                asked.now_ns,
                asked.queries,
                options,
                counts=counts,
            ).propositions
        return Draft(
            asked.now_ns,
            stem,
            asked.request_id,
            self._bundle.revision,
            view,
            asked.context,
            asked.options,
            propositions,
            counts.seen,
            counts.lost(self._bundle.catalogue.counters),
            with_reasons,
        )

    def hand_over(
        self, asked: Asked, stem: str, view: ProfileView, answer: Answer, counts: Counts
    ) -> None:
        """Has a decision appended that is answered before; as `draft`."""
        draft = self.draft(asked, stem, view, answer, counts)
        if draft is not None:
            self._journal.hand_over(draft)

    async def append(self, draft: Draft | None) -> None:
        """Has a decision appended that took no room; waits for it if answers are to."""
        written = self.write(draft)
        if written is not None:
            await landed(written)

    def write(self, draft: Draft | None) -> Future[Any] | None:
        """Has it appended; returns what answers have to wait for, None if for nothing."""
        if draft is None:
            return None
        if self.is_waited_for:
            return self._journal.append(draft)
        self._journal.hand_over(draft)
        return None
