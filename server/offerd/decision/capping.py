"""Whether a cap of an offer is reached.

For one request make a `Capping`; ask `first_reached` of each candidate, and tell `take` of each
item as soon as it is chosen, so that what follows in the request finds less room:

    capping = Capping(prepared.cap_rules, view, counts, now_ns)  # CapRules(catalogue), built once
    reached = capping.first_reached(offer, query.decision, query.placement, limit_of)
    capping.take(position_of_scope, offer, query.decision, query.placement, limit_of)
    Answer(..., demands=tuple(capping.demands))

`limit_of` gives the value of a limit rule, by its number, for this offer: None if it is unknown
or failed, and then the cap is reached. `demands` are the chosen items whose offers count
propositions made (event `decision`): the service takes room for all of them at once, and if
another request was faster asks again with `Counts.reached` saying so.

An item proposed again by the same decision in the same request, at another placement, counts
once for a counter of any placement. Nobody's requests have no counts of their own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from offerd.decision.simple_caps import Simple, SimpleCaps
from offerd.model.capping import (
    DECISION_EVENT,
    Calendar,
    Cap,
    CapSubject,
    Counter,
    Demand,
    Limit,
)
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.place import PlaceSelector, Whereabouts
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.windows import window_after
from offerd.places.believed import visit_of
from offerd.places.index import Places

LimitOf = Callable[[int], int | None]
"""Number of a limit rule → its value for the offer at hand, None if there is none."""


class Counts(Protocol):
    """What is counted beyond one profile."""

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """Events that a counter of all profiles had after one instant, up to and with another.

        None is open; from the beginning until whenever, all events ever count.
        """

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """Room of a counter that is reserved and not committed: a profile's, or of them all."""

    def reached(self, offer: str, cap: Cap) -> bool:
        """Whether it is known that a cap of an offer is reached, whatever the counts say."""


class Reached(NamedTuple):
    """A cap that is reached: what it counts, and its limit, None if the rule of that failed."""

    cap: Cap
    counted: int
    limit: int | None


class Distance(Enum):
    """How far an offer is from its caps: one is reached, items of the request can reach one, or
    they can't."""

    REACHED = 0
    NEAR = 1
    FAR = 2


_REACHED: Final = Distance.REACHED
_NEAR: Final = Distance.NEAR
_FAR: Final = Distance.FAR
"""Looked up once."""


class Narrow(NamedTuple):
    """A cap that items of the request can reach: with `room` more of what its counter counts."""

    number: int
    counter: Counter
    room: int


_Window = tuple[int, int | None, Calendar | None, int | None, PlaceSelector | None]
"""A counter by number, and over which of its events a cap asks for it."""


class CapRules:
    """The counters of a catalogue, and its places, ready to be asked. Built once.

    `counts_decisions` says whether any counts what is proposed.
    """

    def __init__(self, catalogue: Catalogue, places: Places | None = None) -> None:
        self.counters = catalogue.counters
        self._places = places
        self._location = catalogue.location
        self.counts_decisions = False
        self._of_events = bytearray(len(catalogue.counters))
        always: list[int] = []
        by_offer: dict[int, list[int]] = {}
        for number, counter in enumerate(catalogue.counters):
            if counter.event != DECISION_EVENT:
                self._of_events[number] = counter.subject is CapSubject.PROFILE
                continue
            self.counts_decisions = True
            if counter.where is not None:
                continue
            if counter.offers is None:
                always.append(number)
            for offer in counter.offers or ():
                by_offer.setdefault(offer, []).append(number)
        self._simple = SimpleCaps(catalogue.counters)
        self.answered: dict[Hashable, tuple[Any, Any]] = {}
        """Answers that customers share: see `capped_outright`."""
        self._always = tuple(always)
        self._by_offer = {
            catalogue.offers[offer].id: (*by_offer[offer], *always) for offer in sorted(by_offer)
        }

    def is_settled(self, cap: Cap) -> bool:
        """Whether a cap can't be reached while its counter has counted nothing of the customer."""
        return bool(self._of_events[cap.counter]) and cap.limit_rule is None and cap.limit > 0

    def visit_ns(
        self, whereabouts: Whereabouts | None, selector: PlaceSelector, now_ns: int
    ) -> int | None:
        """Returns when a customer came to a place where they are, None if they are at none."""
        if self._places is None:
            return None
        visit = visit_of(whereabouts, selector, now_ns, self._places, self._location)
        return None if visit is None else visit.entered_ns

    def simple(self, offer: Offer) -> Simple | None:
        """Returns the caps of an offer if all are simple."""
        try:
            return self._simple.known[offer.id]
        except KeyError:
            return self._simple.of(offer, self.proposed(offer.id))

    def proposed(self, offer: str) -> tuple[int, ...]:
        """Returns numbers of the counters that count that an offer is proposed."""
        return self._by_offer.get(offer, self._always)


class Capping:
    """The caps of one request. Each counter is asked once for each window."""

    def __init__(self, rules: CapRules, view: ProfileView, counts: Counts, now_ns: int) -> None:
        self.rules = rules
        self._counters = rules.counters
        self.view = view
        self._counts = counts
        self.now_ns = now_ns
        self._counted: dict[_Window, int] = {}
        self._visits: dict[PlaceSelector, int | None] = {}
        self._taken: dict[int, int] = {}
        self._chosen: set[tuple[str, str]] = set()
        self.demands: list[Demand] = []
        """Items taken of which some counter counts that they are proposed."""

    def begun(self) -> Capping:
        """Returns the same caps, to take items from, with what is counted already."""
        begun = Capping(self.rules, self.view, self._counts, self.now_ns)
        begun._counted = self._counted
        return begun

    def first_reached(
        self, offer: Offer, decision: str, placement: str, limit_of: LimitOf
    ) -> Reached | None:
        """Returns the first cap that keeps an offer from a placement, or None."""
        for cap in offer.caps:
            if not cap.holds(self.now_ns, placement):
                continue
            counter = self._counters[cap.counter]
            if self._is_idle(cap):
                # Unless it is known by now that the customer has come to one of its places.
                if counter.event == DECISION_EVENT and self._counts.reached(offer.id, cap):
                    return Reached(cap, cap.limit, cap.limit)
                continue
            limit = limit_in(cap, limit_of)
            if limit is None:
                return Reached(cap, self._count(cap, counter), None)
            proposed = counter.event == DECISION_EVENT
            repeated = proposed and (decision, offer.id) in self._chosen
            if repeated and not _adds(counter, placement, repeated=True):
                continue  # proposed once more it costs nothing
            count = self._count(cap, counter)
            if proposed and count < limit and self._counts.reached(offer.id, cap):
                count = limit
            if count >= limit:
                return Reached(cap, count, limit)
        return None

    def distance(self, simple: Simple, offer: str, most: int) -> Distance:
        """Returns what `first_reached` and `narrow` say of simple caps, before any item is taken.

        `most` items of the request or fewer can be what a counter counts.
        """
        found = _FAR
        counts, counted, subject = self._counts, self._counted, self.view.subject
        for cap, counter, limit, within_ns, of_all, is_proposed in simple.asked:
            key = cap.counter, within_ns, None, None, None
            count = counted.get(key)
            if count is None:
                count = counted[key] = self._ask_simple(counter, within_ns)
            if count >= limit or (is_proposed and counts.reached(offer, cap)):
                return _REACHED
            if is_proposed and limit - count <= most and (of_all or subject is not None):
                found = _NEAR
        return found

    def demand(self, scope: int, offer: str, decision: str, placement: str, simple: Simple) -> None:
        """As `take`, of an offer that is far from its caps, all of which are simple."""
        if simple.is_counted:
            chosen = decision, offer
            is_repeated = chosen in self._chosen
            self._chosen.add(chosen)
            limits = simple.limits
            self.demands.append(Demand(scope, offer, decision, placement, limits, is_repeated))

    def narrow(
        self, offer: Offer, placement: str, limit_of: LimitOf, most: int
    ) -> tuple[Narrow, ...]:
        """Returns the caps of an offer that `most` items of the request or fewer can reach.

        For an offer of which no cap was reached before the request.
        """
        found: list[Narrow] = []
        for cap in offer.caps:
            counter = self._counters[cap.counter]
            if counter.event != DECISION_EVENT or not cap.holds(self.now_ns, placement):
                continue
            if self._is_idle(cap):
                continue
            if counter.subject is CapSubject.PROFILE and self.view.subject is None:
                continue
            room = (limit_in(cap, limit_of) or 0) - self._before(cap, counter)
            if room <= most:
                found.append(Narrow(cap.counter, counter, room))
        return tuple(found)

    def is_reached(
        self, narrow: Sequence[Narrow], offer: Offer, decision: str, placement: str
    ) -> bool:
        """Returns whether the items taken so far have reached any cap of those of an offer."""
        repeated = (decision, offer.id) in self._chosen
        return any(
            self._taken.get(number, 0) >= room
            and (not repeated or _adds(counter, placement, repeated=True))
            for number, counter, room in narrow
        )

    def take(
        self, scope: int, offer: Offer, decision: str, placement: str, limit_of: LimitOf
    ) -> list[tuple[int, int]]:
        """Notes that an offer is chosen for the scope at a place of the request.

        Not for fallbacks: they are shown whatever caps say, and no counter counts them. Returns
        the numbers of the counters that counted it, with the items that each has counted.
        """
        numbers = self.rules.proposed(offer.id)
        if not numbers:
            return []
        repeated = (decision, offer.id) in self._chosen
        added: list[tuple[int, int]] = []
        for number in numbers:
            if _adds(self._counters[number], placement, repeated=repeated):
                self._taken[number] = self._taken.get(number, 0) + 1
                added.append((number, self._taken[number]))
        limits = tuple(
            Limit(self._counters[cap.counter], cap, limit_in(cap, limit_of) or 0)
            for cap in offer.caps
            if self._counters[cap.counter].event == DECISION_EVENT
            and cap.holds(self.now_ns, placement)
        )
        self._chosen.add((decision, offer.id))
        self.demands.append(Demand(scope, offer.id, decision, placement, limits, repeated))
        return added

    def _is_idle(self, cap: Cap) -> bool:
        """Whether a cap is per visit, and the customer on none."""
        return cap.visit is not None and self._visit_ns(cap) is None

    def _visit_ns(self, cap: Cap) -> int | None:
        """Returns when the visit began that a cap counts, None if it counts none."""
        if cap.visit is None:
            return None
        if cap.visit not in self._visits:
            found = self.rules.visit_ns(self.view.whereabouts, cap.visit, self.now_ns)
            self._visits[cap.visit] = found
        return self._visits[cap.visit]

    def _count(self, cap: Cap, counter: Counter) -> int:
        """Returns what a cap counts now: events, reservations, and items of this request."""
        count = self._before(cap, counter)
        nobodys = counter.subject is CapSubject.PROFILE and self.view.subject is None
        if counter.event == DECISION_EVENT and not nobodys:
            count += self._taken.get(cap.counter, 0)
        return count

    def _before(self, cap: Cap, counter: Counter) -> int:
        """Returns what a cap counts without this request, which is the same all through it."""
        key = cap.counter, cap.within_ns, cap.calendar, cap.start_ns, cap.visit
        known = self._counted.get(key)
        if known is None:
            known = self._counted[key] = self._ask(cap, counter)
        return known

    def _ask_simple(self, counter: Counter, within_ns: int | None) -> int:
        """As `_ask`, of a simple cap."""
        counts, key, now_ns = self._counts, counter.key, self.now_ns
        proposed = counter.event == DECISION_EVENT
        after_ns = None if within_ns is None else now_ns - within_ns
        if counter.subject is CapSubject.TOTAL:
            count = counts.total(key, after_ns, None if proposed else now_ns)
            return count + counts.pending(key, None, now_ns) if proposed else count
        times, subject = self.view.counted.get(key), self.view.subject
        count = count_between(times, after_ns, None if proposed else now_ns) if times else 0
        if proposed and subject is not None:
            count += counts.pending(key, subject, now_ns)
        return count

    def _ask(self, cap: Cap, counter: Counter) -> int:
        proposed = counter.event == DECISION_EVENT
        # Propositions are dated by the service itself, perhaps by a request that came later
        # and was faster. Other events that are dated ahead of now don't count yet.
        until_ns = None if proposed else self.now_ns
        after_ns = window_after(cap, self.now_ns, self._visit_ns(cap))
        subject = None
        if counter.subject is CapSubject.TOTAL:
            count = self._counts.total(counter.key, after_ns, until_ns)
        else:
            subject = self.view.subject
            count = count_between(self.view.counted.get(counter.key, ()), after_ns, until_ns)
            if subject is None:
                return count
        if proposed:
            count += self._counts.pending(counter.key, subject, self.now_ns)
        return count


def limit_in(cap: Cap, limit_of: LimitOf) -> int | None:
    """Returns what a cap allows: at most `cap.limit`, None if its rule has no value."""
    if cap.limit_rule is None:
        return cap.limit
    value = limit_of(cap.limit_rule)
    return None if value is None else min(value, cap.limit)


def count_between(times: Sequence[int], after_ns: int | None, until_ns: int | None) -> int:
    """Returns how many of ascending times lie after one instant, up to and with another."""
    last = len(times) if until_ns is None else bisect_right(times, until_ns)
    return last if after_ns is None else max(0, last - bisect_right(times, after_ns))


def _adds(counter: Counter, placement: str, *, repeated: bool) -> bool:
    """Whether a proposition at a placement adds to a counter of the propositions of its offer."""
    return placement in counter.placements if counter.placements else not repeated
