"""Plain Python values to google.protobuf.Struct and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.errors import InvalidArgument, Reason

EXACT = 2**53
"""Whole numbers up to this one are the same as a double."""


def fill_struct(struct: Struct, values: Mapping[str, Any], path: str) -> None:
    """Fill a Struct from a mapping of plain values.

    Takes None, bool, int, float, str, datetime (written in RFC 3339), lists, tuples and
    mappings. Raises InvalidArgument that names the field for anything else.
    """
    struct.SetInParent()
    for name, value in values.items():
        if not isinstance(name, str):
            raise InvalidArgument(
                Reason.WRONG_TYPE, f"`{path}` has the name `{name}`, which is no text", field=path
            )
        inner = f"{path}.{name}"
        check_text(name, path)
        _fill(struct.fields[name], value, inner)


def _fill(target: Value, value: Any, path: str) -> None:
    match value:
        case None:
            target.null_value = 0  # type: ignore[assignment]
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = _number(value, path)
        case str():
            target.string_value = check_text(value, path)
        case datetime():
            target.string_value = timestamp(value, path).ToJsonString()
        case list() | tuple():
            target.list_value.SetInParent()
            for index, item in enumerate(value):
                _fill(target.list_value.values.add(), item, f"{path}[{index}]")
        case Mapping():
            fill_struct(target.struct_value, value, path)
        case _:
            raise InvalidArgument(
                Reason.WRONG_TYPE,
                f"`{path}` must be text, a number, a truth value, a time, a list or a mapping",
                field=path,
            )


def _number(value: float, path: str) -> float:
    if isinstance(value, int) and abs(value) > EXACT:
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"`{path}` must be a whole number of at most {EXACT}, to be carried exactly",
            field=path,
        )
    if not math.isfinite(value):
        raise InvalidArgument(
            Reason.OUT_OF_RANGE, f"`{path}` must be a finite number, found `{value}`", field=path
        )
    return float(value)


def check_text(text: str, path: str) -> str:
    """The text itself, if it can be written as UTF-8; raises InvalidArgument otherwise."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidArgument(
                Reason.INVALID_TEXT, f"`{path}` holds half a surrogate pair", field=path
            ) from error
    return text


def timestamp(moment: datetime, path: str) -> Timestamp:
    """A time for the wire; raises InvalidArgument for one without a time zone."""
    if moment.tzinfo is None:
        raise InvalidArgument(
            Reason.INVALID_TIME,
            f"`{path}` must say its time zone, found `{moment.isoformat()}` without one",
            field=path,
        )
    answer = Timestamp()
    answer.FromDatetime(moment.astimezone(UTC))
    return answer


def read_struct(struct: Struct) -> dict[str, Any]:
    """A Struct as plain values; whole numbers come as int."""
    return {name: read_value(value) for name, value in struct.fields.items()}


def read_value(value: Value) -> Any:
    """A Value as a plain value."""
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= EXACT else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return read_struct(value.struct_value)
        case "list_value":
            return [read_value(item) for item in value.list_value.values]
        case _:
            return None
