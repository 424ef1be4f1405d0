"""RFC 3339 text ↔ integer nanoseconds since 1970-01-01T00:00:00Z.

The years are 1678 to 2261: those that 64 bits of nanoseconds hold from end to end.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_NS: Final = 86_400 * 10**9
FIRST_YEAR: Final = 1678
LAST_YEAR: Final = 2261
EARLIEST_NS: Final = (date(FIRST_YEAR, 1, 1).toordinal() - _EPOCH_DAY) * _DAY_NS
LATEST_NS: Final = (date(LAST_YEAR + 1, 1, 1).toordinal() - _EPOCH_DAY) * _DAY_NS - 1

_RFC_3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_LONGEST_TEXT: Final = 64


class InvalidInstant(ValueError):
    """The text names no instant that can be kept; the message says why."""


def parse_instant(text: str) -> int:
    """Returns the instant that an RFC 3339 text names, in nanoseconds.

    An offset is required; at most nine digits of a second are taken. Leap seconds are refused,
    because no count of nanoseconds stands for them. Raises InvalidInstant.
    """
    match = _RFC_3339.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise InvalidInstant("expected a time in RFC 3339, such as `2026-01-31T09:30:00Z`")
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, sign = match[7] or "", match[9]
    if len(fraction) > 9:
        raise InvalidInstant("seconds have at most nine digits after the point")
    if second == 60:
        raise InvalidInstant("leap seconds can't be kept: use second 59 or 0")
    if hour > 23 or minute > 59 or second > 59:
        raise InvalidInstant("no such time of day")
    seconds = hour * 3600 + minute * 60 + second
    if sign is not None:
        offset_hours, offset_minutes = int(match[10]), int(match[11])
        if offset_hours > 23 or offset_minutes > 59:
            raise InvalidInstant("no such offset from UTC")
        offset = offset_hours * 3600 + offset_minutes * 60
        seconds += offset if sign == "-" else -offset
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise InvalidInstant("no such date in the calendar") from None
    instant_ns = days * _DAY_NS + seconds * 10**9 + int(fraction.ljust(9, "0"))
    if not EARLIEST_NS <= instant_ns <= LATEST_NS:
        raise InvalidInstant(f"years go from {FIRST_YEAR} to {LAST_YEAR}")
    return instant_ns


def format_instant(instant_ns: int) -> str:
    """Returns an instant as RFC 3339 in UTC, with 0, 3, 6 or 9 digits after the point.

    `instant_ns` may lie anywhere in the years 1 to 9999.
    """
    days, of_day_ns = divmod(instant_ns, _DAY_NS)
    seconds, nanos = divmod(of_day_ns, 10**9)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    day = date.fromordinal(_EPOCH_DAY + days)
    return f"{day.isoformat()}T{hour:02}:{minute:02}:{second:02}{_fraction(nanos)}Z"


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    digits = f"{nanos:09}"
    if digits.endswith("000000"):
        return "." + digits[:3]
    return "." + (digits[:6] if digits.endswith("000") else digits)
