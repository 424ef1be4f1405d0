"""Random messages of a type, for holding two codecs against each other."""

from __future__ import annotations

import random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

TEXTS = ("", "a", "home-hero", "Zoë", "日本", "🙂", 'a\nb"c\\', "\x00")
NUMBERS = (0.0, 1.0, -1.5, 59.3293, 1e-9, 1e300, -0.0, 2.0**53, 123456789.125)


class RandomMessages:
    """Makes messages; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def fill(self, message: Message) -> Message:
        """Set each field of a message or leave it, at random."""
        if isinstance(message, Struct):
            for _ in range(self._random.randrange(3)):
                self._fill_value(message.fields[self._random.choice(TEXTS)], 3)
            return message
        if isinstance(message, Value):
            self._fill_value(message, 3)
            return message
        descriptor: Descriptor = message.DESCRIPTOR
        if descriptor.full_name == "google.protobuf.Timestamp":
            message.seconds = self._random.randrange(-62_135_596_800, 253_402_300_800)
            message.nanos = self._random.choice([0, 5, 500_000, 123_456_789, 120_000_000])
            return message
        if descriptor.full_name == "google.protobuf.Duration":
            sign = self._random.choice([-1, 1])
            message.seconds = sign * self._random.randrange(315_576_000_000)
            message.nanos = sign * self._random.choice([0, 5, 500_000, 123_456_789])
            return message
        for field in descriptor.fields:
            if self._random.random() < 0.7:
                self._set(message, field)
        return message

    def _set(self, message: Message, field: FieldDescriptor) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            item = field.message_type.fields_by_name["value"]
            for _ in range(self._random.randrange(3)):
                target, key = getattr(message, field.name), self._random.choice(TEXTS)
                if item.message_type is not None:
                    self.fill(target[key])
                else:
                    target[key] = self._scalar(item)
        elif field.is_repeated:
            for _ in range(self._random.randrange(3)):
                if field.message_type is not None:
                    self.fill(getattr(message, field.name).add())
                else:
                    getattr(message, field.name).append(self._scalar(field))
        elif field.message_type is not None:
            target = getattr(message, field.name)
            target.SetInParent()
            self.fill(target)
        else:
            setattr(message, field.name, self._scalar(field))

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.enum_type is not None:
            return self._random.choice(field.enum_type.values).number
        return {
            FieldDescriptor.TYPE_STRING: lambda: self._random.choice(TEXTS),
            FieldDescriptor.TYPE_BOOL: lambda: self._random.random() < 0.5,
            FieldDescriptor.TYPE_DOUBLE: lambda: self._random.choice(NUMBERS),
            FieldDescriptor.TYPE_INT32: lambda: self._random.randrange(-(2**31), 2**31),
            FieldDescriptor.TYPE_INT64: lambda: self._random.randrange(-(2**63), 2**63),
        }[field.type]()

    def _fill_value(self, value: Value, levels: int) -> None:
        kind = self._random.randrange(6 if levels else 4)
        if kind == 0:
            value.null_value = 0
        elif kind == 1:
            value.bool_value = self._random.random() < 0.5
        elif kind == 2:
            value.number_value = self._random.choice(NUMBERS)
        elif kind == 3:
            value.string_value = self._random.choice(TEXTS)
        elif kind == 4:
            value.list_value.SetInParent()
            for _ in range(self._random.randrange(3)):
                self._fill_value(value.list_value.values.add(), levels - 1)
        else:
            value.struct_value.SetInParent()
            for _ in range(self._random.randrange(3)):
                name = self._random.choice(TEXTS)
                self._fill_value(value.struct_value.fields[name], levels - 1)
