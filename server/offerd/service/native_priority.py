"""Which threads go first where fewer processors are free than threads want one.

The front reads, refuses and writes in a thread of its own, which under a flood of calls takes as
much of a processor as deciding does. Where both want the same one, deciding goes first: what the
front has read and nobody has decided yet helps nobody.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_NICER: Final = 5
"""Of two threads that both want a processor, one this much nicer gets a third of the other's."""


Made = TypeVar("Made")


def behind_others(make: Callable[[], Made]) -> Made:
    """Makes what begins threads, so that those are nicer than all that the process has.

    On Linux, where threads have priorities of their own and what they begin has the same;
    elsewhere they are like all others.
    """
    with ThreadPoolExecutor(1) as briefly:
        return briefly.submit(_nicely, make).result()


def _nicely(make: Callable[[], Made]) -> Made:
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + _NICER)
    return make()
