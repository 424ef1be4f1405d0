"""Places of a bundle: left in the memory map, and read one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.tables import PLACE_IDS, PLACE_INDEX, PLACES, number
from offerd.errors import BundleError
from offerd.model.place import Library, Place
from offerd.places.index import Places
from offerd.places.terms import Description

_KEY_BYTES = 4
_LONGEST_ID = 128
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError)


class BundlePlaces:
    """What `offerd.places` reads, from the memory map of a bundle.

    Raises BundleError where a record that has to be there is missing, or can't be read.
    """

    def __init__(
        self,
        environment: BundleEnvironment,
        libraries: Sequence[Library],
        categories: Sequence[str],
    ) -> None:
        self._environment = environment
        self.libraries = libraries
        self.categories = categories
        self.count = environment.meta.counts[PLACES.name]

    def record(self, number: int) -> bytes | None:
        """Returns a place as MessagePack, None if there is none of that number."""
        if not 0 <= number < self.count:
            return None
        record = self._environment.record(PLACES, number)
        if record is None:
            raise BundleError(f"`{PLACES.name}` has no record {number}")
        return record

    def number_of(self, place_id: str) -> int | None:
        """Returns the number of a place, None if there is none of that id."""
        place_key = place_id.encode()
        if not 1 <= len(place_key) <= _LONGEST_ID:
            return None
        found = self._environment.keyed(PLACE_IDS, place_key)
        if found is None:
            return None
        if len(found) != _KEY_BYTES or number(found) >= self.count:
            raise BundleError(f"place `{place_id}` has a number that isn't there")
        return number(found)

    def index(self, key: bytes) -> bytes | None:
        """Returns a record of the index, None if there is none."""
        return self._environment.keyed(PLACE_INDEX, key)


class MappedPlaces(Places):
    """The places of a bundle. Raises BundleError where a place can't be read."""

    def place(self, number: int) -> Place:
        """Returns a place. Raises KeyError if there is none of that number."""
        try:
            return super().place(number)
        except _UNREADABLE as error:
            raise BundleError(f"place {number} can't be read: {error}") from error

    def description(self, number: int) -> Description:
        """Returns what a place is called and when it is open; raises as `place` does."""
        try:
            return super().description(number)
        except _UNREADABLE as error:
            raise BundleError(f"place {number} can't be read: {error}") from error
