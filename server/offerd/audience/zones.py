"""When a clock on the wall next shows another day, month or year."""

from __future__ import annotations

import datetime
from typing import Final

from offerd.expression.functions.clocks import (
    DAY_S,
    SECOND,
    clock,
    date_of,
    start_of_day,
)

_SETTLED_NS: Final = 26 * 3600 * SECOND
"""No clock was ever turned back by so much; two changes are never so near to each other."""


def _offset(value: int, zone: str) -> int:
    """The seconds that a zone is ahead of UTC."""
    return clock(zone)(value) - value // SECOND


def is_settled(value: int, zone: str) -> bool:
    """Whether the clock won't soon be turned back, to times that it has shown before."""
    return _offset(value + _SETTLED_NS, zone) >= _offset(value, zone)


def next_unit(value: int, zone: str, unit_s: int) -> int:
    """A moment after `value` before which the clock shows the same hour, minute or day.

    `unit_s` is at most a day. It usually shows another one then; where the clock is changed in
    between it may still be the same.
    """
    shown = clock(zone)(value)
    ahead_s = unit_s - shown % unit_s
    coming = (value // SECOND + ahead_s) * SECOND
    offset = shown - value // SECOND
    if _offset(coming, zone) == offset:
        return coming
    first, last = value // SECOND, coming // SECOND
    while first + 1 < last:
        middle = (first + last) // 2
        if _offset(middle * SECOND, zone) == offset:
            first = middle
        else:
            last = middle
    return last * SECOND


def begin_of(value: int, zone: str, day: datetime.date) -> int:
    """A moment after `value` before which the clock shows only days from today to before `day`."""
    number = day.toordinal() - datetime.date(1970, 1, 1).toordinal()
    begin = start_of_day(number, zone)
    if begin <= value or not is_settled(value, zone):
        return next_unit(value, zone, DAY_S)
    return begin


def next_month(value: int, zone: str) -> int:
    """A moment after `value` before which the clock shows the same month."""
    today = date_of(clock(zone)(value))
    first = today.replace(day=1)
    following = (first + datetime.timedelta(days=31)).replace(day=1)
    return begin_of(value, zone, following)


def next_year(value: int, zone: str) -> int:
    """A moment after `value` before which the clock shows the same year."""
    today = date_of(clock(zone)(value))
    return begin_of(value, zone, datetime.date(today.year + 1, 1, 1))


def lowest(value: int, zone: str) -> int:
    """A moment such that the clock never shows an earlier time after `value` than it does then."""
    return value if is_settled(value, zone) else value - _SETTLED_NS


def highest(value: int) -> int:
    """A moment such that no clock shows a later time up to `value` than it does then."""
    return value + _SETTLED_NS
