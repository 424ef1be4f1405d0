"""What the operations of one write transaction see and change.

Changes gather in memory and go to the transaction at the end, in key order: a profile that many
events of a batch concern is decoded, folded and encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from offerd.errors import StateError
from offerd.events import Counting, FoldPlan, FoldPlans, is_repeated
from offerd.model.capping import CapSubject, Counter
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.environment import Environment
from offerd.store.instants import count_between
from offerd.store.journal import JournalTable
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
    pointed_raw_key,
    profile_digest,
    raw_event_key,
    total_key,
)
from offerd.store.refolds import Refolds
from offerd.store.reservations import Reservations
from offerd.store.tallies import Tallies
from offerd.store.tally_tables import TallyWriter


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
    """A profile that the transaction has met, and the plan that folds it."""

    __slots__ = ("changed", "digest", "plan", "record")

    def __init__(self, digest: bytes, plan: FoldPlan) -> None:
        self.digest = digest
        self.plan = plan
        self.record: ProfileRecord | None = None
        self.changed = False


class Workspace:
    """The changes of one write transaction."""

    def __init__(
        self,
        environment: Environment,
        plans: FoldPlans,
        refolds: Refolds,
        tallies: Tallies,
        transaction: Any,
    ) -> None:
        self._environment = environment
        self._transaction = transaction
        self._plans = plans
        self._refolds = refolds
        self._event_ids = environment.database(Table.EVENT_IDS)
        self._deleted_ids = environment.database(Table.DELETED_IDS)
        # While nothing was ever deleted no event pays for asking.
        self._deletions = transaction.stat(self._deleted_ids)["entries"] > 0
        self._profiles: dict[ProfileKey, _Profile] = {}
        self._pointers: dict[bytes, bytes] = {}
        self._events: dict[bytes, bytes] = {}
        self._totals: dict[bytes, int] = {}
        self._tallies = tallies
        self.tallies = TallyWriter(environment, tallies, transaction)
        """The counters of all profiles, and what is reserved."""
        self.journal = JournalTable(environment, transaction)
        """Decisions that were made."""
        self.reservations = Reservations(environment, transaction, plans, self.tallies.changes)

    def _profile(self, key: ProfileKey) -> _Profile:
        """Returns a profile, its record (if there is one) folded by the plan."""
        profile = self._profiles.get(key)
        if profile is not None:
            return profile
        plan = self._plans.of(key)
        profile = self._profiles[key] = _Profile(profile_digest(key), plan)
        database = self._environment.database(Table.PROFILES)
        value = self._transaction.get(profile.digest, db=database)
        if value is not None:
            profile.record = record = decode_record(value)
            if (record.namespace, record.id) != key:
                raise StateError("two profiles share one digest")
            plan.attributes.confirm(record)
            if record.fold != plan.fingerprint:
                if not self._refolds.restore(record, plan.fingerprint):
                    values = raw_values(self._environment, self._transaction, profile.digest)
                    plan.refold(record, map(decode_event, values))
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
            profile.record = profile.plan.new_record(key)
        return profile.record

    def set_attributes(
        self,
        key: ProfileKey,
        attributes: dict[str, Any],
        now_ns: int,
        scores: Mapping[str, float] | None = None,
    ) -> ProfileRecord:
        """Replaces a profile's attributes, and its scores unless None; the same change nothing.

        Of what was checked against other declarations something doesn't fit these, or else it
        would count as checked against these: it isn't the same, though it may compare equal.
        """
        record = self.record(key)
        declared = self._profile(key).plan.attributes
        same = record is not None and record.schema == declared.fingerprint
        same = same and record is not None and record.attributes == attributes
        if same and record is not None and scores in (None, record.scores):
            return record
        record = self.record_to_change(key)
        declared.replace(record, attributes)
        if scores is not None:
            record.scores = dict(scores)
        record.update_time_ns = now_ns
        return record

    def add_event(
        self, key: ProfileKey, event: Event, encoded: bytes, fingerprint: bytes, now_ns: int
    ) -> Sequence[Counting]:
        """Stores an event, folds it into its profile and counts it in the totals.

        Nothing may be known under its id. `encoded` is the event as `encode_event` has it.
        Returns the counters that it adds to.
        """
        id_key = event_key(event.id)
        profile = self._profile(key)
        record = profile.record
        if record is None:
            record = profile.record = profile.plan.new_record(key)
        counted = profile.plan.fold(record, event)
        record.update_time_ns = now_ns
        profile.changed = True
        raw_key = raw_event_key(profile.digest, event.time_ns, id_key)
        self._events[raw_key] = encoded
        self._pointers[id_key] = event_pointer(fingerprint, raw_key)
        self._count(event, counted, now_ns)
        return counted

    def count_nobodys(self, event: Event, now_ns: int) -> None:
        """Counts an event of nobody in the totals; there is no profile to store it with."""
        self._count(event, self._plans.active.countings.of(event), now_ns)

    def take_back_nobodys(self, event: Event, counted: Collection[str], now_ns: int) -> None:
        """Undoes `count_nobodys`; `counted` are the counters that it had added to."""
        self._take_off(event, counted, now_ns)

    def take_back(
        self, key: ProfileKey, event_id: str, counted: Collection[str], now_ns: int
    ) -> bool:
        """Removes an event as if it had never been; returns whether it was there.

        `counted` are the counters that it had added to, perhaps by other plans than now.
        """
        self.flush()
        id_key = event_key(event_id)
        pointer = self._transaction.pop(id_key, db=self._event_ids)
        if pointer is None:
            return False
        raw_key = pointed_raw_key(bytes(pointer), id_key)
        value = self._transaction.pop(raw_key, db=self._environment.database(Table.EVENTS))
        event = decode_event(value)
        record = self.record_to_change(key)
        values = raw_values(self._environment, self._transaction, profile_digest(key))
        self._profile(key).plan.refold(record, map(decode_event, values))
        self._take_off(event, counted, now_ns)
        return True

    def remove_if_empty(self, key: ProfileKey) -> None:
        """Removes a profile of which nothing is known."""
        profile = self._profile(key)
        record = profile.record
        if record is None or record.attributes or record.scores or record.event_count:
            return
        profile.record = None
        profile.changed = False
        self._transaction.delete(profile.digest, db=self._environment.database(Table.PROFILES))

    def _count(self, event: Event, counted: Sequence[Counting], now_ns: int) -> None:
        """Adds an event to the totals."""
        self._change_total(event, 1)
        for counting in self._plans.totals_of(event, counted):
            self.tallies.count(counting, event, 1, now_ns)

    def _take_off(self, event: Event, counted: Collection[str], now_ns: int) -> None:
        """Takes an event off the totals that it was added to."""
        self._change_total(event, -1)
        for key in counted:
            counting = self._plans.totals.get(key)
            if counting is not None:
                self.tallies.count(counting, event, -1, now_ns)

    def _change_total(self, event: Event, change: int) -> None:
        if event.offer is not None and not is_repeated(event):
            pair = total_key(event.offer, event.type)
            self._totals[pair] = self._totals.get(pair, 0) + change

    def counters_of(self, subject: ProfileKey | None, event: Event) -> set[str]:
        """Returns the keys of the counters that an event of a subject would add to."""
        plan = self._plans.active if subject is None else self._profile(subject).plan
        own = plan.countings.of(event)
        totals = {counting.counter.key for counting in self._plans.totals_of(event, own)}
        return totals | {counting.counter.key for counting in own}

    def keeps(self, counter: Counter, subject: ProfileKey | None) -> bool:
        """Whether a counter counts what it should of a subject, None being nobody."""
        if counter.subject is CapSubject.TOTAL:
            return counter.key in self._plans.totals
        return subject is None or counter.key in self._profile(subject).plan.countings.keys

    def count_of(
        self, counter: str, subject: ProfileKey | None, after_ns: int | None, until_ns: int | None
    ) -> int:
        """Returns the events that a counter of a profile, or with None of all, has in a window."""
        if subject is None:
            return self.tallies.changes.total(counter, after_ns, until_ns)
        record = self.record(subject)
        times = () if record is None else record.counted.get(counter, ())
        return count_between(times, after_ns, until_ns)

    def known_fingerprint(self, event_id: str) -> bytes | None:
        """Returns what the event of an id said, also if it was deleted; None if it is new."""
        id_key = event_key(event_id)
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
        """Removes a profile, its events and what is reserved for it; tells if there was one.

        Digests of the events' ids stay, so that none of them is taken in again.
        """
        self.flush()
        digest = profile_digest(key)
        self._profiles[key] = _Profile(digest, self._plans.of(key))
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
        self.reservations.remove_all(key)
        self.journal.remove_of(digest)
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
        self.tallies.flush()
        self.journal.flush()
        records = {}
        for profile in self._profiles.values():
            if profile.changed:
                records[profile.digest] = encode_record(profile.record)
                profile.changed = False
        self._put(Table.PROFILES, records)

    def settle(self) -> None:
        """Tells readers what was committed of what is kept in memory."""
        self._tallies.settle(self.tallies.changes)

    def _put(self, table: Table, values: dict[bytes, bytes]) -> None:
        with self._transaction.cursor(db=self._environment.database(table)) as cursor:
            cursor.putmulti([(key, values[key]) for key in sorted(values)])
        values.clear()


BeginWorkspace = Callable[[Any], Workspace]
"""Returns the workspace of a write transaction."""
