"""The groups with most weight.

Every event weighs 1, or what its value says. With a half-life it weighs half as much after each
such time. All weights shrink at the same rate, so that time alone never changes the order: only
events that come, become due or leave the window do. Weights are taken as of the newest event in
the window; what is so old that a double can't hold its share of that (some thousand half-lives)
weighs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Final

from offerd.events.caps import EventFilter
from offerd.events.kind import Kind
from offerd.events.series import Series
from offerd.model.schema import Aggregate

DEFAULT_COUNT: Final = 5
"""How many groups are kept unless an aggregate says."""


class Top(Kind):
    """The names of the groups with most weight, most first.

    Of equal weight, the one with the newest event first, then by name. A group that weighs
    nothing or less isn't among them.
    """

    def __init__(self, aggregate: Aggregate, filters: Sequence[EventFilter]) -> None:
        super().__init__(aggregate, filters)
        self._count = aggregate.count or DEFAULT_COUNT
        self._half_life_ns = aggregate.half_life_ns

    def value(self, series: Series, now_ns: int) -> list[str]:
        """Returns the groups' names."""
        low, high = self.bounds(series, now_ns)
        if low == high:
            return []
        weights: dict[str, list[float]] = {}
        newest: dict[str, int] = {}
        latest, half_life_ns = series.times[high - 1], self._half_life_ns
        for place in range(low, high):
            group, time_ns = series.groups[place] or "", series.times[place]
            weight = series.values[place]
            weight = 1.0 if weight is None else weight
            if half_life_ns is not None:
                weight *= 2.0 ** ((time_ns - latest) / half_life_ns)
            weights.setdefault(group, []).append(weight)
            newest[group] = time_ns
        totals = {group: fsum(found) for group, found in weights.items()}
        ranked = sorted(
            (group for group, total in totals.items() if total > 0.0),
            key=lambda group: (-totals[group], -newest[group], group),
        )
        return ranked[: self._count]
