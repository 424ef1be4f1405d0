"""Text in a file, and times on local clocks, as the values that they stand for.

What can't be read is returned as the text it is, for admission to refuse in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from offerd.admission import EARLIEST_NS, LATEST_NS, InvalidInstant, parse_instant
from offerd.model.schema import ValueType

_BOOLEANS: Final = {"true": True, "false": False}
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LOCAL: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?"
    r"(?:[ ]?([Zz]|[+-]\d\d:\d\d))?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))

Reader = Callable[[Any], object]


def reader_of(declared: ValueType, time_zone: str, split: str | None = None) -> Reader:
    """Returns what reads a text as a value of the declared type, for admission to check.

    Times become nanoseconds; one that names no offset is in `time_zone`.
    """
    if split is not None:
        element = reader_of(_ELEMENTS[declared], time_zone)
        separator = split
        return lambda text: [element(part.strip()) for part in text.split(separator)]
    if declared is ValueType.BOOL:
        return _boolean
    if declared is ValueType.DOUBLE:
        return _number
    if declared is ValueType.TIMESTAMP:
        zone = ZoneInfo(time_zone)
        return lambda text: _instant(text, zone)
    return _unchanged  # admission itself reads integers from text


_ELEMENTS: Final = {
    ValueType.LIST_STRING: ValueType.STRING,
    ValueType.LIST_INT: ValueType.INT,
    ValueType.LIST_DOUBLE: ValueType.DOUBLE,
}


def clock_reader(time_zone: str) -> Reader:
    """Returns what reads nanoseconds on a clock of the zone, counted as if it were in UTC."""
    zone = ZoneInfo(time_zone)
    return lambda local_ns: _in_zone(local_ns, zone)


def _unchanged(text: str) -> object:
    return text


def _boolean(text: str) -> object:
    return _BOOLEANS.get(text.lower(), text)


def _number(text: str) -> object:
    return float(text) if _NUMBER.fullmatch(text) else text


def _instant(text: str, zone: ZoneInfo) -> object:
    match = _LOCAL.fullmatch(text)
    if match is None:
        return text
    day, time, fraction, offset = match.groups()
    if time is None or len(time) == len("00:00"):
        time = f"{time or '00:00'}:00"
    nanoseconds = f".{fraction}" if fraction else ""
    try:
        if offset is not None:
            return parse_instant(f"{day}T{time}{nanoseconds}{offset}")
        local_ns = parse_instant(f"{day}T{time}{nanoseconds}Z")
    except InvalidInstant:
        return text
    return local_ns if zone.key == "UTC" else _in_zone(local_ns, zone)


def _in_zone(local_ns: int, zone: ZoneInfo) -> int:
    """Returns the instant at which clocks of a zone show a time; the first of two.

    What lies beyond the years that are kept is returned as it is, to be refused.
    """
    if not EARLIEST_NS <= local_ns <= LATEST_NS:
        return local_ns
    seconds, nanoseconds = divmod(local_ns, 10**9)
    local = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=zone)
    return (local - _EPOCH) // timedelta(seconds=1) * 10**9 + nanoseconds
