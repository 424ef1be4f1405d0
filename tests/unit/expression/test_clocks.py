"""The quick calendar agrees with datetime and zoneinfo, at any moment and in any zone.

`OFFERD_SEED` sets the seed, `OFFERD_MOMENTS` how many random moments are tried in each zone.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from offerd.expression import Checking, Failure, compile_expression, plan
from offerd.expression.functions.arithmetic import TIMESTAMP_MAXIMUM, TIMESTAMP_MINIMUM
from unit.expression.declared import ENVIRONMENT

SEED = int(os.environ.get("OFFERD_SEED", "0"))
MOMENTS = int(os.environ.get("OFFERD_MOMENTS", "300"))
SECOND = 10**9
DAY = 86_400 * SECOND
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

ZONES = [
    "UTC", "+02:00", "-11:30", "+23:59", "-23:59", "Europe/Stockholm", "America/New_York",
    "Europe/Amsterdam", "Africa/Freetown", "Africa/Casablanca", "America/Havana", "Asia/Gaza",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Europe/Dublin",
]  # fmt: skip
"""With offsets of odd seconds long ago, half an hour of summer, days left out, midnights twice."""

CHANGES = [
    "1937-06-30T23:40:28Z", "1939-09-01T00:00:00Z", "1986-01-01T00:00:00Z", "2011-12-30T10:00:00Z",
    "2024-03-10T07:00:00Z", "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z", "2024-11-03T05:00:00Z",
    "2024-11-03T06:00:00Z", "2024-04-06T15:00:00Z", "2024-10-05T15:30:00Z", "2037-10-25T01:00:00Z",
    "2060-03-28T01:00:00Z", "1900-01-01T00:00:00Z", "1883-11-18T17:00:00Z",
]  # fmt: skip

PARTS: dict[str, Callable[[datetime.datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
}


def zone(name: str) -> datetime.tzinfo:
    """The zone as Python has it."""
    if name[0] not in "+-":
        return ZoneInfo(name)
    away = datetime.timedelta(hours=int(name[1:3]), minutes=int(name[4:]))
    return datetime.timezone(-away if name[0] == "-" else away)


def shown(nanoseconds: int, name: str) -> datetime.datetime | None:
    """What datetime says it is in the zone; None where it has no such year."""
    moment = EPOCH + datetime.timedelta(seconds=nanoseconds // SECOND)
    try:
        return moment.astimezone(zone(name))
    except OverflowError:
        return None


def moments(seed: int) -> list[int]:
    """Random moments of all years and of ours, the edges of years 1 and 9999, and changes."""
    generator = random.Random(seed)
    found = [generator.randint(TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM) for _ in range(MOMENTS)]
    found += [generator.randint(-(2**62), 2**62) for _ in range(MOMENTS)]
    for edge in (TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM):
        inwards = 1 if edge == TIMESTAMP_MINIMUM else -1
        found += [edge + inwards * generator.randint(0, 3 * DAY) for _ in range(20)]
        found += [edge, edge + inwards * SECOND]
    for text in CHANGES:
        change = datetime.datetime.fromisoformat(text) - EPOCH
        nanoseconds = (change.days * 86_400 + change.seconds) * SECOND
        found += [nanoseconds + shift for shift in (-SECOND, -1, 0, 1, SECOND)]
        found += [nanoseconds + generator.randint(-2 * DAY, 2 * DAY) for _ in range(6)]
    return found


def rule(source: str) -> Callable[[int], tuple[Any, Any]]:
    """A source as a function from `now` to what the fast and the exact form say."""
    checked = compile_expression(source, ENVIRONMENT, expected=None, checking=Checking.CEL)
    planned = plan(checked, ENVIRONMENT)

    def answers(now: int) -> tuple[Any, Any]:
        roots = ({}, {}, now, {})
        return planned.evaluate(*roots), planned.exact(*roots)

    return answers


@pytest.mark.parametrize("name", ZONES)
def test_parts_are_those_of_datetime(name: str) -> None:
    """Every part in every zone, by the fast form and by the exact one; else both fail."""
    print("seed", SEED)
    rules = {part: rule(f"now.{part}('{name}')") for part in PARTS}
    for now in moments(SEED):
        moment = shown(now, name)
        for part, compute in PARTS.items():
            found = rules[part](now)
            if moment is None:
                assert all(isinstance(one, Failure) for one in found), (name, part, now)
            else:
                assert found == (compute(moment),) * 2, (name, part, now)


def test_parts_in_utc_are_those_of_datetime() -> None:
    """Without a zone too; there no moment is out of range."""
    print("seed", SEED)
    rules = {part: rule(f"now.{part}()") for part in PARTS}
    for now in moments(SEED):
        moment = EPOCH + datetime.timedelta(seconds=now // SECOND)
        for part, compute in PARTS.items():
            assert rules[part](now) == (compute(moment),) * 2, (part, now)


@pytest.mark.parametrize("name", ZONES)
def test_a_day_begins_as_datetime_says(name: str) -> None:
    """`today` is the first midnight of the day, in UTC; a failure where it is before year 1."""
    print("seed", SEED)
    today = rule(f"today('{name}')")
    for now in moments(SEED):
        moment = shown(now, name)
        start = None
        if moment is not None:
            since = None
            midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
            try:
                since = midnight - EPOCH
            except OverflowError:
                since = None
            if since is not None:
                start = (since.days * 86_400 + since.seconds) * SECOND
        if start is None or not TIMESTAMP_MINIMUM <= start <= TIMESTAMP_MAXIMUM:
            assert all(isinstance(found, Failure) for found in today(now)), (name, now)
        else:
            assert today(now) == (start, start), (name, now)


@pytest.mark.parametrize("name", ["Europe/Stockholm", "-11:30", "UTC"])
def test_ages_are_those_of_datetime(name: str) -> None:
    """Whole years between a day in UTC and the day it is in the zone, at any moment."""
    print("seed", SEED)
    checked = compile_expression(
        f"yearsSince(profile.born, '{name}')", ENVIRONMENT, expected=None, checking=Checking.CEL
    )
    planned = plan(checked, ENVIRONMENT)
    generator = random.Random(SEED)
    everything = moments(SEED)
    for now in everything:
        born = generator.choice(everything)
        moment = shown(now, name)
        found = planned.evaluate({"born": born}, {}, now, {})
        if moment is None:
            assert isinstance(found, Failure)
            continue
        day = (EPOCH + datetime.timedelta(seconds=born // SECOND)).date()
        leap = (day.month, day.day) == (2, 29)

        def key(date: datetime.date, leap: bool = leap) -> tuple[int, int]:
            is_last = date.month == 2 and (date + datetime.timedelta(days=1)).month == 3
            return (2, 29) if leap and is_last else (date.month, date.day)

        today = moment.date()
        years = today.year - day.year
        years -= today >= day and key(today) < key(day)
        years += today < day and key(today) > key(day)
        assert found == years, (name, now, born)
