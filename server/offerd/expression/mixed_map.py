"""A map that has both a bool and a number which Python would take for the same key."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView
from typing import Any


class MixedMap(dict[Any, Any]):
    """A dict in which `True` and 1 are two keys, as `False` and 0 are.

    Only literals such as `{1: "a", true: "b"}` make one; all other maps are plain dicts.
    """

    def __init__(self, entries: Iterable[tuple[Any, Any]]) -> None:
        super().__init__((_told_apart(key), value) for key, value in entries)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(_told_apart(key))

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(_told_apart(key))

    def __iter__(self) -> Iterator[Any]:
        return (key for _, key in super().__iter__())

    def keys(self) -> KeysView[Any]:  # type: ignore[override]
        """The keys as they were written."""
        return KeysView(self)

    def items(self) -> ItemsView[Any, Any]:  # type: ignore[override]
        """The entries with their keys as they were written."""
        return ItemsView(self)


def _told_apart(key: object) -> tuple[bool, object]:
    return isinstance(key, bool), key
