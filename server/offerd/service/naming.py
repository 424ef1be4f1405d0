"""Names that nobody can guess or has had before, from few calls of the system."""

from __future__ import annotations

import os
from typing import Final

_POOL_BYTES: Final = 4_096


class Names:
    """Random names, for one thread at a time.

    Randomness is fetched for some hundreds of them at once.
    """

    def __init__(self) -> None:
        self._pool = ""
        self._at = 0

    def hexadecimal(self, size_bytes: int) -> str:
        """Returns a name of so many random bytes, two digits each."""
        digits = 2 * size_bytes
        end = self._at + digits
        if end > len(self._pool):
            self._pool, self._at, end = os.urandom(_POOL_BYTES).hex(), 0, digits
        found = self._pool[self._at : end]
        self._at = end
        return found
