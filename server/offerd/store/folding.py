"""Folding the events of a profile afresh: its record, and its series beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from offerd.events import Features, FoldPlan
from offerd.events.buckets import Bucket, decode_buckets, encode_buckets
from offerd.events.series import CHUNK_ENTRIES, Chunk, Entry, Series
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord
from offerd.store.cycles import without_cycle_search
from offerd.store.series import PAST_NS, StoredSeries


class Gathered:
    """The series of one profile, in memory: entries by aggregate, in any order.

    As soon as there are twice as many entries of an aggregate as are kept one by one, the older
    ones go into buckets: a profile of any size takes bounded memory. What is too old to matter at
    `now_ns` is left out.
    """

    def __init__(self, features: Features, now_ns: int) -> None:
        self._features = features
        self._now_ns = now_ns - PAST_NS
        self._entries: dict[str, list[Entry]] = {}
        self._buckets: dict[str, list[Bucket]] = {}
        self._oldest_ns = {name: features.oldest_ns(name, self._now_ns) for name in features.names}

    def take(self, event: Event) -> None:
        """Adds what an event adds."""
        for name, entry in self._features.taken(event):
            oldest_ns = self._oldest_ns[name]
            if oldest_ns is not None and entry.time_ns < oldest_ns:
                continue
            entries = self._entries.setdefault(name, [])
            entries.append(entry)
            if len(entries) >= 2 * self._features.kept(name):
                self._compact(name)

    def series(self, name: str) -> Series:
        """Returns a series, ready for reading."""
        entries = sorted(self._entries.get(name, ()), key=_place)
        return self._features.series(name, [Chunk.of(entries)], self._buckets.get(name, ()))

    def stored(self) -> dict[str, StoredSeries]:
        """Returns all series as they are stored."""
        for name, entries in self._entries.items():
            if len(entries) > self._features.kept(name):
                self._compact(name)
        return {name: self._stored(name, entries) for name, entries in self._entries.items()}

    def _stored(self, name: str, entries: list[Entry]) -> StoredSeries:
        entries.sort(key=_place)
        starts = range(0, len(entries), CHUNK_ENTRIES)
        chunks = (Chunk.of(entries[start : start + CHUNK_ENTRIES]) for start in starts)
        buckets = self._buckets.get(name)
        encoded = encode_buckets(buckets) if buckets else b""
        return StoredSeries(tuple(chunk.encode() for chunk in chunks), encoded)

    def _compact(self, name: str) -> None:
        entries = self._entries[name]
        entries.sort(key=_place)
        surplus = len(entries) - self._features.kept(name)
        self._buckets[name] = self._features.compacted(
            name, self._buckets.get(name, ()), entries[:surplus], self._now_ns
        )
        del entries[:surplus]


def _place(entry: Entry) -> tuple[int, int]:
    return entry.time_ns, entry.tie


def refold(
    plan: FoldPlan, record: ProfileRecord, events: Iterable[tuple[Event, int]], now_ns: int
) -> Gathered:
    """Folds all events of a profile afresh, in place, and returns its series.

    With each event comes its size in bytes, encoded.
    """
    gathered = Gathered(plan.features, now_ns)
    size_bytes = 0

    def watched() -> Iterator[Event]:
        nonlocal size_bytes
        for event, event_bytes in events:
            size_bytes += event_bytes
            gathered.take(event)
            yield event

    with without_cycle_search():
        plan.refold(record, watched())
    record.event_bytes = size_bytes
    return gathered


def series_of(features: Features, stored: Mapping[str, StoredSeries], name: str) -> Series:
    """Returns a series of those that are stored of a profile."""
    found = stored.get(name)
    if found is None:
        return features.series(name, ())
    buckets = decode_buckets(found.buckets) if found.buckets else ()
    return features.series(name, [Chunk.decode(chunk) for chunk in found.chunks], buckets)
