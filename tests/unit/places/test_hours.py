"""Opening hours: by the clock on the wall, whatever is done to the clock."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from offerd.model.place import Opening, OpeningHours
from offerd.places.hours import is_open, next_close_ns, next_open_ns
from seeds import random_seed
from unit.places.naive_hours import NaiveHours

SECOND_NS = 10**9
CLOSED: tuple[Opening, ...] = ()
ALWAYS = (Opening(0, 1_440),)
DAYTIME = (Opening(540, 1_260),)

CHANGES = [
    ("Europe/Stockholm", date(2026, 3, 29)),
    ("Europe/Stockholm", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),  # skips midnight
    ("America/Havana", date(2026, 11, 1)),  # reads the hour from midnight twice
    ("America/Santiago", date(2026, 4, 4)),  # turned back to the day before
    ("America/Santiago", date(2026, 9, 6)),
    ("America/St_Johns", date(2010, 11, 7)),  # turned back at a minute past midnight
    ("America/St_Johns", date(2010, 3, 14)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that wasn't
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("UTC", date(2026, 6, 1)),
]


def weekly(*days: tuple[Opening, ...], zone: str = "Europe/Stockholm") -> OpeningHours:
    """Hours of seven days, Monday first; of one, all days alike."""
    return OpeningHours(zone, days * 7 if len(days) == 1 else days)


def at(text: str, zone: str = "Europe/Stockholm", fold: int = 0) -> int:
    """An instant by the clock of a zone, in nanoseconds."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(wall.timestamp()) * SECOND_NS


def test_a_place_is_open_from_its_first_to_before_its_last_second() -> None:
    """The end is no longer open."""
    hours = weekly(DAYTIME)
    assert not is_open(hours, at("2026-06-01T08:59:59"))
    assert is_open(hours, at("2026-06-01T09:00:00"))
    assert is_open(hours, at("2026-06-01T20:59:59"))
    assert not is_open(hours, at("2026-06-01T21:00:00"))


def test_next_is_never_the_instant_itself() -> None:
    """Who asks as it opens hears of the day after."""
    hours = weekly(DAYTIME)
    assert next_open_ns(hours, at("2026-06-01T08:00:00")) == at("2026-06-01T09:00:00")
    assert next_open_ns(hours, at("2026-06-01T09:00:00")) == at("2026-06-02T09:00:00")
    assert next_close_ns(hours, at("2026-06-01T09:00:00")) == at("2026-06-01T21:00:00")
    assert next_close_ns(hours, at("2026-06-01T21:00:00")) == at("2026-06-02T21:00:00")


def test_an_opening_may_last_beyond_midnight() -> None:
    """It belongs to the day on which it began."""
    hours = weekly(*[CLOSED] * 5, (Opening(600, 1_560),), CLOSED)
    assert is_open(hours, at("2026-06-07T01:59:59"))
    assert not is_open(hours, at("2026-06-07T02:00:00"))
    assert next_close_ns(hours, at("2026-06-06T23:00:00")) == at("2026-06-07T02:00:00")


def test_openings_that_touch_are_one() -> None:
    """Nothing closes at midnight only to open again; what is always open never does either."""
    around = weekly(*[ALWAYS] * 6, CLOSED)
    assert next_close_ns(around, at("2026-06-01T10:00:00")) == at("2026-06-07T00:00:00")
    assert next_open_ns(around, at("2026-06-01T10:00:00")) == at("2026-06-08T00:00:00")
    always = weekly(ALWAYS)
    assert is_open(always, at("2026-06-01T10:00:00"))
    assert next_close_ns(always, at("2026-06-01T10:00:00")) is None
    assert next_open_ns(always, at("2026-06-01T10:00:00")) is None


def test_who_never_opens_never_does() -> None:
    """Nor closes."""
    never = weekly(CLOSED)
    assert not is_open(never, 0)
    assert next_open_ns(never, 0) is None
    assert next_close_ns(never, 0) is None


def test_an_exception_stands_for_its_day_alone() -> None:
    """Closed, or open otherwise; however far ahead it is."""
    hours = OpeningHours(
        "Europe/Stockholm",
        (DAYTIME,) * 7,
        {"2026-12-24": CLOSED, "2026-12-25": (Opening(720, 900),)},
    )
    assert next_open_ns(hours, at("2026-12-23T22:00:00")) == at("2026-12-25T12:00:00")
    assert next_close_ns(hours, at("2026-12-25T13:00:00")) == at("2026-12-25T15:00:00")
    rare = OpeningHours("Europe/Stockholm", (CLOSED,) * 7, {"2040-02-29": DAYTIME})
    assert next_open_ns(rare, at("2026-06-01T00:00:00")) == at("2040-02-29T09:00:00")
    assert next_close_ns(rare, at("2026-06-01T00:00:00")) == at("2040-02-29T21:00:00")
    assert next_open_ns(rare, at("2040-03-01T00:00:00")) is None
    break_ = OpeningHours("Europe/Stockholm", (ALWAYS,) * 7, {"2040-02-29": CLOSED})
    assert next_close_ns(break_, at("2026-06-01T00:00:00")) == at("2040-02-29T00:00:00")
    assert next_open_ns(break_, at("2026-06-01T00:00:00")) == at("2040-03-01T00:00:00")


def test_what_the_clock_skips_begins_when_it_skips_it() -> None:
    """At the last second of March that is a quarter past two nowhere in Sweden."""
    hours = weekly((Opening(135, 240),))
    assert next_open_ns(hours, at("2026-03-29T00:00:00")) == at("2026-03-29T03:00:00")
    skipped = weekly((Opening(130, 170),))
    assert next_open_ns(skipped, at("2026-03-29T00:00:00")) == at("2026-03-30T02:10:00")


def test_what_the_clock_reads_twice_counts_the_first_time() -> None:
    """Nobody opens again, and who is open until the morning is open an hour longer."""
    hours = weekly((Opening(60, 150),))
    assert next_close_ns(hours, at("2026-10-25T01:30:00")) == at("2026-10-25T02:30:00", fold=0)
    assert not is_open(hours, at("2026-10-25T02:15:00", fold=1))
    night = weekly((Opening(1_320, 1_680),))
    begin_ns = at("2026-10-24T22:00:00")
    closes_ns = next_close_ns(night, begin_ns)
    assert closes_ns is not None
    assert closes_ns - begin_ns == 7 * 3_600 * SECOND_NS


def random_hours(source: random.Random, zone: str, around: date) -> OpeningHours:
    """Hours with whatever makes it hard: many openings, over midnight, and exceptions."""

    def openings() -> tuple[Opening, ...]:
        found = []
        for _ in range(source.choice([0, 1, 1, 2, 3])):
            step = source.choice([1, 15, 30, 60])
            begin = source.randrange(0, 1_440, step)
            most = 2_880 - begin
            found.append(Opening(begin, begin + source.randrange(step, most + 1, step)))
        return tuple(source.choice([found, [Opening(0, 1_440)]]) if found else ())

    exceptions = {
        (around + timedelta(days=source.randrange(-3, 5))).isoformat(): openings()
        for _ in range(source.randrange(3))
    }
    return OpeningHours(zone, tuple(openings() for _ in range(7)), exceptions)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_hours_are_those_that_the_clock_shows_minute_by_minute(zone: str, day: date) -> None:
    """Around the days on which clocks are changed, whatever the hours are."""
    seed = random_seed()
    source = random.Random(f"{seed} {zone} {day}")
    from_s = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 2 * 86_400
    horizon_s = 10 * 86_400
    for _ in range(3):
        hours = random_hours(source, zone, day)
        twin = NaiveHours(hours, from_s, from_s + horizon_s)
        for at_s in (from_s + source.randrange(0, 5 * 86_400) for _ in range(60)):
            at_ns = at_s * SECOND_NS + source.randrange(SECOND_NS)
            assert is_open(hours, at_ns) is twin.is_open(at_s), (hours, at_s)
            for opens, found in ((True, next_open_ns), (False, next_close_ns)):
                expected, told_ns = twin.next(at_s, opens=opens), found(hours, at_ns)
                if expected is not None:
                    assert told_ns == expected * SECOND_NS, (hours, at_s)
                else:
                    assert told_ns is None or told_ns >= (from_s + horizon_s) * SECOND_NS


@pytest.mark.parametrize("year", [1, 9_999])
def test_the_ends_of_the_calendar_are_no_mistake(year: int) -> None:
    """Instants at which dates end are answered all the same."""
    at_s = int(datetime(year, 12 if year > 1 else 1, 31 if year > 1 else 1, tzinfo=UTC).timestamp())
    hours = weekly(DAYTIME, zone="Pacific/Kiritimati")
    for ask in (is_open, next_open_ns, next_close_ns):
        ask(hours, at_s * SECOND_NS)
