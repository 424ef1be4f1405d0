"""Figures over the entries in a window: counts, sums, averages, least, first, different values.

Beyond the entries that a series keeps, its buckets answer. One that lies wholly in the window is
as good as its entries (but for different values, of which it keeps a sample). One that lies in it
only in part counts as a whole until its last entry leaves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from typing import Any, Final, NamedTuple

from offerd.events.buckets import BUCKET_LIMIT, SKETCH_HASHES, Bucket, is_crowded, sketch
from offerd.events.caps import EventFilter
from offerd.events.kind import Kind
from offerd.events.readings import counts_in_doubles
from offerd.events.series import Columns, Series, stored_times
from offerd.events.steps import GROUP_LIMIT, initial_value
from offerd.events.sums import LEAST_INTEGER, MOST_INTEGER, exact_terms
from offerd.expression.narration.values import duration_words
from offerd.model.schema import Aggregate, AggregateFunction

_KEPT_WITHOUT_WINDOW: Final = 512
"""How many entries averages, first and last values over a whole life keep one by one: buckets
tell those exactly, but for entries that aren't due yet."""

_COARSE_GRANULES: Final = 64
"""Into how many buckets a window is divided where each of them is large, or there is one for each
group."""

_SUMMING: Final = (AggregateFunction.SUM, AggregateFunction.AVERAGE)
_EXACT_IN_BUCKETS: Final = (
    AggregateFunction.AVERAGE,
    AggregateFunction.FIRST,
    AggregateFunction.LAST,
)


_NO_PARTS: Final[frozenset[int]] = frozenset()


class _Selection(NamedTuple):
    """The entries of a group in a window, in order, and the buckets that are in it.

    `parts` are those that are in it only in part.
    """

    times: Sequence[int]
    ties: Sequence[int]
    values: Sequence[Any]
    buckets: Sequence[Bucket]
    parts: frozenset[int] = _NO_PARTS

    def whole(self, bucket: Bucket) -> bool:
        """Whether a bucket is in the window as a whole."""
        return id(bucket) not in self.parts


_Figure = Callable[[_Selection], Any]


class Figure(Kind):
    """An aggregate that is one figure, or one for each group."""

    def __init__(self, aggregate: Aggregate, filters: Sequence[EventFilter]) -> None:
        if aggregate.function is AggregateFunction.DISTINCT or aggregate.group_by is not None:
            self.granules = _COARSE_GRANULES
        super().__init__(aggregate, filters)
        if self.span.endless and aggregate.function in _EXACT_IN_BUCKETS:
            self.kept = _KEPT_WITHOUT_WINDOW
        self._counts = aggregate.function is AggregateFunction.COUNT and aggregate.group_by is None
        self._grouped = aggregate.group_by is not None
        self._initial = initial_value(aggregate)
        self._figure = _figure_of(aggregate)

    def oldest_ns(self, now_ns: int) -> int | None:
        """As `Features.oldest_ns`: the start of the first bucket that is in the window.

        So a bucket has all its entries until it leaves, whenever those came.
        """
        oldest = super().oldest_ns(now_ns)
        return None if oldest is None else self.span.bucket_start(oldest)

    def value(self, series: Series, now_ns: int) -> Any:
        """Returns the figure at an instant, or a dict of those of the groups."""
        low, high = self.bounds(series, now_ns)
        buckets = self.present(series, now_ns) if series.buckets else ()
        if low == high and not buckets:
            return {} if self._grouped else self._initial
        parts = _NO_PARTS
        if buckets:
            parts = frozenset(id(bucket) for bucket in buckets if self._cut(bucket, now_ns))
        if self._grouped:
            return self._by_group(series, low, high, buckets, parts)
        return self._figure(
            _Selection(
                series.times[low:high],
                series.ties[low:high],
                series.values[low:high],
                buckets,
                parts,
            )
        )

    def value_of_chunk(self, stored: bytes, now_ns: int) -> Any:
        """As `Features.value_of_chunk`."""
        if self._counts:
            times = stored_times(stored)
            if len(times) <= self.kept:
                within_ns = self.span.within_ns
                after = self.span.after(now_ns) if within_ns is None else now_ns - within_ns
                low = 0 if after is None else bisect_right(times, after)
                return bisect_right(times, now_ns, low) - low
        return super().value_of_chunk(stored, now_ns)

    def approximation(self, series: Series, now_ns: int) -> str | None:
        """Returns in words how the value may differ from the exact one; None if it doesn't."""
        buckets = self.present(series, now_ns)
        told = []
        if any(self._cut(bucket, now_ns) for bucket in buckets):
            granule_ns = self.span.granule_ns
            width = "" if granule_ns is None else f" of {duration_words(granule_ns, 2)}"
            told.append(f"events before the newest {self.kept:,} are counted in buckets{width}")
        if is_crowded(series.buckets, self.oldest_ns(now_ns)):
            most = f"{BUCKET_LIMIT:,} buckets at most, each of one group"
            told.append(f"events before the newest {self.kept:,} are kept in {most}")
        if any(bucket.saturated for bucket in buckets):
            told.append(f"estimated from {SKETCH_HASHES:,} hashes, with a standard error of 3 %")
        if self._grouped:
            low, high = self.bounds(series, now_ns)
            groups = {*series.groups[low:high], *(bucket.group for bucket in buckets)}
            if len(groups) > GROUP_LIMIT:
                told.append(f"of {len(groups):,} groups only {GROUP_LIMIT:,} are kept")
        return "; ".join(told) or None

    def summary(self, start_ns: int, group: str | None, entries: Columns) -> Bucket:
        """Returns the bucket of entries, of which there is at least one."""
        bucket = super().summary(start_ns, group, entries)
        function, values = self.aggregate.function, entries.values
        if function in _SUMMING:
            bucket.terms = exact_terms(values)
        elif function is AggregateFunction.MIN:
            bucket.least = min(values)
        elif function is AggregateFunction.MAX:
            bucket.most = max(values)
        elif function is AggregateFunction.DISTINCT:
            bucket.hashes, bucket.saturated = sketch(values)
        elif function in (AggregateFunction.FIRST, AggregateFunction.LAST):
            bucket.first = (entries.times[0], entries.ties[0], values[0])
            bucket.last = (entries.times[-1], entries.ties[-1], values[-1])
        return bucket

    def by_bucket(self, entries: Columns) -> Iterable[tuple[str | None, Columns]]:
        """Yields the entries of each group, with it."""
        if not self._grouped:
            yield None, entries
            return
        places: dict[str | None, list[int]] = {}
        for place, group in enumerate(entries.groups):
            places.setdefault(group, []).append(place)
        for group, mine in places.items():
            yield group, entries.chosen(mine)

    def _cut(self, bucket: Bucket, now_ns: int) -> bool:
        """Whether a bucket that is in the window is in it only in part."""
        after = self.span.after(now_ns)
        started = after is not None and bucket.first_time_ns <= after
        return started or now_ns < bucket.last_time_ns

    def _by_group(
        self,
        series: Series,
        low: int,
        high: int,
        buckets: Sequence[Bucket],
        parts: frozenset[int],
    ) -> dict[str, Any]:
        found: dict[str, tuple[list[int], list[Bucket]]] = {}
        groups = series.groups
        for place in range(low, high):
            group = groups[place] or ""
            mine = found.get(group)
            if mine is None:
                mine = found[group] = ([], [])
            mine[0].append(place)
        for bucket in buckets:
            found.setdefault(bucket.group or "", ([], []))[1].append(bucket)
        kept: Mapping[str, tuple[list[int], list[Bucket]]] = found
        if len(found) > GROUP_LIMIT:
            kept = {group: found[group] for group in sorted(found)[:GROUP_LIMIT]}
        times, ties, values = series.times, series.ties, series.values
        return {
            group: self._figure(
                _Selection(
                    [times[place] for place in places],
                    [ties[place] for place in places],
                    [values[place] for place in places],
                    own,
                    parts,
                )
            )
            for group, (places, own) in kept.items()
        }


def _figure_of(aggregate: Aggregate) -> _Figure:
    if aggregate.function is AggregateFunction.SUM:
        return _sum_of_doubles if counts_in_doubles(aggregate) else _sum_of_integers
    return _FIGURES[aggregate.function]


def _count(found: _Selection) -> int:
    count = len(found.times)
    return count + sum(bucket.count for bucket in found.buckets) if found.buckets else count


def _exact_sum(found: _Selection) -> float:
    terms = [*found.values]
    for bucket in found.buckets:
        terms.extend(bucket.terms)
    return fsum(terms)


def _sum_of_doubles(found: _Selection) -> float:
    return _exact_sum(found) + 0.0


def _sum_of_integers(found: _Selection) -> int:
    total: int = sum(found.values)
    for bucket in found.buckets:
        total += sum(int(term) for term in bucket.terms)
    return min(max(total, LEAST_INTEGER), MOST_INTEGER)


def _average(found: _Selection) -> float:
    return _exact_sum(found) / _count(found)


def _least(found: _Selection) -> Any:
    return min([*found.values, *(bucket.least for bucket in found.buckets)])


def _most(found: _Selection) -> Any:
    return max([*found.values, *(bucket.most for bucket in found.buckets)])


def _first_time(found: _Selection) -> int:
    times = [
        bucket.first_time_ns if found.whole(bucket) else bucket.last_time_ns
        for bucket in found.buckets
    ]
    return min([*found.times[:1], *times])


def _last_time(found: _Selection) -> int:
    return max([*found.times[-1:], *(bucket.last_time_ns for bucket in found.buckets)])


def _first(found: _Selection) -> Any:
    ends = [*zip(found.times[:1], found.ties[:1], found.values[:1], strict=True)]
    for bucket in found.buckets:
        end = bucket.first if found.whole(bucket) else bucket.last
        if end is not None:
            ends.append(end)
    return min(ends, key=_place)[2]


def _last(found: _Selection) -> Any:
    ends = [*zip(found.times[-1:], found.ties[-1:], found.values[-1:], strict=True)]
    ends.extend(bucket.last for bucket in found.buckets if bucket.last is not None)
    return max(ends, key=_place)[2]


def _place(end: tuple[int, int, Any]) -> tuple[int, int]:
    return end[:2]


def _distinct(found: _Selection) -> int:
    if not found.buckets:
        return len(set(found.values))
    different = set(found.values)
    for bucket in found.buckets:
        different.update(bucket.hashes)
    if not any(bucket.saturated for bucket in found.buckets):
        return len(different)
    least, _ = sketch(different, True)
    # So many hashes lie below the greatest of them as do of all that there are, in proportion.
    estimate = (len(least) - 1) * 2**64 // (least[-1] + 1)
    return max(estimate, len(different))


_FIGURES: Final[dict[AggregateFunction, _Figure]] = {
    AggregateFunction.COUNT: _count,
    AggregateFunction.MIN: _least,
    AggregateFunction.MAX: _most,
    AggregateFunction.AVERAGE: _average,
    AggregateFunction.FIRST: _first,
    AggregateFunction.LAST: _last,
    AggregateFunction.FIRST_TIME: _first_time,
    AggregateFunction.LAST_TIME: _last_time,
    AggregateFunction.DISTINCT: _distinct,
}
