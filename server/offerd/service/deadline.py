"""How long the caller of the present call waits, for who must not answer too late.

A door says so; whatever it calls may ask. The event loop breaks off a call whose time is over only
when the call waits for something: one that has all it needs would go on and answer nobody.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until_s: ContextVar[float] = ContextVar("until_s", default=math.inf)


@contextmanager
def waiting(left_s: float | None) -> Iterator[None]:
    """Says how long the caller waits yet, in seconds; None is for as long as it takes."""
    token = _until_s.set(math.inf if left_s is None else time.monotonic() + left_s)
    try:
        yield
    finally:
        _until_s.reset(token)


def has_passed() -> bool:
    """Whether the caller waits no longer."""
    return time.monotonic() >= _until_s.get()
