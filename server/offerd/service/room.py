"""Room under caps for what is about to be proposed: taken before it is answered.

An offer whose caps count propositions must not be proposed more often than they allow, however
many requests ask at once. The engine looks at the counts as they are; the store then takes the
room for all that was chosen at once, or for nothing if another request was faster. Then the
engine is asked again, knowing which caps are reached.
"""

from __future__ import annotations

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
from offerd.service.soon import Claim, kept
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

    def ask(
        self, subject: Subject | None, answer: Answer, stem: str, now_ns: int, draft: Draft | None
    ) -> Future[Taken]:
        """Asks the store for what an answer demands; raises Exhausted if it is full or behind."""
        return self._state.take(
            None if subject is None else subject.key, answer.demands, stem, now_ns,
            draft=draft, members=() if subject is None else subject.members,
        )  # fmt: skip

    def claim(self, subject: Subject | None, answer: Answer) -> Claim:
        """Returns that there must be room for what an answer demands."""
        return Claim(_is_granted, partial(self._give_back, subject, answer.demands))

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
        claim = self.claim(subject, answer)
        taken: Taken = await kept(claim, self.ask(subject, answer, stem, now_ns, draft))
        return taken

    def _give_back(self, subject: Subject | None, demands: Sequence[Demand], taken: Taken) -> None:
        try:
            key = None if subject is None else subject.key
            self._state.take_back(key, demands, taken, self._now())
        except (Exhausted, Unavailable):
            return


def _is_granted(taken: Taken) -> bool:
    return taken.granted


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
