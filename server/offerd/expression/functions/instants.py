"""Timestamps and durations: reading, writing, and their parts in a time zone."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final

from offerd.expression.check.types import DURATION, INT, STRING, TIMESTAMP, Type
from offerd.expression.functions.arithmetic import (
    INT_MAXIMUM,
    INT_MINIMUM,
    TIMESTAMP_MAXIMUM,
    TIMESTAMP_MINIMUM,
)
from offerd.expression.functions.clocks import (
    DAY_S,
    EPOCH_DAY,
    SECOND,
    clock,
    date_of,
    day_of_year,
    offset_seconds,
)
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError, quoted

_UNITS: Final = {
    "h": 3600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ns": 1,
}
_DURATION: Final = re.compile(
    r"[-+]?(?:(?:\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})(?:h|ms|us|µs|μs|ns|m|s))+", re.ASCII
)
_DURATION_PART: Final = re.compile(r"(\d*)\.?(\d*)(h|ms|us|µs|μs|ns|m|s)", re.ASCII)
_LONGER_UNIT: Final = re.compile(r"(-?)(\d{1,9})([dw])", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_EPOCH: Final = datetime.datetime(1970, 1, 1)


def parse_duration(text: str) -> int:
    """Nanoseconds from such as "720h", "1h30m" or "-1.5s"; EvaluationError if it is none."""
    if text == "0":
        return 0
    if _DURATION.fullmatch(text) is None:
        raise EvaluationError(f"{quoted(text)} is not a duration{_duration_hint(text)}")
    total = 0
    for whole, fraction, unit in _DURATION_PART.findall(text):
        size = _UNITS[unit]
        total += int(whole or "0") * size
        total += int(fraction[:20] or "0") * size // 10 ** len(fraction[:20])
    total = -total if text.startswith("-") else total
    if not INT_MINIMUM <= total <= INT_MAXIMUM:
        raise EvaluationError(f"the duration {quoted(text)} is out of range")
    return total


def _duration_hint(text: str) -> str:
    longer = _LONGER_UNIT.fullmatch(text)
    if longer is not None:
        hours = int(longer[2]) * (24 if longer[3] == "d" else 168)
        return f": use `{longer[1]}{hours}h`"
    return ": write numbers with the units h, m, s, ms, us or ns, such as `1h30m`"


def format_duration(value: int) -> str:
    """Seconds with as many decimals as needed, such as "1000000s"."""
    sign = "-" if value < 0 else ""
    seconds, rest = divmod(abs(value), SECOND)
    decimals = f".{rest:09}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{decimals}s"


def parse_timestamp(text: str) -> int:
    """Nanoseconds since 1970 UTC from an RFC 3339 text; EvaluationError if it is none."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        example = "2024-01-31T08:00:00Z"
        raise EvaluationError(f"{quoted(text)} is not a timestamp: write it as `{example}`")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise EvaluationError(f"{quoted(text)} is not a timestamp: {error}") from None
    nanoseconds = int((match[7] or "").ljust(9, "0"))
    value = _since_epoch(moment) + nanoseconds
    if match[8] is not None:
        offset_s = offset_seconds(match[8], match[9], match[10])
        if offset_s is None:
            raise EvaluationError(f"{quoted(text)} is not a timestamp: no zone is so far from UTC")
        value -= offset_s * SECOND
    if not TIMESTAMP_MINIMUM <= value <= TIMESTAMP_MAXIMUM:
        raise EvaluationError(f"the timestamp {quoted(text)} is out of range")
    return value


def _since_epoch(moment: datetime.datetime) -> int:
    delta = moment - _EPOCH
    return (delta.days * 86400 + delta.seconds) * SECOND


def format_timestamp(value: int) -> str:
    """RFC 3339 in UTC, with 0, 3, 6 or 9 decimals as needed."""
    seconds, rest = divmod(value, SECOND)
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    decimals = ""
    if rest:
        decimals = f".{rest:09}"
        while decimals.endswith("000"):
            decimals = decimals[:-3]
    return f"{moment.isoformat()}{decimals}Z"


def timestamp_from_seconds(seconds: int) -> int:
    """A timestamp from whole seconds since 1970."""
    value = seconds * SECOND
    if not TIMESTAMP_MINIMUM <= value <= TIMESTAMP_MAXIMUM:
        raise EvaluationError("the timestamp is out of range")
    return value


_PARTS: Final[dict[str, Callable[[int], int]]] = {
    "getDate": lambda shown: date_of(shown).day,
    "getDayOfMonth": lambda shown: date_of(shown).day - 1,
    "getDayOfWeek": lambda shown: (shown // DAY_S + _THURSDAY) % 7,
    "getDayOfYear": day_of_year,
    "getFullYear": lambda shown: date_of(shown).year,
    "getMonth": lambda shown: date_of(shown).month - 1,
    "getHours": lambda shown: shown % DAY_S // 3600,
    "getMinutes": lambda shown: shown % 3600 // 60,
    "getSeconds": lambda shown: shown % 60,
}
"""From the seconds that a clock shows to the part."""
_THURSDAY: Final = 4
"""The day of the week that 1 January 1970 was."""
_DATE: Final = f"fromordinal({{0}} // {DAY_S * SECOND} + {EPOCH_DAY})"
_TEMPLATES: Final = {
    "getDate": f"{_DATE}.day",
    "getDayOfMonth": f"({_DATE}.day - 1)",
    "getDayOfWeek": f"(({{0}} // {DAY_S * SECOND} + {_THURSDAY}) % 7)",
    "getFullYear": f"{_DATE}.year",
    "getMonth": f"({_DATE}.month - 1)",
    "getHours": f"({{0}} // {3600 * SECOND} % 24)",
    "getMinutes": f"({{0}} // {60 * SECOND} % 60)",
    "getSeconds": f"({{0}} // {SECOND} % 60)",
}
"""The same in UTC, from nanoseconds."""


def _in_zone(name: str) -> Overload:
    part = _PARTS[name]

    def implementation(value: int, zone_name: str) -> int:
        return part(clock(zone_name)(value))

    def specialise(zone_name: str) -> Callable[[int], int]:
        shown = clock(zone_name)
        return lambda value: part(shown(value))

    return Overload((TIMESTAMP, STRING), INT, implementation, specialise=specialise)


def _in_utc(name: str) -> Overload:
    part = _PARTS[name]
    template = _TEMPLATES.get(name, "")
    return Overload((TIMESTAMP,), INT, lambda value: part(value // SECOND), template)


def _whole(size: int) -> Overload:
    return Overload((DURATION,), INT, lambda value: _truncated(value, size))


def _truncated(value: int, size: int) -> int:
    count = abs(value) // size
    return -count if value < 0 else count


def _milliseconds(value: int) -> int:
    return _truncated(value, 1_000_000) % 1000 if value >= 0 else -(-value // 1_000_000 % 1000)


def _getter(name: str) -> Function:
    overloads = [_in_utc(name), _in_zone(name)]
    size = {"getHours": 3600, "getMinutes": 60, "getSeconds": 1}.get(name)
    if size is not None:
        overloads.append(_whole(size * SECOND))
    doc, value = _GETTERS[name]
    doc = f"{doc}, in UTC or in the time zone given{_OF_DURATION.get(name, '')}."
    example = f"timestamp('2024-01-31T08:30:00Z').{name}() == {value}"
    return Function(name, Form.METHOD, tuple(overloads), doc, "The time zone is unknown.", example)


_GETTERS: Final = {
    "getDate": ("The day of the month from 1", 31),
    "getDayOfMonth": ("The day of the month from 0", 30),
    "getDayOfWeek": ("The day of the week from 0 for Sunday", 3),
    "getDayOfYear": ("The day of the year from 0", 30),
    "getFullYear": ("The year", 2024),
    "getMonth": ("The month from 0 for January", 0),
    "getHours": ("The hour of the day", 8),
    "getMinutes": ("The minute of the hour", 30),
    "getSeconds": ("The second of the minute", 0),
}
_OF_DURATION: Final = {
    "getHours": "; or the whole hours of a duration",
    "getMinutes": "; or the whole minutes of a duration",
    "getSeconds": "; or the whole seconds of a duration",
}


def _timestamp_milliseconds(value: int) -> int:
    return value // 1_000_000 % 1000


def _milliseconds_in_zone() -> Overload:
    def specialise(name: str) -> Callable[[int], int]:
        clock(name)
        return _timestamp_milliseconds

    def implementation(value: int, name: str) -> int:
        return specialise(name)(value)

    return Overload((TIMESTAMP, STRING), INT, implementation, specialise=specialise)


def _from_text(type_: Type, parse: Callable[[str], int]) -> Overload:
    def specialise(text: str) -> Callable[[], int]:
        value = parse(text)
        return lambda: value

    return Overload((STRING,), type_, parse, specialise=specialise)


INSTANTS: Final = (
    *(_getter(name) for name in _PARTS),
    Function(
        "getMilliseconds",
        Form.METHOD,
        (
            Overload((TIMESTAMP,), INT, _timestamp_milliseconds),
            _milliseconds_in_zone(),
            Overload((DURATION,), INT, _milliseconds),
        ),
        "The milliseconds within the second of a timestamp, or of a duration.",
        "The time zone is unknown.",
        "timestamp('2024-01-31T08:30:00.250Z').getMilliseconds() == 250",
    ),
    Function(
        "timestamp",
        Form.FUNCTION,
        (
            _from_text(TIMESTAMP, parse_timestamp),
            Overload((INT,), TIMESTAMP, timestamp_from_seconds),
            Overload((TIMESTAMP,), TIMESTAMP, lambda value: value, "{0}"),
        ),
        "A moment from a text as in RFC 3339, or from seconds since 1970.",
        "The text is no timestamp, or the moment is before year 1 or after 9999.",
        "timestamp('1970-01-01T00:00:01Z') == timestamp(1)",
    ),
    Function(
        "duration",
        Form.FUNCTION,
        (
            _from_text(DURATION, parse_duration),
            Overload((DURATION,), DURATION, lambda value: value, "{0}"),
        ),
        "A length of time from a text of numbers with units: h, m, s, ms, us, ns. A day is `24h`.",
        "The text is no duration, or longer than 290 years.",
        "duration('1h30m') == duration('90m')",
    ),
)
