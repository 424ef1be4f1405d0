"""How far something is that takes a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Is told of each stage as it goes."""

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins, and the one before is done. `total` is how many it takes, if known."""

    def advance(self) -> None:
        """One more is done."""


class _Untold:
    """Tells nobody."""

    def begin(self, stage: str, total: int | None) -> None:
        """Does nothing."""

    def advance(self) -> None:
        """Does nothing."""


UNTOLD: Final[Progress] = _Untold()


def counted(items: Iterable[T], progress: Progress) -> Iterator[T]:
    """Yields the items, each of which counts as done when the next is asked for."""
    for item in items:
        yield item
        progress.advance()
