"""Doing without the search for reference cycles while very many small objects come and go."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_enabled = False


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Pauses it for the whole process, also if several threads do so at once.

    Over the objects of a large batch, which has no cycles, it takes a third of the time, and
    each search stops all threads for as long as it takes to visit every object.
    """
    global _pauses, _was_enabled  # noqa: PLW0603 - it is the process's own, too
    with _lock:
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                gc.enable()
