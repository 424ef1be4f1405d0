"""Telling why bytes are no message, when protobuf says only that they aren't."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from offerd.errors import InvalidArgument, Reason

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_MAXIMUM_DEPTH = 100
_LOOKED_AT_BYTES = 64 << 10
"""Only so much is looked at for a reason: this runs on the event loop."""


class _Malformed(Exception):
    """The bytes end early, or hold what no encoder writes."""


def explain_malformed(descriptor: Descriptor, data: bytes) -> InvalidArgument:
    """Returns the refusal of bytes that protobuf couldn't parse.

    Names the field if it is text that isn't UTF-8, and stands in the first 64 KiB.
    """
    try:
        path = _invalid_text(descriptor, memoryview(data)[:_LOOKED_AT_BYTES], 0)
    except _Malformed:
        path = None
    if path is not None:
        return InvalidArgument(Reason.INVALID_TEXT, f"`{path}` is not valid UTF-8", field=path)
    return InvalidArgument(Reason.MALFORMED, f"the request is no {descriptor.full_name} message")


def _invalid_text(descriptor: Descriptor, data: memoryview, depth: int) -> str | None:
    """Returns the path of the first string field that is not UTF-8, or None."""
    if depth > _MAXIMUM_DEPTH:
        raise _Malformed
    position = 0
    seen: dict[int, int] = {}
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            _, position = _varint(data, position)
            continue
        if wire_type != _LENGTH:
            position += _FIXED_BYTES.get(wire_type, len(data))
            continue
        length, position = _varint(data, position)
        if position + length > len(data):
            raise _Malformed
        value = data[position : position + length]
        position += length
        field = descriptor.fields_by_number.get(number)
        index = seen[number] = seen.get(number, -1) + 1
        found = _invalid_in(field, value, depth) if field is not None else None
        if field is not None and found is not None:
            name = f"{field.name}[{index}]" if field.is_repeated else field.name
            return f"{name}.{found}" if found else name
    return None


def _invalid_in(field: FieldDescriptor, value: memoryview, depth: int) -> str | None:
    if field.type == FieldDescriptor.TYPE_STRING:
        try:
            str(value, "utf-8")
        except UnicodeDecodeError:
            return ""
        return None
    if field.message_type is not None:
        return _invalid_text(field.message_type, value, depth + 1)
    return None


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise _Malformed
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
    raise _Malformed
