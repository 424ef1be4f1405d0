"""What events do to a profile: a pure fold, the same in whatever order they arrive.

Read `fold.FoldPlan` first, then `features.Features` and `series`: what isn't folded is computed.
`sums` says how sums stay exact, `fingerprint` when two events with the same id are the same event,
`attributes` which stored attributes rules may still read, `movements` what locations cause.
"""

from offerd.events.attributes import AttributeSchema
from offerd.events.buckets import Bucket, decode_buckets, encode_buckets
from offerd.events.caps import EXEMPT, REPEATED, Counting, is_repeated
from offerd.events.definitions import CounterDefinition, definition_of, retained
from offerd.events.features import Features, Read
from offerd.events.fingerprint import IncomingEvent, event_fingerprint
from offerd.events.fold import CAP_SLACK, GROUP_LIMIT, EventFilter, FoldPlan
from offerd.events.movements import MOVING_EVENTS, REGION_EVENTS, Moved, Movements, as_sent
from offerd.events.plans import Adding, FoldPlans
from offerd.events.series import CHUNK_ENTRIES, EMPTY, Chunk, Entry, Series

__all__ = [
    "CAP_SLACK",
    "CHUNK_ENTRIES",
    "EMPTY",
    "EXEMPT",
    "GROUP_LIMIT",
    "MOVING_EVENTS",
    "REGION_EVENTS",
    "REPEATED",
    "Adding",
    "AttributeSchema",
    "Bucket",
    "Chunk",
    "CounterDefinition",
    "Counting",
    "Entry",
    "EventFilter",
    "Features",
    "FoldPlan",
    "FoldPlans",
    "IncomingEvent",
    "Moved",
    "Movements",
    "Read",
    "Series",
    "as_sent",
    "decode_buckets",
    "definition_of",
    "encode_buckets",
    "event_fingerprint",
    "is_repeated",
    "retained",
]
