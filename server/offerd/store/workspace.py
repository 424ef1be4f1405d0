"""What the operations of one write transaction see and change.

Changes gather in memory and go to the transaction at the end, in key order: a profile that many
events of a batch concern is decoded, folded and encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from offerd.customer.precision import whereabouts_of
from offerd.errors import StateError
from offerd.events import (
    MOVING_EVENTS,
    Adding,
    Counting,
    FoldPlan,
    FoldPlans,
    Moved,
    event_fingerprint,
)
from offerd.model.capping import CapSubject, Counter
from offerd.model.event import Event
from offerd.model.place import LOCATION_EVENT, PlaceSelector
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.bounds import USUAL_BOUNDS, ProfileBounds
from offerd.store.environment import Environment
from offerd.store.event_table import Encoded, EventTable
from offerd.store.folding import refold
from offerd.store.graphs import Graphs
from offerd.store.instants import count_between
from offerd.store.journal import JournalTable
from offerd.store.layout import (
    Table,
    decode_record,
    encode_event,
    encode_record,
    profile_digest,
)
from offerd.store.loads import LoadTables
from offerd.store.marks import UNWATCHED, Marks, Watching
from offerd.store.met import Met, lean_record
from offerd.store.refolds import Refolds
from offerd.store.reservations import Reservations
from offerd.store.rows import Rows
from offerd.store.series import SeriesWriter
from offerd.store.tallies import Tallies
from offerd.store.tally_tables import TallyWriter
from offerd.store.tombstones import Tombstones
from offerd.store.totals import Totals


class Workspace(Rows):
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
        super().__init__(environment, transaction)
        self.plans = plans
        """Which plan folds which profile."""
        self._profile_rows = environment.database(Table.PROFILES)
        self._refolds = refolds
        self._profiles: dict[ProfileKey, Met] = {}
        self._tallies = tallies
        self.totals = Totals(environment, transaction)
        """How many events about an offer there ever were."""
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

    def _profile(self, key: ProfileKey) -> Met:
        """Returns a profile, its record (if there is one) folded by the plan."""
        profile = self._profiles.get(key)
        if profile is None:
            profile, value = self._meet(key)
            if value is not None:
                self._decode(profile, key, value)
        elif profile.lean is not None:
            profile.decode()
        return profile

    def lean(self, key: ProfileKey) -> Met:
        """Returns a profile as `_profile` does, not all of it decoded if that isn't needed."""
        profile = self._profiles.get(key)
        if profile is not None:
            return profile
        profile, value = self._meet(key)
        if value is not None:
            profile.lean = lean_record(value, key, profile.plan)
            if profile.lean is None:
                self._decode(profile, key, value)
        return profile

    def _meet(self, key: ProfileKey) -> tuple[Met, bytes | None]:
        profile = self._profiles[key] = Met(profile_digest(key), self.plans.of(key))
        return profile, self._transaction.get(profile.digest, None, self._profile_rows)

    def _decode(self, profile: Met, key: ProfileKey, value: bytes) -> None:
        plan = profile.plan
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

    def _refold(self, profile: Met, record: ProfileRecord) -> None:
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
        adding = self.plans.adding(profile.plan, event)
        return self._add(profile, key, Encoded(event, encoded, adding), fingerprint, now_ns)

    def add_events(self, key: ProfileKey, several: Iterable[Encoded], now_ns: int) -> None:
        """As `add_event`, for events of one profile that the service made itself."""
        profile = self._profile(key)
        for one in several:
            self._add(profile, key, one, event_fingerprint(key, one.event), now_ns)

    def _add(
        self, profile: Met, key: ProfileKey, one: Encoded, fingerprint: bytes, now_ns: int
    ) -> Sequence[Counting]:
        event, encoded, adding = one
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
        self._count(event, adding, now_ns)
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
        self._count(event, self.plans.adding(self.plans.active, event), now_ns)

    def take_back_nobodys(self, event: Event, counted: Collection[str], now_ns: int) -> None:
        """Undoes `count_nobodys`; `counted` are the counters that it had added to."""
        self._take_off(event, counted, now_ns)

    def take_back(
        self, key: ProfileKey, counted: Mapping[str, Collection[str]], now_ns: int
    ) -> bool:
        """Removes events as if they had never been; returns whether any was there.

        `counted` are by id the counters that they had added to, perhaps by other plans than now.
        """
        self.flush()
        gone = {event_id: self.events.pop(event_id) for event_id in counted}
        for event_id, event in gone.items():
            if event is not None:
                self.marks.event(key, event.type, now_ns, new=False)
                self._take_off(event, counted[event_id], now_ns)
        if not any(gone.values()):
            return False
        self._refold(self._profile(key), self.record_to_change(key))
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
        self._transaction.delete(profile.digest, db=self._profile_rows)

    def _count(self, event: Event, adding: Adding, now_ns: int) -> None:
        """Adds an event to the totals."""
        self.totals.change(event, 1)
        for counting in adding.totals:
            self.tallies.count(counting, event, 1, now_ns)

    def _take_off(self, event: Event, counted: Collection[str], now_ns: int) -> None:
        """Takes an event off the totals that it was added to."""
        self.totals.change(event, -1)
        for key in counted:
            counting = self.plans.totals.get(key)
            if counting is not None:
                self.tallies.count(counting, event, -1, now_ns)

    def encoded(self, subject: ProfileKey | None, events: Iterable[Event]) -> list[Encoded]:
        """Returns events that the service made of a subject, with what they would add to."""
        plans = self.plans
        plan = plans.active if subject is None else self._profile(subject).plan
        return [Encoded(one, encode_event(one), plans.adding(plan, one)) for one in events]

    def keeps_total(self, counter: str) -> bool:
        """Whether a counter of all profiles counts what it should."""
        return counter in self.plans.totals

    def keeps(self, counter: Counter, plan: FoldPlan) -> bool:
        """Whether a counter counts what it should, of a profile that a plan folds or of all."""
        key = counter.key
        if counter.subject is CapSubject.TOTAL:
            return key in self.plans.totals
        return key in plan.countings.keys or self.plans.counting(key) is not None

    def count_of(
        self, counter: str, subject: ProfileKey | None, after_ns: int | None, until_ns: int | None
    ) -> int:
        """Returns the events that a counter of a profile, or with None of all, has in a window."""
        if subject is None:
            return self.tallies.changes.total(counter, after_ns, until_ns)
        return count_between(self.times_of(counter, subject) or (), after_ns, until_ns)

    def times_of(self, counter: str, subject: ProfileKey) -> Sequence[int] | None:
        """Returns when a counter counted what a profile did, None if no plan has that counter.

        By the profile's own plan or, if that hasn't the counter, by any other.
        """
        profile = self._profile(subject)
        record = profile.record
        if counter not in profile.plan.countings.keys:
            plan = self.plans.counting(counter)
            if plan is None:
                return None
            record = self._counted_by(plan, subject)
        return () if record is None else record.counted.get(counter, ())

    def _counted_by(self, plan: FoldPlan, subject: ProfileKey) -> ProfileRecord:
        """Returns what a plan counts of a subject that another folds; takes as long as refolding.

        That is so while a canary counts what the active revision doesn't, or the other way round,
        and one identity of a customer is of the one and another of the other.
        """
        record = plan.new_record(subject)
        for event, _ in self.events.of(profile_digest(subject)):
            plan.countings.take(record, event)
        return record

    def remove_record(self, key: ProfileKey) -> bool:
        """Removes a profile's record and series; tells if there was one. Its events stay."""
        self.flush()
        digest = profile_digest(key)
        self._profiles[key] = Met(digest, self.plans.of(key))
        self.series.remove(digest)
        return self.delete(Table.PROFILES, digest)

    def names_person(self, key: ProfileKey) -> bool:
        """Whether a key is in a declared namespace that names people."""
        return key.namespace in self.plans.active.people

    def flush(self) -> None:
        """Hands all changes to the transaction, in key order: neighbours share pages."""
        self.events.flush()
        self.totals.flush()
        self.series.flush()
        self.tallies.flush()
        self.journal.flush()
        self.graphs.flush()
        self.marks.anything(self.graphs.touched)
        self.graphs.touched.clear()
        self.marks.flush()
        records = []
        for profile in self._profiles.values():
            if profile.changed:
                records.append((profile.digest, profile.encoded()))
                profile.changed = False
        with self._transaction.cursor(self._profile_rows) as cursor:
            cursor.putmulti(sorted(records))

    def settle(self) -> None:
        """Tells readers what was committed of what is kept in memory."""
        self._tallies.settle(self.tallies.changes)
        self.marks.settle()


BeginWorkspace = Callable[[Any], Workspace]
"""Returns the workspace of a write transaction."""
