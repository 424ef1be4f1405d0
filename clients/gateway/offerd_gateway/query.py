"""Query parameters to request fields, as google.api.http has it for rpcs without a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from offerd.errors import InvalidArgument, Reason
from offerd_gateway.json.mistake import nearest, shortened

MAX_PARAMETERS = 1000
MESSAGES_OF_ONE_VALUE = frozenset({"google.protobuf.Timestamp"})
TRUTHS: Mapping[str, bool] = {"true": True, "false": False}


def read_query(query: bytes, descriptor: Descriptor, bound: frozenset[str]) -> dict[str, Any]:
    """The parameters as the JSON object of a request.

    A field of a message is written `outer.inner`, a repeated field by repeating the
    parameter. `bound` are the fields that the path gives already. Raises InvalidArgument.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError as error:
        raise InvalidArgument(Reason.INVALID_TEXT, "the query string is not valid UTF-8") from error
    except ValueError as error:
        raise InvalidArgument(
            Reason.TOO_LARGE, f"the query string must have at most {MAX_PARAMETERS} parameters"
        ) from error
    answer: dict[str, Any] = {}
    for name, text in pairs:
        _put(answer, descriptor, bound, name, text)
    return answer


def _put(
    answer: dict[str, Any], descriptor: Descriptor, bound: frozenset[str], name: str, text: str
) -> None:
    *outer, last = name.split(".")
    for segment in outer:
        field = _field(descriptor, bound, segment, name)
        if field.message_type is None or field.is_repeated or _is_value(field):
            raise _unknown(name, "")
        answer = answer.setdefault(field.name, {})
        descriptor = field.message_type
        bound = frozenset()
    field = _field(descriptor, bound, last, name)
    if not _is_value(field):
        raise _unknown(name, ", it holds other fields: name one of them")
    value = _value(field, text)
    if field.is_repeated:
        answer.setdefault(field.name, []).append(value)
    elif field.name in answer:
        raise InvalidArgument(
            Reason.CONFLICTING_FIELDS, f"query parameter `{name}` is given twice", field=name
        )
    else:
        answer[field.name] = value


def _field(
    descriptor: Descriptor, bound: frozenset[str], segment: str, name: str
) -> FieldDescriptor:
    for field in descriptor.fields:
        if segment in {field.name, field.json_name} and field.name not in bound:
            return field
    free = (field.json_name for field in descriptor.fields if field.name not in bound)
    raise _unknown(name, nearest(segment, free))


def _is_value(field: FieldDescriptor) -> bool:
    return field.message_type is None or field.message_type.full_name in MESSAGES_OF_ONE_VALUE


def _value(field: FieldDescriptor, text: str) -> object:
    return TRUTHS.get(text, text) if field.type == FieldDescriptor.TYPE_BOOL else text


def _unknown(name: str, hint: str) -> InvalidArgument:
    shown = shortened(name)
    return InvalidArgument(
        Reason.UNKNOWN_FIELD, f"`{shown}` is no query parameter of this path{hint}", field=shown
    )
