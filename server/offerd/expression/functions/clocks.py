"""What a clock on the wall shows in a time zone: whole seconds of local time.

Looking an offset up in a zone costs microseconds, so it is kept by day. A day whose beginning and
end have one offset has no other in between: zones have never gone back on a change sooner than
after days.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from offerd.expression.functions.arithmetic import TIMESTAMP_MAXIMUM, TIMESTAMP_MINIMUM
from offerd.expression.values import EvaluationError, quoted

Clock = Callable[[int], int]
"""From nanoseconds since 1970 UTC to what a clock shows, in whole seconds since its 1970.

Raises EvaluationError where that is before year 1 or after 9999."""

SECOND: Final = 1_000_000_000
DAY_S: Final = 86_400
EPOCH_DAY: Final = datetime.date(1970, 1, 1).toordinal()
"""What datetime calls the day 0."""

_FIRST_S: Final = TIMESTAMP_MINIMUM // SECOND
_LAST_S: Final = TIMESTAMP_MAXIMUM // SECOND
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAYS_KEPT: Final = 1024

UTC_NAMES: Final = ("", "UTC", "Z")
_OFFSET: Final = re.compile(r"([+-]?)(\d\d):(\d\d)", re.ASCII)


@lru_cache(maxsize=1024)
def zone(name: str) -> datetime.tzinfo:
    """The time zone of an IANA name or of an offset such as "+02:00"; EvaluationError if none."""
    offset_s = offset_of(name)
    if offset_s is not None:
        return datetime.timezone(datetime.timedelta(seconds=offset_s))
    if name in UTC_NAMES:
        return datetime.UTC
    if name not in _names():
        raise EvaluationError(f"unknown time zone {quoted(name)}")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Every zone that is the same on all hosts; no name that is none is looked for on a disk."""
    return frozenset(available_timezones() - _OF_HOSTS)


_OF_HOSTS: Final = {"localtime", "posixrules", "Factory"}


def offset_of(name: str) -> int | None:
    """Seconds ahead of UTC, of a zone that is an offset such as "+02:00"; None of any other."""
    offset = _OFFSET.fullmatch(name)
    return None if offset is None else offset_seconds(*offset.groups())


def offset_seconds(sign: str, hours: str, minutes: str) -> int | None:
    """Seconds ahead of UTC; None for what is not the time of a day."""
    if int(hours) > 23 or int(minutes) > 59:
        return None
    seconds = int(hours) * 3600 + int(minutes) * 60
    return -seconds if sign == "-" else seconds


@lru_cache(maxsize=1024)
def clock(name: str) -> Clock:
    """The clock of a zone's name, as in `zone`; EvaluationError if there is none."""
    zone_ = zone(name)
    if zone_ is datetime.UTC:
        return lambda value: value // SECOND
    if isinstance(zone_, ZoneInfo):
        return _changing(zone_)
    fixed = zone_.utcoffset(None)
    return _fixed(0 if fixed is None else fixed.days * DAY_S + fixed.seconds)


def _fixed(offset_s: int) -> Clock:
    def shown(value: int) -> int:
        return _within(value // SECOND + offset_s)

    return shown


def _changing(zone_: ZoneInfo) -> Clock:
    @lru_cache(maxsize=_DAYS_KEPT)
    def offset_of_day(day: int) -> int | None:
        """The seconds ahead of UTC all day long; None when they change."""
        first, next_ = day * DAY_S, (day + 1) * DAY_S
        if first <= _FIRST_S + DAY_S or next_ >= _LAST_S - DAY_S:
            return None
        offset_s = _offset_at(zone_, first)
        return offset_s if offset_s == _offset_at(zone_, next_) else None

    def shown(value: int) -> int:
        seconds = value // SECOND
        offset_s = offset_of_day(seconds // DAY_S)
        return seconds + _offset_at(zone_, seconds) if offset_s is None else seconds + offset_s

    return shown


def _offset_at(zone_: ZoneInfo, seconds: int) -> int:
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    try:
        offset = moment.astimezone(zone_).utcoffset()
    except OverflowError:
        raise _out_of_range() from None
    return 0 if offset is None else offset.days * DAY_S + offset.seconds


def _within(seconds: int) -> int:
    if _FIRST_S <= seconds <= _LAST_S:
        return seconds
    raise _out_of_range()


def _out_of_range() -> EvaluationError:
    return EvaluationError("the timestamp is out of range in this time zone")


def date_of(shown: int) -> datetime.date:
    """The day that a clock is in, from the seconds that it shows."""
    return datetime.date.fromordinal(shown // DAY_S + EPOCH_DAY)


def day_of_year(shown: int) -> int:
    """The days since 1 January, from the seconds that a clock shows."""
    day = shown // DAY_S + EPOCH_DAY
    return day - datetime.date(datetime.date.fromordinal(day).year, 1, 1).toordinal()


@lru_cache(maxsize=_DAYS_KEPT)
def start_of_day(day: int, name: str) -> int:
    """The moment at which a day of a zone begins, in nanoseconds since 1970 UTC.

    `day` is counted from that of 1970 on the zone's clock. Where midnight comes twice it is the
    first, and where it is left out, what it would have been before the change.
    """
    date = datetime.date.fromordinal(day + EPOCH_DAY)
    midnight = datetime.datetime(date.year, date.month, date.day, tzinfo=zone(name))
    try:
        since = midnight - _EPOCH
    except OverflowError:
        raise EvaluationError("the day begins before the first timestamp") from None
    return (since.days * DAY_S + since.seconds) * SECOND
