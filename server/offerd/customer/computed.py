"""Records some of whose values are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

Compute = Callable[[str], Any]
"""Returns a value by name; None if it is unknown."""


class ComputedRecord(dict[str, Any]):
    """A flat record, for rules to read as a root or for whoever reads all of it.

    What is never read costs nothing: of many declared aggregates a decision reads few. Whatever
    looks at all of it, such as iterating, comparing and copying, has all of it computed, and sees
    the names of `known` first and those of `computed` after them, in their order.
    """

    __slots__ = ("_compute", "_computed", "_is_filled", "_pending")

    def __init__(self, known: Mapping[str, Any], computed: Iterable[str], compute: Compute) -> None:
        super().__init__(known)
        self._computed = tuple(computed)
        self._pending = set(self._computed)
        self._is_filled = False
        self._compute = compute

    def __missing__(self, name: str) -> Any:
        if name not in self._pending:
            raise KeyError(name)
        self._pending.discard(name)
        value = self._compute(name)
        if value is None:
            raise KeyError(name)
        self[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        if name in self._pending:
            return self.get(str(name)) is not None
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._fill_all()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill_all()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self._fill_all()
        return super().__eq__(other.copy() if isinstance(other, ComputedRecord) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        self._fill_all()
        return super().__repr__()

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dict."""
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """As of any dict."""
        self._fill_all()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """As of any dict."""
        self._fill_all()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """As of any dict."""
        self._fill_all()
        return super().items()

    def copy(self) -> dict[str, Any]:
        """Returns a plain dict."""
        self._fill_all()
        return dict(super().items())

    def __or__(self, other: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return self.copy() | other

    def __ror__(self, other: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return other | self.copy()

    def pop(self, name: str, *default: Any) -> Any:
        """As of any dict."""
        self._fill_all()
        return super().pop(name, *default)

    def _fill_all(self) -> None:
        """Computes what is left, and puts what was computed in order."""
        if self._is_filled:
            return
        self._is_filled = True
        for name in self._computed:
            value = self.get(name)
            if value is not None:
                # At the end, whenever it was first asked for.
                super().pop(name)
                self[name] = value
