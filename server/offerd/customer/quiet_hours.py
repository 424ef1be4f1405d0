"""Times of day at which nobody is contacted.

An instant is in quiet hours if the clocks of the customer's zone then show a time within them.
So where clocks are put forward over their beginning they begin with what is shown first, and what
is shown twice is quiet twice. Hours over midnight belong to the day on which they begin.

Of a customer whose zone isn't known they hold as long as they do anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from offerd.model.contact import QuietPeriod

_SECOND_NS: Final = 10**9
_MINUTE_NS: Final = 60 * _SECOND_NS
_HOUR_NS: Final = 60 * _MINUTE_NS
_DAY_NS: Final = 24 * _HOUR_NS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()

EARLIEST_OFFSET_NS: Final = -12 * _HOUR_NS
LATEST_OFFSET_NS: Final = 14 * _HOUR_NS
"""How far the clocks of the world are behind and ahead of UTC."""

LONGEST_NS: Final = 366 * _DAY_NS
"""Quiet hours that go on for longer are taken for ones that never end."""


def quiet_end(periods: Sequence[QuietPeriod], zone: tzinfo | None, now_ns: int) -> int | None:
    """Returns the first instant from now on that isn't in quiet hours: now if now isn't.

    Periods that follow one another without a pause are one. None if they don't end. `zone` None
    is a zone that isn't known.
    """
    instant_ns = now_ns
    while periods and instant_ns - now_ns <= LONGEST_NS:
        if zone is None:
            end_ns = _end_anywhere(periods, instant_ns)
        else:
            end_ns = _end_in(periods, zone, instant_ns)
        if end_ns is None:
            return instant_ns
        instant_ns = end_ns
    return None if periods else now_ns


def _end_in(periods: Sequence[QuietPeriod], zone: tzinfo, now_ns: int) -> int | None:
    """Returns how long it is quiet at least, None if it isn't; at most until clocks are changed."""
    offset_ns = _offset_ns(zone, now_ns)
    shown_ns = now_ns + offset_ns
    day = shown_ns // _DAY_NS
    ends = [
        end_ns
        for start_ns, end_ns in _pieces(periods, day - 1, day)
        if start_ns <= shown_ns < end_ns
    ]
    if not ends:
        return None
    end_ns = max(ends) - offset_ns
    if _offset_ns(zone, end_ns) == offset_ns:
        return end_ns
    low, high = now_ns // _SECOND_NS, -(-end_ns // _SECOND_NS)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_ns(zone, middle * _SECOND_NS) == offset_ns:
            low = middle
        else:
            high = middle
    return min(high * _SECOND_NS, end_ns)


def _end_anywhere(periods: Sequence[QuietPeriod], now_ns: int) -> int | None:
    """Returns how long it is quiet at least, wherever one is; None if it isn't anywhere."""
    first = (now_ns + EARLIEST_OFFSET_NS) // _DAY_NS - 1
    last = (now_ns + LATEST_OFFSET_NS) // _DAY_NS
    ends = [
        end_ns - EARLIEST_OFFSET_NS
        for start_ns, end_ns in _pieces(periods, first, last)
        if start_ns - LATEST_OFFSET_NS <= now_ns < end_ns - EARLIEST_OFFSET_NS
    ]
    return max(ends, default=None)


def _pieces(periods: Sequence[QuietPeriod], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yields from when until before when clocks show quiet hours that begin on some days.

    Days are counted from 1970, and what clocks show in nanoseconds since then.
    """
    for period in periods:
        from_ns = period.from_minute * _MINUTE_NS
        until_ns = period.until_minute * _MINUTE_NS
        if until_ns <= from_ns:
            until_ns += _DAY_NS
        for day in range(first, last + 1):
            if _begins(period, day):
                yield day * _DAY_NS + from_ns, day * _DAY_NS + until_ns


def _begins(period: QuietPeriod, day: int) -> bool:
    if period.dates:
        return day in _days(period.dates)
    # 1970 began with a Thursday.
    return not period.weekdays or (day + 3) % 7 + 1 in period.weekdays


@lru_cache(maxsize=1_024)
def _days(dates: tuple[str, ...]) -> frozenset[int]:
    return frozenset(date.fromisoformat(text).toordinal() - _FIRST_DAY for text in dates)


def _offset_ns(zone: tzinfo, now_ns: int) -> int:
    """Returns how far the clocks of a zone are ahead of UTC at an instant."""
    at = (_EPOCH + timedelta(seconds=now_ns // _SECOND_NS)).astimezone(zone)
    offset = at.utcoffset() or timedelta()
    return offset // timedelta(seconds=1) * _SECOND_NS
