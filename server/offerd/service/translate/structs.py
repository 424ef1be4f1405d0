"""google.protobuf.Struct and Value ↔ plain data, and Timestamp ↔ nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.errors import InvalidArgument, Reason

NANOS_PER_SECOND = 1_000_000_000
_MAXIMUM_DEPTH = 20
_MAXIMUM_BYTES = 256 << 10
_EXACT = 1 << 53
"""Up to here every integer is a double."""


def struct_to_data(struct: Struct, field: str) -> dict[str, Any]:
    """Returns a Struct as nested dict, list, str, float, bool and None.

    Raises InvalidArgument for more than 20 levels, or more than 256 KiB on the wire: more than
    any record may hold, told before all of it is turned over.
    """
    if struct.ByteSize() > _MAXIMUM_BYTES:
        for name, value in struct.fields.items():
            if value.ByteSize() > _MAXIMUM_BYTES:
                field = f"{field}.{name}"
        raise InvalidArgument(
            Reason.TOO_LARGE, f"`{field}` has more than {_MAXIMUM_BYTES:,} bytes", field=field
        )
    return _struct_to_data(struct, field, 0)


def _struct_to_data(struct: Struct, field: str, depth: int) -> dict[str, Any]:
    _check_depth(depth, field)
    return {name: _value_to_data(value, field, depth) for name, value in struct.fields.items()}


def _value_to_data(value: Value, field: str, depth: int) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return _struct_to_data(value.struct_value, field, depth + 1)
    if kind == "list_value":
        _check_depth(depth + 1, field)
        return [_value_to_data(item, field, depth + 1) for item in value.list_value.values]
    return None


def _check_depth(depth: int, field: str) -> None:
    if depth > _MAXIMUM_DEPTH:
        raise InvalidArgument(
            Reason.TOO_LARGE, f"nested more than {_MAXIMUM_DEPTH} levels deep", field=field
        )


def data_to_struct(data: Mapping[str, Any]) -> Struct:
    """Returns nested plain data as a Struct.

    Ints become doubles, as in JSON, but for those that a double can't hold: they become
    decimal strings, which are taken back as ints.
    """
    return Struct(fields={name: data_to_value(value) for name, value in data.items()})


def data_to_value(data: Any) -> Value:
    """Returns plain data as a Value."""
    if isinstance(data, str):
        return Value(string_value=data)
    if isinstance(data, bool):
        return Value(bool_value=data)
    if isinstance(data, int) and abs(data) > _EXACT:
        return Value(string_value=str(data))
    if isinstance(data, int | float):
        return Value(number_value=data)
    if data is None:
        return Value(null_value=NULL_VALUE)
    if isinstance(data, Mapping):
        return Value(struct_value=data_to_struct(data))
    return Value(list_value=ListValue(values=[data_to_value(item) for item in data]))


def timestamp_to_ns(timestamp: Timestamp, field: str, first_year: int, last_year: int) -> int:
    """Returns nanoseconds since 1970; raises InvalidArgument outside the given years."""
    earliest, latest = _YEAR_STARTS[first_year], _YEAR_STARTS[last_year + 1]
    if not (earliest <= timestamp.seconds < latest and 0 <= timestamp.nanos < NANOS_PER_SECOND):
        raise InvalidArgument(
            Reason.INVALID_TIME,
            f"`{timestamp.seconds}` seconds since 1970 lie outside the years "
            f"{first_year} to {last_year}",
            field=field,
        )
    return timestamp.seconds * NANOS_PER_SECOND + timestamp.nanos


def ns_to_timestamp(time_ns: int) -> Timestamp:
    """Returns an instant as a Timestamp."""
    seconds, nanos = divmod(time_ns, NANOS_PER_SECOND)
    return Timestamp(seconds=seconds, nanos=nanos)


_YEAR_STARTS = {
    1: -62_135_596_800,
    1970: 0,
    2262: 9_214_646_400,
    10_000: 253_402_300_800,
}
"""Seconds from 1970 to the first second of a year (proleptic Gregorian, UTC)."""
