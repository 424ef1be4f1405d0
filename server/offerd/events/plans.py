"""Several plans in use at once: each profile is folded by one, and totals are counted for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from offerd.events.caps import (
    REMEMBERED,
    REPEATED,
    Counting,
    CountingsByEvent,
    Likeness,
    likeness,
    without_caps,
)
from offerd.events.fold import FoldPlan
from offerd.model.capping import DECISION_EVENT, CapSubject
from offerd.model.event import Event
from offerd.model.profile import ProfileKey

PlanOf = Callable[[ProfileKey], FoldPlan]
"""Which of the plans folds a profile."""


class Adding(NamedTuple):
    """What an event adds to: counters of all profiles, each once, and the keys of all counters.

    By whichever plan.
    """

    totals: Sequence[Counting]
    keys: frozenset[str]


class Proposing(NamedTuple):
    """What a proposition of an offer at a placement adds to.

    `own` are the counters of its profile by the plan of that, by key, and how many of the newest
    times each keeps. `totals` and `keys` are as of `Adding`.
    """

    own: Mapping[str, int]
    totals: Mapping[str, Counting]
    keys: frozenset[str]


class FoldPlans:
    """The plans of the revisions that answer, and of those that may still be asked.

    `plan_of` says which folds a profile; None is that `active` folds all of them. Counters of
    all profiles count for every plan whichever folds the profile of an event: `totals` has
    them by key, needing as much as any plan does, with those that are retained.
    """

    __slots__ = (
        "_distinct",
        "_others",
        "_plan_of",
        "_proposing",
        "_remembered",
        "_retained",
        "active",
        "totals",
    )

    def __init__(
        self, active: FoldPlan, others: Sequence[FoldPlan] = (), plan_of: PlanOf | None = None
    ) -> None:
        self.active = active
        self._plan_of = plan_of
        self._distinct = tuple({id(plan): plan for plan in (active, *others)}.values())
        self._others = self._distinct if len(self._distinct) > 1 else ()
        self._retained = CountingsByEvent()
        self._remembered: dict[tuple[FoldPlan, Likeness], Adding] = {}
        self._proposing: dict[tuple[FoldPlan, str, str, bool], Proposing | None] = {}
        self.totals: dict[str, Counting] = {}
        for plan in self._distinct:
            for key, counting in plan.countings.totals.items():
                known = self.totals.get(key)
                self.totals[key] = counting if known is None else _needing_both(known, counting)

    def retaining(self, former: Mapping[str, Counting]) -> FoldPlans:
        """Returns these plans, with counters of all profiles that go on counting.

        A counter that comes and goes with revisions would have holes if it counted only while
        it is asked for, and caps would let too much through. What had a window keeps its times.
        """
        plans = FoldPlans(self.active, self._distinct, self._plan_of)
        for key, counting in former.items():
            served = plans.totals.get(key)
            if served is None:
                retained = plans.totals[key] = without_caps(counting)
                plans._retained.add(retained)
            elif counting.windowed and not served.windowed:
                plans.totals[key] = served._replace(windowed=True, kept=counting.kept)
        return plans

    def needing(self, wanted: Mapping[str, Counting]) -> FoldPlans:
        """Returns these plans, with their counters of all profiles as others need them too."""
        plans = self.retaining(self.totals)
        for key, counting in self.totals.items():
            other = wanted.get(key)
            plans.totals[key] = counting if other is None else _needing_both(counting, other)
        return plans

    def of(self, key: ProfileKey) -> FoldPlan:
        """Returns the plan that folds a profile."""
        return self.active if self._plan_of is None else self._plan_of(key)

    def counting(self, counter: str) -> FoldPlan | None:
        """Returns a plan that has a counter, by its key; None if none has it."""
        return next((plan for plan in self._distinct if counter in plan.countings.keys), None)

    def adding(self, plan: FoldPlan, event: Event) -> Adding:
        """Returns what an event of a profile that a plan folds adds to."""
        like = likeness(event)
        if like is None:
            return self._adding(plan, event)
        known = self._remembered.get((plan, like))
        if known is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[plan, like] = self._adding(plan, event)
        return known

    def _adding(self, plan: FoldPlan, event: Event) -> Adding:
        totals = tuple(self.totals_of(event, plan.countings.of(event)))
        found = (one for several in self._distinct for one in several.countings.of(event))
        return Adding(totals, frozenset(one.counter.key for one in (*totals, *found)))

    def proposing(
        self, plan: FoldPlan, offer: str, placement: str, *, repeated: bool
    ) -> Proposing | None:
        """Returns what a proposition made to a profile that a plan folds adds to.

        None if it does more than that: aggregates take it in.
        """
        asked = plan, offer, placement, repeated
        try:
            return self._proposing[asked]
        except KeyError:
            found = self._proposing_of(plan, offer, placement, repeated=repeated)
        if len(self._proposing) >= REMEMBERED:
            self._proposing.clear()
        self._proposing[asked] = found
        return found

    def _proposing_of(
        self, plan: FoldPlan, offer: str, placement: str, *, repeated: bool
    ) -> Proposing | None:
        if plan.aggregates_take(DECISION_EVENT):
            return None
        properties = {REPEATED: True} if repeated else {}
        event = Event("", DECISION_EVENT, 0, properties, offer, None, placement)
        adding = self.adding(plan, event)
        own = {
            one.counter.key: one.kept
            for one in plan.countings.of(event)
            if one.counter.subject is CapSubject.PROFILE
        }
        return Proposing(own, {one.counter.key: one for one in adding.totals}, adding.keys)

    def totals_of(self, event: Event, own: Sequence[Counting]) -> Iterator[Counting]:
        """Yields the counters of all profiles that an event adds to, each once.

        `own` are the counters that it adds to by the plan of its profile.
        """
        seen: set[str] = set()
        for counting in own:
            if counting.counter.subject is CapSubject.TOTAL:
                seen.add(counting.counter.key)
                yield self.totals[counting.counter.key]
        for plan in self._others:
            for counting in plan.countings.of(event):
                key = counting.counter.key
                if counting.counter.subject is CapSubject.TOTAL and key not in seen:
                    seen.add(key)
                    yield self.totals[key]
        for counting in self._retained.of(event):
            yield self.totals[counting.counter.key]


def _needing_both(one: Counting, other: Counting) -> Counting:
    return one._replace(kept=max(one.kept, other.kept), windowed=one.windowed or other.windowed)
