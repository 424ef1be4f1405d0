"""Names that nobody can guess or has had before, from few calls of the system."""

from __future__ import annotations

import os
from typing import Final

STEM_RANDOM_BYTES: Final = 8
_POOL_BYTES: Final = 4_096
_MOMENT_BITS: Final = 24
"""A moment is so many bits of nanoseconds, 17 milliseconds: some commits of a busy state."""


class Names:
    """Random names, for one thread at a time.

    Randomness is fetched for some hundreds of them at once.
    """

    def __init__(self) -> None:
        self._pool = ""
        self._at = 0
        self._moment: int | None = None
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

        It begins with the moment, so that what is stored under names of one time lies together:
        writes of one commit then touch few pages. After 834 days moments begin anew, which puts
        names between those of then and does no harm.
        """
        moment = now_ns >> _MOMENT_BITS
        if moment != self._moment:
            self._moment, self._time = moment, f"{moment & 0xFFFFFFFF:08x}"
        return self._time + self.hexadecimal(STEM_RANDOM_BYTES)
