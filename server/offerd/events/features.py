"""Aggregates that are computed when they are asked for, from the series of a profile.

Counts, sums, least and greatest values and first and last times over a profile's whole life are
folded event by event into its record (`steps`). All others need the events' own times and values:
those with a window, averages, first and last values, different values, tops, affinities and
sequences. `Features` says what each event adds to which series, and computes values from them.

A store asks `taken` for every event and puts the entries into chunks (`series.Chunk.insert`). When
it had to split one, it may let go of what lies before `oldest_ns`, and if a series holds more than
`kept` by an eighth, move its oldest chunks into the buckets (`compacted`), as long as `kept`
entries stay. When that happens doesn't change any value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

from offerd.events.buckets import Bucket
from offerd.events.caps import EventFilter
from offerd.events.kind import Kind
from offerd.events.kinds import kind_of
from offerd.events.merging import merged_aggregates
from offerd.events.readings import tie_of
from offerd.events.series import Columns, Entry, Series
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Aggregate

Read = Callable[[str, int | None], Series]
"""Gives the series of an aggregate, by its id, over all of a customer's profiles.

What lies before the instant given may be left out; None is that all of it is needed.
"""


class Features:
    """The aggregates of a catalogue that are computed from series; `names` are their ids.

    `filters` are the event filters of the catalogue, planned. Aggregates that records hold are
    known too, but only to `merged`.
    """

    __slots__ = ("_by_event", "_folded", "_kinds", "names")

    def __init__(self, aggregates: Iterable[Aggregate], filters: Sequence[EventFilter]) -> None:
        self._kinds: dict[str, Kind] = {}
        self._folded: dict[str, Aggregate] = {}
        self._by_event: dict[str, list[tuple[str, Kind]]] = {}
        for aggregate in aggregates:
            kind = kind_of(aggregate, filters)
            if kind is None:
                self._folded[aggregate.id] = aggregate
                continue
            self._kinds[aggregate.id] = kind
            for event_type in dict.fromkeys(kind.events):
                self._by_event.setdefault(event_type, []).append((aggregate.id, kind))
        self.names = frozenset(self._kinds)

    def take(self, event_type: str) -> bool:
        """Whether any takes in events of a type."""
        return event_type in self._by_event

    def taken(self, event: Event) -> Sequence[tuple[str, Entry]]:
        """Returns the entries that an event adds, each with the id of its aggregate."""
        kinds = self._by_event.get(event.type)
        if kinds is None:
            return ()
        found = []
        tie = tie_of(event)
        for name, kind in kinds:
            entry = kind.take(event, tie)
            if entry is not None:
                found.append((name, entry))
        return found

    def oldest_ns(self, name: str, now_ns: int) -> int | None:
        """Returns an instant; entries before it can't matter at now or later. None if all may."""
        return self._kinds[name].oldest_ns(now_ns)

    def kept(self, name: str) -> int:
        """Returns how many entries of a profile's series stay out of buckets: the newest ones."""
        return self._kinds[name].kept

    def series(
        self, name: str, chunks: Sequence[Columns], buckets: Sequence[Bucket] = ()
    ) -> Series:
        """Returns one profile's series of its chunks, in order, and its buckets.

        All chunks after some instant will do. The series of several profiles become one by
        `together`.
        """
        return self._kinds[name].series(chunks, buckets)

    def together(self, name: str, several: Sequence[Series]) -> Series:
        """Returns several profiles' series as if all of it had happened to one of them."""
        return self._kinds[name].together(several)

    def compacted(
        self, name: str, buckets: Sequence[Bucket], entries: Iterable[Entry], now_ns: int
    ) -> list[Bucket]:
        """Returns the buckets of a series with more entries in them, without what is too old."""
        return self._kinds[name].compacted(buckets, entries, now_ns)

    def value(self, name: str, series: Series, now_ns: int) -> Any:
        """Returns an aggregate at an instant, None if it is unknown."""
        return self._kinds[name].value(series, now_ns)

    def value_of_chunk(self, name: str) -> Callable[[bytes, int], Any]:
        """Returns what gives an aggregate at an instant from one chunk, as stored.

        It is `value` of a series that has that chunk and no buckets.
        """
        return self._kinds[name].value_of_chunk

    def values(
        self, read: Read, now_ns: int, names: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Returns the aggregates at an instant by id, those that are known.

        `names` narrows them down to some; ids of folded aggregates in it are left out.
        """
        found = {}
        for name, kind in self._chosen(names):
            value = kind.value(read(name, kind.oldest_ns(now_ns)), now_ns)
            if value is not None:
                found[name] = value
        return found

    def edges(
        self, read: Read, after_ns: int, until_ns: int, names: Collection[str] | None = None
    ) -> Iterator[int]:
        """Yields the instants at which a value may change though nothing more happens.

        All after `after_ns`, up to and including `until_ns`, ascending, each once. Between two of
        them no value changes; at some of them none may.
        """
        several = [
            sorted(kind.edges(read(name, kind.oldest_ns(after_ns)), after_ns, until_ns))
            for name, kind in self._chosen(names)
        ]
        last = after_ns
        for edge in merge(*several):
            if last < edge <= until_ns:
                last = edge
                yield edge

    def approximations(
        self, read: Read, now_ns: int, names: Collection[str] | None = None
    ) -> dict[str, str]:
        """Returns in words how a value may differ from the exact one, for those that may."""
        found = {}
        for name, kind in self._chosen(names):
            told = kind.approximation(read(name, kind.oldest_ns(now_ns)), now_ns)
            if told is not None:
                found[name] = told
        return found

    def merged(self, records: Sequence[ProfileRecord]) -> dict[str, Any]:
        """Returns the folded aggregates of several profiles as those of one."""
        return merged_aggregates(self._folded, records)

    def _chosen(self, names: Collection[str] | None) -> Iterable[tuple[str, Kind]]:
        kinds: Mapping[str, Kind] = self._kinds
        if names is None:
            return kinds.items()
        return [(name, kinds[name]) for name in names if name in kinds]
