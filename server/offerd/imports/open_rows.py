"""Rows that say themselves what they are: namespace, type and a JSON object of values.

Each may have other values than the one before, so they go through admission one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from offerd.admission import admit_attributes, kind_of, nearest, quote
from offerd.errors import InvalidArgument, Reason
from offerd.imports.fields import Field
from offerd.imports.rows import Columns, Keys, admit_event_id, admit_time, missing
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import Attribute, Namespace

T = TypeVar("T")


class OpenProfileRows:
    """Rows whose columns are: id, namespace, JSON object of attributes."""

    def __init__(
        self,
        keys: Mapping[str, Keys],
        namespaces: Mapping[str, Namespace],
        declared: Mapping[str, Attribute],
    ) -> None:
        self._keys = keys
        self._namespaces = namespaces
        self._declared = declared

    def admitted(self, _columns: Columns) -> None:
        """Returns None: any row might be refused."""
        return

    def admit(self, row: Sequence[Any]) -> tuple[ProfileKey, dict[str, Any]]:
        """Returns the profile of one row; raises InvalidArgument."""
        identity, namespace, values = row
        key = _known(self._keys, namespace, "namespace").admit(identity)
        attributes = _record(values, self._declared, "attributes")
        if not self._namespaces[namespace].type.names_person:
            for path in attributes:
                if self._declared[path].person:
                    raise InvalidArgument(
                        Reason.PERSON_DATA_ON_DEVICE,
                        person_data(path, self._namespaces[namespace]),
                        field=f"attributes.{path}",
                    )
        return key, attributes


class OpenEventRows:
    """Rows whose columns are: profile id, event id, time, namespace, type, JSON object."""

    def __init__(
        self,
        keys: Mapping[str, Keys],
        types: Mapping[str, Mapping[str, Attribute]],
        time: Field,
    ) -> None:
        self._keys = keys
        self._types = types
        self._time = time

    def admitted(self, _columns: Columns) -> None:
        """Returns None: any row might be refused."""
        return

    def admit(self, row: Sequence[Any]) -> tuple[ProfileKey, Event]:
        """Returns the event of one row; raises InvalidArgument."""
        identity, event_id, time, namespace, event_type, values = row
        key = _known(self._keys, namespace, "namespace").admit(identity)
        declared = _known(self._types, event_type, "event type")
        return key, Event(
            admit_event_id(event_id),
            event_type,
            admit_time(self._time, time),
            _record(values, declared, "properties"),
        )


def person_data(path: str, namespace: Namespace) -> str:
    """Says why an attribute can't be kept under a namespace."""
    return (
        f"{quote(path)} is person data, which can't be kept under {quote(namespace.id)}, "
        f"a {namespace.type.value} namespace"
    )


def _known(known: Mapping[str, T], name: str | None, noun: str) -> T:
    if name is None:
        raise missing(noun)
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {quote(near)}" if near else ""
        raise InvalidArgument(
            Reason.MALFORMED, f"no {noun} {quote(name)} can be imported{hint}", field=noun
        )
    return known[name]


def _record(text: str | None, declared: Mapping[str, Attribute], label: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        values = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidArgument(
            Reason.MALFORMED, f"`{label}` is no valid JSON: {error}".lower(), field=label
        ) from error
    if not isinstance(values, dict):
        raise InvalidArgument(
            Reason.WRONG_TYPE, f"`{label}` is {kind_of(values)}; expected an object", field=label
        )
    record, _ = admit_attributes(values, declared, field=label)
    return record
