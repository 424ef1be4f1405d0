"""How memberships of audiences are kept, and what is still to be looked at.

    untracked            profile digest → Mark          written to since memberships were looked at
    tracked              profile digest → TrackedRow    of whoever has or had any, or will
    members              audience digest, profile digest → since when
    timers               time, profile digest → nothing when to look again, once per row of tracked
    transitions          sequence → TransitionRow
    transition_subjects  profile digest, sequence → nothing
    tracking             a name → see `tracking`

A subject is a device by itself, or a person under their best identity (`Subject.unit`).
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from offerd.model.membership import MembershipStatus, TrackedMembership, Transition
from offerd.model.profile import ProfileKey
from offerd.store.layout import DIGEST_BYTES, pack_time, unpack_time

_SEQUENCE: Final = struct.Struct(">Q")
_TIME_BYTES: Final = 8

ANYTHING: Final = "*"
"""The cause of a mark that may concern every audience."""

DATA: Final = "@"
"""The cause of a mark for attributes or scores; all others are types of events."""


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """That an identity was written to, when first and when last, and what was.

    `writes` counts them: two marks of one identity are never the same.
    """

    namespace: str
    id: str
    first_ns: int
    last_ns: int
    causes: tuple[str, ...]
    writes: int

    @property
    def key(self) -> ProfileKey:
        """The identity."""
        return ProfileKey(self.namespace, self.id)


class TrackedRow(msgspec.Struct, array_like=True):
    """The memberships of a subject, by audience, and when to look at which of them again."""

    namespace: str
    id: str
    memberships: dict[str, TrackedMembership] = {}
    timers: dict[str, int] = {}

    @property
    def key(self) -> ProfileKey:
        """Whose they are."""
        return ProfileKey(self.namespace, self.id)

    @property
    def due_ns(self) -> int | None:
        """When to look at any of them again."""
        return min(self.timers.values(), default=None)

    def members_of(self) -> dict[str, int]:
        """Returns the audiences that the subject is in, and since when."""
        return {
            audience: membership.since_ns
            for audience, membership in self.memberships.items()
            if membership.status is MembershipStatus.REALIZED
        }


class TransitionRow(msgspec.Struct, array_like=True, frozen=True):
    """A transition, and when it was found."""

    namespace: str
    id: str
    audience: str
    status: MembershipStatus
    time_ns: int
    found_ns: int

    @property
    def transition(self) -> Transition:
        """What happened."""
        key = ProfileKey(self.namespace, self.id)
        return Transition(key, self.audience, self.status, self.time_ns)


class Sweep(msgspec.Struct, array_like=True, frozen=True):
    """That all profiles are looked at: as of when, and which are left; time 0 isn't known.

    Left are those from after one place up to another, b"" being both ends. `causes` are why, as
    those of marks. `again` is why those up to `again_until` are to be looked at once more then.
    """

    time_ns: int
    after: bytes
    causes: tuple[str, ...] = (ANYTHING,)
    until: bytes = b""
    again: tuple[str, ...] = ()
    again_until: bytes = b""

    def with_load(self, time_ns: int, cause: str) -> Sweep:
        """Returns it with another cause: who is left is looked at for all, others once more."""
        causes = self.causes if ANYTHING in self.causes else _with(self.causes, cause)
        time_ns = max(self.time_ns, time_ns)
        if not self.after:
            return Sweep(time_ns, b"", causes, b"", self.again, self.again_until)
        return Sweep(time_ns, self.after, causes, b"", _with(self.again, cause), self.after)

    def later(self, after: bytes | None) -> Sweep | None:
        """Returns what is left once it has come to a place, None being the end; None if nothing."""
        if after is not None and (not self.until or after < self.until):
            return msgspec.structs.replace(self, after=after)
        if not self.again:
            return None
        return Sweep(self.time_ns, b"", self.again, self.again_until)


def _with(causes: tuple[str, ...], cause: str) -> tuple[str, ...]:
    return tuple(sorted({*causes, cause}))


class Stored(NamedTuple):
    """A row as it was read, and how it is encoded."""

    row: TrackedRow
    value: bytes


encode = msgspec.msgpack.Encoder().encode
decode_mark = msgspec.msgpack.Decoder(Mark).decode
decode_row = msgspec.msgpack.Decoder(TrackedRow).decode
decode_transition = msgspec.msgpack.Decoder(TransitionRow).decode
decode_sweep = msgspec.msgpack.Decoder(Sweep).decode

SWEEP: Final = b"sweep"
FINGERPRINT: Final = b"fingerprint"
NEXT: Final = b"next"
TRIMMED: Final = b"trimmed"
COUNT: Final = b"members"


def audience_digest(audience: str) -> bytes:
    """Returns what the members of an audience are kept under."""
    return blake2b(audience.encode(), digest_size=DIGEST_BYTES).digest()


def member_key(audience: str, digest: bytes) -> bytes:
    """Returns what a member is kept under."""
    return audience_digest(audience) + digest


def timer_key(time_ns: int, digest: bytes) -> bytes:
    """Returns what a timer is kept under."""
    return pack_time(time_ns) + digest


def timed(key: bytes) -> tuple[int, bytes]:
    """Returns time and digest of a timer."""
    return unpack_time(key[:_TIME_BYTES]), bytes(key[_TIME_BYTES:])


def pack_sequence(sequence: int) -> bytes:
    """Returns a sequence as it sorts."""
    return _SEQUENCE.pack(sequence)


def unpack_sequence(packed: bytes) -> int:
    """Returns the sequence of 8 bytes."""
    return int(_SEQUENCE.unpack(packed)[0])
