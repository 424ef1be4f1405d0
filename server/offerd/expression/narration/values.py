"""Values as people and as programs read them, by their types."""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from offerd.expression.check.types import (
    DURATION,
    DYN,
    TIMESTAMP,
    Kind,
    Type,
)
from offerd.expression.functions.formatting import not_finite
from offerd.expression.functions.instants import format_duration, format_timestamp
from offerd.expression.mixed_map import MixedMap
from offerd.expression.values import (
    Duration,
    EvaluationError,
    Failure,
    Optional,
    Timestamp,
    TypeName,
    Uint,
    Unknown,
)

_SECOND: Final = 1_000_000_000
_UNITS: Final = (
    ("day", 86_400 * _SECOND),
    ("hour", 3_600 * _SECOND),
    ("minute", 60 * _SECOND),
    ("second", _SECOND),
    ("millisecond", 1_000_000),
    ("microsecond", 1_000),
    ("nanosecond", 1),
)
_SHOWN_ITEMS: Final = 5
_SHOWN_CHARACTERS: Final = 80


Times = Callable[[int], str]
"""How a timestamp is told."""


def spoken(value: Any, type_: Type) -> str:
    """A value of a type as people say it: times such as "1 November 2026, 10:30 UTC"."""
    return shown(value, type_, spoken_instant)


def shown(value: Any, type_: Type, times: Times | None = None) -> str:
    """A value of a type as people read it: times as RFC 3339, lengths of time in words."""
    told = instant if times is None else times
    if isinstance(value, Unknown):
        return "unknown"
    if isinstance(value, Failure):
        return "no value"
    moment, length = _nanoseconds(value, type_)
    if moment is not None:
        return told(moment)
    if length is not None:
        return duration_words(length)
    if isinstance(value, list | tuple):
        element = type_.parameters[0] if type_.kind is Kind.LIST else DYN
        return f"[{_listed([shown(v, element, told) for v in value[:_SHOWN_ITEMS]], len(value))}]"
    if isinstance(value, dict):
        return f"{{{_listed(_entries(value, type_, told), len(value))}}}"
    if isinstance(value, Optional):
        return shown(value.value, _inner(type_), told) if value.present else "none"
    return _scalar(value)


def _inner(type_: Type) -> Type:
    return type_.parameters[0] if type_.kind is Kind.OPTIONAL else DYN


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}…"
        return f'"{cut}"'
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Uint):
        return str(value.value)
    if isinstance(value, TypeName):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{'minus ' * (value < 0)}infinity"
    return str(value)


def _entries(value: dict[Any, Any], type_: Type, told: Times) -> list[str]:
    key_type, value_type = type_.parameters if type_.kind is Kind.MAP else (DYN, DYN)
    first = itertools.islice(value.items(), _SHOWN_ITEMS)
    return [f"{shown(k, key_type, told)}: {shown(v, value_type, told)}" for k, v in first]


def _listed(items: list[str], count: int) -> str:
    return ", ".join([*items, "…"] if count > len(items) else items)


def _nanoseconds(value: Any, type_: Type) -> tuple[int | None, int | None]:
    """A timestamp and a duration as nanoseconds, whichever the value is.

    Explanations are also told of data that is not of its declared type; that is neither.
    """
    if isinstance(value, Timestamp | Duration):
        found: int = value.value
        return (found, None) if isinstance(value, Timestamp) else (None, found)
    if type(value) is int and type_ in (TIMESTAMP, DURATION):
        return (value, None) if type_ is TIMESTAMP else (None, value)
    return None, None


def instant(value: int) -> str:
    """A timestamp as RFC 3339, or, outside the years that has, a word for it."""
    try:
        return format_timestamp(value)
    except (OverflowError, EvaluationError):
        return "a time out of range"


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def spoken_day(value: int) -> str:
    """The day of a timestamp in UTC, such as "29 February 2024"."""
    date = instant(value).partition("T")[0]
    parts = date.split("-")
    if len(parts) != 3:
        return date
    year, month, day = map(int, parts)
    return f"{day} {_MONTHS[month - 1]} {year}"


def spoken_instant(value: int) -> str:
    """A timestamp such as "1 November 2026, 10:30 UTC"; seconds are told if there are any."""
    time = instant(value).partition("T")[2].removesuffix("Z")
    return f"{spoken_day(value)}, {time.removesuffix(':00')} UTC" if time else instant(value)


def duration_words(value: int, most: int = len(_UNITS)) -> str:
    """A length of time such as "90 days" or "1 hour and 30 minutes".

    With `most`, only so many of the largest units are told, and what is left is cut off. Days
    are 24 hours.
    """
    if value < 0:
        return f"minus {duration_words(-value, most)}"
    parts: list[str] = []
    rest = value
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    parts = parts[:most]
    if not parts:
        return "0 seconds"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def json_value(value: Any, type_: Type) -> Any:
    """A value as JSON has it.

    Timestamps are RFC 3339, durations seconds such as "5400s", bytes base64; numbers that JSON
    lacks are "NaN", "Infinity" and "-Infinity"; a map's keys are text; an optional
    is its value or null.
    """
    if isinstance(value, Unknown | Failure):
        return None
    moment, length = _nanoseconds(value, type_)
    if moment is not None:
        return instant(moment)
    if length is not None:
        return format_duration(length)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        element = type_.parameters[0] if type_.kind is Kind.LIST else DYN
        return [json_value(item, element) for item in value]
    if isinstance(value, Optional):
        return json_value(value.value, _inner(type_)) if value.present else None
    if isinstance(value, dict):
        key_type, value_type = type_.parameters if type_.kind is Kind.MAP else (DYN, DYN)
        return {_json_key(k, key_type): json_value(v, value_type) for k, v in value.items()}
    if isinstance(value, float):
        return not_finite(value) or value
    if isinstance(value, Uint):
        return value.value
    return value.name if isinstance(value, TypeName) else value


class Brief(NamedTuple):
    """A value as JSON has it, and whether anything was left out of it."""

    value: Any
    cut: bool


_MOST_VALUES: Final = 50
_MOST_CHARACTERS: Final = 1_000


def brief_json(value: Any, type_: Type) -> Brief:
    """The same of the first few dozen values, and of the beginning of texts."""
    room = _Room()
    kept = room.keep(value)
    return Brief(json_value(kept, type_), room.cut)


class _Room:
    """How much of a value may still be kept, and whether some of it was not."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES
        self.cut = False

    def keep(self, value: Any) -> Any:
        self.left -= 1
        if isinstance(value, str | bytes):
            self.cut = self.cut or len(value) > _MOST_CHARACTERS
            self.left -= len(value) * _MOST_VALUES // _MOST_CHARACTERS
            return value[:_MOST_CHARACTERS]
        if isinstance(value, Optional) and value.present:
            return Optional(True, self.keep(value.value))
        if isinstance(value, dict):
            entries = self.first(value.items())
            made = MixedMap if isinstance(value, MixedMap) else dict
            return made([(self.keep(key), self.keep(part)) for key, part in entries])
        if isinstance(value, list | tuple):
            return [self.keep(item) for item in self.first(value)]
        return value

    def first(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if self.left <= 0:
                self.cut = True
                return
            yield value


def _json_key(key: Any, type_: Type) -> str:
    value = json_value(key, type_)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
