"""One JSON-like value against its declared type, as the run-time value.

Numbers may come as floats (protobuf has no others) or as ints (bulk import). The size of what
is admitted is taken from a budget as it is met, so that an oversized value costs little.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

from offerd.admission.instant import InvalidInstant, parse_instant
from offerd.admission.wording import kind_of, quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.schema import Attribute, ValueType

STRING_LIMIT_BYTES: Final = 65_536
LIST_LIMIT: Final = 1_000
EXACT_FLOAT: Final = 2**53
"""Beyond this magnitude a float no longer tells every integer from its neighbour."""

_NUMBER_BYTES: Final = 8
_DECIMAL: Final = re.compile(r"-?[0-9]{1,19}")
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1


class Budget:
    """The bytes that one record may still take: keys, strings as UTF-8, 8 for anything else."""

    __slots__ = ("_field", "_left", "_limit")

    def __init__(self, limit_bytes: int, field: str) -> None:
        self._limit = self._left = limit_bytes
        self._field = field

    def take(self, size_bytes: int) -> None:
        """Raises InvalidArgument (TOO_LARGE) when the record grows over its limit."""
        self._left -= size_bytes
        if self._left < 0:
            raise InvalidArgument(
                Reason.TOO_LARGE,
                f"{quote(self._field)} is larger than {self._limit:,} bytes",
                field=self._field,
            )


def admit_value(value: object, attribute: Attribute, field: str, budget: Budget) -> Any:
    """Returns the run-time value of a declared attribute, or raises InvalidArgument."""
    element = _ELEMENTS.get(attribute.type)
    if element is None:
        return _SCALARS[attribute.type](value, attribute, field, budget)
    if not isinstance(value, list | tuple):
        raise _wrong_type(value, "a list", field)
    if len(value) > LIST_LIMIT:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{quote(field)} has {len(value):,} elements; at most {LIST_LIMIT:,} are allowed",
            field=field,
        )
    return [
        element(item, attribute, f"{field}[{number}]", budget) for number, item in enumerate(value)
    ]


def _boolean(value: object, _attribute: Attribute, field: str, budget: Budget) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "true or false", field)
    budget.take(_NUMBER_BYTES)
    return value


def _double(value: object, _attribute: Attribute, field: str, budget: Budget) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(value, "a number", field)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _out_of_range(f"{number:g}", "a finite number", field)
    budget.take(_NUMBER_BYTES)
    return number + 0.0  # -0.0 becomes 0.0, which compares equal and prints better


def _integer(value: object, _attribute: Attribute, field: str, budget: Budget) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong_type(value, "an integer", field)
    if isinstance(value, float):
        number = _integral(value, field)
    elif isinstance(value, str):
        if _DECIMAL.fullmatch(value) is None:
            raise _wrong_type(value, "an integer", field)
        number = int(value)
    else:
        number = value
    if not _LEAST <= number <= _MOST:
        raise _out_of_range(str(value)[:32], "an integer of 64 bits", field)
    budget.take(_NUMBER_BYTES)
    return number


def _integral(value: float, field: str) -> int:
    if not math.isfinite(value):
        raise _out_of_range(f"{value:g}", "an integer", field)
    if abs(value) > EXACT_FLOAT:
        raise _out_of_range(
            f"{value:g}", "at most 2^53 for a number; write a larger one as a string", field
        )
    if not value.is_integer():
        raise InvalidArgument(
            Reason.WRONG_TYPE,
            f"{quote(field)} is {value:g}; expected a number without a fraction",
            field=field,
        )
    return int(value)


def _string(value: object, attribute: Attribute, field: str, budget: Budget) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "a string", field)
    size = utf8_size(value, field)
    if size > STRING_LIMIT_BYTES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{quote(field)} has {size:,} bytes; at most {STRING_LIMIT_BYTES:,} are allowed",
            field=field,
        )
    budget.take(size)
    if attribute.values and value not in attribute.values:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"{quote(value)} is no declared value of {quote(field)}"
            + suggestion(value, attribute.values),
            field=field,
        )
    return value


def utf8_size(text: str, field: str) -> int:
    """Returns how many bytes a text takes; refuses NUL and halves of surrogate pairs."""
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(
            Reason.INVALID_TEXT,
            f"{quote(field)} holds half a surrogate pair, which is no valid text",
            field=field,
        ) from None
    if "\0" in text:
        raise InvalidArgument(
            Reason.INVALID_TEXT, f"{quote(field)} holds the character U+0000", field=field
        )
    return size


def _timestamp(value: object, _attribute: Attribute, field: str, budget: Budget) -> int:
    if not isinstance(value, str):
        raise _wrong_type(value, "a time as text, such as `2026-01-31T09:30:00Z`", field)
    budget.take(_NUMBER_BYTES)
    try:
        return parse_instant(value)
    except InvalidInstant as error:
        raise InvalidArgument(
            Reason.INVALID_TIME, f"{quote(field)} is {quote(value)}: {error}", field=field
        ) from None


def _wrong_type(value: object, expected: str, field: str) -> InvalidArgument:
    shown = f" {quote(value)}" if isinstance(value, str) else ""
    return InvalidArgument(
        Reason.WRONG_TYPE,
        f"{quote(field)} is {kind_of(value)}{shown}; expected {expected}",
        field=field,
    )


def _out_of_range(shown: str, expected: str, field: str) -> InvalidArgument:
    return InvalidArgument(
        Reason.OUT_OF_RANGE, f"{quote(field)} is {shown}; expected {expected}", field=field
    )


_Scalar = Callable[[object, Attribute, str, Budget], Any]

_SCALARS: Final[dict[ValueType, _Scalar]] = {
    ValueType.BOOL: _boolean,
    ValueType.INT: _integer,
    ValueType.DOUBLE: _double,
    ValueType.STRING: _string,
    ValueType.TIMESTAMP: _timestamp,
}

_ELEMENTS: Final[dict[ValueType, _Scalar]] = {
    ValueType.LIST_STRING: _string,
    ValueType.LIST_INT: _integer,
    ValueType.LIST_DOUBLE: _double,
}
