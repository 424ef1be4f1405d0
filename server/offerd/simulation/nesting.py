"""Nested records, as files have them, as flat ones by dotted path."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any


class Paths:
    """The paths that are declared for a record, and those under which something is."""

    def __init__(self, declared: Collection[str]) -> None:
        self._declared = frozenset(declared)
        self._groups = frozenset(
            path[:place]
            for path in declared
            for place, character in enumerate(path)
            if character == "."
        )

    def leaves(self, values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Yields the values of a nested record by path, None too; what isn't declared whole."""
        for name, value in values.items():
            path = prefix + name
            if path in self._groups and path not in self._declared and isinstance(value, Mapping):
                yield from self.leaves(value, path + ".")
            else:
                yield path, value
