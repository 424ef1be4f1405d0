"""A catalogue whose offers have caps of every kind, and a naive count of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from offerd.events import REPEATED, FoldPlan
from offerd.model.capping import (
    Calendar,
    CalendarUnit,
    Cap,
    CapSubject,
    Counter,
    Demand,
    Limit,
)
from offerd.model.catalogue import Catalogue, Offer, Rule
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema

PROFILE, TOTAL = CapSubject.PROFILE, CapSubject.TOTAL
MINUTE_NS = 60 * 10**9
DAY_NS = 1_440 * MINUTE_NS


class Dear:
    """The event filter `event.amount > 10.0`."""

    def evaluate(self, *roots: dict[str, float]) -> object:
        """Returns whether the event's amount is above ten, None if it has none."""
        amount = roots[0].get("amount")
        return None if amount is None else amount > 10.0


COUNTERS = (
    Counter("total:decision:offer/a", "decision", TOTAL, (0,)),
    Counter("total:decision:cap/shared", "decision", TOTAL, (0, 1)),
    Counter("total:decision:offer/b@web", "decision", TOTAL, (1,), ("web",)),
    Counter("profile:decision:offer/a", "decision", PROFILE, (0,)),
    Counter("profile:decision:offer/b@app", "decision", PROFILE, (1,), ("app",)),
    Counter("total:display:offer/b", "display", TOTAL, (1,)),
    Counter("total:purchase:any", "purchase", TOTAL, None, (), 0),
    Counter("profile:display:cap/shared", "display", PROFILE, (0, 1)),
)
NO_DATA = Schema()
HOURLY = Calendar(CalendarUnit.HOUR, 1, "Asia/Kathmandu")
DAILY = Calendar(CalendarUnit.DAY, 1, "Europe/Stockholm")
CAPS = {
    "a": (
        Cap(0, 40),
        Cap(0, 5, within_ns=20 * MINUTE_NS),
        Cap(1, 9, calendar=HOURLY, id="shared"),
        Cap(3, 3, calendar=DAILY),
        Cap(6, 4, within_ns=10 * MINUTE_NS),
        Cap(7, 4, within_ns=DAY_NS, id="often"),
    ),
    "b": (
        Cap(1, 9, calendar=HOURLY, id="shared"),
        Cap(2, 30, placements=("web",)),
        Cap(2, 3, within_ns=15 * MINUTE_NS, placements=("web",)),
        Cap(4, 2, placements=("app",)),
        Cap(5, 6, calendar=HOURLY),
        Cap(7, 4, within_ns=DAY_NS, id="often"),
    ),
}


def capped_plan(caps: dict[str, tuple[Cap, ...]] = CAPS, schema: Schema = NO_DATA) -> FoldPlan:
    """Returns the plan of two offers with caps."""
    offers = tuple(
        Offer(offer, 1, None, None, None, (), {}, (), found) for offer, found in caps.items()
    )
    filters = (Rule("event.amount > 10.0", b"tree"),)
    catalogue = Catalogue(
        schema, (), filters, (), (), (), offers, (), (), (), (), (), counters=COUNTERS
    )
    return FoldPlan.build(catalogue, [Dear()])


def demand(
    offer: str,
    placement: str = "web",
    *,
    scope: int = 0,
    decision: str = "d",
    repeated: bool = False,
) -> Demand:
    """Returns a demand for an offer with all caps that hold at the placement."""
    limits = tuple(
        Limit(COUNTERS[cap.counter], cap, cap.limit)
        for cap in CAPS[offer]
        if not cap.placements or placement in cap.placements
    )
    return Demand(scope, offer, decision, placement, limits, repeated)


class Stored(NamedTuple):
    """An event that happened, and whose it is; None is nobody's."""

    owner: ProfileKey | None
    event: Event


def window(cap: Cap, now_ns: int) -> int:
    """Returns the instant after which a cap counts, for the few windows that there are here."""
    if cap.within_ns is not None:
        return now_ns - cap.within_ns
    if cap.calendar == HOURLY:  # Nepal is a quarter of an hour off
        quarter = 15 * MINUTE_NS
        return (now_ns - quarter) // (60 * MINUTE_NS) * (60 * MINUTE_NS) + quarter - 1
    if cap.calendar == DAILY:  # Swedish winter
        at = datetime.fromtimestamp(now_ns // 10**9 + 3_600, UTC)
        midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
        return (int(midnight.timestamp()) - 3_600) * 10**9 - 1
    return -(2**63)


@dataclass
class Twin:
    """What a state should hold, recounted from the beginning each time."""

    stored: list[Stored] = field(default_factory=list)
    held: dict[str, tuple[ProfileKey, tuple[Demand, ...], int]] = field(default_factory=dict)

    def counts(
        self, cap: Cap, owner: ProfileKey | None, now_ns: int, *, deleted: bool = False
    ) -> int:
        """Returns the events that a cap counts at an instant."""
        counter = COUNTERS[cap.counter]
        proposed = counter.event == "decision"
        lifetime = cap.within_ns is None and cap.calendar is None
        found = 0
        for stored in self.stored:
            event = stored.event
            if counter.subject is PROFILE and (owner is None or stored.owner != owner):
                continue
            if not adds(counter, event):
                continue
            late = event.counted_ns > now_ns and not proposed
            if late and not (lifetime and counter.subject is TOTAL):
                continue
            found += lifetime or event.counted_ns > window(cap, now_ns)
        return found

    def pending(self, counter: Counter, owner: ProfileKey | None, now_ns: int) -> int:
        """Returns what is reserved of a counter."""
        return sum(
            adds(counter, event_of(item, 0))
            for holder, items, expire_ns in self.held.values()
            for item in items
            if expire_ns > now_ns and (counter.subject is TOTAL or holder == owner)
        )

    def has_room(self, owner: ProfileKey | None, demands: tuple[Demand, ...], now_ns: int) -> bool:
        """Whether there is room for all items, one after the other."""
        taken: list[Event] = []
        for item in demands:
            event = event_of(item, now_ns)
            for limit in item.limits:
                counter = limit.counter
                proposed = counter.event == "decision"
                if counter.subject is PROFILE and owner is None:
                    continue
                if proposed and not adds(counter, event):
                    continue
                count = self.counts(limit.cap, owner, now_ns)
                if proposed:
                    count += self.pending(counter, owner, now_ns)
                    count += sum(adds(counter, other) for other in taken)
                if count >= limit.limit:
                    return False
            taken.append(event)
        return True


def event_of(item: Demand, time_ns: int) -> Event:
    """Returns the proposition of an item, as caps look at it."""
    properties = {REPEATED: True} if item.repeated else {}
    return Event("", "decision", time_ns, properties, item.offer, item.decision, item.placement)


def adds(counter: Counter, event: Event) -> bool:
    """Whether an event adds to a counter, read off the definitions."""
    offers = None if counter.offers is None else {"ab"[number] for number in counter.offers}
    if event.type != counter.event or (offers is not None and event.offer not in offers):
        return False
    if counter.where is not None and not event.properties.get("amount", 0.0) > 10.0:
        return False
    if counter.placements:
        return event.placement in counter.placements
    return REPEATED not in event.properties
