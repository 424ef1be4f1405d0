"""Records folded afresh by a reader, until the writer has stored them.

A stored record that another plan folded doesn't change as long as it is stored like that: any
write to the profile folds it by this plan first. So what was folded from its events once holds
for every reader, and for the writer, until it is stored.
"""

from __future__ import annotations

import threading
from typing import Final

from msgspec.structs import replace

from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import decode_record, encode_record

LIMIT_BYTES: Final = 64 * 2**20
"""The most that is remembered, encoded; the oldest go first, and are folded again if need be."""


class Refolds:
    """What was folded of profiles, by key. For any thread."""

    def __init__(self) -> None:
        self._encoded: dict[ProfileKey, bytes] = {}
        self._size_bytes = 0
        self._lock = threading.Lock()

    def remember(self, record: ProfileRecord) -> int:
        """Keeps what was folded, not the attributes; returns its size in bytes."""
        key = ProfileKey(record.namespace, record.id)
        encoded = encode_record(replace(record, attributes={}, timestamps=[]))
        with self._lock:
            self._remove(key)
            self._encoded[key] = encoded
            self._size_bytes += len(encoded)
            while self._size_bytes > LIMIT_BYTES:
                self._remove(next(iter(self._encoded)))
        return len(encoded)

    def restore(self, record: ProfileRecord) -> bool:
        """Gives a stored record what was folded of it, in place; False if that isn't known."""
        with self._lock:
            encoded = self._encoded.get(ProfileKey(record.namespace, record.id))
        if encoded is None:
            return False
        folded = decode_record(encoded)
        record.aggregates = folded.aggregates
        record.cap_events = folded.cap_events
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
        self._size_bytes -= len(self._encoded.pop(key, b""))
