"""Counting the rankings that fail, so that a formula that never works is seen without asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import structlog


class RankingFailures:
    """Totals of offers whose score couldn't be had, by ranking, since the process started.

    Each time a total has doubled it is logged: at once when a ranking fails first, and rarely
    enough that one that always fails doesn't fill the log.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._logged: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()

    def count(self, failures: Mapping[str, int]) -> None:
        """Adds the failures of one request: the number of offers by ranking."""
        for ranking, offers in failures.items():
            self.totals[ranking] += offers
            if self.totals[ranking] >= 2 * self._logged[ranking]:
                self._logged[ranking] = self.totals[ranking]
                self._log.warning(
                    "ranking failed", ranking=ranking, offers_total=self.totals[ranking]
                )


class LeftOut:
    """Decisions that the journal left out; logged each time their number has doubled."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._logged = 0

    def count(self, total: int) -> None:
        """Takes the number since the process started."""
        if total >= 2 * self._logged:
            self._logged = total
            self._log.warning("journal incomplete", decisions_left_out_total=total)
