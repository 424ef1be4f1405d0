"""Caps by their definition: which events count, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from offerd.model.capping import Cap, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.profile import ProfileView
from unit.decision.random_rules import TOWN

ALWAYS = 1 << 80
BELIEVED_NS = 3_600_000_000_000
"""So long after the last news somebody is believed to be where they were."""


class Caps:
    """The caps of one request, which counts its own propositions."""

    def __init__(
        self,
        catalogue: Catalogue,
        view: ProfileView,
        counts: Any,
        now_ns: int,
        value: Callable[[int, Offer], Any],
    ) -> None:
        self.catalogue, self.view, self.counts = catalogue, view, counts
        self.now_ns, self.value = now_ns, value
        self.proposed: list[tuple[int, str, str]] = []

    def propose(self, number: int, decision: str, placement: str) -> None:
        """Notes that an offer is proposed."""
        self.proposed.append((number, decision, placement))

    def reached(self, number: int, placement: str, decision: str | None) -> bool:
        """Whether a cap of an offer is; without a decision, whether it was before the request."""
        offer = self.catalogue.offers[number]
        for cap in offer.caps:
            if not self._holds(cap, placement):
                continue
            if cap.visit is not None and self._entered_ns(cap) is None:
                event = self.catalogue.counters[cap.counter].event
                if event == "decision" and self.counts.reached(offer.id, cap):
                    return True
                continue
            limit = cap.limit
            if cap.limit_rule is not None:
                value = self.value(cap.limit_rule, offer)
                if not isinstance(value, int):
                    return True
                limit = min(limit, value)
            counter = self.catalogue.counters[cap.counter]
            if decision is not None and self._costs_nothing(counter, number, placement, decision):
                continue
            count = self._before(cap, counter)
            if counter.event == "decision":
                if self.counts.reached(offer.id, cap):
                    return True
                if decision is not None:
                    count += self._in_request(counter)
            if count >= limit:
                return True
        return False

    def demand(self, number: int, decision: str, placement: str) -> tuple[Any, ...]:
        """Returns what room is needed to propose an offer, () if nothing counts that it is."""
        offer, counters = self.catalogue.offers[number], self.catalogue.counters
        if not any(
            c.event == "decision" and (c.offers is None or number in c.offers) for c in counters
        ):
            return ()
        limits = []
        for cap in offer.caps:
            if counters[cap.counter].event == "decision" and self._holds(cap, placement):
                limit = cap.limit
                if cap.limit_rule is not None:
                    value = self.value(cap.limit_rule, offer)
                    limit = min(limit, value) if isinstance(value, int) else 0
                limits.append((counters[cap.counter].key, cap, limit))
        repeated = any((n, d) == (number, decision) for n, d, _ in self.proposed)
        return offer.id, decision, placement, tuple(limits), repeated

    def _costs_nothing(self, counter: Counter, number: int, placement: str, decision: str) -> bool:
        """Whether the same decision has proposed the offer elsewhere and that is all."""
        if counter.event != "decision" or placement in counter.placements:
            return False
        return any((n, d) == (number, decision) for n, d, _ in self.proposed)

    def _before(self, cap: Cap, counter: Counter) -> int:
        proposed = counter.event == "decision"
        if counter.subject.value == "total":
            times = self.counts.totals.get(counter.key, [])
        else:
            times = self.view.counted.get(counter.key, [])
        count = sum((proposed or time <= self.now_ns) and self._within(cap, time) for time in times)
        nobody = counter.subject.value == "profile" and self.view.subject is None
        if proposed and not nobody:
            count += self.counts.reserved[counter.key]
        return count

    def _in_request(self, counter: Counter) -> int:
        if counter.subject.value == "profile" and self.view.subject is None:
            return 0
        mine = [
            (number, decision, placement)
            for number, decision, placement in self.proposed
            if counter.offers is None or number in counter.offers
        ]
        if counter.placements:
            return sum(placement in counter.placements for _, _, placement in mine)
        return len({(number, decision) for number, decision, _ in mine})

    def _holds(self, cap: Cap, placement: str) -> bool:
        """Whether a cap is asked now, at a placement."""
        since = -(10**30) if cap.start_ns is None else cap.start_ns
        until = 10**30 if cap.end_ns is None else cap.end_ns
        return since <= self.now_ns < until and placement in (cap.placements or (placement,))

    def _within(self, cap: Cap, time: int) -> bool:
        if cap.start_ns is not None and time < cap.start_ns:
            return False
        if cap.visit is not None:
            return time >= (self._entered_ns(cap) or 0)
        if cap.within_ns is not None:
            return time > self.now_ns - cap.within_ns
        if cap.calendar is None:
            return True
        return self._window(cap, time) >= self._window(cap, self.now_ns)

    def _entered_ns(self, cap: Cap) -> int | None:
        """Returns when the oldest stay began that is believed to last, at a place that is meant."""
        where = self.view.whereabouts
        wanted = cap.visit.category if cap.visit else ""
        meant = {place.id for place in TOWN if place.category == wanted}
        found = [
            visit.entered_ns
            for visit in (where.visits if where else ())
            if visit.place in meant
            and visit.exited_ns is None
            and visit.entered_ns <= self.now_ns < visit.seen_ns + BELIEVED_NS
        ]
        return min(found, default=None)

    def _window(self, cap: Cap, time: int) -> int:
        """Returns the number of the calendar window that an instant lies in."""
        calendar = cap.calendar
        assert calendar is not None
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time // 1000)
        day = instant.astimezone(ZoneInfo(calendar.time_zone)).date()
        if calendar.unit.value == "month":
            return (day.year * 12 + day.month - 1 - 1970 * 12) // calendar.count
        days = day.toordinal() - datetime(1970, 1, 1).toordinal()
        if calendar.unit.value == "day":
            return days // calendar.count
        # 1970-01-01 was a Thursday; weeks are counted from the first start of a week after it.
        first = (calendar.week_start - 4) % 7
        return (days - first) // (7 * calendar.count)
