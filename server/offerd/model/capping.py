"""Caps: how often, counted over which events, in which window."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from offerd.model.place import PlaceSelector


class CapSubject(StrEnum):
    """Whose events a cap counts."""

    PROFILE = "profile"
    TOTAL = "total"


DECISION_EVENT = "decision"
"""The event type by which caps count propositions made; nobody can send it."""


class Counter(msgspec.Struct, frozen=True, array_like=True):
    """What a cap counts: events of a type, of each profile or of all.

    `key` names it across revisions, in which it goes on counting. That of an offer's own cap says
    which events count. That of a shared cap is the cap's id: it counts what the collection holds
    in any revision served, and keeps what the collection held before. `offers` are numbers
    of the offers that an event must be about, sorted; None counts events about none too.
    `placements` are those where the item was proposed; () is anywhere. `where` is the number
    of an event filter, or None. `also` are further types of event that count, not `decision`.
    """

    key: str
    event: str
    subject: CapSubject
    offers: tuple[int, ...] | None
    placements: tuple[str, ...] = ()
    where: int | None = None
    also: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[str, ...]:
        """All types of event that count."""
        return (self.event, *self.also)


class CalendarUnit(StrEnum):
    """What a calendar window is made of."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Calendar(msgspec.Struct, frozen=True, array_like=True):
    """A window that starts anew with every `count` units of the calendar in a time zone.

    `week_start` is the ISO number of the day that weeks start with, 1 (Monday) to 7.
    """

    unit: CalendarUnit
    count: int = 1
    time_zone: str = "UTC"
    week_start: int = 1


class Cap(msgspec.Struct, frozen=True, array_like=True):
    """At most so many of a counter's events in a window; no more, and the offer falls.

    The limit is `limit`, or what the rule `limit_rule` gives (then `limit` is the most that it
    may give). The window: `within_ns` covers the nanoseconds before the instant of the decision,
    `calendar` the present piece of the calendar, neither of them all there ever were.
    `placements` are those at which it holds; () is everywhere. `id` is "" for an offer's own.
    It holds from `start_ns` until before `end_ns`, and counts nothing from before; None is open.
    With `visit` it holds only while the customer is believed to be at one of those places, and
    counts from when they came.
    """

    counter: int
    limit: int
    within_ns: int | None = None
    calendar: Calendar | None = None
    limit_rule: int | None = None
    placements: tuple[str, ...] = ()
    id: str = ""
    start_ns: int | None = None
    end_ns: int | None = None
    visit: PlaceSelector | None = None

    def holds(self, now_ns: int, placement: str) -> bool:
        """Whether it is asked at an instant for an item at a placement."""
        if self.placements and placement not in self.placements:
            return False
        if self.start_ns is not None and now_ns < self.start_ns:
            return False
        return self.end_ns is None or now_ns < self.end_ns


class Limit(NamedTuple):
    """What a cap allows for one offer and request; its rule, if it has one, has been evaluated."""

    counter: Counter
    cap: Cap
    limit: int


class Demand(NamedTuple):
    """An item that needs room under caps.

    `scope` is its place in the request, from 0. `limits` are the caps to be held. `repeated` says
    that the same decision of the same request proposes the offer at another placement too, so
    that counters of any placement count it there and not here. `event` is the type as which it is
    counted, and `exempt` says that caps don't count it at all.
    """

    scope: int
    offer: str
    decision: str
    placement: str
    limits: tuple[Limit, ...]
    repeated: bool = False
    event: str = DECISION_EVENT
    exempt: bool = False


class CounterChange(NamedTuple):
    """What an event changed for a cap: the count in the cap's window as it is now, and its limit.

    `offer` is one that the cap keeps out: the event's own if it is about one. The limit of a cap
    with a rule is the most that the rule may give. An event outside the window changes nothing.

    What all profiles ever did is told exactly. Otherwise only the newest times are kept, some
    more than the largest limit of the counter's caps: both counts stop growing there, which
    then mean at least so many.
    """

    counter: str
    offer: str
    cap: Cap
    before: int
    after: int


class ReachedLimit(NamedTuple):
    """A cap without room for an item; `item` is the place of its demand, from 0."""

    item: int
    demand: Demand
    limit: Limit
    counted: int
