"""When the window of a cap began.

A window is told by the instant after which it counts, exclusive: nanoseconds since 1970 UTC.

Calendar windows of n units follow one another without gaps. Days are counted from 1970-01-01,
weeks from the first day on or after 1970-01-01 that weeks start with, months from January 1970,
all as the clocks of the time zone show them: a day begins at the first instant at which the
zone's clocks show its midnight or, where clocks were put forward over midnight, anything later.
Hours are elapsed hours counted from 1970 that begin where the zone's clocks show a full hour,
so that an hour which the clocks show twice is two hours; a zone that moves its clocks by half
an hour makes one hour half an hour shorter or longer.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from offerd.model.capping import Calendar, CalendarUnit, Cap

_SECOND_NS: Final = 10**9
_EPOCH: Final = datetime(1970, 1, 1)
_FIRST_DAY: Final = _EPOCH.toordinal()
_FIRST_WEEKDAY: Final = _EPOCH.isoweekday()
_HOUR: Final = 3_600
_LONGEST_OFFSET: Final = 2 * 86_400
"""More than any two neighbouring offsets of a zone differ by, in seconds."""

_EARLIEST: Final = (datetime(1000, 1, 1) - _EPOCH) // timedelta(seconds=1)
_LATEST: Final = (datetime(9000, 1, 1) - _EPOCH) // timedelta(seconds=1)
"""Beyond these seconds calendars end, and any instant is in the window of the last one."""


def window_after(cap: Cap, now_ns: int, visit_ns: int | None = None) -> int | None:
    """Returns the instant after which a cap counts at `now_ns`; None if from the beginning.

    `visit_ns` is when the visit began, of a cap per visit, which without one doesn't hold.
    """
    after_ns = None
    if cap.visit is not None and visit_ns is not None:
        after_ns = visit_ns - 1
    elif cap.within_ns is not None:
        after_ns = now_ns - cap.within_ns
    elif cap.calendar is not None:
        after_ns = calendar_start(cap.calendar, now_ns) - 1
    if cap.start_ns is None:
        return after_ns
    return cap.start_ns - 1 if after_ns is None else max(after_ns, cap.start_ns - 1)


def calendar_start(calendar: Calendar, now_ns: int) -> int:
    """Returns the instant at which the window that `now_ns` lies in began."""
    second = min(max(now_ns // _SECOND_NS, _EARLIEST), _LATEST)
    return _start(calendar, second) * _SECOND_NS


@lru_cache(maxsize=4_096)
def _start(calendar: Calendar, second: int) -> int:
    """As `calendar_start`, in seconds. Remembered: within a second many requests ask the same."""
    zone = ZoneInfo(calendar.time_zone)
    if calendar.unit is CalendarUnit.HOUR:
        return _hour_start(second, calendar.count, zone)
    number = _number(calendar, _local(second, zone).date())
    start = _day_start(_first_day(calendar, number), zone)
    # Clocks put back over midnight show the day before again, which doesn't begin again.
    while (following := _day_start(_first_day(calendar, number + 1), zone)) <= second:
        number, start = number + 1, following
    return start


def _number(calendar: Calendar, day: date) -> int:
    """Returns the number of the window of days, weeks or months that a day lies in."""
    if calendar.unit is CalendarUnit.MONTH:
        return ((day.year - _EPOCH.year) * 12 + day.month - 1) // calendar.count
    return (day.toordinal() - _anchor(calendar)) // _days(calendar)


def _first_day(calendar: Calendar, number: int) -> date:
    """Returns the day that a window begins with, by its number."""
    if calendar.unit is CalendarUnit.MONTH:
        years, months = divmod(number * calendar.count, 12)
        return date(_EPOCH.year + years, months + 1, 1)
    return date.fromordinal(_anchor(calendar) + number * _days(calendar))


def _anchor(calendar: Calendar) -> int:
    if calendar.unit is CalendarUnit.WEEK:
        return _FIRST_DAY + (calendar.week_start - _FIRST_WEEKDAY) % 7
    return _FIRST_DAY


def _days(calendar: Calendar) -> int:
    return calendar.count * (7 if calendar.unit is CalendarUnit.WEEK else 1)


def _day_start(day: date, zone: tzinfo) -> int:
    """Returns the first second at which the clocks of a zone show a day's midnight or later."""
    midnight = datetime(day.year, day.month, day.day)
    shown = _second_of(midnight)
    first = shown - _offset_shown(midnight, zone)
    if _local(first, zone) == midnight:
        return first
    # Midnight was skipped; the clocks jumped somewhere around the instant computed.
    low, high = first - _LONGEST_OFFSET, first
    while high - low > 1:
        middle = (low + high) // 2
        if middle + _offset(middle, zone) >= shown:
            high = middle
        else:
            low = middle
    return high


def _hour_start(second: int, count: int, zone: tzinfo) -> int:
    """Returns the last full hour of a zone, of those with a number that `count` divides.

    Goes from change to change of the zone's offset backwards until one lies in its own span.
    """
    length = count * _HOUR
    until = second
    while True:
        shift = _offset(until, zone) % _HOUR
        start = (until + shift) // length * length - shift
        if _offset(start, zone) % _HOUR == shift:
            return start
        low, high = start, until  # the shift changed after `low`, at the latest at `high`
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(middle, zone) % _HOUR == shift:
                high = middle
            else:
                low = middle
        until = low


def _local(second: int, zone: tzinfo) -> datetime:
    """Returns what the clocks of a zone show at a second."""
    at = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=UTC)
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(second: int, zone: tzinfo) -> int:
    return _second_of(_local(second, zone)) - second


def _offset_shown(shown: datetime, zone: tzinfo) -> int:
    """Returns the zone's offset when its clocks first show something, in seconds."""
    offset = shown.replace(tzinfo=zone).utcoffset() or timedelta()
    return offset // timedelta(seconds=1)


def _second_of(shown: datetime) -> int:
    return (shown - _EPOCH) // timedelta(seconds=1)
