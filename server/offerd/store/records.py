"""Reading profiles as the present definitions see them.

A record that another plan folded is folded afresh from its raw events, which may be many: they
are copied out in pages, and decoded and folded between them, so that nobody waits for more than
a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from offerd.events import FoldPlan, FoldPlans
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.environment import Environment
from offerd.store.layout import Table, decode_event, decode_record, profile_digest
from offerd.store.refolds import Base, Refolds, base_of

_RECORD_PAGE: Final = 50
"""Profiles read at a time when all are: few, because each read holds up a growing map."""

EVENT_PAGE: Final = 500
EVENT_PAGE_BYTES: Final = 2**20
"""Raw events copied at a time; a page ends where it reaches either."""


class Found(NamedTuple):
    """A profile's record by a plan, and whether its own plan's is still to be stored.

    `base` is what is stored.
    """

    record: ProfileRecord
    stale: bool
    base: Base


class Records:
    """The profiles of a state, read from any thread."""

    def __init__(self, environment: Environment, plans: FoldPlans, refolds: Refolds) -> None:
        self._environment = environment
        self.plans = plans
        """Which plan folds which profile; may be replaced at any time."""
        self._refolds = refolds
        self._profiles = environment.database(Table.PROFILES)
        self._events = environment.database(Table.EVENTS)

    def find(self, key: ProfileKey, plan: FoldPlan | None = None) -> Found | None:
        """Returns a profile with the attributes that rules may read, or None.

        By another plan than its own a profile is folded for this once.
        """
        record = self._stored(key)
        return None if record is None else self._present(key, record, plan or self.plans.of(key))

    def all(self) -> Iterator[ProfileRecord]:
        """Yields every profile as `find` has it, in no meaningful order."""
        after: bytes | None = b""
        while after is not None:
            records, after = self._environment.read(partial(self._record_page, start=after))
            for record in records:
                key = ProfileKey(record.namespace, record.id)
                found = self._present(key, record, self.plans.of(key))
                if found is not None:
                    yield found.record

    def _present(self, key: ProfileKey, record: ProfileRecord, plan: FoldPlan) -> Found | None:
        """Returns a stored record folded by a plan; None if it is gone by then."""
        base = base_of(record)
        stale = record.fold != plan.fingerprint
        if stale and not self._refolds.restore(record, plan.fingerprint):
            plan.refold(record, self._event_pages(profile_digest(key)))
            now = self._stored(key)
            if now is None:
                return None
            if now.fold == plan.fingerprint:
                # Written to meanwhile, between two pages perhaps: what was written counts.
                record, stale = now, False
        plan.attributes.restrict(record)
        return Found(record, stale and plan is self.plans.of(key), base)

    def _stored(self, key: ProfileKey) -> ProfileRecord | None:
        digest = profile_digest(key)

        def find(transaction: Any) -> ProfileRecord | None:
            value = transaction.get(digest, db=self._profiles)
            return None if value is None else decode_record(value)

        record = self._environment.read(find)
        return record if record is not None and (record.namespace, record.id) == key else None

    def _record_page(
        self, transaction: Any, start: bytes
    ) -> tuple[list[ProfileRecord], bytes | None]:
        """Returns some records from a digest on, and the digest to go on from, if any."""
        records: list[ProfileRecord] = []
        cursor = transaction.cursor(db=self._profiles)
        more = cursor.set_range(start)
        while more and len(records) < _RECORD_PAGE:
            records.append(decode_record(cursor.value()))
            more = cursor.next()
        return records, bytes(cursor.key()) if more else None

    def _event_pages(self, digest: bytes) -> Iterator[Event]:
        """Yields the events of a profile by time, holding nothing meanwhile."""
        start: bytes | None = digest
        while start is not None:
            values, start = self._environment.read(
                partial(self._event_page, digest=digest, start=start)
            )
            yield from map(decode_event, values)

    def _event_page(
        self, transaction: Any, digest: bytes, start: bytes
    ) -> tuple[list[bytes], bytes | None]:
        """Returns some raw events from a key on, and the key to go on from, if any."""
        values: list[bytes] = []
        size_bytes = 0
        cursor = transaction.cursor(db=self._events)
        more = cursor.set_range(start)
        while more and cursor.key()[: len(digest)] == digest:
            if len(values) == EVENT_PAGE or size_bytes >= EVENT_PAGE_BYTES:
                return values, bytes(cursor.key())
            values.append(bytes(cursor.value()))
            size_bytes += len(values[-1])
            more = cursor.next()
        return values, None
