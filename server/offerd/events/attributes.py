"""Which stored attributes still are what the definitions declare.

Attributes are checked when they are set, against the definitions of that time. Definitions
change and profiles stay: what was an integer may be declared a timestamp today, a value may be
no value any more, an attribute may have become person data. Rules are typed and trust what they
read, so what doesn't fit is left out of what they see, as if it were absent. What is stored
stays as it was until the attributes are set again: declarations that come back find it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from offerd.model.profile import ProfileRecord
from offerd.model.schema import Attribute, Namespace, Schema, ValueType

_VERSION: Final = 1
"""Raised when the same declarations start to take other values."""

_SCALARS: Final[dict[ValueType, type]] = {
    ValueType.BOOL: bool,
    ValueType.INT: int,
    ValueType.DOUBLE: float,
    ValueType.STRING: str,
    ValueType.TIMESTAMP: int,
}
_ELEMENTS: Final[dict[ValueType, type]] = {
    ValueType.LIST_STRING: str,
    ValueType.LIST_INT: int,
    ValueType.LIST_DOUBLE: float,
}


class AttributeSchema:
    """The declared profile attributes, and the namespaces that may keep person data.

    `fingerprint` (16 bytes) changes if and only if other values may fit: with paths, types,
    enumerated values, the mark of person data, and whether a namespace names a person.
    `namespaces` are those declared, by id, best first.
    """

    __slots__ = ("_declared", "_persons", "_timestamps", "fingerprint", "namespaces")

    def __init__(self, schema: Schema) -> None:
        self.namespaces: Mapping[str, Namespace] = {found.id: found for found in schema.namespaces}
        self._declared: Mapping[str, Attribute] = {found.path: found for found in schema.profile}
        self._persons = frozenset(
            found.id for found in schema.namespaces if found.type.names_person
        )
        self._timestamps = frozenset(
            found.path for found in schema.profile if found.type is ValueType.TIMESTAMP
        )
        self.fingerprint = _digest(schema.profile, self._persons)

    def replace(self, record: ProfileRecord, attributes: dict[str, Any]) -> None:
        """Gives a record attributes that were checked against these declarations, in place."""
        record.attributes = attributes
        record.schema = self.fingerprint
        record.timestamps = sorted(attributes.keys() & self._timestamps)

    def restrict(self, record: ProfileRecord) -> None:
        """Leaves a record only the attributes that rules may read, in place.

        Integers become doubles where doubles are declared. Costs one comparison if the
        attributes were checked against these very declarations.
        """
        if record.schema != self.fingerprint:
            self.replace(record, self._fitting(record))

    def confirm(self, record: ProfileRecord) -> None:
        """Marks a record as checked against these declarations if all of it fits as it is."""
        if record.schema != self.fingerprint and self._fitting(record) is record.attributes:
            self.replace(record, record.attributes)

    def _fitting(self, record: ProfileRecord) -> dict[str, Any]:
        """Returns the attributes that fit; the record's own dict if all do, unconverted."""
        stored = record.attributes
        instants = frozenset(record.timestamps)
        fitting: dict[str, Any] = {}
        same = True
        for path, value in stored.items():
            fitted = self._fitted(record.namespace, path, value, path in instants)
            if fitted is not None:
                fitting[path] = fitted
            same = same and fitted is value
        return stored if same else fitting

    def _fitted(self, namespace: str, path: str, value: Any, instant: bool) -> Any:
        """Returns a value as its declaration has it, None if it doesn't fit.

        `instant` says whether it was set as a timestamp, which no integer can tell.
        """
        attribute = self._declared.get(path)
        if attribute is None or (attribute.person and namespace not in self._persons):
            return None
        if instant != (attribute.type is ValueType.TIMESTAMP):
            return None
        scalar = _SCALARS.get(attribute.type)
        if scalar is not None:
            return _typed(value, scalar, attribute.values)
        if type(value) is not list:
            return None
        element = _ELEMENTS[attribute.type]
        items = [_typed(item, element, attribute.values) for item in value]
        if any(item is None for item in items):
            return None
        unconverted = all(item is old for item, old in zip(items, value, strict=True))
        return value if unconverted else items


def _typed(value: Any, expected: type, values: tuple[str, ...]) -> Any:
    """Returns a scalar as the type has it, or None. A bool is no integer."""
    found = type(value)
    if found is expected:
        return None if found is str and values and value not in values else value
    if expected is float and found is int:
        return float(value)
    return None


def _digest(attributes: Iterable[Attribute], persons: frozenset[str]) -> bytes:
    described = sorted(
        (found.path, found.type, sorted(set(found.values)), found.person) for found in attributes
    )
    keepers = sorted(persons) if any(person for *_, person in described) else []
    content = msgspec.msgpack.encode((_VERSION, described, keepers))
    return blake2b(content, digest_size=16).digest()
