"""Which counters an event adds to, and how many of their times caps need.

A cap asks whether at least `limit` events of a counter lie between some instant and now. Of all
their times the newest ones answer that, as many as the largest limit of the counter's caps; how
wide the caps' windows are doesn't matter. That holds for every now at or after the newest event.
An event that is dated later than it came (senders' clocks differ) counts as of when it came.
Only if the service's own clock was set back do times lie in the future; they don't count yet but
would crowd out those that do: CAP_SLACK more times are kept, so that the answer also holds while
up to that many do.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final, NamedTuple, Protocol

from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue
from offerd.model.contact import CONTACT_EVENT
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord

CAP_SLACK: Final = 16

TOLD_CAPS: Final = 100
"""The most caps of a counter of which an event about none of their offers tells what it changed:
those with the lowest limits."""

REPEATED: Final = "repeated"
"""The property of a `decision` event that tells, by being true, that the same decision of the
same request proposed the offer elsewhere too: only counters of single placements count it."""


EXEMPT: Final = "exempt"
"""The property of a `contact` event that tells, by being true, that no cap counts it."""


class EventFilter(Protocol):
    """A planned rule over `event`; anything but True keeps an event out."""

    def evaluate(self, *roots: Any) -> Any:
        """Returns what the rule says of an event's properties."""


class Counting(NamedTuple):
    """A counter as events meet it.

    `kept` is how many of the newest times are needed, `windowed` whether any cap asks for
    less than all there ever were. `caps` are those that count by it, by the offers that they
    keep out, and `shared` some of them (see TOLD_CAPS) once each, with one of those offers.
    `offers` are the ids of those that an event must be about; None counts events about none too.
    `plain` is an offer's id if every event of the type about that offer counts, of all profiles.
    """

    counter: Counter
    kept: int
    windowed: bool
    where: EventFilter | None
    offers: tuple[str, ...] | None
    caps: Mapping[str, Sequence[Cap]]
    shared: tuple[tuple[str, Cap], ...]
    plain: str | None

    def counts(self, event: Event) -> bool:
        """Whether an event of the counter's type about one of its offers counts."""
        placements = self.counter.placements
        if event.placement not in placements if placements else is_repeated(event):
            return False
        if event.type == CONTACT_EVENT and event.properties.get(EXEMPT) is True:
            return False
        return self.where is None or self.where.evaluate(event.properties) is True

    def caps_about(self, event: Event) -> Iterator[tuple[str, Cap]]:
        """Yields the caps that an event counts for, each with an offer that it keeps out.

        Those of the event's offer or, if it has none, the `shared` ones.
        """
        own = self.caps.get(event.offer or "")
        if own is None:
            yield from self.shared
        else:
            yield from ((event.offer or "", cap) for cap in own)


def is_repeated(event: Event) -> bool:
    """Whether an event is a proposition that the request had made elsewhere too."""
    return event.type == DECISION_EVENT and event.properties.get(REPEATED) is True


class CountingsByEvent:
    """Counters, found by the events that they count."""

    def __init__(self) -> None:
        self._about: dict[tuple[str, str], list[Counting]] = {}
        self._any: dict[str, list[Counting]] = {}

    def add(self, counting: Counting) -> None:
        """Makes a counter findable."""
        for event in counting.counter.events:
            if counting.offers is None:
                self._any.setdefault(event, []).append(counting)
            for offer in counting.offers or ():
                self._about.setdefault((event, offer), []).append(counting)

    def of(self, event: Event) -> Sequence[Counting]:
        """Returns the counters that an event adds to."""
        found: Sequence[Counting] = self._any.get(event.type, ())
        if event.offer is not None:
            about = self._about.get((event.type, event.offer))
            if about is not None:
                found = [*found, *about]
        return [one for one in found if one.counts(event)] if found else ()


class Countings:
    """The counters of a catalogue, found by event. `filters` are its planned event filters."""

    def __init__(self, catalogue: Catalogue, filters: Sequence[EventFilter]) -> None:
        counters = catalogue.counters
        kept = [0] * len(counters)
        windowed = [False] * len(counters)
        caps: list[dict[str, list[Cap]]] = [{} for _ in counters]
        for offer in catalogue.offers:
            for cap in offer.caps:
                kept[cap.counter] = max(kept[cap.counter], cap.limit + CAP_SLACK)
                dated = cap.within_ns is not None or cap.start_ns is not None
                if dated or cap.calendar or cap.visit is not None:
                    windowed[cap.counter] = True
                caps[cap.counter].setdefault(offer.id, []).append(cap)
        for channel in catalogue.channels:
            for cap in channel.caps:
                kept[cap.counter] = max(kept[cap.counter], cap.limit + CAP_SLACK)
        self._counted = CountingsByEvent()
        self.keys = frozenset(counter.key for counter in counters)
        """Of all counters."""
        self.totals: dict[str, Counting] = {}
        """The counters of all profiles, by key."""
        self.described: list[tuple[object, ...]] = []
        """What the folding of profiles' counters depends on, as data."""
        for number, counter in enumerate(counters):
            offers = None
            if counter.offers is not None:
                offers = tuple(catalogue.offers[offer].id for offer in counter.offers)
            self._add(
                catalogue,
                Counting(
                    counter,
                    kept[number],
                    windowed[number],
                    None if counter.where is None else filters[counter.where],
                    offers,
                    caps[number],
                    _shared(caps[number]),
                    plain_offer(counter, offers),
                ),
            )
        self.described.sort(key=lambda one: str(one[0]))

    def _add(self, catalogue: Catalogue, counting: Counting) -> None:
        counter = counting.counter
        self._counted.add(counting)
        if counter.subject is CapSubject.TOTAL:
            self.totals[counter.key] = counting
            return
        where = None if counter.where is None else catalogue.event_filters[counter.where].tree
        self.described.append(
            (counter.key, counter.events, counting.offers, counter.placements, where, counting.kept)
        )

    def of(self, event: Event) -> Sequence[Counting]:
        """Returns the counters that an event adds to."""
        return self._counted.of(event)

    def take(self, record: ProfileRecord, event: Event) -> Sequence[Counting]:
        """Adds the time of an event to the counters of its profile, and drops what isn't needed.

        Returns all counters that the event adds to, those of all profiles too.
        """
        found = self.of(event)
        for counting in found:
            if counting.counter.subject is CapSubject.PROFILE:
                times = record.counted.setdefault(counting.counter.key, [])
                insort(times, event.counted_ns)
                del times[: -counting.kept]
        return found


def plain_offer(counter: Counter, offers: Sequence[str] | None) -> str | None:
    """Returns `Counting.plain` of a counter of events about `offers`."""
    if counter.subject is not CapSubject.TOTAL or offers is None or len(offers) != 1:
        return None
    narrowed = counter.placements or counter.also or counter.where is not None
    return None if narrowed else offers[0]


def _shared(caps: Mapping[str, Sequence[Cap]]) -> tuple[tuple[str, Cap], ...]:
    offers: dict[Cap, str] = {}
    for offer, found in caps.items():
        for cap in found:
            offers.setdefault(cap, offer)
    lowest = nsmallest(TOLD_CAPS, offers, key=lambda cap: cap.limit)
    return tuple((offers[cap], cap) for cap in lowest)
