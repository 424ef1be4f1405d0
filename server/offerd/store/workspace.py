"""What the operations of one write transaction see and change.

Changes gather in memory and go to the transaction at the end, in key order: a profile that many
events of a batch concern is decoded, folded and encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from offerd.customer.precision import whereabouts_of
from offerd.errors import StateError
from offerd.events import MOVING_EVENTS, Counting, FoldPlan, FoldPlans, Moved, is_repeated
from offerd.model.capping import CapSubject, Counter
from offerd.model.event import Event
from offerd.model.place import LOCATION_EVENT, PlaceSelector
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.bounds import USUAL_BOUNDS, ProfileBounds
from offerd.store.environment import Environment
from offerd.store.event_table import EventTable
from offerd.store.folding import refold
from offerd.store.graphs import Graphs
from offerd.store.instants import count_between
from offerd.store.journal import JournalTable
from offerd.store.layout import (
    Table,
    decode_count,
    decode_record,
    encode_count,
    encode_record,
    profile_digest,
    total_key,
)
from offerd.store.loads import LoadTables
from offerd.store.marks import UNWATCHED, Marks, Watching
from offerd.store.refolds import Refolds
from offerd.store.reservations import Reservations
from offerd.store.series import SeriesWriter
from offerd.store.tallies import Tallies
from offerd.store.tally_tables import TallyWriter
from offerd.store.tombstones import Tombstones


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
        *,
        bounds: ProfileBounds = USUAL_BOUNDS,
        watching: Watching = UNWATCHED,
    ) -> None:
        self.bounds = bounds
        """How much one profile may hold."""
        self._environment = environment
        self._transaction = transaction
        self._plans = plans
        self._refolds = refolds
        self._profiles: dict[ProfileKey, _Profile] = {}
        self._totals: dict[bytes, int] = {}
        self._tallies = tallies
        self.events = EventTable(environment, transaction)
        """Raw events."""
        self.tallies = TallyWriter(environment, tallies, transaction)
        """The counters of all profiles, and what is reserved."""
        self.series = SeriesWriter(environment, transaction)
        """What windows, sequences and the like are computed from."""
        self.journal = JournalTable(environment, transaction)
        """Decisions that were made."""
        self.loads = LoadTables(environment, transaction)
        """What was loaded in bulk."""
        self.reservations = Reservations(environment, transaction, plans, self.tallies.changes)
        self.graphs = Graphs(environment, transaction, plans.active.attributes.namespaces)
        """Which identities are of one customer."""
        self.tombstones = Tombstones(environment, transaction)
        """Who was deleted."""
        self.marks = Marks(environment, transaction, watching)
        """Whose memberships of audiences may have changed."""

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
                series = self._refolds.restore(record, plan.fingerprint)
                if series is None:
                    self._refold(profile, record)
                else:
                    self.series.replace(profile.digest, series)
                profile.changed = True
        return profile

    def _refold(self, profile: _Profile, record: ProfileRecord) -> None:
        """Folds a profile's events afresh, as they are in the transaction by now."""
        events = self.events.of(profile.digest)
        gathered = refold(profile.plan, record, events, record.update_time_ns)
        self.series.replace(profile.digest, gathered.stored())

    def record(self, key: ProfileKey) -> ProfileRecord | None:
        """Returns a profile's record, or None if nothing is known of it."""
        return self._profile(key).record

    def record_to_change(self, key: ProfileKey) -> ProfileRecord:
        """Returns a profile's record, or a new one, that is written at the end."""
        profile = self._profile(key)
        profile.changed = True
        if profile.record is None:
            profile.record = profile.plan.new_record(key)
            self.marks.anything((key,))
        return profile.record

    def present_attributes(self, key: ProfileKey) -> dict[str, Any]:
        """Returns a copy of a profile's attributes as rules may read them."""
        profile = self._profile(key)
        if profile.record is None:
            return {}
        record = decode_record(encode_record(profile.record))
        profile.plan.attributes.restrict(record)
        return record.attributes

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
        record.update_time_ns = record.attributes_time_ns = now_ns
        self.marks.data(key, now_ns)
        return record

    def add_event(
        self, key: ProfileKey, event: Event, encoded: bytes, fingerprint: bytes, now_ns: int
    ) -> Sequence[Counting]:
        """Stores an event, folds it into its profile and counts it in the totals.

        Nothing may be known under its id. `encoded` is the event as `encode_event` has it.
        Returns the counters that it adds to.
        """
        profile = self._profile(key)
        record = profile.record
        self.marks.event(key, event.type, now_ns, new=record is None)
        if record is None:
            record = profile.record = profile.plan.new_record(key)
        counted = profile.plan.fold(record, event)
        self.series.take(profile.digest, profile.plan.features, event, now_ns)
        record.event_bytes += len(encoded)
        record.update_time_ns = now_ns
        profile.changed = True
        self.events.add(profile.digest, event, encoded, fingerprint)
        self._count(event, counted, now_ns)
        return counted

    def moved(self, key: ProfileKey, event: Event) -> Moved | None:
        """Returns what an event does to where a customer is; None for most types."""
        movements = self._profile(key).plan.movements
        if movements is None or event.type not in MOVING_EVENTS:
            return None
        record = self.record(key)
        return movements.moved(None if record is None else record.whereabouts, event)

    def move(self, key: ProfileKey, moved: Moved, now_ns: int) -> None:
        """Notes where a customer is known to be, after an event of theirs that was stored."""
        record = self.record_to_change(key)
        if record.whereabouts != moved.whereabouts:
            record.whereabouts = moved.whereabouts
            self.marks.event(key, LOCATION_EVENT, now_ns, new=False)

    def visit_ns(
        self, key: ProfileKey, members: Iterable[ProfileKey], selector: PlaceSelector, now_ns: int
    ) -> int | None:
        """Returns when a customer came to a place where they are, None if they are at none.

        By the places of the plan that folds one of their keys.
        """
        plan = self._profile(key).plan
        if plan.movements is None:
            return None
        records = [record for member in members if (record := self.record(member)) is not None]
        return plan.movements.visit_ns(whereabouts_of(records, plan), selector, now_ns)

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
        event = self.events.pop(event_id)
        if event is None:
            return False
        self._refold(self._profile(key), self.record_to_change(key))
        self.marks.event(key, event.type, now_ns, new=False)
        self._take_off(event, counted, now_ns)
        return True

    def remove_if_empty(self, key: ProfileKey) -> None:
        """Removes a profile of which nothing is known."""
        profile = self._profile(key)
        record = profile.record
        if record is None or record.attributes or record.scores or record.event_count:
            return
        if record.consent is not None:
            return
        profile.record = None
        profile.changed = False
        self.series.remove(profile.digest)
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
        """Returns the keys of the counters that an event of a subject would add to, by any plan."""
        plan = self._plans.active if subject is None else self._profile(subject).plan
        own = plan.countings.of(event)
        totals = {counting.counter.key for counting in self._plans.totals_of(event, own)}
        return totals | self._plans.counters_of(event)

    def keeps(self, counter: Counter, subject: ProfileKey | None) -> bool:
        """Whether a counter counts what it should of a subject, None being nobody."""
        if counter.subject is CapSubject.TOTAL:
            return counter.key in self._plans.totals
        return subject is None or self._plan_counting(counter.key, subject) is not None

    def _plan_counting(self, counter: str, subject: ProfileKey) -> FoldPlan | None:
        """Returns the plan by which a counter counts what a subject did: its own, or any other."""
        own = self._profile(subject).plan
        return own if counter in own.countings.keys else self._plans.counting(counter)

    def count_of(
        self, counter: str, subject: ProfileKey | None, after_ns: int | None, until_ns: int | None
    ) -> int:
        """Returns the events that a counter of a profile, or with None of all, has in a window."""
        if subject is None:
            return self.tallies.changes.total(counter, after_ns, until_ns)
        plan = self._plan_counting(counter, subject)
        record = self.record(subject)
        if plan is not None and plan is not self._profile(subject).plan:
            record = self._counted_by(plan, subject)
        times = () if record is None else record.counted.get(counter, ())
        return count_between(times, after_ns, until_ns)

    def _counted_by(self, plan: FoldPlan, subject: ProfileKey) -> ProfileRecord:
        """Returns what a plan counts of a subject that another folds; takes as long as refolding.

        That is so while a canary counts what the active revision doesn't, or the other way round,
        and one identity of a customer is of the one and another of the other.
        """
        record = plan.new_record(subject)
        for event, _ in self.events.of(profile_digest(subject)):
            plan.countings.take(record, event)
        return record

    def known_fingerprint(self, event_id: str) -> bytes | None:
        """Returns what the event of an id said, also if it was deleted; None if it is new."""
        return self.events.known_fingerprint(event_id)

    def remove_record(self, key: ProfileKey) -> bool:
        """Removes a profile's record and series; tells if there was one. Its events stay."""
        self.flush()
        digest = profile_digest(key)
        self._profiles[key] = _Profile(digest, self._plans.of(key))
        self.series.remove(digest)
        return self.delete(Table.PROFILES, digest)

    def names_person(self, key: ProfileKey) -> bool:
        """Whether a key is in a declared namespace that names people."""
        namespace = self._plans.active.attributes.namespaces.get(key.namespace)
        return namespace is not None and namespace.type.names_person

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Returns a row of a table whose changes wait for nothing."""
        value = self._transaction.get(key, db=self._environment.database(table))
        return None if value is None else bytes(value)

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Stores a row of a table whose changes wait for nothing."""
        self._transaction.put(key, value, db=self._environment.database(table))

    def rows(self, table: Table, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yields rows of such a table by their keys, as long as nothing of it is changed."""
        with self._transaction.cursor(db=self._environment.database(table)) as cursor:
            found = cursor.set_range(prefix) if prefix else cursor.first()
            while found and bytes(cursor.key()).startswith(prefix):
                yield bytes(cursor.key()), bytes(cursor.value())
                found = cursor.next()

    def delete(self, table: Table, key: bytes) -> bool:
        """Removes such a row; tells whether it was there."""
        return bool(self._transaction.delete(key, db=self._environment.database(table)))

    def flush(self) -> None:
        """Hands all changes to the transaction, in key order: neighbours share pages."""
        self.events.flush()
        totals = self._environment.database(Table.TOTALS)
        for pair, added in sorted(self._totals.items()):
            count = decode_count(self._transaction.get(pair, db=totals))
            self._transaction.put(pair, encode_count(count + added), db=totals)
        self._totals.clear()
        self.series.flush()
        self.tallies.flush()
        self.journal.flush()
        self.graphs.flush()
        self.marks.anything(self.graphs.touched)
        self.graphs.touched.clear()
        self.marks.flush()
        records = {}
        for profile in self._profiles.values():
            if profile.changed:
                records[profile.digest] = encode_record(profile.record)
                profile.changed = False
        self._put(Table.PROFILES, records)

    def settle(self) -> None:
        """Tells readers what was committed of what is kept in memory."""
        self._tallies.settle(self.tallies.changes)
        self.marks.settle()

    def _put(self, table: Table, values: dict[bytes, bytes]) -> None:
        with self._transaction.cursor(db=self._environment.database(table)) as cursor:
            cursor.putmulti([(key, values[key]) for key in sorted(values)])
        values.clear()


BeginWorkspace = Callable[[Any], Workspace]
"""Returns the workspace of a write transaction."""
