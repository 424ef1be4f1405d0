"""The reverse of admission: flat as stored → nested as answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from offerd.admission.instant import format_instant
from offerd.model.schema import ValueType


class Typed(Protocol):
    """An attribute or an aggregate: something declared, with a type."""

    @property
    def type(self) -> ValueType:
        """The declared type."""


def to_nested(flat: Mapping[str, Any], declared: Mapping[str, Typed]) -> dict[str, Any]:
    """Returns a flat record as JSON-like values, dotted paths nested.

    Timestamps, alone and in maps, become RFC 3339 text; ints stay ints. A path that is no
    longer declared is answered as it is stored. Where one path is also the prefix of another
    (which definitions never allow at once), the longer one keeps its dots.
    """
    nested: dict[str, Any] = {}
    for path in sorted(flat):
        attribute = declared.get(path)
        value = flat[path] if attribute is None else _answered(flat[path], attribute.type)
        _place(nested, path, value)
    return nested


def _place(nested: dict[str, Any], path: str, value: Any) -> None:
    *groups, name = path.split(".")
    inside = nested
    for group in groups:
        deeper = inside.setdefault(group, {})
        if not isinstance(deeper, dict):
            nested[path] = value
            return
        inside = deeper
    inside[name] = value


def _answered(value: Any, value_type: ValueType) -> Any:
    if value_type is ValueType.TIMESTAMP and isinstance(value, int):
        return format_instant(value)
    if value_type is ValueType.MAP_TIMESTAMP and isinstance(value, dict):
        return {key: format_instant(instant_ns) for key, instant_ns in value.items()}
    return value
