"""The state of an offerd: what is known of customers, and what happened."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, NamedTuple

from offerd.events import FoldPlan, FoldPlans, IncomingEvent
from offerd.model.capping import Demand
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.journal import Draft
from offerd.model.profile import ProfileKey, ProfileRecord, ProfileView
from offerd.store import bulk
from offerd.store.bounds import USUAL_BOUNDS, ProfileBounds
from offerd.store.changes import Changes
from offerd.store.consents import Consents
from offerd.store.deletions import finish_deletions
from offerd.store.directory import DirectoryLock, lock_directory, prepare
from offerd.store.environment import (
    INITIAL_MAP_BYTES,
    MAXIMUM_MAP_BYTES,
    Durability,
    Environment,
)
from offerd.store.event_table import EventTable, raw_values
from offerd.store.identities import USUAL_NS as TOMBSTONE_NS
from offerd.store.identities import Identities
from offerd.store.journal_reader import JournalReader
from offerd.store.journal_writer import Journal, JournalMode, JournalSettings
from offerd.store.layout import (
    Table,
    decode_count,
    decode_event,
    event_key,
    pointed_raw_key,
    profile_digest,
    total_key,
)
from offerd.store.loading import Loads
from offerd.store.operations import Collect, Collected, Refold, SetProfile
from offerd.store.patching import ChangeAttributes, PatchProfile
from offerd.store.records import Records
from offerd.store.refolds import Refolds
from offerd.store.reserving import Commit, Hold, Release, Released, Take, TakeBack, Taken
from offerd.store.serving import Change, retaining_stored
from offerd.store.suppressions import Suppressions
from offerd.store.tallies import Tallies
from offerd.store.tracking import Tracking, Watching
from offerd.store.views import Views
from offerd.store.workspace import Workspace
from offerd.store.writer import Writer

NO_JOURNAL: Final = JournalSettings()
"""Nothing is journalled."""


class StateCounts(NamedTuple):
    """How much a state holds."""

    profiles: int
    events: int


class State:
    """Profiles, events and counters, in a directory that one process uses at a time.

    Reads take a snapshot and return at once; they never wait for writes, so call them inline.
    Writes return futures that are done once they are on disk. Never open a state before a fork
    and use it after.
    """

    def __init__(
        self,
        environment: Environment,
        lock: DirectoryLock,
        plans: FoldPlans,
        secret: bytes,
        journal: JournalSettings,
        *,
        tombstone_ns: int = TOMBSTONE_NS,
        bounds: ProfileBounds = USUAL_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._environment = environment
        self._lock = lock
        plans = retaining_stored(environment, plans)
        self._profiles = environment.database(Table.PROFILES)
        self._totals = environment.database(Table.TOTALS)
        self._refolds = Refolds()
        self._records = Records(environment, plans, self._refolds)
        self.tallies = Tallies()
        """What caps count over all profiles, as the engine asks for it."""
        change = Change(environment, plans)
        while not change.go_on():
            pass
        change.finish(self.tallies)
        self._watching = Watching()
        finish_deletions(environment, self._begin)
        self._writer = Writer(environment, self._begin)
        self._changes = Changes(environment, self._writer, self._records, self.tallies)
        self.journal = Journal(self._writer, JournalReader(environment), journal)
        """Decisions that were made, and events that were collected."""
        self._journalled = on = journal.mode is not JournalMode.OFF
        self.tracking = Tracking(environment, self._writer.submit, self._watching, journalled=on)
        """Who is in which audience, as it is tracked."""
        self.loads = Loads(environment, self._writer.submit, Path(environment.raw.path()))
        """What was loaded in bulk."""
        self.consents = Consents(environment, self._writer)
        self.suppressions = Suppressions(environment, self._writer)
        """What customers have chosen, and addresses that nobody is written to."""
        self.views = Views(
            environment, self._records, self._refolds, self._store_refold, self.loads.found
        )
        """What is known of customers, over all their identities."""
        self.identities = Identities(
            environment, self._writer, self._records, self._refolds,
            journal=self.journal, tombstone_ns=tombstone_ns,
        )  # fmt: skip
        """Which identities are of one customer; and deleting customers."""
        self._closing = threading.Lock()
        self._closed = False
        self.secret = secret
        """32 random bytes, made when the state was: for signing what comes back later."""

    @classmethod
    def open(
        cls,
        path: Path,
        fold: FoldPlan | FoldPlans,
        *,
        map_size_bytes: int = INITIAL_MAP_BYTES,
        maximum_bytes: int = MAXIMUM_MAP_BYTES,
        durability: Durability = Durability.FSYNC,
        journal: JournalSettings = NO_JOURNAL,
        tombstone_ns: int = TOMBSTONE_NS,
        bounds: ProfileBounds = USUAL_BOUNDS,
    ) -> State:
        """Opens the state in a directory, creating it if the directory is empty or missing.

        `map_size_bytes` is the address space taken at first; it doubles as needed up to
        `maximum_bytes`. `journal` is what `State.journal` is to keep. `tombstone_ns` is how long
        it is remembered that a customer was deleted. Deletions that were interrupted are finished.
        `bounds` is how much one profile may hold. Raises StateError.
        """
        lock = lock_directory(path)
        environment = None
        try:
            environment = Environment(path, map_size_bytes, maximum_bytes, durability)
            secret = prepare(environment, path)
        except BaseException:
            if environment is not None:
                environment.close()
            lock.release()
            raise
        plans = FoldPlans(fold) if isinstance(fold, FoldPlan) else fold
        return cls(
            environment, lock, plans, secret, journal, tombstone_ns=tombstone_ns, bounds=bounds
        )

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def writer(self) -> Writer:
        """What does all writes."""
        return self._writer

    def _begin(self, transaction: Any) -> Workspace:
        return Workspace(
            self._environment, self._records.plans, self._refolds, self.tallies, transaction,
            bounds=self._bounds, watching=self._watching,
        )  # fmt: skip

    def _store_refold(self, key: ProfileKey, size_bytes: int) -> Future[None]:
        return self._writer.submit(Refold(key, size_bytes))

    def use(self, plans: FoldPlans) -> Future[None]:
        """Lets other plans fold, from the next transaction on; done once they do.

        Counters of all profiles that were served go on counting. If caps ask for times of one
        that weren't kept, all events are looked through first, while the state goes on by the
        former plans; that takes about ten seconds for a million of them. One change at a time:
        what is asked for meanwhile follows it.
        """
        return self._changes.begin(plans)

    def profile(self, key: ProfileKey, plan: FoldPlan | None = None) -> ProfileRecord | None:
        """Returns what is known of a profile, or None if nothing is.

        `plan` is that of the revision that asks; absent, the one that folds the profile.

        Its attributes are those that the present definitions let rules read: what no longer
        fits them is left out, and stays stored until the attributes are set again. A record
        that another plan had folded is folded afresh, which with very many events takes a
        while; it is remembered, and written back later.
        """
        return self.views.record(key, plan)

    def view(
        self,
        subject: Subject | None,
        plan: FoldPlan,
        now_ns: int,
        *,
        extra: Sequence[Event] = (),
    ) -> ProfileView:
        """Returns what a decision of a revision may see of a customer: see `Views`."""
        return self.views.view(subject, plan, now_ns, extra)

    def graph(self, authenticated: ProfileKey) -> set[ProfileKey]:
        """Returns all identities of the customer whom an authenticated identity names."""
        return self.identities.graph(authenticated)

    def total_count(self, offer: str, event_type: str) -> int:
        """Returns how many events of a type about an offer there ever were, of all profiles.

        Events of profiles that were deleted since count on.
        """
        key = total_key(offer, event_type)
        return self._environment.read(lambda txn: decode_count(txn.get(key, db=self._totals)))

    def event(self, event_id: str) -> Event | None:
        """Returns a stored event, or None if there is none of that id."""
        key = event_key(event_id)

        def find(transaction: Any) -> Event | None:
            pointer = transaction.get(key, db=self._environment.database(Table.EVENT_IDS))
            if pointer is None:
                return None
            raw_key = pointed_raw_key(bytes(pointer), key)
            value = transaction.get(raw_key, db=self._environment.database(Table.EVENTS))
            return decode_event(value)

        return self._environment.read(find)

    def known_fingerprint(self, event_id: str) -> bytes | None:
        """Returns what the event of an id said, also if it was deleted; None if it is new."""
        return self._environment.read(
            lambda txn: EventTable(self._environment, txn).known_fingerprint(event_id)
        )

    def events(self, key: ProfileKey) -> list[Event]:
        """Returns all events of a profile, by time."""
        digest = profile_digest(key)
        values = self._environment.read(
            lambda transaction: [
                bytes(value) for value in raw_values(self._environment, transaction, digest)
            ]
        )
        return [decode_event(value) for value in values]

    def profiles(self) -> Iterator[ProfileRecord]:
        """Yields every profile as `profile` has it, in no meaningful order.

        Reads some at a time, so that a slow consumer pins no old pages: what is written
        meanwhile may or may not be seen. Nothing is written back.
        """
        return self._records.all()

    def counts(self) -> StateCounts:
        """Returns how many profiles and events there are."""
        tables = (self._profiles, self._environment.database(Table.EVENTS))
        counts = self._environment.read(lambda txn: [txn.stat(db)["entries"] for db in tables])
        return StateCounts(*counts)

    def collect(self, items: Sequence[IncomingEvent], now_ns: int) -> Future[list[Collected]]:
        """Stores events, each id once; the results are in the order of the items.

        Raises Exhausted (OVERLOADED) if too much waits; the future fails with Exhausted
        (STORE_FULL) if there is no room, and then none of the items is stored.
        What an event changed for caps is told as of now.
        """
        return self._writer.submit(Collect(items, now_ns, journalled=self._journalled))

    def set_profile(
        self,
        key: ProfileKey,
        attributes: Mapping[str, Any],
        now_ns: int,
        scores: Mapping[str, float] | None = None,
    ) -> Future[ProfileRecord]:
        """Replaces a profile's attributes (flat, by dotted path); its events stay.

        They are taken to fit the definitions of the state's plan. `scores` replace the scores
        of the profile; None leaves them.
        """
        return self._writer.submit(SetProfile(key, attributes, now_ns, scores))

    def patch_profile(
        self, key: ProfileKey, change: ChangeAttributes, now_ns: int, size_bytes: int
    ) -> Future[ProfileRecord]:
        """Replaces a profile's attributes by what a function makes of them, in one step.

        The function runs in the writer: it must be quick, and what it raises the future fails
        with. `size_bytes` is about what it adds.
        """
        return self._writer.submit(PatchProfile(key, change, now_ns, size_bytes))

    def delete_profile(self, key: ProfileKey) -> Future[bool]:
        """Removes a profile with its events and its entries in the journal.

        Tells whether there was one.

        Digests of its events' ids are kept for good: such an event sent again, by a sender that
        isn't sure of it, is a DUPLICATE and brings nothing back. The totals of offers stay,
        because what was shown remains shown; what was only reserved is given back.
        """
        return self.identities.delete_profile(key)

    def take(
        self,
        subject: ProfileKey | None,
        demands: Sequence[Demand],
        stem: str,
        now_ns: int,
        hold: Hold | None = None,
        *,
        draft: Draft | None = None,
        members: Sequence[ProfileKey] = (),
    ) -> Future[Taken]:
        """Takes room under caps for all items, or for none; durable once the future is done.

        Without `hold` each item is stored at once as an event of type `decision`, whose id is
        its proposition's (`<stem>-<scope>`), a slash and the offer's; those of nobody are only
        counted. With it the room is held until it is committed or released or expires. `draft`
        goes into the journal in the same transaction. Caps per profile count over `members` too.
        """
        admitted = self.journal.admitted(draft)
        return self._writer.submit(
            Take(subject, demands, stem, now_ns, hold, draft=admitted, members=members)
        )

    def take_back(
        self, subject: ProfileKey | None, demands: Sequence[Demand], taken: Taken, now_ns: int
    ) -> Future[None]:
        """Undoes a `take` without hold, as if it had never been."""
        return self._writer.submit(TakeBack(subject, demands, taken, now_ns))

    def commit_reservation(self, reservation_id: str, now_ns: int) -> Future[bool]:
        """Stores what was held as events, as of now.

        False if it has expired, was released or never was; True again if it is committed
        already, for a week at least.
        """
        return self._writer.submit(Commit(reservation_id, now_ns, journalled=self._journalled))

    def release_reservation(self, reservation_id: str, now_ns: int) -> Future[Released]:
        """Gives back the room that is held."""
        return self._writer.submit(Release(reservation_id, now_ns))

    def load_profiles(
        self,
        profiles: Iterable[tuple[ProfileKey, Mapping[str, Any]]],
        now_ns: int,
        *,
        batch: int = bulk.LOAD_BATCH,
    ) -> Iterator[bulk.LoadProgress]:
        """Sets many profiles, `batch` per transaction; yields what is done after each.

        Nothing happens until the iterator is consumed.
        """
        return bulk.load_profiles(self._environment, self._begin, profiles, now_ns, batch)

    def load_events(
        self,
        events: Iterable[tuple[ProfileKey, Event]],
        now_ns: int,
        *,
        batch: int = bulk.LOAD_BATCH,
    ) -> Iterator[bulk.LoadProgress]:
        """Collects many events, `batch` per transaction; yields what is done after each.

        Like `collect` it takes each id once, so that an interrupted load can be repeated.
        Nothing happens until the iterator is consumed.
        """
        return bulk.load_events(self._environment, self._begin, events, now_ns, batch)

    def close(self) -> None:
        """Finishes queued writes, syncs and lets go of the directory. Safe to call twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._changes.close()
            self.identities.close()
            self.journal.close()
            self.loads.close()
            self._writer.close()
            try:
                self._environment.close()
            finally:
                self._lock.release()
