"""How much may wait at the door: what would wait too long is refused before it costs anything.

A service that takes all that comes answers everything late, and in the end nothing in time. So
as much is let in as can be begun soon; whoever comes beyond that learns at once that they should
come again, and when.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from offerd.errors import Exhausted, Reason

logger = logging.getLogger(__name__)

LONGEST_WAIT_S: Final = 0.25
"""What would wait longer before it is begun is refused."""

RETRY_S: Final = 1.0
"""When to come again: what waits now is done by then."""

RETRY_KEY: Final = "retry_after_ms"
"""Where a refusal says that, in the metadata of its ErrorInfo."""

_FEWEST: Final = 128
"""So many may wait however slow they have been: one slow call tells little of the next ones."""
_MOST: Final = 10_000
_SMOOTHING: Final = 0.05


def overloaded() -> Exhausted:
    """Returns the refusal of what comes beyond what can be answered."""
    return Exhausted(
        Reason.OVERLOADED,
        "more requests than can be answered: try again later",
        metadata={RETRY_KEY: str(int(RETRY_S * 1_000))},
    )


class Queueing:
    """How many calls may wait in a queue, from how long they have taken lately.

    Those beyond that are counted, and a line is logged each time their number has doubled: a line
    for each would cost what refusing is to save.
    """

    def __init__(self) -> None:
        self._each_s = 0.0
        self._refused = 0
        self._logged = 0
        self.limit = _MOST
        """So many may wait now."""

    def refuse(self) -> None:
        """Counts a call that found no room."""
        self._refused += 1
        if self._refused >= 2 * self._logged:
            self._logged = self._refused
            logger.warning("calls refused, as too many wait: %d since the start", self._refused)

    def took(self, calls: int, worked_s: float) -> None:
        """Takes note of what so many calls have taken together."""
        if not calls:
            return
        self._each_s += _SMOOTHING * (worked_s / calls - self._each_s)
        if self._each_s > 0:
            self.limit = min(max(int(LONGEST_WAIT_S / self._each_s), _FEWEST), _MOST)


class Turn:
    """How long one turn of the event loop has taken, where calls queue up as its callbacks.

    All that is ready at the beginning of a turn is run in it. What comes late in a long turn has
    waited at least as long.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._begun = 0

    def admit(self, calls: int = 1) -> None:
        """Raises Exhausted if the turn has lasted for too long, and has done its share.

        Of several `calls` either all are admitted or none.
        """
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
            self._begun = 0
            asyncio.get_running_loop().call_soon(self._end)
        elif now_s - self._began_s > LONGEST_WAIT_S and self._begun + calls > _FEWEST:
            raise overloaded()
        self._begun += calls

    def take_back(self, calls: int = 1) -> None:
        """Doesn't count so many that were admitted: they will be once more in this turn."""
        self._begun -= calls

    def _end(self) -> None:
        self._began_s = None
