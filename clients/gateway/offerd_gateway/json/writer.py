"""Messages to JSON, driven by the descriptors; fields that aren't set are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec.json
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from offerd_gateway.json.free import write_number, write_struct, write_value

Write = Callable[[Any], Any]

LONG_INTEGERS = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)
AS_IT_IS = frozenset(
    {
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_UINT32,
    }
)

to_json: Callable[[Any], bytes] = msgspec.json.Encoder().encode
"""Plain objects to UTF-8 JSON."""


class MessageWriter:
    """Writes one type of message."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._fields: dict[int, tuple[str, Write | None]] = {
            field.number: (field.json_name, _write(field)) for field in descriptor.fields
        }

    def write(self, message: Message) -> dict[str, Any]:
        """The message as an object that `to_json` takes."""
        fields = self._fields
        answer: dict[str, Any] = {}
        for field, value in message.ListFields():
            name, convert = fields[field.number]
            answer[name] = value if convert is None else convert(value)
        return answer


def _write(field: FieldDescriptor) -> Write | None:
    """The conversion for a field's value; None if JSON has the value as it is."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _write_map(field.message_type)
    convert = _write_one(field)
    if not field.is_repeated:
        return convert
    if convert is None:
        return list
    return lambda values: [convert(value) for value in values]


def _write_one(field: FieldDescriptor) -> Write | None:
    if field.message_type is not None:
        return _write_message(field.message_type)
    if field.enum_type is not None:
        return _write_enum(field.enum_type)
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return write_number
    if field.type in LONG_INTEGERS:
        return str
    if field.type in AS_IT_IS:
        return None
    raise TypeError(f"field `{field.full_name}` has a type that the JSON door doesn't map")


def _write_message(descriptor: Descriptor) -> Write:
    well_known: Mapping[str, Write] = {
        "google.protobuf.Struct": write_struct,
        "google.protobuf.Value": write_value,
        "google.protobuf.Timestamp": lambda timestamp: timestamp.ToJsonString(),
        "google.protobuf.Duration": lambda duration: duration.ToJsonString(),
    }
    if descriptor.full_name in well_known:
        return well_known[descriptor.full_name]
    if descriptor.full_name.startswith("google.protobuf."):
        raise TypeError(f"`{descriptor.full_name}` is not mapped, since no answer has it yet")
    return MessageWriter(descriptor).write


def _write_map(entry: Descriptor) -> Write:
    convert = _write_one(entry.fields_by_name["value"])
    if entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
        raise TypeError(f"map `{entry.full_name}` has keys that aren't strings")
    if convert is None:
        return dict
    return lambda values: {key: convert(value) for key, value in values.items()}


def _write_enum(descriptor: EnumDescriptor) -> Write:
    names = {number: value.name for number, value in descriptor.values_by_number.items()}
    # A newer service may answer a value that this door doesn't know: then its number.
    return lambda number: names.get(number, number)
