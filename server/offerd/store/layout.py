"""What lies in a state's file: databases, keys and values.

    meta         name → bytes                                  format, version, secret
    profiles     profile digest → ProfileRecord                attributes and folded events
    events       profile digest, time, event key → event       raw events, by profile and time
    event_ids    event key → fingerprint, profile digest, time where an event is, what it says
    deleted_ids  digest of event key → fingerprint             events deleted with their profile
    totals       offer, NUL, event type → count                of all events about an offer
    counters     counter key → CounterRow                      of caps over all profiles
    counted      counter digest, time, event digest → nothing  the newest times of a counter
    reservations a letter and a digest → see `reservations`    room that is held under caps
    journal and its indexes, see `journal`                     decisions that were made
    loads        "ledger" → see `loads`                        the loads that are in force
    loaded       profile digest, generation → see `loads`      what was loaded of a profile
    series       profile digest, aggregate digest, from where → chunk, see `series`
    graphs and graph_of, see `graphs`                          which identities are of one customer
    tombstones and their times, see `tombstones`               who was deleted
    suppressions profile digest of an address → Suppression    whom nobody writes to
    deletions    time, profile digest → Deletion, see `deletions`  those that aren't done yet
    untracked, tracked and more, see `memberships`             who is in which audience

A profile digest is the 16-byte BLAKE2b of namespace, NUL and id. A time is 8 bytes, big-endian,
shifted so that times before 1970 sort first. An event key is the event's id in UTF-8, or for a
long one 0xFF (which UTF-8 never has) and a 32-byte BLAKE2b: ids that senders number one after
the other then lie side by side, which makes bulk loads fast.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, TypedDict

import msgspec

from offerd.events import CounterDefinition
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord

FORMAT: Final = b"offerd-state"
FORMAT_VERSION: Final = 3
UPGRADED_VERSIONS: Final = ("1", "2")
"""Formats that this one only adds databases and fields to."""

DIGEST_BYTES: Final = 16
KEY_LIMIT_BYTES: Final = 511
_LONG_ID_BYTES: Final = 64
_TIME_SHIFT: Final = 2**63
_TIME: Final = struct.Struct(">Q")
_COUNT: Final = struct.Struct("<Q")


class Table(StrEnum):
    """The databases of the environment."""

    META = "meta"
    PROFILES = "profiles"
    EVENTS = "events"
    EVENT_IDS = "event_ids"
    DELETED_IDS = "deleted_ids"
    TOTALS = "totals"
    COUNTERS = "counters"
    COUNTED = "counted"
    RESERVATIONS = "reservations"
    JOURNAL = "journal"
    JOURNAL_TIMES = "journal_times"
    JOURNAL_SUBJECTS = "journal_subjects"
    JOURNAL_VIEWS = "journal_views"
    JOURNAL_VIEW_USES = "journal_view_uses"
    SERIES = "series"
    GRAPHS = "graphs"
    GRAPH_OF = "graph_of"
    TOMBSTONES = "tombstones"
    TOMBSTONE_TIMES = "tombstone_times"
    DELETIONS = "deletions"
    LOADS = "loads"
    LOADED = "loaded"
    SUPPRESSIONS = "suppressions"
    UNTRACKED = "untracked"
    TRACKED = "tracked"
    MEMBERS = "members"
    TIMERS = "timers"
    TRANSITIONS = "transitions"
    TRANSITION_SUBJECTS = "transition_subjects"
    TRACKING = "tracking"


def profile_digest(key: ProfileKey) -> bytes:
    """Returns what a profile is kept under."""
    text = f"{key.namespace}\0{key.id}"
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def event_key(event_id: str) -> bytes:
    """Returns what an event's id is kept under."""
    encoded = event_id.encode()
    if len(encoded) <= _LONG_ID_BYTES:
        return encoded
    return b"\xff" + blake2b(encoded, digest_size=32).digest()


def deleted_key(key: bytes) -> bytes:
    """Returns what a deleted event is remembered under, from its event key."""
    return blake2b(key, digest_size=DIGEST_BYTES).digest()


def raw_event_key(digest: bytes, time_ns: int, key: bytes) -> bytes:
    """Returns what a raw event is kept under: by profile, then time, then id."""
    return digest + pack_time(time_ns) + key


def event_pointer(fingerprint: bytes, raw_key: bytes) -> bytes:
    """Returns the value of event_ids: the fingerprint and the raw key less its event key."""
    return fingerprint + raw_key[: DIGEST_BYTES + _TIME.size]


def pointed_fingerprint(pointer: bytes) -> bytes:
    """Returns the fingerprint in a value of event_ids."""
    return bytes(pointer[:16])


def key_in_raw_key(raw_key: bytes) -> bytes:
    """Returns the event key at the end of a raw key."""
    return bytes(raw_key[DIGEST_BYTES + _TIME.size :])


def pointed_raw_key(pointer: bytes, key: bytes) -> bytes:
    """Returns the raw key of an event from its pointer and its event key."""
    return pointer[16:] + key


def total_key(offer: str, event_type: str) -> bytes:
    """Returns what an (offer, event type) pair is counted under."""
    return f"{offer}\0{event_type}".encode()


def encode_count(count: int) -> bytes:
    """Returns the value of totals."""
    return _COUNT.pack(count)


def decode_count(value: bytes | None) -> int:
    """Returns the count in a value of totals; 0 if there is none."""
    return 0 if value is None else int(_COUNT.unpack(value)[0])


class CounterRow(msgspec.Struct, array_like=True, frozen=True):
    """A counter of all profiles: events ever, and how many times were left when some were dropped.

    `kept` is 0 as long as none was dropped. `definition` is what it counts.
    """

    count: int = 0
    kept: int = 0
    definition: CounterDefinition | None = None


def counter_digest(counter: str) -> bytes:
    """Returns what the times of a counter are kept under."""
    return blake2b(counter.encode(), digest_size=DIGEST_BYTES).digest()


def counted_key(digest: bytes, time_ns: int, id_key: bytes) -> bytes:
    """Returns what a counted event's time is kept under, from counter digest and event key."""
    return digest + pack_time(time_ns) + deleted_key(id_key)


def counted_time(key: bytes) -> int:
    """Returns the time in a key of counted."""
    return unpack_time(key[DIGEST_BYTES : DIGEST_BYTES + _TIME.size])


def pack_time(time_ns: int) -> bytes:
    """Returns a time as 8 bytes that sort as times do."""
    return _TIME.pack(time_ns + _TIME_SHIFT)


def unpack_time(packed: bytes) -> int:
    """Returns the time of 8 bytes."""
    return int(_TIME.unpack(packed)[0]) - _TIME_SHIFT


class _EventRow(msgspec.Struct, array_like=True):
    """An event without the names of its fields, which would be half of its size."""

    id: str
    type: str
    time_ns: int
    properties: dict[str, Any]
    offer: str | None
    decision: str | None
    placement: str | None
    proposition: str | None
    receive_ns: int | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(_EventRow).decode

encode_attributes = _encode
encode_record = _encode
encode_counter = _encode
decode_counter = msgspec.msgpack.Decoder(CounterRow).decode
_decode_record = msgspec.msgpack.Decoder(ProfileRecord).decode


def decode_record(value: bytes) -> ProfileRecord:
    """Returns the record in a value of profiles.

    One of before it was kept when attributes were written has the time of its last change.
    """
    record = _decode_record(value)
    if record.attributes and not record.attributes_time_ns:
        record.attributes_time_ns = record.update_time_ns
    return record


def record_decoder(
    paths: Iterable[str], aggregates: Iterable[str]
) -> Callable[[bytes], ProfileRecord]:
    """Returns what decodes a value of profiles with some attributes and aggregates only.

    The others are passed over, which takes half the time. What it gives isn't for storing. A
    record of before it was kept when attributes were written doesn't tell: see `decode_record`.
    """
    narrow = msgspec.defstruct(
        "NarrowRecord",
        [
            ("attributes", _record_of(paths), msgspec.field(default_factory=dict)),
            ("aggregates", _record_of(aggregates), msgspec.field(default_factory=dict)),
            ("remainders", _record_of(()), msgspec.field(default_factory=dict)),
        ],
        bases=(ProfileRecord,),
    )
    decode: Any = msgspec.msgpack.Decoder(narrow).decode
    found: Callable[[bytes], ProfileRecord] = decode
    return found


def _record_of(names: Iterable[str]) -> Any:
    """Returns the type of records that have these names, or some of them."""
    make: Any = TypedDict  # which checkers of types know with names that are written down
    return make("Record", dict.fromkeys(names, Any), total=False)


def encode_event(event: Event) -> bytes:
    """Returns the value of events."""
    row = (
        event.id,
        event.type,
        event.time_ns,
        event.properties,
        event.offer,
        event.decision,
        event.placement,
        event.proposition,
    )
    return _encode(row if event.receive_ns is None else (*row, event.receive_ns))


def decode_event(value: bytes) -> Event:
    """Returns the event in a value of events."""
    row = _decode_row(value)
    return Event(
        row.id,
        row.type,
        row.time_ns,
        row.properties,
        row.offer,
        row.decision,
        row.placement,
        row.proposition,
        row.receive_ns,
    )
