"""The counters of a catalogue, found by the events that they count."""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

import msgspec

from offerd.events.caps import (
    CAP_SLACK,
    REMEMBERED,
    Counting,
    EventFilter,
    Likeness,
    likeness,
    plain_offer,
    shared_caps,
)
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.event import Event
from offerd.model.numbering import Numbering, numbers_of
from offerd.model.profile import ProfileRecord

_FEW: Final = 16
"""Counters of more offers than these, or of all profiles, stay ready."""
_MOST_KEPT: Final = 4_096
"""So many others that counted lately do; what is full is emptied."""


class Countings:
    """The counters of a catalogue. `filters` are its planned event filters.

    `totals` are the counters of all profiles, by key. Of most others some bytes are kept, and the
    rest is made when one of their events comes. `keys` are the keys of all. `describe` is told
    what the folding of profiles' counters depends on, as MessagePack.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        filters: Sequence[EventFilter],
        describe: Callable[[bytes], Any],
    ) -> None:
        self._catalogue = catalogue
        self._filters = filters
        self._caps = _Caps(catalogue)
        self._any: dict[str, list[int]] = {}
        self._ready: dict[int, Counting] = {}
        self._kept: dict[int, Counting] = {}
        self._about: dict[tuple[str, str], tuple[Counting, ...]] = {}
        self._remembered: dict[Likeness, Sequence[Counting]] = {}
        self.totals: dict[str, Counting] = {}
        counters = catalogue.counters
        ids = [offer.id for offer in catalogue.offers]
        counted = _Counted(len(ids))
        described: list[tuple[str, bytes]] = []
        last, ascending = "", True
        for number, counter in enumerate(counters):
            about = counter.offers
            offers = None if about is None else tuple([ids[offer] for offer in about])
            if about is None:
                for event in counter.events:
                    self._any.setdefault(event, []).append(number)
            else:
                counted.add(number, about)
            if counter.subject is CapSubject.TOTAL or about is None or len(about) > _FEW:
                made = self._ready[number] = self._made(number, counter, offers)
                if counter.subject is CapSubject.TOTAL:
                    self.totals[counter.key] = made
            ascending, last = ascending and last < counter.key, counter.key
            if counter.subject is not CapSubject.TOTAL:
                described.append((counter.key, self._described(number, counter, offers)))
        self._of_offer = counted.by_offer()
        self.keys = Numbering(
            len(counters),
            lambda: (counter.key for counter in counters),
            lambda number: counters[number].key,
        )
        describe(_list_of(len(described)))
        if not ascending:
            described.sort()
        for _, one in described:
            describe(one)

    def of(self, event: Event) -> Sequence[Counting]:
        """Returns the counters that an event adds to."""
        like = likeness(event)
        if like is None:
            return self._found(event)
        known = self._remembered.get(like)
        if known is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[like] = self._found(event)
        return known

    def _found(self, event: Event) -> Sequence[Counting]:
        found: Sequence[Counting] = ()
        if event.type in self._any:
            found = [self._at(number) for number in self._any[event.type]]
        if event.offer is not None:
            about = self._about.get((event.type, event.offer))
            if about is None:
                about = self._find(event.type, event.offer)
            if about:
                found = [*found, *about]
        return [one for one in found if one.counts(event)] if found else ()

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

    def _find(self, event_type: str, offer: str) -> tuple[Counting, ...]:
        number = self._caps.numbers.get(offer)
        found: tuple[Counting, ...] = ()
        if number is not None:
            counters = self._catalogue.counters
            about = (one for one in self._of_offer(number) if event_type in counters[one].events)
            found = tuple(map(self._at, about))
        if len(self._about) >= _MOST_KEPT:
            self._about.clear()
        self._about[event_type, offer] = found
        return found

    def _at(self, number: int) -> Counting:
        known = self._ready.get(number) or self._kept.get(number)
        if known is None:
            counter, offers = self._catalogue.counters[number], self._catalogue.offers
            about = counter.offers
            ids = None if about is None else tuple([offers[offer].id for offer in about])
            known = self._made(number, counter, ids)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[number] = known
        return known

    def _made(self, number: int, counter: Counter, offers: tuple[str, ...] | None) -> Counting:
        caps = self._caps
        return Counting(
            counter,
            caps.kept[number],
            bool(caps.windowed[number]),
            None if counter.where is None else self._filters[counter.where],
            offers,
            partial(caps.of, number),
            shared_caps(caps.shared(number)),
            plain_offer(counter, offers),
        )

    def _described(self, number: int, counter: Counter, offers: tuple[str, ...] | None) -> bytes:
        where = None
        if counter.where is not None:
            where = self._catalogue.event_filters[counter.where].tree
        kept = self._caps.kept[number]
        one = (counter.key, counter.events, offers, counter.placements, where, kept)
        return msgspec.msgpack.encode(one)


class _Caps:
    """The caps that count by each counter. `kept` and `windowed` are as in `Counting`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._offers = catalogue.offers
        count = len(catalogue.counters)
        self.kept = array("q", bytes(8 * count))
        self.windowed = bytearray(count)
        self._first = array("q", [-1]) * count
        self._several: dict[int, dict[Cap, str]] = {}
        for number, offer in enumerate(catalogue.offers):
            for cap in offer.caps:
                self._add(number, offer, cap)
        for channel in catalogue.channels:
            for cap in channel.caps:
                self.kept[cap.counter] = max(self.kept[cap.counter], cap.limit + CAP_SLACK)

    def _add(self, number: int, offer: Offer, cap: Cap) -> None:
        counter = cap.counter
        self.kept[counter] = max(self.kept[counter], cap.limit + CAP_SLACK)
        dated = cap.within_ns is not None or cap.start_ns is not None
        if dated or cap.calendar or cap.visit is not None:
            self.windowed[counter] = True
        first = self._first[counter]
        if first < 0:
            self._first[counter] = number
        elif first != number:
            distinct = self._several.get(counter)
            if distinct is None:
                distinct = self._several[counter] = self._alone(counter, self._offers[first])
            distinct.setdefault(cap, offer.id)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of offers by their ids."""
        return numbers_of(self._offers)

    def of(self, counter: int, offer: str) -> Sequence[Cap] | None:
        """Returns the caps of an offer that count by a counter, None if it has none."""
        number = self.numbers.get(offer)
        if number is None:
            return None
        return [cap for cap in self._offers[number].caps if cap.counter == counter] or None

    def shared(self, counter: int) -> dict[Cap, str]:
        """Returns the distinct caps that count by a counter, with the first offer of each."""
        if counter in self._several:
            return self._several[counter]
        first = self._first[counter]
        return {} if first < 0 else self._alone(counter, self._offers[first])

    def _alone(self, counter: int, offer: Offer) -> dict[Cap, str]:
        return {cap: offer.id for cap in offer.caps if cap.counter == counter}


class _Counters(NamedTuple):
    """The numbers of the counters that count events about each offer, by its number."""

    starts: Sequence[int]
    counters: Sequence[int]

    def __call__(self, offer: int) -> Sequence[int]:
        return self.counters[self.starts[offer] : self.starts[offer + 1]]


class _Counted:
    """Gathers which counters count events about which offers."""

    def __init__(self, offers: int) -> None:
        self._starts = array("L", bytes(array("L").itemsize * (offers + 1)))
        self._offers = array("L")
        self._counters = array("L")

    def add(self, counter: int, offers: Iterable[int]) -> None:
        """Adds a counter, in the order of their numbers."""
        for offer in offers:
            self._offers.append(offer)
            self._counters.append(counter)
            self._starts[offer] += 1

    def by_offer(self) -> _Counters:
        """Returns what was added, by offer."""
        starts, end = self._starts, 0
        for offer, count in enumerate(starts):
            end += count
            starts[offer] = end
        counters = array("L", self._counters)
        for offer, counter in self._backwards():
            starts[offer] -= 1
            counters[starts[offer]] = counter
        return _Counters(starts, counters)

    def _backwards(self) -> Iterator[tuple[int, int]]:
        return zip(reversed(self._offers), reversed(self._counters), strict=True)


def _list_of(count: int) -> bytes:
    """Returns how MessagePack begins a list."""
    if count < 16:
        return bytes([0x90 | count])
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")
