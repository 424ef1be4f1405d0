"""Records folded afresh by a reader, until the writer has stored them.

What was folded from a profile's events holds for every reader, and for the writer, as long as the
stored record is still the one that was found: any write to the profile changes that. It holds
for one plan; others may be in use at once.
"""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

from msgspec.structs import replace

from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import decode_record, encode_record

LIMIT_BYTES: Final = 64 * 2**20
"""The most that is remembered, encoded; the oldest go first, and are folded again if need be."""


class Base(NamedTuple):
    """What tells a stored record from any other of the same profile."""

    fold: bytes
    event_count: int
    update_time_ns: int


def base_of(record: ProfileRecord) -> Base:
    """Returns the base of a record as it is stored."""
    return Base(record.fold, record.event_count, record.update_time_ns)


class _Refold(NamedTuple):
    base: Base
    encoded: bytes


class Refolds:
    """What was folded of profiles, by key. For any thread."""

    def __init__(self) -> None:
        self._known: dict[ProfileKey, _Refold] = {}
        self._size_bytes = 0
        self._lock = threading.Lock()

    def remember(self, record: ProfileRecord, base: Base) -> int:
        """Keeps what was folded of the record stored as `base`, not the attributes.

        Returns its size in bytes.
        """
        key = ProfileKey(record.namespace, record.id)
        encoded = encode_record(replace(record, attributes={}, timestamps=[]))
        with self._lock:
            self._remove(key)
            self._known[key] = _Refold(base, encoded)
            self._size_bytes += len(encoded)
            while self._size_bytes > LIMIT_BYTES:
                self._remove(next(iter(self._known)))
        return len(encoded)

    def restore(self, record: ProfileRecord, fold: bytes) -> bool:
        """Gives a stored record what a plan folded of it, in place; False if that isn't known.

        `fold` is the plan's fingerprint.
        """
        with self._lock:
            known = self._known.get(ProfileKey(record.namespace, record.id))
        if known is None or known.base != base_of(record):
            return False
        folded = decode_record(known.encoded)
        if folded.fold != fold:
            return False
        record.aggregates = folded.aggregates
        record.counted = folded.counted
        record.remainders = folded.remainders
        record.truncated = folded.truncated
        record.event_count = folded.event_count
        record.fold = folded.fold
        return True

    def forget(self, key: ProfileKey) -> None:
        """Lets go of a record, if it is remembered."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: ProfileKey) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._size_bytes -= len(known.encoded)
