"""What all aggregates that are computed from series have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import Any, Final

from offerd.events.buckets import Bucket, merge_buckets
from offerd.events.caps import EventFilter
from offerd.events.readings import GROUP_NAME_LIMIT, reader_of
from offerd.events.series import Chunk, Columns, Entry, Series
from offerd.events.spans import Span
from offerd.model.event import Event
from offerd.model.schema import Aggregate

KEPT: Final = 8_192
"""How many of a series' entries stay one by one."""

GRANULES: Final = 1_024
"""Into how many buckets a sliding window is divided."""


class Kind(ABC):
    """One aggregate: what it takes of events, and what its series says.

    Subclasses give `value`, and whatever differs. `events` are the types it takes in, `kept` how
    many entries stay out of buckets.
    """

    granules = GRANULES

    def __init__(self, aggregate: Aggregate, filters: Sequence[EventFilter]) -> None:
        self.aggregate = aggregate
        self.events: Sequence[str] = aggregate.events
        self.kept = KEPT
        self.span = Span(aggregate, self.granules)
        self._where = None if aggregate.where is None else filters[aggregate.where]
        self._read = None if aggregate.value is None else reader_of(aggregate)

    def take(self, event: Event, tie: int) -> Entry | None:
        """Returns the entry of an event of one of `events`, or None if it takes none."""
        if not self.lets_in(event):
            return None
        group = value = None
        if self.aggregate.group_by is not None:
            group = event.properties.get(self.aggregate.group_by)
            if not isinstance(group, str) or len(group) > GROUP_NAME_LIMIT:
                return None
        if self._read is not None:
            value = self._read(event)
            if value is None:
                return None
        return Entry(event.time_ns, tie, group, value)

    def lets_in(self, event: Event) -> bool:
        """Whether the aggregate's filter, if it has one, is true of an event."""
        return self._where is None or self._where.evaluate(event.properties) is True

    def oldest_ns(self, now_ns: int) -> int | None:
        """As `Features.oldest_ns`."""
        after = self.span.after(now_ns)
        return None if after is None else after + 1

    @abstractmethod
    def value(self, series: Series, now_ns: int) -> Any:
        """Returns what rules read at an instant, or None if that is unknown."""

    def value_of_chunk(self, stored: bytes, now_ns: int) -> Any:
        """As `Features.value_of_chunk`."""
        return self.value(self.series([Chunk.decode(stored)], ()), now_ns)

    def series(self, chunks: Sequence[Columns], buckets: Sequence[Bucket]) -> Series:
        """As `Features.series`."""
        if len(chunks) == 1 and len(chunks[0].times) <= self.kept:
            return Series(*chunks[0].columns, buckets)
        found = Series.joined(chunks, buckets)
        surplus = len(found) - self.kept
        if surplus <= 0:
            return found
        older, newer = found.part(0, surplus), found.part(surplus, len(found))
        return Series.joined([newer], self._filled(buckets, older))

    def together(self, several: Sequence[Series]) -> Series:
        """As `Features.together`: of all entries the newest stay, however many profiles there are.

        So the cost of a value is bounded, too.
        """
        merged = Series.merged(several)
        return merged if len(merged) <= self.kept else self.series([merged], merged.buckets)

    def compacted(
        self, buckets: Sequence[Bucket], entries: Iterable[Entry], now_ns: int
    ) -> list[Bucket]:
        """As `Features.compacted`."""
        oldest = self.oldest_ns(now_ns)
        return [
            bucket
            for bucket in self._filled(buckets, Series.of(entries))
            if oldest is None or bucket.last_time_ns >= oldest
        ]

    def edges(self, series: Series, after_ns: int, until_ns: int) -> Iterator[int]:
        """Yields instants after `after_ns` and up to `until_ns`, in any order: see `Features`."""
        times: list[int] | Iterator[int]
        times = series.times[: bisect_right(series.times, until_ns)]
        if series.buckets:
            times = merge(times, _bucket_times(series, until_ns))
        return self.span.changes(times, after_ns, until_ns)

    def approximation(self, series: Series, now_ns: int) -> str | None:
        """Returns in words how the value may differ from the exact one; None if it doesn't.

        Here for aggregates of which buckets keep no more than how many entries there were.
        """
        count = sum(bucket.count for bucket in self.present(series, now_ns))
        if count == 0:
            return None
        older = "one older is" if count == 1 else f"{count:,} older ones are"
        return f"only the newest {self.kept:,} events are taken in, {older} not"

    def present(self, series: Series, now_ns: int) -> list[Bucket]:
        """Returns the buckets that are in the window, if only in part."""
        after = self.span.after(now_ns)
        return [
            bucket
            for bucket in series.buckets
            if bucket.first_time_ns <= now_ns and (after is None or after < bucket.last_time_ns)
        ]

    def bounds(self, series: Series, now_ns: int) -> tuple[int, int]:
        """Returns the places of the first entry in the window, and after the last one."""
        after = self.span.after(now_ns)
        low = 0 if after is None else bisect_right(series.times, after)
        return low, bisect_right(series.times, now_ns, low)

    def summary(self, start_ns: int, group: str | None, entries: Columns) -> Bucket:
        """Returns the bucket of entries, of which there is at least one."""
        times = entries.times
        return Bucket(start_ns, group, len(times), times[0], times[-1])

    def bucket_start(self, time_ns: int) -> int:
        """Returns the start of the bucket that an entry of the time goes to."""
        return self.span.bucket_start(time_ns)

    def by_bucket(self, entries: Columns) -> Iterable[tuple[str | None, Columns]]:
        """Yields the entries of each bucket of one start, with its group. Here there is one."""
        yield None, entries

    def _filled(self, buckets: Sequence[Bucket], entries: Columns) -> list[Bucket]:
        filled, low = [], 0
        while low < len(entries):
            start_ns = self.bucket_start(entries.times[low])
            high = bisect_right(entries.times, start_ns, low, key=self.bucket_start)
            for group, mine in self.by_bucket(entries.part(low, high)):
                filled.append(self.summary(start_ns, group, mine))
            low = high
        return merge_buckets([buckets, filled])


def _bucket_times(series: Series, until_ns: int) -> list[int]:
    """Returns the first and last times of buckets up to an instant, ascending."""
    times = [
        *(bucket.first_time_ns for bucket in series.buckets),
        *(bucket.last_time_ns for bucket in series.buckets),
    ]
    return sorted(time_ns for time_ns in times if time_ns <= until_ns)
