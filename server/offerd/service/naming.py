"""Names that nobody can guess or has had before, from few calls of the system."""

from __future__ import annotations

import os
from typing import Final

STEM_RANDOM_BYTES: Final = 8
_POOL_BYTES: Final = 4_096
_SECOND_NS: Final = 10**9


class Names:
    """Random names, for one thread at a time.

    Randomness is fetched for some hundreds of them at once.
    """

    def __init__(self) -> None:
        self._pool = ""
        self._at = 0
        self._second: int | None = None
        self._time = ""

    def hexadecimal(self, size_bytes: int) -> str:
        """Returns a name of so many random bytes, two digits each."""
        digits = 2 * size_bytes
        end = self._at + digits
        if end > len(self._pool):
            self._pool, self._at, end = os.urandom(_POOL_BYTES).hex(), 0, digits
        found = self._pool[self._at : end]
        self._at = end
        return found

    def stem(self, now_ns: int) -> str:
        """Returns the name that the propositions of a request made now share: 24 digits.

        It begins with the second, so that what is stored under names of one time lies together:
        writes of one commit then touch few pages.
        """
        second = now_ns // _SECOND_NS
        if second != self._second:
            self._second, self._time = second, f"{second & 0xFFFFFFFF:08x}"
        return self._time + self.hexadecimal(STEM_RANDOM_BYTES)
