"""Days in a time zone: today, birthdays and anniversaries.

The day that is celebrated is the one a timestamp has in UTC, because a date without a time stands
for midnight in UTC; which day it is now depends on the time zone.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final

from offerd.expression.check.types import BOOL, INT, STRING, TIMESTAMP, Type
from offerd.expression.functions.arithmetic import within
from offerd.expression.functions.clocks import DAY_S, SECOND, clock, date_of, start_of_day
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError


def _today(now: int, zone_name: str) -> int:
    """The first moment of the day that it is, in nanoseconds since 1970 UTC."""
    return within(TIMESTAMP, start_of_day(clock(zone_name)(now) // DAY_S, zone_name))


def _days(now: int, date: int, zone_name: str) -> tuple[datetime.date, datetime.date]:
    """The day it is in the zone, and the day that is celebrated."""
    return date_of(clock(zone_name)(now)), date_of(date // SECOND)


def _in_year(day: datetime.date, year: int) -> datetime.date:
    """The day in another year; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _is_anniversary(now: int, date: int, zone_name: str) -> bool:
    today, day = _days(now, date, zone_name)
    return _in_year(day, today.year) == today


def _years_since(now: int, date: int, zone_name: str) -> int:
    """Whole years passed; negative, and rounded towards zero, for a date to come."""
    today, day = _days(now, date, zone_name)
    years = today.year - day.year
    if today >= day:
        return years - (today < _in_year(day, today.year))
    return years + (today > _in_year(day, today.year))


def _days_until(now: int, date: int, zone_name: str) -> int:
    today, day = _days(now, date, zone_name)
    coming = _in_year(day, today.year)
    if coming < today:
        if today.year == datetime.MAXYEAR:
            raise EvaluationError("the next anniversary is after the last timestamp")
        coming = _in_year(day, today.year + 1)
    return (coming - today).days


def _in_zone(
    compute: Callable[..., Any], arguments: tuple[Type, ...], result: Type
) -> tuple[Overload, ...]:
    def specialise(name: str) -> Callable[..., Any]:
        clock(name)
        return lambda *times: compute(*times, name)

    return (Overload((*arguments, STRING), result, compute, specialise=specialise),)


_ZONE: Final = "The time zone is unknown."
_LEAP: Final = "Who was born on 29 February celebrates on the 28th in years without a 29th."
_MOMENTS: Final = (TIMESTAMP, TIMESTAMP)

DAYS: Final = (
    Function(
        "today",
        Form.FUNCTION,
        _in_zone(_today, (TIMESTAMP,), TIMESTAMP),
        "The first moment of the day that it is now in a time zone, such as 'Europe/Stockholm' or "
        "'+02:00'; with a timestamp before the zone, of the day it falls on.",
        _ZONE,
        "today(timestamp('2024-05-01T22:30:00Z'), '+02:00') == timestamp('2024-05-01T22:00:00Z')",
        reads_now=True,
    ),
    Function(
        "isBirthday",
        Form.FUNCTION,
        _in_zone(_is_anniversary, _MOMENTS, BOOL),
        "Whether the day it is now in a time zone is the birthday of who was born on the day that "
        f"a timestamp falls on in UTC. {_LEAP}",
        _ZONE,
        "isBirthday(timestamp('2023-02-28T12:00:00Z'), timestamp('2004-02-29T00:00:00Z'), 'UTC')",
        reads_now=True,
    ),
    Function(
        "isAnniversary",
        Form.FUNCTION,
        _in_zone(_is_anniversary, _MOMENTS, BOOL),
        "Whether the day it is now in a time zone is the day and month of a timestamp in UTC, in "
        f"whatever year. {_LEAP}",
        _ZONE,
        "isAnniversary(timestamp('2024-05-01T12:00:00Z'), "
        "timestamp('2020-05-01T00:00:00Z'), 'UTC')",
        reads_now=True,
    ),
    Function(
        "yearsSince",
        Form.FUNCTION,
        _in_zone(_years_since, _MOMENTS, INT),
        "The whole years from the day of a timestamp in UTC to the day it is now in a time zone: "
        f"an age. Negative for a day to come. {_LEAP}",
        _ZONE,
        "yearsSince(timestamp('2024-05-01T12:00:00Z'), timestamp('2000-05-02T00:00:00Z'), 'UTC') "
        "== 23",
        reads_now=True,
    ),
    Function(
        "daysUntilAnniversary",
        Form.FUNCTION,
        _in_zone(_days_until, _MOMENTS, INT),
        "The days from the day it is now in a time zone until the next time that the day and month "
        f"of a timestamp in UTC come round; 0 on the day itself. {_LEAP}",
        f"{_ZONE} The year is 9999 and the day has passed.",
        "daysUntilAnniversary(timestamp('2024-05-01T12:00:00Z'), "
        "timestamp('2000-05-02T00:00:00Z'), 'UTC') == 1",
        reads_now=True,
    ),
)
