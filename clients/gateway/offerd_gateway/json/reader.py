"""JSON objects to messages, driven by the descriptors.

One walk both finds the first mistake with its path and fills the message: walking first
and leaving the filling to google.protobuf.json_format takes four times as long. A test
holds the two against each other on random requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from offerd.errors import Reason
from offerd_gateway.json.free import read_struct, read_value
from offerd_gateway.json.mistake import Mistake, found, nearest, shortened
from offerd_gateway.json.scalars import Convert, scalar, to_duration, to_string, to_time

Fill = Callable[[Any, Any], None]


class MessageReader:
    """Reads one type of message."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._name = descriptor.name
        self._setters: dict[str, Fill] = {}
        self._spellings: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._nullable: set[str] = set()
        for field in descriptor.fields:
            self._add(field)

    def _add(self, field: FieldDescriptor) -> None:
        if field.containing_oneof and len(field.containing_oneof.fields) > 1:
            raise TypeError(f"field `{field.full_name}` is in a oneof, which no request has yet")
        setter = _setter(field)
        for name in {field.json_name, field.name}:
            self._setters[name] = setter
            self._paths[name] = field.name
        if field.json_name != field.name:
            self._spellings[field.json_name] = field.name
        if field.message_type and field.message_type.full_name == "google.protobuf.Value":
            self._nullable |= {field.json_name, field.name}

    def read(self, value: object, message: Message) -> None:
        """Fill `message` from a parsed JSON object; null is the same as absent.

        Raises Mistake at the first value that doesn't fit.
        """
        if type(value) is not dict:
            raise Mistake(Reason.WRONG_TYPE, f"must be an object, found {found(value)}")
        setters = self._setters
        for key, item in value.items():
            setter = setters.get(key)
            if setter is None:
                raise self._unknown(key)
            if key in self._spellings and self._spellings[key] in value:
                raise Mistake(
                    Reason.CONFLICTING_FIELDS,
                    f"is given twice, as `{key}` and as `{self._spellings[key]}`",
                ).within(self._paths[key])
            if item is None and key not in self._nullable:
                continue
            try:
                setter(message, item)
            except Mistake as mistake:
                raise mistake.within(self._paths[key]) from None

    def _unknown(self, key: str) -> Mistake:
        hint = nearest(key, self._setters.keys() - self._spellings.values())
        text = f"is not a field of {self._name}{hint}"
        return Mistake(Reason.UNKNOWN_FIELD, text).within(shortened(key))


def _setter(field: FieldDescriptor) -> Fill:
    if field.message_type is not None:
        if field.message_type.GetOptions().map_entry:
            return _map(field.name, field.message_type)
        fill = _fill(field.message_type)
        return _repeated_message(field.name, fill) if field.is_repeated else _message(field, fill)
    convert = scalar(field)
    return _repeated_scalar(field.name, convert) if field.is_repeated else _scalar(field, convert)


def _fill(descriptor: Descriptor) -> Fill:
    well_known: Mapping[str, Fill] = {
        "google.protobuf.Struct": read_struct,
        "google.protobuf.Value": read_value,
        "google.protobuf.Timestamp": _read_timestamp,
        "google.protobuf.Duration": _read_duration,
    }
    if descriptor.full_name in well_known:
        return well_known[descriptor.full_name]
    if descriptor.full_name.startswith("google.protobuf."):
        raise TypeError(f"`{descriptor.full_name}` is not mapped, since no request has it yet")
    return MessageReader(descriptor).read


def _read_timestamp(value: object, timestamp: Any) -> None:
    timestamp.seconds, timestamp.nanos = to_time(value)


def _read_duration(value: object, duration: Any) -> None:
    duration.seconds, duration.nanos = to_duration(value)


def _map(name: str, entry: Descriptor) -> Fill:
    key, item = (entry.fields_by_name[part] for part in ("key", "value"))
    if key.type != FieldDescriptor.TYPE_STRING:
        raise TypeError(f"map `{entry.full_name}` has keys that aren't text, as all have been")
    put = _put_scalar(scalar(item)) if item.message_type is None else _fill_in(item.message_type)

    def set_map(message: Message, value: object) -> None:
        if type(value) is not dict:
            raise Mistake(Reason.WRONG_TYPE, f"must be an object, found {found(value)}")
        target = getattr(message, name)
        for text, member in value.items():
            try:
                put(target, to_string(text), member)
            except Mistake as mistake:
                raise mistake.within(shortened(text)) from None

    return set_map


def _put_scalar(convert: Convert) -> Callable[[Any, str, object], None]:
    def put(target: Any, key: str, value: object) -> None:
        target[key] = convert(value)

    return put


def _fill_in(descriptor: Descriptor) -> Callable[[Any, str, object], None]:
    fill = _fill(descriptor)

    def put(target: Any, key: str, value: object) -> None:
        fill(value, target[key])

    return put


def _scalar(field: FieldDescriptor, convert: Convert) -> Fill:
    name = field.name

    def set_scalar(message: Message, value: object) -> None:
        setattr(message, name, convert(value))

    return set_scalar


def _message(field: FieldDescriptor, fill: Fill) -> Fill:
    name = field.name

    def set_message(message: Message, value: object) -> None:
        target = getattr(message, name)
        target.SetInParent()
        fill(value, target)

    return set_message


def _repeated_scalar(name: str, convert: Convert) -> Fill:
    def set_scalars(message: Message, value: object) -> None:
        target = getattr(message, name)
        for index, item in enumerate(_items(value)):
            try:
                target.append(convert(item))
            except Mistake as mistake:
                raise mistake.at(index) from None

    return set_scalars


def _repeated_message(name: str, fill: Fill) -> Fill:
    def set_messages(message: Message, value: object) -> None:
        target = getattr(message, name)
        for index, item in enumerate(_items(value)):
            try:
                fill(item, target.add())
            except Mistake as mistake:
                raise mistake.at(index) from None

    return set_messages


def _items(value: object) -> list[object]:
    if type(value) is not list:
        raise Mistake(Reason.WRONG_TYPE, f"must be a list, found {found(value)}")
    return value
