"""Room under caps for what is about to be proposed: taken before it is answered.

An offer whose caps count propositions must not be proposed more often than they allow, however
many requests ask at once. The engine looks at the counts as they are; the store then takes the
room for all that was chosen at once, or for nothing if another request was faster. Then the
engine is asked again, knowing which caps are reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple

from offerd.decision.capping import Counts
from offerd.decision.engine import Answer
from offerd.errors import Exhausted, Unavailable
from offerd.model.capping import Cap, Demand
from offerd.model.identity import Subject
from offerd.model.journal import Draft
from offerd.service.landing import landed
from offerd.service.subjects import MemberCounts
from offerd.store import State, Taken

ROUNDS = 5
"""How often a request is decided anew before offers that count propositions are left out."""


class Decided(NamedTuple):
    """An answer for which room was taken, and what `Room.give_back` needs."""

    answer: Answer
    subject: Subject | None
    taken: Taken | None


class Room:
    """Takes room under caps for propositions. `now` is the clock, in nanoseconds."""

    def __init__(self, state: State, now: Callable[[], int]) -> None:
        self._state = state
        self._now = now

    async def decide(
        self,
        ask: Callable[[Counts], Awaitable[Answer]],
        subject: Subject | None,
        stem: str,
        now_ns: int,
        draft: Callable[[Answer], Draft | None],
    ) -> Decided:
        """Returns an answer for whose demands there was room, which is durably taken.

        `ask` decides with given counts, and reads the profile afresh each time. `stem` begins
        the ids of the propositions: `<stem>-<place of the scope>`. `draft` makes the entry that
        goes into the journal with the room; it isn't asked if no room is taken. Costs nothing but
        one call of `ask` if nothing proposed has caps that count propositions. If the caller is
        cancelled meanwhile, the room is given back. Raises Exhausted if the store is full or
        behind.
        """
        counts = _Counts(MemberCounts(self._state.tallies, subject))
        for rounds in range(ROUNDS + 1):
            counts.leaves_out = rounds == ROUNDS
            answer = await ask(counts)
            if not answer.demands:
                break
            taken = await self._take(subject, answer, stem, now_ns, draft(answer))
            if taken.granted:
                return Decided(answer, subject, taken)
            counts.known.update(
                (reached.demand.offer, reached.limit.cap) for reached in taken.reached
            )
        return Decided(answer, subject, None)

    async def take(
        self, subject: Subject | None, answer: Answer, stem: str, now_ns: int, draft: Draft | None
    ) -> Decided | None:
        """Takes room for what an answer demands; None if another request was faster.

        Otherwise as `decide`.
        """
        taken = await self._take(subject, answer, stem, now_ns, draft)
        return Decided(answer, subject, taken) if taken.granted else None

    def give_back(self, decided: Decided) -> None:
        """Undoes what `decide` took, for an answer that can't be given.

        If the store takes no more, the propositions count although nobody saw them.
        """
        if decided.taken is not None:
            self._give_back(decided.subject, decided.answer.demands, decided.taken)

    async def _take(
        self,
        subject: Subject | None,
        answer: Answer,
        stem: str,
        now_ns: int,
        draft: Draft | None,
    ) -> Taken:
        demands = answer.demands
        future = self._state.take(
            None if subject is None else subject.key, demands, stem, now_ns,
            draft=draft, members=() if subject is None else subject.members,
        )  # fmt: skip
        try:
            return await landed(future)
        except asyncio.CancelledError:
            if not future.cancel():
                future.add_done_callback(partial(self._too_late, subject, demands))
            raise
        finally:
            del future  # as in `landed`

    def _too_late(
        self, subject: Subject | None, demands: Sequence[Demand], done: Future[Taken]
    ) -> None:
        if not done.cancelled() and done.exception() is None and done.result().granted:
            self._give_back(subject, demands, done.result())

    def _give_back(self, subject: Subject | None, demands: Sequence[Demand], taken: Taken) -> None:
        try:
            key = None if subject is None else subject.key
            self._state.take_back(key, demands, taken, self._now())
        except (Exhausted, Unavailable):
            return


class _Counts:
    """Counts as the store has them, and caps that are known to be reached."""

    def __init__(self, counts: Counts) -> None:
        self.total = counts.total
        self.pending = counts.pending
        self.known: set[tuple[str, Cap]] = set()
        self.leaves_out = False

    def reached(self, offer: str, cap: Cap) -> bool:
        """Whether the store refused it; every cap is once there is no time to ask again."""
        return self.leaves_out or (offer, cap) in self.known
