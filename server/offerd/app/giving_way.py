"""Loading beside requests: as fast as they leave time for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SLICE_S: Final = 0.0005
"""So long the loading thread works before it looks whether others want to."""

LOOK_S: Final = 0.0002
"""So long it looks."""

MOST_LOOKS: Final = 40
"""So often it looks at most, so that it gets on however much there is to answer."""

_BUSY: Final = 0.1
"""Others work if they take this much of that time. Each may have to wait for a processor."""

_SWITCH_S: Final = 0.0001
"""So long the interpreter lets it go on when another thread wants to: otherwise 5 ms, and whoever
reads from the state lets go of the interpreter some dozens of times for each request."""


class Pause:
    """Called often by the thread that loads, has it wait while requests are being answered.

    So it works in the gaps between them, and one that comes meanwhile waits for less than a slice.
    """

    def __init__(self) -> None:
        self._until_s = time.thread_time() + SLICE_S

    def __call__(self) -> None:
        """Goes on at once, or when others have stopped working."""
        if time.thread_time() < self._until_s:
            return
        for _ in range(MOST_LOOKS):
            began_s, before_s = time.monotonic(), _others_s()
            time.sleep(LOOK_S)
            if _others_s() - before_s < _BUSY * (time.monotonic() - began_s):
                break
        self._until_s = time.thread_time() + SLICE_S


def _others_s() -> float:
    """Returns the processor time of all other threads."""
    return time.process_time() - time.thread_time()


@contextmanager
def giving_way() -> Iterator[None]:
    """Has threads take turns more often, so that none waits long for one that loads."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
