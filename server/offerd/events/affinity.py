"""How much a customer is drawn to each group, such as a category, by what they touched lately.

The first group ever touched gets 10. A group that isn't known gets 5 when it is touched, and all
others lose 1; one that is known gains 5. If there are then more groups than are kept, the lowest
goes; of equal ones the one not touched for the longest. At the end of a session, which is a pause
of more than the session gap, all are halved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from offerd.events.caps import EventFilter
from offerd.events.kind import Kind
from offerd.events.series import Series
from offerd.events.tops import DEFAULT_COUNT
from offerd.model.schema import Aggregate

_FIRST: Final = 10.0
_TOUCH: Final = 5.0
_LOSS: Final = 1.0


class Affinity(Kind):
    """The weights of the groups; without a session gap, sessions never end."""

    def __init__(self, aggregate: Aggregate, filters: Sequence[EventFilter]) -> None:
        super().__init__(aggregate, filters)
        self._count = aggregate.count or DEFAULT_COUNT
        self._gap_ns = aggregate.session_gap_ns

    def value(self, series: Series, now_ns: int) -> dict[str, float]:
        """Returns the weights by group, ordered by when the groups were last touched."""
        low, high = self.bounds(series, now_ns)
        weights: dict[str, float] = {}
        if low == high:
            return weights
        gap_ns = math.inf if self._gap_ns is None else self._gap_ns
        before_ns = series.times[low]
        for time_ns, group in zip(series.times[low:high], series.groups[low:high], strict=True):
            if time_ns - before_ns > gap_ns:
                _halve(weights)
            before_ns = time_ns
            self._touch(weights, group or "")
        if now_ns - before_ns > gap_ns:
            _halve(weights)
        return weights

    def edges(self, series: Series, after_ns: int, until_ns: int) -> Iterator[int]:
        """Yields instants after `after_ns` and up to `until_ns`, in any order: see `Features`."""
        yield from super().edges(series, after_ns, until_ns)
        if self._gap_ns is None:
            return
        following = chain(series.times[1:], [until_ns + 1])
        for time_ns, next_ns in zip(series.times, following, strict=False):
            end_ns = time_ns + self._gap_ns + 1
            if after_ns < end_ns <= until_ns and end_ns <= next_ns:
                yield end_ns

    def _touch(self, weights: dict[str, float], group: str) -> None:
        known = weights.pop(group, None)
        if known is not None:
            weights[group] = known + _TOUCH
            return
        if not weights:
            weights[group] = _FIRST
            return
        for other in weights:
            weights[other] -= _LOSS
        weights[group] = _TOUCH
        if len(weights) > self._count:
            del weights[min(weights, key=weights.__getitem__)]


def _halve(weights: dict[str, float]) -> None:
    for group in weights:
        weights[group] /= 2.0
