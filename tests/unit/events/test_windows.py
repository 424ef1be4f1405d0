"""When windows of caps began, against a twin that walks the zone's clocks minute by minute."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from offerd.model.capping import Calendar, CalendarUnit, Cap
from offerd.model.windows import calendar_start, window_after
from seeds import random_seed

HOUR, DAY, WEEK, MONTH = CalendarUnit
SECOND_NS = 10**9
MINUTE = timedelta(minutes=1)
TROUBLED = (
    "America/St_Johns",  # put back over midnight, from 00:01
    "America/Sao_Paulo",  # put forward at midnight
    "America/Havana",  # midnight twice
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # moves by half an hour
    "Pacific/Apia",  # skipped a whole day
    "Africa/Casablanca",
    "Europe/Stockholm",
    "America/New_York",
    "UTC",
)


def instant(text: str) -> int:
    """Returns an RFC 3339 instant in nanoseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND_NS


def shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Returns what the clocks of a zone show."""
    return at.astimezone(zone).replace(tzinfo=None)


def window_number(calendar: Calendar, day: date) -> int:
    """Returns which window of days, weeks or months a day is in, counted naively."""
    if calendar.unit is MONTH:
        return ((day.year - 1970) * 12 + day.month - 1) // calendar.count
    first = date(1970, 1, 1)
    if calendar.unit is WEEK:
        while first.isoweekday() != calendar.week_start:
            first += timedelta(days=1)
        return (day - first).days // (7 * calendar.count)
    return (day - first).days // calendar.count


def twin(calendar: Calendar, at: datetime) -> datetime:
    """Walks back from an instant to where its window began, minute by minute."""
    zone = ZoneInfo(calendar.time_zone)
    if calendar.unit is HOUR:
        while True:
            local = shown(at, zone)
            part = int((local - at.replace(tzinfo=None)).total_seconds()) % 3_600
            if (int(at.timestamp()) + part) % (3_600 * calendar.count) == 0:
                return at
            at -= MINUTE
    # A window begins when the clocks first show its first day or a later one; going back a day
    # more sees whether they showed that before they were put back.
    farthest = at - timedelta(days=1)
    number = window_number(calendar, shown(at, zone).date())
    walk = at
    while walk > farthest:
        walk -= MINUTE
        number = max(number, window_number(calendar, shown(walk, zone).date()))
    begin = at
    while True:
        earlier = begin
        for _ in range(24 * 60):
            earlier -= MINUTE
            if window_number(calendar, shown(earlier, zone).date()) >= number:
                begin = earlier
                break
        else:
            return begin


def random_instant(rng: random.Random, zone: str) -> datetime:
    """Returns a whole minute of 1990 to 2037, mostly near a change of the zone's clocks."""
    at = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(47 * 525_960))
    if rng.random() < 0.2:
        return at
    step = timedelta(hours=1)
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    for _ in range(400 * 24):
        at += step
        if at.astimezone(ZoneInfo(zone)).utcoffset() != offset:
            break
    return at + timedelta(minutes=rng.randrange(-3_000, 3_000))


def test_calendar_windows_agree_with_a_walk_along_the_clocks() -> None:
    """For random instants, mostly about changes of the clocks, in troubled and any zones."""
    seed = random_seed()
    rng = random.Random(seed)
    zones = sorted(available_timezones())
    for _ in range(80):
        zone = rng.choice(TROUBLED if rng.random() < 0.8 else zones)
        unit = rng.choice([HOUR, HOUR, DAY, DAY, DAY, WEEK])
        count = 1 if rng.random() < 0.6 else rng.randrange(2, {HOUR: 30, DAY: 4, WEEK: 3}[unit])
        if unit is WEEK:
            count = 1
        calendar = Calendar(unit, count, zone, rng.randrange(1, 8))
        at = random_instant(rng, zone)
        found = calendar_start(calendar, int(at.timestamp()) * SECOND_NS)
        expected = twin(calendar, at)
        assert found == int(expected.timestamp()) * SECOND_NS, (calendar, at, expected)


def test_windows_follow_one_another() -> None:
    """A window's start is in it, a nanosecond earlier is not, and starts never go back."""
    seed = random_seed()
    rng = random.Random(seed)
    zones = sorted(available_timezones())
    for _ in range(3_000):
        calendar = Calendar(
            rng.choice(list(CalendarUnit)), rng.randrange(1, 40), rng.choice(zones), 1
        )
        now_ns = rng.randrange(instant("1971-01-01T00:00Z"), instant("2100-01-01T00:00Z"))
        start = calendar_start(calendar, now_ns)
        assert start <= now_ns
        assert calendar_start(calendar, start) == start
        before = calendar_start(calendar, start - 1)
        assert before < start
        assert calendar_start(calendar, now_ns + rng.randrange(10**14)) >= start


@pytest.mark.parametrize(
    ("calendar", "now", "start"),
    [
        (Calendar(DAY), "2026-03-29T23:59:59Z", "2026-03-29T00:00Z"),
        (Calendar(DAY, 2), "1970-01-04T12:00Z", "1970-01-03T00:00Z"),
        (Calendar(DAY, 1, "Europe/Stockholm"), "2026-03-29T12:00Z", "2026-03-29T00:00+01:00"),
        (Calendar(DAY, 1, "Europe/Stockholm"), "2026-03-30T12:00Z", "2026-03-30T00:00+02:00"),
        (Calendar(DAY, 1, "America/Sao_Paulo"), "2018-11-04T12:00Z", "2018-11-04T01:00-02:00"),
        (Calendar(DAY, 1, "America/Havana"), "2025-11-02T05:30Z", "2025-11-02T00:00-04:00"),
        (Calendar(DAY, 1, "Pacific/Apia"), "2011-12-30T12:00Z", "2011-12-31T00:00+14:00"),
        (Calendar(DAY, 1, "America/St_Johns"), "2006-10-29T02:45Z", "2006-10-29T00:00-02:30"),
        (Calendar(HOUR, 1, "Asia/Kathmandu"), "2026-01-01T00:20Z", "2026-01-01T00:15Z"),
        (Calendar(HOUR, 6), "2026-01-01T17:59:59Z", "2026-01-01T12:00Z"),
        (Calendar(HOUR, 1, "Europe/Stockholm"), "2026-10-25T00:30Z", "2026-10-25T00:00Z"),
        (Calendar(HOUR, 1, "Europe/Stockholm"), "2026-10-25T01:30Z", "2026-10-25T01:00Z"),
        (Calendar(WEEK), "2026-11-01T10:00Z", "2026-10-26T00:00Z"),
        (Calendar(WEEK, 1, "UTC", 7), "2026-11-01T10:00Z", "2026-11-01T00:00Z"),
        (Calendar(WEEK, 2), "1970-01-04T00:00Z", "1969-12-22T00:00Z"),
        (Calendar(WEEK, 2), "1970-01-05T00:00Z", "1970-01-05T00:00Z"),
        (Calendar(MONTH), "2028-02-29T10:00Z", "2028-02-01T00:00Z"),
        (Calendar(MONTH, 3), "2026-12-31T10:00Z", "2026-10-01T00:00Z"),
        (Calendar(MONTH, 1, "America/New_York"), "2026-11-01T03:59Z", "2026-10-01T00:00-04:00"),
        (Calendar(MONTH, 1, "America/New_York"), "2026-11-01T04:00Z", "2026-11-01T00:00-04:00"),
    ],
)
def test_windows_begin_where_the_zone_says(calendar: Calendar, now: str, start: str) -> None:
    """Also where midnight is skipped, comes twice, or a whole day is missing."""
    assert calendar_start(calendar, instant(now)) == instant(start)


def test_a_cap_counts_after_its_window_began() -> None:
    """Rolling: after so long ago; calendar: from the start on; neither: from the beginning."""
    now_ns = instant("2026-01-01T17:30Z")
    assert window_after(Cap(0, 1, within_ns=60), now_ns) == now_ns - 60
    assert window_after(Cap(0, 1, calendar=Calendar(DAY)), now_ns) == (
        instant("2026-01-01T00:00Z") - 1
    )
    assert window_after(Cap(0, 1), now_ns) is None


@pytest.mark.parametrize("unit", list(CalendarUnit))
def test_instants_that_calendars_do_not_reach_have_a_window_too(unit: CalendarUnit) -> None:
    """Decisions may be tried at any instant of the years 1 to 9999."""
    for year in (1, 9999):
        at = datetime(year, 6, 1, tzinfo=UTC)
        since = at - datetime(1970, 1, 1, tzinfo=UTC)
        calendar_start(Calendar(unit, 24, "Asia/Tokyo"), since // timedelta(seconds=1) * SECOND_NS)
