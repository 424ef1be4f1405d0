"""JSON values to the scalar types of proto3.

Each function takes a parsed JSON value and returns the value for the field, or raises
Mistake. Numbers may be strings, as the canonical mapping allows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from offerd.errors import Reason
from offerd_gateway.json.mistake import Mistake, found, nearest

Convert = Callable[[object], object]

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
NUMBER_CHARACTERS = 64
INT32: Final = (-(2**31), 2**31 - 1)
INT64: Final = (-(2**63), 2**63 - 1)
UINT32: Final = (0, 2**32 - 1)
UINT64: Final = (0, 2**64 - 1)
NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_A_DAY = 86_400
FIRST_SECOND = -62_135_596_800
LAST_SECOND = 253_402_300_799
MOST_SECONDS = 315_576_000_000
"""The longest duration that protobuf has: 10,000 years."""


def to_string(value: object) -> str:
    """Take a string; half a surrogate pair is no text."""
    if type(value) is not str:
        raise Mistake(Reason.WRONG_TYPE, f"must be a string, found {found(value)}")
    if not value.isascii():
        check_text(value)
    return value


def check_text(text: str) -> None:
    """Refuse text that can't be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Mistake(
            Reason.INVALID_TEXT,
            f"holds half a surrogate pair at character {error.start + 1}, which is no text",
        ) from error


def to_bool(value: object) -> bool:
    """Take true or false."""
    if type(value) is not bool:
        raise Mistake(Reason.WRONG_TYPE, f"must be true or false, found {found(value)}")
    return value


def to_double(value: object) -> float:
    """Take a finite number."""
    if type(value) is str:
        value = _number(value)
    if type(value) is int:
        try:
            return float(value)
        except OverflowError as error:
            raise _not_finite() from error
    if type(value) is not float:
        raise Mistake(Reason.WRONG_TYPE, f"must be a number, found {found(value)}")
    if not math.isfinite(value):
        raise _not_finite()
    return value


def to_integer(lowest: int, highest: int) -> Convert:
    """Make a function that takes a whole number from `lowest` to `highest`."""

    def convert(value: object) -> int:
        if type(value) is str:
            value = _number(value)
        if type(value) is float:
            if not math.isfinite(value):
                raise _not_finite()
            if not value.is_integer():
                raise Mistake(Reason.WRONG_TYPE, f"must be a whole number, found {found(value)}")
            value = int(value)
        if type(value) is not int:
            raise Mistake(Reason.WRONG_TYPE, f"must be a whole number, found {found(value)}")
        if not lowest <= value <= highest:
            raise Mistake(
                Reason.OUT_OF_RANGE,
                f"must be from {lowest} to {highest}, found {found(value)}",
            )
        return value

    return convert


def _number(text: str) -> int | float:
    if text in NOT_NUMBERS:
        raise _not_finite()
    match = NUMBER.fullmatch(text) if len(text) <= NUMBER_CHARACTERS else None
    if match is None:
        raise Mistake(Reason.WRONG_TYPE, f"must be a number, found {found(text)}")
    return float(text) if match[2] or match[3] else int(text)


def _not_finite() -> Mistake:
    return Mistake(Reason.OUT_OF_RANGE, "must be a finite number, found NaN or infinity")


def to_enum(descriptor: EnumDescriptor) -> Convert:
    """Make a function that takes an enum value's name, or its number."""
    numbers = {name: value.number for name, value in descriptor.values_by_name.items()}
    known = frozenset(numbers.values())

    def convert(value: object) -> int:
        if type(value) is str:
            number = numbers.get(value)
            if number is None:
                raise Mistake(
                    Reason.VALUE_NOT_ALLOWED,
                    f"must be a name of {descriptor.name}, found {found(value)}"
                    + nearest(value, numbers),
                )
            return number
        if type(value) is not int:
            raise Mistake(
                Reason.WRONG_TYPE, f"must be a name of {descriptor.name}, found {found(value)}"
            )
        if value not in known:
            raise Mistake(
                Reason.VALUE_NOT_ALLOWED,
                f"must be a name of {descriptor.name}, found {found(value)}",
            )
        return value

    return convert


def to_time(value: object) -> tuple[int, int]:
    """Take an RFC 3339 time of the years 1 to 9999; return Unix seconds and nanoseconds."""
    if type(value) is not str:
        raise Mistake(Reason.WRONG_TYPE, f"must be an RFC 3339 time, found {found(value)}")
    match = TIME.fullmatch(value)
    if match is None:
        raise Mistake(
            Reason.INVALID_TIME,
            "must be an RFC 3339 time of the years 1 to 9999 such as"
            f" `2026-03-01T09:30:00Z`, found {found(value)}",
        )
    *parts, fraction, sign, offset_hours, offset_minutes = match.groups()
    try:
        moment = datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise Mistake(
            Reason.INVALID_TIME, f"is no time that exists: {error}, found {found(value)}"
        ) from error
    since = moment - EPOCH
    seconds = since.days * SECONDS_A_DAY + since.seconds
    if sign is not None:
        offset_s = _offset_s(value, int(offset_hours), int(offset_minutes))
        seconds += offset_s if sign == "-" else -offset_s
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        raise Mistake(
            Reason.INVALID_TIME, f"must lie in the years 1 to 9999 in UTC, found {found(value)}"
        )
    return seconds, int(fraction.ljust(9, "0")) if fraction else 0


def _offset_s(text: str, hours: int, minutes: int) -> int:
    if hours > 23 or minutes > 59:
        raise Mistake(Reason.INVALID_TIME, f"has no offset that exists, found {found(text)}")
    return hours * 3600 + minutes * 60


def to_duration(value: object) -> tuple[int, int]:
    """Take seconds with the unit, such as `600s` or `1.5s`; return seconds and nanoseconds."""
    if type(value) is not str:
        raise Mistake(Reason.WRONG_TYPE, f"must be a duration, found {found(value)}")
    match = DURATION.fullmatch(value)
    if match is None:
        raise Mistake(
            Reason.INVALID_TIME, f"must be seconds such as `600s` or `1.5s`, found {found(value)}"
        )
    minus, whole, fraction = match.groups()
    seconds = int(whole)
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    if seconds + (nanos > 0) > MOST_SECONDS:
        raise Mistake(
            Reason.OUT_OF_RANGE, f"must be at most {MOST_SECONDS} seconds, found {found(value)}"
        )
    return (-seconds, -nanos) if minus else (seconds, nanos)


def scalar(field: FieldDescriptor) -> Convert:
    """The conversion for a field's scalar type."""
    kinds: dict[int, Convert] = {
        FieldDescriptor.TYPE_STRING: to_string,
        FieldDescriptor.TYPE_BOOL: to_bool,
        FieldDescriptor.TYPE_DOUBLE: to_double,
        FieldDescriptor.TYPE_INT32: to_integer(*INT32),
        FieldDescriptor.TYPE_INT64: to_integer(*INT64),
        FieldDescriptor.TYPE_UINT32: to_integer(*UINT32),
        FieldDescriptor.TYPE_UINT64: to_integer(*UINT64),
    }
    if field.enum_type is not None:
        return to_enum(field.enum_type)
    if field.type not in kinds:
        raise TypeError(f"field `{field.full_name}` has a type that the JSON door doesn't map")
    return kinds[field.type]
