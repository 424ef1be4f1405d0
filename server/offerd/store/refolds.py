"""Records folded afresh by a reader, for others and until the writer has stored them.

What was folded from a profile's events holds for every reader, and for the writer, as long as the
stored record is still the one that was found: any write to the profile changes that. It holds
for one plan; others may be in use at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from msgspec.structs import replace

from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import decode_record, encode_record
from offerd.store.series import StoredSeries

LIMIT_BYTES: Final = 64 * 2**20
"""The most that is remembered, encoded; the oldest go first, and are folded again if need be."""


class Base(NamedTuple):
    """What tells the events of a stored record from those at any other time."""

    event_count: int
    event_bytes: int
    update_time_ns: int


def base_of(record: ProfileRecord) -> Base:
    """Returns the base of a record as it is stored."""
    return Base(record.event_count, record.event_bytes, record.update_time_ns)


class _Refold(NamedTuple):
    base: Base
    encoded: bytes
    series: Mapping[str, StoredSeries]

    @property
    def size_bytes(self) -> int:
        return len(self.encoded) + sum(one.size_bytes for one in self.series.values())


class _Turn:
    """Who may fold, and how many want to."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0


class Refolds:
    """What was folded of profiles, by profile and the fingerprint of the plan. For any thread."""

    def __init__(self) -> None:
        self._known: dict[ProfileKey, dict[bytes, _Refold]] = {}
        self._size_bytes = 0
        self._lock = threading.Lock()
        self._folding: dict[tuple[ProfileKey, bytes], _Turn] = {}

    @contextmanager
    def folding(self, key: ProfileKey, fold: bytes) -> Iterator[None]:
        """Keeps others from folding the same at once: whoever comes later finds it remembered."""
        with self._lock:
            turn = self._folding.setdefault((key, fold), _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._folding[key, fold]

    def remember(
        self, record: ProfileRecord, base: Base, series: Mapping[str, StoredSeries]
    ) -> int:
        """Keeps what was folded of the record stored as `base`, not the attributes.

        Returns its size in bytes.
        """
        key = ProfileKey(record.namespace, record.id)
        folded = replace(
            record, attributes={}, timestamps=[], scores={}, consent=None, whereabouts=None
        )
        known = _Refold(base, encode_record(folded), series)
        with self._lock:
            # At the end, so that those that were remembered longest ago come first.
            plans = self._known.pop(key, {})
            former = plans.pop(record.fold, None)
            self._known[key] = {**plans, record.fold: known}
            self._size_bytes += known.size_bytes - (former.size_bytes if former else 0)
            while self._size_bytes > LIMIT_BYTES:
                self._remove(next(iter(self._known)))
        return known.size_bytes

    def has(self, record: ProfileRecord, fold: bytes) -> bool:
        """Whether `restore` has what the plan of a fingerprint folded of a stored record."""
        return self._of(record, fold) is not None

    def restore(self, record: ProfileRecord, fold: bytes) -> Mapping[str, StoredSeries] | None:
        """Gives a stored record what a plan folded of it, in place, and returns the series.

        `fold` is the plan's fingerprint. None if that isn't known; then nothing has changed.
        """
        known = self._of(record, fold)
        if known is None:
            return None
        folded = decode_record(known.encoded)
        record.aggregates = folded.aggregates
        record.counted = folded.counted
        record.remainders = folded.remainders
        record.truncated = folded.truncated
        record.event_count = folded.event_count
        record.event_bytes = folded.event_bytes
        record.fold = folded.fold
        return known.series

    def forget(self, key: ProfileKey, fold: bytes | None = None) -> None:
        """Lets go of what one plan folded of a profile, or with None any."""
        with self._lock:
            self._remove(key, fold)

    def _of(self, record: ProfileRecord, fold: bytes) -> _Refold | None:
        with self._lock:
            known = self._known.get(ProfileKey(record.namespace, record.id), {}).get(fold)
        return known if known is not None and known.base == base_of(record) else None

    def _remove(self, key: ProfileKey, fold: bytes | None = None) -> None:
        plans = self._known.get(key, {})
        for one in list(plans) if fold is None else [fold]:
            known = plans.pop(one, None)
            if known is not None:
                self._size_bytes -= known.size_bytes
        if not plans:
            self._known.pop(key, None)
