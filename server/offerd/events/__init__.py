"""What events do to a profile: a pure fold, the same in whatever order they arrive.

Read `fold.FoldPlan` first; `sums` says how sums stay exact, `fingerprint` when two events with
the same id are the same event, `attributes` which stored attributes rules may still read.
"""

from offerd.events.attributes import AttributeSchema
from offerd.events.caps import REPEATED, Counting, is_repeated
from offerd.events.definitions import CounterDefinition, definition_of, retained
from offerd.events.fingerprint import IncomingEvent, event_fingerprint
from offerd.events.fold import CAP_SLACK, GROUP_LIMIT, EventFilter, FoldPlan
from offerd.events.plans import FoldPlans

__all__ = [
    "CAP_SLACK",
    "GROUP_LIMIT",
    "REPEATED",
    "AttributeSchema",
    "CounterDefinition",
    "Counting",
    "EventFilter",
    "FoldPlan",
    "FoldPlans",
    "IncomingEvent",
    "definition_of",
    "event_fingerprint",
    "is_repeated",
    "retained",
]
