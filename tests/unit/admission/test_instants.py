"""RFC 3339 text and nanoseconds, both ways."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from offerd.admission import (
    EARLIEST_NS,
    LATEST_NS,
    InvalidInstant,
    format_instant,
    parse_instant,
)
from seeds import random_seed


@pytest.mark.parametrize(
    ("text", "instant_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T18:30:00-05:30", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2000-02-29T00:00:00Z", 951_782_400 * 10**9),
        ("2026-01-01T00:00:00.5Z", 1_767_225_600_500_000_000),
        ("1678-01-01T00:00:00Z", EARLIEST_NS),
        ("2261-12-31T23:59:59.999999999Z", LATEST_NS),
        ("2262-01-01T00:59:59.999999999+01:00", LATEST_NS),
    ],
)
def test_well_formed_times_are_read_to_the_nanosecond(text: str, instant_ns: int) -> None:
    """Offsets, lower case and nine digits of a second are understood."""
    assert parse_instant(text) == instant_ns


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "RFC 3339"),
        ("2026-01-01", "RFC 3339"),
        ("2026-01-01T00:00:00", "RFC 3339"),
        ("2026-01-01 00:00:00Z", "RFC 3339"),
        ("2026-1-1T00:00:00Z", "RFC 3339"),
        ("٢٠٢٦-01-01T00:00:00Z", "RFC 3339"),
        ("2026-01-01T00:00:00.Z", "RFC 3339"),
        ("2026-01-01T00:00:00Z\n", "RFC 3339"),
        ("12000-01-01T00:00:00Z", "RFC 3339"),
        ("2026-01-01T00:00:00." + "1" * 10 + "Z", "nine digits"),
        ("2026-01-01T00:00:00." + "1" * 1_000_000 + "Z", "RFC 3339"),
        ("2016-12-31T23:59:60Z", "leap seconds"),
        ("2026-01-01T24:00:00Z", "time of day"),
        ("2026-01-01T00:60:00Z", "time of day"),
        ("2026-01-01T00:00:61Z", "time of day"),
        ("2026-01-01T00:00:00+24:00", "offset"),
        ("2026-02-29T00:00:00Z", "calendar"),
        ("2026-13-01T00:00:00Z", "calendar"),
        ("0000-01-01T00:00:00Z", "calendar"),
        ("1677-12-31T23:59:59Z", "1678 to 2261"),
        ("1678-01-01T00:00:00+00:01", "1678 to 2261"),
        ("2262-01-01T00:00:00Z", "1678 to 2261"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, says: str) -> None:
    """Malformed, impossible and too distant times each say what is wrong."""
    with pytest.raises(InvalidInstant, match=says):
        parse_instant(text)


@pytest.mark.parametrize(
    ("instant_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_000, "1970-01-01T00:00:00.000001Z"),
        (1_500_000_000, "1970-01-01T00:00:01.500Z"),
    ],
)
def test_instants_are_written_with_as_many_digits_as_needed(instant_ns: int, text: str) -> None:
    """0, 3, 6 or 9 digits, always in UTC."""
    assert format_instant(instant_ns) == text


def test_reading_and_writing_agree_with_the_calendar() -> None:
    """Random instants survive the round trip and mean what the standard library says."""
    seed = random_seed()
    rng = random.Random(seed)
    for _ in range(2_000):
        instant_ns = rng.randrange(EARLIEST_NS, LATEST_NS)
        assert parse_instant(format_instant(instant_ns)) == instant_ns
        micros = instant_ns // 1_000
        zone = timezone(timedelta(minutes=rng.randrange(-1_439, 1_440)))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        assert parse_instant(moment.astimezone(zone).isoformat()) == micros * 1_000
