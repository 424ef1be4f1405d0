"""How many requests are decided side by side: as many as there is time for, going by the last."""

from __future__ import annotations

from typing import Final

MOST_AT_ONCE: Final = 16
"""So many are decided side by side."""
SLICE_S: Final = 0.001
"""No more of them are decided once it has taken so long."""

_MORE: Final = 4
"""After a slice for which there was time so many more are tried in the next one."""


class SliceSize:
    """How many are to be tried in the next slice."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = MOST_AT_ONCE

    def took(self, decided: int, tried: int) -> None:
        """Takes note of how many of those that were tried were decided."""
        if decided < tried:
            self.now = max(1, decided)  # the others were read for nothing
        elif decided == self.now:
            self.now = min(self.now + _MORE, MOST_AT_ONCE)
