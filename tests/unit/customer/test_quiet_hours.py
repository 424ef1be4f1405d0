"""Quiet hours in real zones, against a twin that looks at the clock minute by minute."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from offerd.customer.quiet_hours import quiet_end
from offerd.model.contact import QuietPeriod
from seeds import random_seed

MINUTE_NS = 60 * 10**9
ROUNDS = int(os.environ.get("OFFERD_QUIET_ROUNDS", "40"))
"""How many random sets of quiet hours are compared, each at 8 instants."""

NIGHT = QuietPeriod(22 * 60, 8 * 60)
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def ns(text: str) -> int:
    """Nanoseconds of a time in UTC, or with an offset."""
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1_000


def naive_is_quiet(periods: list[QuietPeriod], shown: datetime) -> bool:
    """Whether a clock shows quiet hours."""
    minute = shown.hour * 60 + shown.minute

    def begins(day: datetime) -> bool:
        if period.dates:
            return day.date().isoformat() in period.dates
        return not period.weekdays or day.isoweekday() in period.weekdays

    for period in periods:
        started = begins(shown) and minute >= period.from_minute
        if period.from_minute < period.until_minute:
            if started and minute < period.until_minute:
                return True
        elif started or (begins(shown - timedelta(days=1)) and minute < period.until_minute):
            return True
    return False


def naive_end(
    periods: list[QuietPeriod], zone: ZoneInfo, at: datetime, most: int
) -> datetime | None:
    """The first minute that isn't quiet, looking at each; None if there is none for so many."""
    for minutes in range(most):
        instant = at + timedelta(minutes=minutes)
        if not naive_is_quiet(periods, instant.astimezone(zone)):
            return instant
    return None


ZONES = [
    "Europe/Stockholm",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Pacific/Kiritimati",
    "UTC",
]
CHANGES = [
    "2026-03-29T00:00", "2026-10-25T00:00", "2026-03-08T05:00", "2026-11-01T04:00",
    "2026-04-04T14:00", "2026-10-03T15:00", "2018-11-04T02:00", "2018-02-18T01:00",
    "2011-12-30T09:00", "2026-12-31T22:00", "2025-03-29T22:00", "2026-02-15T01:00",
]  # fmt: skip


def random_period(source: random.Random, around: datetime) -> QuietPeriod:
    """Of any length, on any days."""
    weekdays: tuple[int, ...] = ()
    dates: tuple[str, ...] = ()
    kind = source.randrange(3)
    if kind == 1:
        weekdays = tuple(sorted(source.sample(range(1, 8), source.randrange(1, 6))))
    elif kind == 2:
        days = (around + timedelta(days=source.randrange(-2, 4)) for _ in range(2))
        dates = tuple(sorted({day.date().isoformat() for day in days}))
    start, end = source.randrange(1440), source.randrange(1440)
    if source.random() < 0.5:
        start, end = start // 30 * 30, end // 30 * 30
    return QuietPeriod(start, end, weekdays, dates)


def test_quiet_hours_end_when_a_clock_says_so() -> None:
    """In zones and at times at which clocks are changed, days skipped, and hours shown twice."""
    seed = random_seed()
    quiet = 0
    for number in range(ROUNDS):
        source = random.Random(f"{seed}/{number}")
        zone = ZoneInfo(source.choice(ZONES))
        around = datetime.fromisoformat(source.choice(CHANGES)).replace(tzinfo=UTC)
        periods = [random_period(source, around) for _ in range(source.randrange(1, 4))]
        for _ in range(8):
            at = around + timedelta(minutes=source.randrange(-2_880, 2_880))
            expected = naive_end(periods, zone, at, 12 * 1440)
            found = quiet_end(periods, zone, ns(at.isoformat()))
            if expected is None:
                assert found is None or found > ns((at + timedelta(days=12)).isoformat()) - 1
                continue
            quiet += expected > at
            assert found == ns(expected.isoformat()), (periods, zone.key, at, expected)
    assert quiet > ROUNDS


def naive_end_anywhere(periods: list[QuietPeriod], at: datetime, most: int) -> datetime | None:
    """The first minute that isn't quiet at any offset that clocks have."""
    offsets = [timedelta(minutes=minutes) for minutes in range(-12 * 60, 14 * 60 + 1)]
    for minutes in range(0, most):
        instant = at + timedelta(minutes=minutes)
        if not any(naive_is_quiet(periods, instant + offset) for offset in offsets):
            return instant
    return None


def test_without_a_zone_they_hold_as_long_as_they_do_anywhere() -> None:
    """From twelve hours behind UTC to fourteen ahead of it."""
    seed = random_seed()
    for number in range(6):
        source = random.Random(f"{seed}/{number}")
        around = datetime.fromisoformat("2026-12-24T12:00").replace(tzinfo=UTC)
        first = random_period(source, around)
        dated = QuietPeriod(first.from_minute, first.until_minute, (), ("2026-12-24",))
        at = around + timedelta(minutes=source.randrange(-1_500, 1_500))
        expected = naive_end_anywhere([dated], at, 4_000)
        assert expected is not None
        assert quiet_end([dated], None, ns(at.isoformat())) == ns(expected.isoformat()), (dated, at)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-06-10T12:00+02:00", "2026-06-10T12:00+02:00"),
        ("2026-06-10T21:59:59.999999+02:00", "2026-06-10T21:59:59.999999+02:00"),
        ("2026-06-10T22:00+02:00", "2026-06-11T08:00+02:00"),
        ("2026-06-11T07:59:59.999999+02:00", "2026-06-11T08:00+02:00"),
        ("2026-06-11T08:00+02:00", "2026-06-11T08:00+02:00"),
        ("2026-03-28T23:00+01:00", "2026-03-29T08:00+02:00"),
        ("2026-10-24T23:00+02:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_a_night_ends_in_the_morning(at: str, until: str) -> None:
    """Its first instant is quiet and its last isn't; a night may be an hour shorter or longer."""
    assert quiet_end([NIGHT], STOCKHOLM, ns(at)) == ns(until)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """That of Saturday goes on into Sunday, and Sunday's own isn't quiet."""
    saturday = QuietPeriod(22 * 60, 8 * 60, (6,))
    at = ns("2026-06-14T07:00+02:00")  # a Sunday
    assert quiet_end([saturday], STOCKHOLM, at) == ns("2026-06-14T08:00+02:00")
    at = ns("2026-06-14T23:00+02:00")
    assert quiet_end([saturday], STOCKHOLM, at) == at


def test_hours_that_begin_in_a_gap_begin_after_it() -> None:
    """And those that end in one end with it."""
    early = QuietPeriod(150, 240)  # 02:30 to 04:00
    at = ns("2026-03-29T03:00+02:00")  # the clocks jumped from 02:00
    assert quiet_end([early], STOCKHOLM, at - 1) == at - 1
    assert quiet_end([early], STOCKHOLM, at) == ns("2026-03-29T04:00+02:00")
    late = QuietPeriod(60, 150)  # 01:00 to 02:30
    assert quiet_end([late], STOCKHOLM, ns("2026-03-29T01:30+01:00")) == at


def test_what_is_shown_twice_is_quiet_twice() -> None:
    """02:15 comes again an hour later, when clocks are put back at 03:00."""
    late = QuietPeriod(60, 150)
    first, second = ns("2026-10-25T02:15+02:00"), ns("2026-10-25T02:15+01:00")
    assert quiet_end([late], STOCKHOLM, first) == ns("2026-10-25T02:30+02:00")
    assert quiet_end([late], STOCKHOLM, second) == ns("2026-10-25T02:30+01:00")


def test_hours_that_follow_one_another_are_one() -> None:
    """A quiet night, a quiet Sunday and the next night."""
    sunday = QuietPeriod(0, 0, (7,))
    at = ns("2026-06-13T22:30+02:00")  # a Saturday
    assert quiet_end([NIGHT, sunday], STOCKHOLM, at) == ns("2026-06-15T08:00+02:00")


def test_hours_that_never_end_have_no_end() -> None:
    """As every night does for somebody who may be anywhere."""
    halves = [QuietPeriod(0, 720), QuietPeriod(720, 0)]
    assert quiet_end(halves, STOCKHOLM, ns("2026-06-13T22:30")) is None
    assert quiet_end([NIGHT], None, ns("2026-06-13T12:00")) is None
    assert quiet_end([], None, 5) == 5
