"""When a place is open, by the clock on its wall, to the second.

Each opening is one stretch of time. It begins and ends when the clock first reads its minutes or,
where summer time makes the clock skip them, what comes after them. So a night that the clock
turns back is an hour longer for who is open until the morning, and nobody opens twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from offerd.model.place import Opening, OpeningHours

_SECOND_NS: Final = 10**9
_DAY_S: Final = 86_400
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EARLIEST_DAY: Final = date.min.toordinal() + 8
_LATEST_DAY: Final = date.max.toordinal() - 40
"""Days outside of these are like the nearest of them: dates end there."""

_BEFORE_DAYS: Final = 2
_AFTER_DAYS: Final = 2
"""An opening may last until the end of the day after; turned back, a clock may also read an
earlier date than it has read."""

_NEXT_DAYS: Final = 2
"""Mostly the answer is found in so many days."""

_USUAL_DAYS: Final = 16
"""What doesn't change within so many days of usual hours, two weeks and more, doesn't until an
exception comes."""


def is_open(hours: OpeningHours, now_ns: int) -> bool:
    """Whether a place is open at an instant."""
    zone, now_s = _zone(hours.time_zone), now_ns // _SECOND_NS
    today = _day(zone, now_s)
    return any(
        begin_s <= now_s < end_s
        for begin_s, end_s in _stretches(hours, zone, today - _BEFORE_DAYS, today + _AFTER_DAYS)
    )


def next_open_ns(hours: OpeningHours, now_ns: int) -> int | None:
    """Returns the first instant after `now_ns` at which a closed place opens, None if never."""
    return _next(hours, now_ns, opens=True)


def next_close_ns(hours: OpeningHours, now_ns: int) -> int | None:
    """Returns the first instant after `now_ns` at which an open place closes, None if never."""
    return _next(hours, now_ns, opens=False)


def _next(hours: OpeningHours, now_ns: int, *, opens: bool) -> int | None:
    zone, now_s = _zone(hours.time_zone), now_ns // _SECOND_NS
    for first, last in _runs(hours, _day(zone, now_s)):
        after_s = max(now_s, _first_reading(zone, first - 1, 0))
        # What is open without end has edges at those of the days that are looked at.
        until_s = _first_reading(zone, last, 0)
        days = first - 1 - _BEFORE_DAYS, last + _AFTER_DAYS
        for begin_s, end_s in _joined(hours, zone, *days):
            found_s = begin_s if opens else end_s
            if after_s < found_s < until_s:
                return found_s * _SECOND_NS
    return None


def _runs(hours: OpeningHours, today: int) -> Iterator[tuple[int, int]]:
    """Yields days, first and last, between which hours may change, in order, from today on.

    Those between are usual ones, after as many in which nothing changed.
    """
    yield today, today + _NEXT_DAYS
    yield today + 1, today + _USUAL_DAYS
    known = today + _USUAL_DAYS
    for text in sorted(hours.exceptions):
        day = min(date.fromisoformat(text).toordinal(), _LATEST_DAY)
        last = day + _USUAL_DAYS
        if last > known:
            yield max(known, day - 1) - 1, last
            known = last


def _joined(
    hours: OpeningHours, zone: ZoneInfo, first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Yields the stretches of days, in order, those that touch or overlap as one."""
    joined: tuple[int, int] | None = None
    for begin_s, end_s in sorted(_stretches(hours, zone, first, last)):
        if joined is None:
            joined = begin_s, end_s
        elif begin_s <= joined[1]:
            joined = joined[0], max(joined[1], end_s)
        else:
            yield joined
            joined = begin_s, end_s
    if joined is not None:
        yield joined


def _stretches(
    hours: OpeningHours, zone: ZoneInfo, first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Yields when the openings of days begin and end, in seconds."""
    for day in range(first, last + 1):
        for opening in _openings(hours, day):
            begin_s = _first_reading(zone, day, opening.from_minute)
            end_s = _first_reading(zone, day, opening.until_minute)
            if begin_s < end_s:
                yield begin_s, end_s


def _openings(hours: OpeningHours, day: int) -> tuple[Opening, ...]:
    if hours.exceptions:
        exception = hours.exceptions.get(date.fromordinal(day).isoformat())
        if exception is not None:
            return exception
    return hours.weekdays[(day - 1) % 7]  # day 1 was a Monday


def _day(zone: ZoneInfo, now_s: int) -> int:
    """Returns the ordinal of the date that the clock reads."""
    day = now_s // _DAY_S + _EPOCH_ORDINAL
    if not _EARLIEST_DAY <= day <= _LATEST_DAY:
        return min(max(day, _EARLIEST_DAY), _LATEST_DAY)
    moment = datetime.fromtimestamp(now_s, UTC).astimezone(zone)
    return moment.toordinal()


@lru_cache(maxsize=4_096)
def _first_reading(zone: ZoneInfo, day: int, minute: int) -> int:
    """Returns the first second at which the clock reads so many minutes of a day, or later."""
    wall = datetime.fromordinal(day) + timedelta(minutes=minute)
    wall_s = (wall.toordinal() - _EPOCH_ORDINAL) * _DAY_S + wall.hour * 3_600 + wall.minute * 60
    earlier_s = wall_s - _offset_s(wall.replace(tzinfo=zone, fold=0))
    later_s = wall_s - _offset_s(wall.replace(tzinfo=zone, fold=1))
    if later_s >= earlier_s:
        return earlier_s
    # The clock skips it, between the two: where the offset changes.
    before_s, after_s = later_s - 1, earlier_s
    usual_s = wall_s - earlier_s
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        offset_s = _offset_s(datetime.fromtimestamp(middle_s, UTC).astimezone(zone))
        if offset_s == usual_s:
            before_s = middle_s
        else:
            after_s = middle_s
    return after_s


def _offset_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
