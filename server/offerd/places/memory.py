"""Places in memory, for tools and tests."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from offerd.model.place import Library, Place
from offerd.places.building import categories_of, index_records


class MemorySource:
    """Keeps places, and the records of their index, in dictionaries."""

    def __init__(self, places: Sequence[Place], libraries: Sequence[Library]) -> None:
        self.libraries: Sequence[Library] = tuple(libraries)
        self.categories: Sequence[str] = categories_of(places)
        self.count = len(places)
        self._places = places
        self._numbers = {place.id: number for number, place in enumerate(places)}
        self._records = dict(index_records(places, self.libraries, self.categories))
        self._encoder = msgspec.msgpack.Encoder()

    def record(self, number: int) -> bytes | None:
        """Returns a place as msgpack, None if there is none of that number."""
        if not 0 <= number < self.count:
            return None
        return self._encoder.encode(self._places[number])

    def number_of(self, place_id: str) -> int | None:
        """Returns the number of a place, None if there is none of that id."""
        return self._numbers.get(place_id)

    def index(self, key: bytes) -> bytes | None:
        """Returns a record of the index, None if there is none."""
        return self._records.get(key)
