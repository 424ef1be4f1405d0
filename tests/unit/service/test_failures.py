"""Rankings that fail are counted, and told without filling the log."""

from __future__ import annotations

import structlog
from structlog.testing import LogCapture

from offerd.service.failures import RankingFailures


def test_a_failing_ranking_is_told_at_once_and_then_each_time_it_has_doubled() -> None:
    """A thousand failures are a few lines, each with the total so far; others have their own."""
    log = LogCapture()
    failures = RankingFailures(structlog.wrap_logger(structlog.PrintLogger(), processors=[log]))
    for _ in range(1_000):
        failures.count({"value": 3})
    failures.count({"other": 1})
    assert failures.totals == {"value": 3_000, "other": 1}
    told = [line["offers_total"] for line in log.entries if line["ranking"] == "value"]
    assert told == [3, 6, 12, 24, 48, 96, 192, 384, 768, 1_536]
    assert log.entries[-1] == {
        "event": "ranking failed",
        "log_level": "warning",
        "ranking": "other",
        "offers_total": 1,
    }
