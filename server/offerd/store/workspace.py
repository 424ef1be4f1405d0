"""What the operations of one write transaction see and change.

Changes gather in memory and go to the transaction at the end, in key order: a profile that many
events of a batch concern is decoded, folded and encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from offerd.errors import StateError
from offerd.events import FoldPlan
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.environment import Environment
from offerd.store.layout import (
    Table,
    decode_count,
    decode_event,
    decode_record,
    deleted_key,
    encode_count,
    encode_record,
    event_key,
    event_pointer,
    key_in_raw_key,
    pointed_fingerprint,
    profile_digest,
    raw_event_key,
    total_key,
)
from offerd.store.refolds import Refolds


def raw_values(environment: Environment, transaction: Any, digest: bytes) -> Iterator[Any]:
    """Yields the encoded events of a profile by time, as buffers of the transaction."""
    cursor = transaction.cursor(db=environment.database(Table.EVENTS))
    if not cursor.set_range(digest):
        return
    for key, value in cursor:
        if key[: len(digest)] != digest:
            return
        yield value


class _Profile:
    """A profile that the transaction has met."""

    __slots__ = ("changed", "digest", "record")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self.record: ProfileRecord | None = None
        self.changed = False


class Workspace:
    """The changes of one write transaction."""

    def __init__(
        self, environment: Environment, plan: FoldPlan, refolds: Refolds, transaction: Any
    ) -> None:
        self._environment = environment
        self._transaction = transaction
        self._plan = plan
        self._refolds = refolds
        self._event_ids = environment.database(Table.EVENT_IDS)
        self._deleted_ids = environment.database(Table.DELETED_IDS)
        # While nothing was ever deleted no event pays for asking.
        self._deletions = transaction.stat(self._deleted_ids)["entries"] > 0
        self._profiles: dict[ProfileKey, _Profile] = {}
        self._pointers: dict[bytes, bytes] = {}
        self._events: dict[bytes, bytes] = {}
        self._totals: dict[bytes, int] = {}

    def _profile(self, key: ProfileKey) -> _Profile:
        """Returns a profile, its record (if there is one) folded by the plan."""
        profile = self._profiles.get(key)
        if profile is not None:
            return profile
        profile = self._profiles[key] = _Profile(profile_digest(key))
        database = self._environment.database(Table.PROFILES)
        value = self._transaction.get(profile.digest, db=database)
        if value is not None:
            profile.record = record = decode_record(value)
            if (record.namespace, record.id) != key:
                raise StateError("two profiles share one digest")
            self._plan.attributes.confirm(record)
            if record.fold != self._plan.fingerprint:
                if not self._refolds.restore(record):
                    values = raw_values(self._environment, self._transaction, profile.digest)
                    self._plan.refold(record, map(decode_event, values))
                profile.changed = True
        return profile

    def record(self, key: ProfileKey) -> ProfileRecord | None:
        """Returns a profile's record, or None if nothing is known of it."""
        return self._profile(key).record

    def record_to_change(self, key: ProfileKey) -> ProfileRecord:
        """Returns a profile's record, or a new one, that is written at the end."""
        profile = self._profile(key)
        profile.changed = True
        if profile.record is None:
            profile.record = self._plan.new_record(key)
        return profile.record

    def set_attributes(
        self, key: ProfileKey, attributes: dict[str, Any], now_ns: int
    ) -> ProfileRecord:
        """Replaces a profile's attributes; the same ones again change nothing.

        Of what was checked against other declarations something doesn't fit these, or else it
        would count as checked against these: it isn't the same, though it may compare equal.
        """
        record = self.record(key)
        declared = self._plan.attributes
        checked = record is not None and record.schema == declared.fingerprint
        if record is None or not checked or record.attributes != attributes:
            record = self.record_to_change(key)
            declared.replace(record, attributes)
            record.update_time_ns = now_ns
        return record

    def add_event(
        self, key: ProfileKey, event: Event, encoded: bytes, fingerprint: bytes, now_ns: int
    ) -> bytes | None:
        """Stores an event, folds it into its profile and counts it in the totals.

        If something is or was stored under its id, changes nothing and returns the fingerprint
        of that. `encoded` is the event as `encode_event` has it.
        """
        id_key = event_key(event.id)
        known = self._known_fingerprint(id_key)
        if known is not None:
            return known
        profile = self._profile(key)
        record = profile.record
        if record is None:
            record = profile.record = self._plan.new_record(key)
        self._plan.fold(record, event)
        record.update_time_ns = now_ns
        profile.changed = True
        raw_key = raw_event_key(profile.digest, event.time_ns, id_key)
        self._events[raw_key] = encoded
        self._pointers[id_key] = event_pointer(fingerprint, raw_key)
        if event.offer is not None:
            pair = total_key(event.offer, event.type)
            self._totals[pair] = self._totals.get(pair, 0) + 1
        return None

    def _known_fingerprint(self, id_key: bytes) -> bytes | None:
        """Returns what the event of an id said, also if it was deleted; None if it is new."""
        pointer = self._pointers.get(id_key)
        if pointer is None:
            pointer = self._transaction.get(id_key, db=self._event_ids)
        if pointer is not None:
            return pointed_fingerprint(pointer)
        if not self._deletions:
            return None
        deleted = self._transaction.get(deleted_key(id_key), db=self._deleted_ids)
        return None if deleted is None else bytes(deleted)

    def delete_profile(self, key: ProfileKey) -> bool:
        """Removes a profile and its events; returns whether there was one.

        Digests of the events' ids stay, so that none of them is taken in again.
        """
        self.flush()
        digest = profile_digest(key)
        self._profiles[key] = _Profile(digest)
        transaction = self._transaction
        deleted: dict[bytes, bytes] = {}
        with transaction.cursor(db=self._environment.database(Table.EVENTS)) as cursor:
            found = cursor.set_range(digest)
            while found and cursor.key()[: len(digest)] == digest:
                id_key = key_in_raw_key(cursor.key())
                pointer = transaction.pop(id_key, db=self._event_ids)
                deleted[deleted_key(id_key)] = pointed_fingerprint(pointer)
                found = cursor.delete()  # moves on to the next
        self._deletions = self._deletions or bool(deleted)
        self._put(Table.DELETED_IDS, deleted)
        profiles = self._environment.database(Table.PROFILES)
        return bool(transaction.delete(digest, db=profiles))

    def flush(self) -> None:
        """Hands all changes to the transaction, in key order: neighbours share pages."""
        self._put(Table.EVENTS, self._events)
        self._put(Table.EVENT_IDS, self._pointers)
        totals = self._environment.database(Table.TOTALS)
        for pair, added in sorted(self._totals.items()):
            count = decode_count(self._transaction.get(pair, db=totals))
            self._transaction.put(pair, encode_count(count + added), db=totals)
        self._totals.clear()
        records = {}
        for profile in self._profiles.values():
            if profile.changed:
                records[profile.digest] = encode_record(profile.record)
                profile.changed = False
        self._put(Table.PROFILES, records)

    def _put(self, table: Table, values: dict[bytes, bytes]) -> None:
        with self._transaction.cursor(db=self._environment.database(table)) as cursor:
            cursor.putmulti([(key, values[key]) for key in sorted(values)])
        values.clear()


BeginWorkspace = Callable[[Any], Workspace]
"""Returns the workspace of a write transaction."""
