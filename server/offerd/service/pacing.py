"""How long work that can wait rests, so that what somebody waits for is done first."""

from __future__ import annotations

import time
from typing import Final

_BUSY: Final = 0.05
"""What share of a core it takes otherwise shows that the process has something else to do."""

_SHARE_BUSY: Final = 0.15
_SHARE_IDLE: Final = 0.8
"""The share of the time that is worked, when there is something else to do and when there isn't."""

_SHORTEST_S: Final = 0.005
_LONGEST_S: Final = 1.0
_BREATH_S: Final = 0.0002
"""Another thread takes over within so long; one that only offers its turn mostly keeps it."""


class Pace:
    """Rests between slices of work in one thread: long ones while the process is busy otherwise.

    Whether it is shows in the processor time that passes during the rest before.
    """

    def __init__(self) -> None:
        self._busy = True
        self._rested: _Times | None = None
        self._until_s = 0.0

    @property
    def left_s(self) -> float:
        """How long it is still to rest."""
        return max(self._until_s - time.monotonic(), 0.0)

    def begin(self) -> None:
        """A slice of work begins."""
        if self._rested is not None:
            self._busy = self._rested.share() > _BUSY
        self._rested = None

    def breathe(self) -> None:
        """Lets others go on in the midst of a slice."""
        time.sleep(_BREATH_S if self._busy else 0)

    def end(self, worked_s: float) -> None:
        """A slice of work has ended that took so much time."""
        share = _SHARE_BUSY if self._busy else _SHARE_IDLE
        rest_s = min(max(worked_s * (1 - share) / share, _SHORTEST_S), _LONGEST_S)
        self._until_s = time.monotonic() + rest_s
        self._rested = _Times()


class _Times:
    """The processor time that other threads take from now on."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self._others_s = time.process_time() - time.thread_time()

    def share(self) -> float:
        """Returns it as a share of the time that has passed."""
        passed_s = time.monotonic() - self._begin_s
        others_s = time.process_time() - time.thread_time() - self._others_s
        return others_s / passed_s if passed_s > 0 else 0.0
