"""How far back an aggregate looks, and when what it looks at leaves.

An event of the time t is in a sliding window of w at now if now - w < t <= now, and in a calendar
window if it isn't before the beginning of the window that now lies in. One that is dated later
than now is in no window yet, however far that one reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from offerd.model.capping import Calendar, CalendarUnit
from offerd.model.schema import Aggregate
from offerd.model.windows import calendar_start

_SECOND_NS: Final = 10**9
_HOUR_NS: Final = 3_600 * _SECOND_NS
_LONGEST_NS: Final = {
    CalendarUnit.HOUR: 2 * _HOUR_NS,
    CalendarUnit.DAY: 50 * _HOUR_NS,
    CalendarUnit.WEEK: 8 * 24 * _HOUR_NS,
    CalendarUnit.MONTH: 33 * 24 * _HOUR_NS,
}
"""More than any piece of the calendar lasts."""


class Span:
    """The window of an aggregate; buckets divide it into `granules` pieces of whole seconds."""

    __slots__ = ("_calendar", "_granule_ns", "_piece", "within_ns")

    def __init__(self, aggregate: Aggregate, granules: int) -> None:
        self.within_ns = aggregate.within_ns
        self._calendar = aggregate.calendar
        self._piece = (0, 0)  # of the calendar, asked for last
        self._granule_ns = max(-(-(self.within_ns or 0) // (granules * _SECOND_NS)), 1) * _SECOND_NS

    @property
    def endless(self) -> bool:
        """Whether it reaches back to the first event."""
        return self.within_ns is None and self._calendar is None

    def after(self, now_ns: int) -> int | None:
        """Returns the instant after which events are in it at now; None if all are."""
        if self.within_ns is not None:
            return now_ns - self.within_ns
        return None if self._calendar is None else calendar_start(self._calendar, now_ns) - 1

    def leaving(self, time_ns: int) -> int | None:
        """Returns the first instant at which an event of the time is in it no more."""
        if self.within_ns is not None:
            return time_ns + self.within_ns
        return None if self._calendar is None else calendar_end(self._calendar, time_ns)

    def bucket_start(self, time_ns: int) -> int:
        """Returns the start of the bucket that an entry of the time belongs to."""
        if self.within_ns is not None:
            return time_ns // self._granule_ns * self._granule_ns
        if self._calendar is None:
            return 0
        start_ns, end_ns = self._piece
        if not start_ns <= time_ns < end_ns:
            start_ns = calendar_start(self._calendar, time_ns)
            self._piece = (start_ns, calendar_end(self._calendar, time_ns) or start_ns)
        return start_ns

    def changes(self, times: Iterable[int], after_ns: int, until_ns: int) -> Iterator[int]:
        """Yields when events come into the window and leave it, of ascending times.

        Only what is after `after_ns`, and leaving only up to `until_ns`.
        """
        gone_ns = self.after(after_ns)
        leaving: int | None = None
        for time_ns in times:
            if gone_ns is not None and time_ns <= gone_ns:
                continue
            if after_ns < time_ns:
                yield time_ns
            if self._calendar is None or leaving is None or leaving <= time_ns:
                leaving = self.leaving(time_ns)
            if leaving is not None and after_ns < leaving <= until_ns:
                yield leaving

    @property
    def granule_ns(self) -> int | None:
        """How long buckets are; None if they are as long as the window."""
        return None if self.within_ns is None else self._granule_ns


def calendar_end(calendar: Calendar, now_ns: int) -> int | None:
    """Returns the first instant of the window after that which now lies in; None if none."""
    return _end(calendar, calendar_start(calendar, now_ns))


@lru_cache(maxsize=4_096)
def _end(calendar: Calendar, start_ns: int) -> int | None:
    low = start_ns // _SECOND_NS
    high = low + calendar.count * _LONGEST_NS[calendar.unit] // _SECOND_NS
    if calendar_start(calendar, high * _SECOND_NS) == start_ns:
        return None  # beyond what the calendar tells apart
    while high - low > 1:
        middle = (low + high) // 2
        if calendar_start(calendar, middle * _SECOND_NS) > start_ns:
            high = middle
        else:
            low = middle
    return high * _SECOND_NS
