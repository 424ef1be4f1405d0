"""Messages and enums as JSON schemas of the canonical mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Schema = dict[str, Any]

WELL_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
}
SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
}


class Schemas:
    """Collects the schemas that a document refers to, each once, by short name."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def message(self, descriptor: Descriptor, without: tuple[str, ...] = ()) -> Schema:
        """A reference to a message's schema, collecting it with all that it holds.

        `without` are fields that are given elsewhere, as the path's variables are.
        """
        if descriptor.full_name in WELL_KNOWN:
            return dict(WELL_KNOWN[descriptor.full_name])
        name = descriptor.name
        if name not in self.components:
            schema: Schema = {"type": "object"}
            self.components[name] = schema
            self._describe(schema, descriptor.full_name)
            schema["properties"] = {
                field.json_name: self.field(field)
                for field in descriptor.fields
                if field.name not in without
            }
            schema["additionalProperties"] = False
            _exclusive(schema, descriptor)
        return _reference(name)

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field, with its comment."""
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            values = self._one(field.message_type.fields_by_name["value"])
            schema: Schema = {"type": "object", "additionalProperties": values}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._one(field)}
        else:
            schema = self._one(field)
        self._describe(schema, field.full_name)
        return schema

    def _one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return dict(SCALARS[field.type])

    def _enum(self, descriptor: EnumDescriptor) -> Schema:
        name = descriptor.name
        if name not in self.components:
            schema: Schema = {"type": "string", "enum": list(descriptor.values_by_name)}
            self._describe(schema, descriptor.full_name)
            meanings = [
                f"- `{value.name}`: {comment}"
                for value in descriptor.values
                if (comment := self._comments.get(f"{descriptor.full_name}.{value.name}"))
            ]
            if meanings:
                text = schema.get("description", "")
                schema["description"] = "\n\n".join(filter(None, [text, "\n".join(meanings)]))
            self.components[name] = schema
        return _reference(name)

    def _describe(self, schema: Schema, full_name: str) -> None:
        comment = self._comments.get(full_name)
        if comment:
            schema["description"] = comment


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _exclusive(schema: Schema, descriptor: Descriptor) -> None:
    """At most one field of a oneof is present."""
    for oneof in descriptor.oneofs:
        names = [field.json_name for field in oneof.fields]
        if len(names) > 1:
            present: list[Schema] = [{"required": [name]} for name in names]
            schema["oneOf"] = [*present, {"not": {"anyOf": present}}]
