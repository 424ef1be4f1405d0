"""Maps, built from their entries: a bool and a number are two keys, which Python takes for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from offerd.expression.check.types import Kind
from offerd.expression.functions.comparison import show_key
from offerd.expression.mixed_map import MixedMap
from offerd.expression.values import EvaluationError, kind_of

_KEYS: Final = frozenset((Kind.STRING, Kind.INT, Kind.UINT, Kind.BOOL))


def build_map(keys: Sequence[Any], values: Sequence[Any]) -> dict[Any, Any]:
    """The map of these entries; EvaluationError for a key of a wrong type or given twice."""
    result: dict[Any, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if kind_of(key) not in _KEYS:
            raise EvaluationError("a map's key must be a `string`, `int`, `uint` or `bool`")
        if key in result:
            return _told_apart(keys, values)
        result[key] = value
    return result


def from_entries(entries: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """The same from pairs of key and value."""
    pairs = list(entries)
    return build_map([key for key, _ in pairs], [value for _, value in pairs])


def merge(into: dict[Any, Any], entries: Any) -> None:
    """Adds the entries of a map with keys of one type; EvaluationError for a key there already."""
    for key, value in entries_of(entries):
        if key in into:
            raise EvaluationError(f"the map has the key {show_key(key)} twice")
        into[key] = value


def entries_of(mapping: Any) -> Iterable[tuple[Any, Any]]:
    """The entries of a map; EvaluationError for anything else."""
    if not isinstance(mapping, dict):
        raise EvaluationError("the result is not a map")
    return mapping.items()


def _told_apart(keys: Sequence[Any], values: Sequence[Any]) -> dict[Any, Any]:
    """The map, some key of which Python takes for another."""
    seen: set[tuple[bool, Any]] = set()
    for key in keys:
        if kind_of(key) not in _KEYS:
            raise EvaluationError("a map's key must be a `string`, `int`, `uint` or `bool`")
        told = (isinstance(key, bool), key)
        if told in seen:
            raise EvaluationError(f"the map has the key {show_key(key)} twice")
        seen.add(told)
    return MixedMap(zip(keys, values, strict=True))
