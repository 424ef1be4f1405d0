"""Values of offer attributes: their names looked up, their types checked, timestamps converted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.instants import NotATime, instant_ns
from offerd.definitions.place import Path
from offerd.definitions.resolving.declaring import OFFER_ATTRIBUTE
from offerd.definitions.resolving.names import Names
from offerd.definitions.wording import described, hint, quoted
from offerd.model.schema import Attribute, Schema, ValueType

_LISTS = {
    ValueType.LIST_STRING: ValueType.STRING,
    ValueType.LIST_INT: ValueType.INT,
    ValueType.LIST_DOUBLE: ValueType.DOUBLE,
}
_IN_WORDS = {
    ValueType.BOOL: "`true` or `false`",
    ValueType.INT: "an integer",
    ValueType.DOUBLE: "a number",
    ValueType.STRING: "text",
    ValueType.TIMESTAMP: "an instant such as `2026-01-31T08:00:00Z`",
}
_PYTHON: dict[ValueType, tuple[type, ...]] = {
    ValueType.BOOL: (bool,),
    ValueType.INT: (int,),
    ValueType.DOUBLE: (int, float),
    ValueType.STRING: (str,),
    ValueType.TIMESTAMP: (str,),
}


class AttributeValues:
    """Converts the attribute values of offers as the schema declares them."""

    def __init__(self, schema: Schema, findings: Findings) -> None:
        self._declared = {attribute.path: attribute for attribute in schema.offer}
        self._names = Names(OFFER_ATTRIBUTE, self._declared, findings)
        self._findings = findings

    def convert(self, values: Mapping[str, Any], entry: Entry[Any]) -> dict[str, object]:
        """The values as rules read them, by name in sorted order; wrong ones are reported."""
        converted: dict[str, object] = {}
        for name in sorted(values):
            attribute = self._declared.get(name)
            if attribute is None:
                self._names.check(name, entry.origin.place(("attributes", name), of_key=True))
                continue
            try:
                converted[name] = _converted(attribute, values[name])
            except _Wrong as wrong:
                place = entry.place("attributes", name, *wrong.path)
                self._findings.mistake(place, wrong.message)
        return converted


class _Wrong(Exception):
    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def _converted(attribute: Attribute, value: Any) -> object:
    element = _LISTS.get(attribute.type)
    if element is None:
        return _scalar(attribute, attribute.type, value, ())
    if not isinstance(value, list):
        name, found = attribute.path, described(value)
        raise _Wrong(f"`{name}` must be a list, as `{attribute.type}`: found {found}", ())
    return [_scalar(attribute, element, item, (index,)) for index, item in enumerate(value)]


def _scalar(attribute: Attribute, kind: ValueType, value: Any, path: Path) -> object:
    if type(value) not in _PYTHON[kind]:
        name = f"an item of `{attribute.path}`" if path else f"`{attribute.path}`"
        quotes = kind is ValueType.STRING and isinstance(value, bool | int | float)
        advice = ": put it in quotes" if quotes else ""
        message = f"{name} must be {_IN_WORDS[kind]}: found {described(value)}{advice}"
        raise _Wrong(message, path)
    if kind is ValueType.DOUBLE:
        return float(value)
    if kind is ValueType.TIMESTAMP:
        try:
            return instant_ns(value)
        except NotATime as problem:
            raise _Wrong(str(problem), path) from None
    if attribute.values and value not in attribute.values:
        message = f"{quoted(value)} is not a value of `{attribute.path}`"
        raise _Wrong(message + hint(value, attribute.values), path)
    return value
