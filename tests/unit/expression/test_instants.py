"""Timestamps and durations: how they are read, written, and taken apart in a time zone."""

from __future__ import annotations

import pytest

from offerd.expression import Checking, Failure, compile_expression, plan
from offerd.expression.functions.clocks import zone
from offerd.expression.functions.instants import (
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
)
from offerd.expression.values import EvaluationError
from unit.expression.declared import ENVIRONMENT, value_of

SECOND = 10**9

DURATIONS = [
    ("0", 0, "0s"),
    ("720h", 2_592_000 * SECOND, "2592000s"),
    ("1h30m", 5400 * SECOND, "5400s"),
    ("-1.5s", -1_500_000_000, "-1.5s"),
    ("1ms", 1_000_000, "0.001s"),
    ("1us", 1_000, "0.000001s"),
    ("1µs", 1_000, "0.000001s"),
    ("1ns", 1, "0.000000001s"),
    (".5m", 30 * SECOND, "30s"),
    ("+2m", 120 * SECOND, "120s"),
]


@pytest.mark.parametrize(("text", "nanoseconds", "written"), DURATIONS)
def test_a_duration_is_read_and_written(text: str, nanoseconds: int, written: str) -> None:
    """Units from hours to nanoseconds are read; seconds are written."""
    assert parse_duration(text) == nanoseconds
    assert format_duration(nanoseconds) == written


@pytest.mark.parametrize(
    ("text", "hint"),
    [("90d", "use `2160h`"), ("2w", "use `336h`"), ("-1d", "use `-24h`"), ("1", "write numbers")],
)
def test_a_unit_that_is_none_is_translated(text: str, hint: str) -> None:
    """Days and weeks are refused with the hours to write instead."""
    with pytest.raises(EvaluationError, match=hint):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "h", "1x", "--1s", "1s ", "9999999999h", "1.2.3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Neither garbage nor what 64 bits cannot hold is a duration."""
    with pytest.raises(EvaluationError):
        parse_duration(text)


TIMESTAMPS = [
    ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
    ("2001-09-09T01:46:40.5Z", 10**18 + SECOND // 2, "2001-09-09T01:46:40.500Z"),
    ("2001-09-09T03:46:40+02:00", 10**18, "2001-09-09T01:46:40Z"),
    ("2001-09-08T23:16:40-02:30", 10**18, "2001-09-09T01:46:40Z"),
    ("1969-12-31T23:59:59.999999999Z", -1, "1969-12-31T23:59:59.999999999Z"),
]


@pytest.mark.parametrize(("text", "nanoseconds", "written"), TIMESTAMPS)
def test_a_timestamp_is_read_and_written(text: str, nanoseconds: int, written: str) -> None:
    """Offsets are taken into account; what is written is UTC."""
    assert parse_timestamp(text) == nanoseconds
    assert format_timestamp(nanoseconds) == written


@pytest.mark.parametrize(
    "text",
    ["", "2024-01-31", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z", "0000-01-01T00:00:00Z"],
)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    """Neither a date alone nor a day that is not in the calendar is a timestamp."""
    with pytest.raises(EvaluationError):
        parse_timestamp(text)


PARTS = [
    ("now.getFullYear()", 2001),
    ("now.getMonth()", 8),
    ("now.getDate()", 9),
    ("now.getDayOfMonth()", 8),
    ("now.getDayOfWeek()", 0),
    ("now.getDayOfYear()", 251),
    ("now.getHours()", 1),
    ("now.getMinutes()", 46),
    ("now.getSeconds()", 40),
    ("now.getMilliseconds()", 250),
    ("now.getHours('Europe/Stockholm')", 3),
    ("now.getDate('America/New_York')", 8),
    ("now.getHours('-01:30')", 0),
    ("now.getMinutes('-01:30')", 16),
    ("(now - timestamp(999999000)).getMinutes()", 16),
    ("int(now)", 10**9),
    ("string(now)", "2001-09-09T01:46:40.250Z"),
]


@pytest.mark.parametrize(("source", "value"), PARTS)
def test_a_timestamp_has_parts(source: str, value: int | str) -> None:
    """Months, days of the month and of the year count from 0, dates from 1, Sunday is 0."""
    assert value_of(source, now=10**18 + SECOND // 4) == value


def test_a_zone_from_the_data_may_be_unknown() -> None:
    """A zone that is no constant is looked up when needed, and may fail."""
    outcome = value_of("now.getHours(context.country)", context={"country": "../x"})
    assert isinstance(outcome, Failure)
    assert outcome.message == "unknown time zone `../x`"


def test_a_zone_without_end_is_unknown_too() -> None:
    """However long a name is, it fails as any other that there isn't."""
    outcome = value_of("now.getHours(context.country)", context={"country": "a/" * 5_000})
    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("unknown time zone `a/a/")


@pytest.mark.parametrize(
    "source",
    [
        "timestamp('9999-12-31T23:59:59Z') + duration('1s') + profile.stay > now",
        "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > profile.stay",
        "timestamp(253402300799).getFullYear('+02:00') == 1 || now > now",
    ],
)
def test_times_out_of_range_fail(source: str) -> None:
    """Years 1 to 9999, and durations of 292 years: beyond them is a failure."""
    made = compile_expression(source, ENVIRONMENT, checking=Checking.CEL)
    outcome = plan(made, ENVIRONMENT).evaluate({"stay": 0}, {}, 0, {})
    assert isinstance(outcome, Failure)
    assert "out of" in outcome.message


@pytest.mark.parametrize("offset", ["+99:99", "+24:00", "-00:60"])
def test_an_offset_is_a_time_of_day(offset: str) -> None:
    """RFC 3339 has offsets of less than a day, with minutes of less than an hour."""
    with pytest.raises(EvaluationError, match="no zone is so far from UTC"):
        parse_timestamp(f"2024-01-01T00:00:00{offset}")
    assert parse_timestamp("2024-01-01T00:00:00-23:59") > 0


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Europe", "Nowhere/City", "../UTC"])
def test_a_zone_is_one_that_all_hosts_have(name: str) -> None:
    """Neither a host's own zone nor a folder of zones is a zone, and none is looked for twice."""
    with pytest.raises(EvaluationError, match="unknown time zone"):
        zone(name)
