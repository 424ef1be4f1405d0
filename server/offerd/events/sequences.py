"""Aggregates over sequences: when they were completed, and how far they have come.

They are computed from the newest entries that a series keeps. Which events complete a sequence
depends on those that completed it before, back to the first; so however short the window, all the
entries are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from offerd.events.buckets import Bucket
from offerd.events.caps import EventFilter
from offerd.events.kind import Kind
from offerd.events.matching import Pattern
from offerd.events.series import Entry, Series
from offerd.model import schema
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, SequenceStep


class _Sequential(Kind):
    """An aggregate over a sequence; entries' values say by bits which steps an event matches."""

    def __init__(
        self, aggregate: Aggregate, sequence: schema.Sequence, filters: Sequence[EventFilter]
    ) -> None:
        super().__init__(aggregate, filters)
        self.pattern = Pattern(sequence)
        self.events = [name for step in sequence.steps for name in step.events]
        self._bits: dict[str, list[tuple[int, EventFilter | None]]] = {}
        for number, step in enumerate(sequence.steps):
            self._add(1 << number, step, filters)

    def _add(self, bit: int, step: SequenceStep, filters: Sequence[EventFilter]) -> None:
        where = None if step.where is None else filters[step.where]
        for name in dict.fromkeys(step.events):
            self._bits.setdefault(name, []).append((bit, where))

    def take(self, event: Event, tie: int) -> Entry | None:
        """Returns the entry of an event of one of `events`, or None if it is no step."""
        if not self.lets_in(event):
            return None
        bits = 0
        for bit, where in self._bits.get(event.type, ()):
            if where is None or where.evaluate(event.properties) is True:
                bits |= bit
        return Entry(event.time_ns, tie, None, bits) if bits else None


class Completions(_Sequential):
    """How often, when first or when last a sequence was completed."""

    def oldest_ns(self, now_ns: int) -> int | None:
        """As `Features.oldest_ns`: None, see above."""
        return None

    def value(self, series: Series, now_ns: int) -> Any:
        """Returns the number of completions in the window, or the first or last of them."""
        after_ns = self.span.after(now_ns)
        ends = [
            end_ns
            for end_ns in self.pattern.completions(series, now_ns)
            if after_ns is None or after_ns < end_ns
        ]
        function = self.aggregate.function
        if function is AggregateFunction.COUNT:
            return len(ends)
        choose: Callable[..., int | None]
        choose = min if function is AggregateFunction.FIRST_TIME else max
        return choose(ends, default=None)

    def edges(self, series: Series, after_ns: int, until_ns: int) -> Iterator[int]:
        """Yields instants after `after_ns` and up to `until_ns`, in any order: see `Features`.

        Those at which the sequence is completed by what is known, and at which that is over.
        """
        ends = self.pattern.completions(series, until_ns)
        return self.span.changes(ends, after_ns, until_ns)

    def present(self, series: Series, now_ns: int) -> list[Bucket]:
        """Returns the buckets that might matter: all."""
        return [bucket for bucket in series.buckets if bucket.first_time_ns <= now_ns]

    def bucket_start(self, time_ns: int) -> int:
        """Returns the start of the bucket that an entry of the time goes to: there is one."""
        return 0


class Steps(_Sequential):
    """The most steps of a sequence that were done in order within the window."""

    def oldest_ns(self, now_ns: int) -> int | None:
        """As `Features.oldest_ns`: a negated first step looks back beyond the window."""
        oldest = super().oldest_ns(now_ns)
        return None if oldest is None else oldest - self.pattern.lookback_ns

    def value(self, series: Series, now_ns: int) -> int:
        """Returns the number of steps."""
        return self.pattern.most_steps(series, self.span.after(now_ns), now_ns)

    def present(self, series: Series, now_ns: int) -> list[Bucket]:
        """Returns the buckets that might matter, also to a negated first step."""
        oldest = self.oldest_ns(now_ns)
        return [
            bucket
            for bucket in series.buckets
            if bucket.first_time_ns <= now_ns and (oldest is None or oldest <= bucket.last_time_ns)
        ]
