"""What an aggregate reads of an event."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from offerd.events.sums import DOUBLE_LIMIT
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, ValueType

GROUP_NAME_LIMIT: Final = 256
"""Events whose group has a longer name, in characters, aren't taken in."""

STRING_LIMIT: Final = 1_024
"""Longer strings, in characters, aren't taken in as first or last values."""

Read = Callable[[Event], Any]
"""Returns an event's value, or None if it has none that can be taken in."""

_SUMMED: Final = (AggregateFunction.SUM, AggregateFunction.AVERAGE, AggregateFunction.TOP)
_DOUBLES: Final = (ValueType.DOUBLE, ValueType.MAP_DOUBLE)
_STRINGS: Final = (ValueType.STRING, ValueType.MAP_STRING)


def counts_in_doubles(aggregate: Aggregate) -> bool:
    """Whether the values of an aggregate are doubles."""
    return aggregate.type in _DOUBLES or aggregate.function is AggregateFunction.TOP


def reader_of(aggregate: Aggregate) -> Read:
    """Returns what reads the values of an aggregate that names a property."""
    path = aggregate.value or ""  # definitions require it of these functions
    if aggregate.function is AggregateFunction.DISTINCT:
        return _hash(path)
    if counts_in_doubles(aggregate):
        return _double(path, DOUBLE_LIMIT if aggregate.function in _SUMMED else float("inf"))
    if aggregate.type in _STRINGS:
        return _string(path)
    return _bool(path) if aggregate.type is ValueType.BOOL else _integer(path)


def tie_of(event: Event) -> int:
    """Returns what orders events of the same time."""
    return _number_of(event.id.encode())


def _number_of(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")


def _integer(path: str) -> Read:
    def read(event: Event) -> int | None:
        value = event.properties.get(path)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return read


def _double(path: str, most: float) -> Read:
    least = -most

    def read(event: Event) -> float | None:
        value = event.properties.get(path)
        if isinstance(value, float):
            return value + 0.0 if least < value < most else None  # -0.0 becomes 0.0
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return None

    return read


def _string(path: str) -> Read:
    def read(event: Event) -> str | None:
        value = event.properties.get(path)
        return value if isinstance(value, str) and len(value) <= STRING_LIMIT else None

    return read


def _bool(path: str) -> Read:
    def read(event: Event) -> bool | None:
        value = event.properties.get(path)
        return value if isinstance(value, bool) else None

    return read


def _hash(path: str) -> Read:
    def read(event: Event) -> int | None:
        value = event.properties.get(path)
        if isinstance(value, str):
            return _number_of(value.encode())
        if isinstance(value, int) and not isinstance(value, bool):
            return _number_of(b"%d" % value)
        return None

    return read
