"""Making decisions of the journal again, and telling what comes out otherwise.

`counts` answers what a decision was told of counters, `again` decides and compares, `fitting`
gives other definitions what they can read of what was known then, `summary` counts.
"""

from offerd.replay.again import Because, Definitions, Difference, decide_again, explain_difference
from offerd.replay.counts import RecordedCounts, RecordingCounts
from offerd.replay.summary import Replay, Unreplayable, scope_name

__all__ = [
    "Because",
    "Definitions",
    "Difference",
    "RecordedCounts",
    "RecordingCounts",
    "Replay",
    "Unreplayable",
    "decide_again",
    "explain_difference",
    "scope_name",
]
