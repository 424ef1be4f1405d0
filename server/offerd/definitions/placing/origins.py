"""Where each of many places was written, in a few bytes."""

from __future__ import annotations

from array import array
from typing import Protocol

from offerd.definitions.place import Origin


class BulkFile(Protocol):
    """A file of many places, which can be read again at one of them."""

    def origin(self, number: int, offset: int) -> Origin:
        """The origin of the row or feature of a number, which begins at an offset in bytes."""
        ...


class Origins:
    """The origins of places by number: of those in bulk only file, number in it and offset."""

    def __init__(self) -> None:
        self._alone: list[Origin] = []
        self._bulk: list[BulkFile] = []
        self._files = array("I")
        self._numbers = array("I")
        self._offsets = array("Q")

    def add(self, origin: Origin) -> None:
        """Adds the origin of the next place."""
        self._put(0, len(self._alone), 0)
        self._alone.append(origin)

    def add_bulk(self, file: BulkFile, number: int, offset: int) -> None:
        """Adds the next place, which is in a file of many."""
        if not self._bulk or self._bulk[-1] is not file:
            self._bulk.append(file)
        self._put(len(self._bulk), number, offset)

    def origin(self, place: int) -> Origin:
        """The origin of a place, by its number."""
        file, number = self._files[place], self._numbers[place]
        if not file:
            return self._alone[number]
        return self._bulk[file - 1].origin(number, self._offsets[place])

    def _put(self, file: int, number: int, offset: int) -> None:
        self._files.append(file)
        self._numbers.append(number)
        self._offsets.append(offset)
