"""Free JSON values: google.protobuf.Struct, Value and ListValue, both ways."""

from __future__ import annotations

import math
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from offerd.errors import Reason
from offerd_gateway.json.mistake import Mistake, found
from offerd_gateway.json.scalars import check_text, to_double

MAX_LEVELS = 30
"""How deep objects and lists inside a Struct are passed on.

Each level costs three of the hundred levels of messages that protobuf reads. The service takes
20 and refuses what is deeper itself, through every door alike: an event by its own result.
"""


class TooDeep(Exception):
    """A value nests deeper than that; where exactly is of no use to anybody."""


def read_struct(value: object, struct: Struct) -> None:
    """Fill a Struct from a JSON object."""
    try:
        _fill_struct(value, struct, MAX_LEVELS)
    except TooDeep:
        raise _too_deep() from None


def read_value(value: object, target: Value) -> None:
    """Fill a Value from any JSON value."""
    try:
        _fill_value(value, target, MAX_LEVELS)
    except TooDeep:
        raise _too_deep() from None


def _fill_struct(value: object, struct: Struct, levels: int) -> None:
    if type(value) is not dict:
        raise Mistake(Reason.WRONG_TYPE, f"must be an object, found {found(value)}")
    if levels < 0:
        raise TooDeep
    fields = struct.fields
    for key, item in value.items():
        try:
            if not key.isascii():
                check_text(key)
            _fill_value(item, fields[key], levels - 1)
        except Mistake as mistake:
            raise mistake.within(_shown(key)) from None


def _fill_value(value: object, target: Value, levels: int) -> None:
    kind = type(value)
    if kind is str:
        assert isinstance(value, str)  # noqa: S101 - tells the type checker what `kind` says
        if not value.isascii():
            check_text(value)
        target.string_value = value
    elif kind is bool:
        target.bool_value = value  # type: ignore[assignment]
    elif kind is int or kind is float:
        target.number_value = _number(value)
    elif value is None:
        target.null_value = 0  # type: ignore[assignment]
    elif kind is list:
        _fill_list(value, target.list_value, levels)  # type: ignore[arg-type]
    else:
        _fill_struct(value, _present(target.struct_value), levels)


def _fill_list(items: list[object], target: ListValue, levels: int) -> None:
    if levels < 0:
        raise TooDeep
    target.SetInParent()
    values = target.values
    for index, item in enumerate(items):
        try:
            _fill_value(item, values.add(), levels - 1)
        except Mistake as mistake:
            raise mistake.at(index) from None


def _present(struct: Struct) -> Struct:
    struct.SetInParent()
    return struct


def _number(value: object) -> float:
    number = to_double(value)
    if number != value:
        raise Mistake(
            Reason.OUT_OF_RANGE,
            f"must be a number that a double holds exactly, found {found(value)}",
        )
    return number


def _too_deep() -> Mistake:
    return Mistake(Reason.TOO_LARGE, f"is nested more than {MAX_LEVELS} levels deep")


def _shown(key: str) -> str:
    return key.encode("utf-8", "replace").decode("utf-8")


def write_struct(struct: Struct) -> dict[str, Any]:
    """A Struct as a JSON object."""
    return {key: write_value(value) for key, value in struct.fields.items()}


def write_value(value: Value) -> Any:
    """A Value as a JSON value; whole numbers are written without a fraction."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return write_number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return write_struct(value.struct_value)
    if kind == "list_value":
        return [write_value(item) for item in value.list_value.values]
    return None


def write_number(number: float) -> float | int | str:
    """A double as a JSON number; what is no number becomes the mapping's string for it."""
    if number.is_integer():
        return int(number)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
