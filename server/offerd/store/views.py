"""Reading what is known of a customer, over all their identities and at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from offerd.customer.loaded import Found as LoadedRows
from offerd.customer.view import NOBODY, Known, Member
from offerd.errors import Exhausted
from offerd.events import MOVING_EVENTS, FoldPlan, Moved
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey, ProfileRecord, ProfileView
from offerd.store.environment import Environment
from offerd.store.folding import Gathered, series_of
from offerd.store.layout import Table, event_key
from offerd.store.records import Found, Records
from offerd.store.refolds import Refolds
from offerd.store.single import SingleViews

AT_ONCE: Final = 500
"""The most events that are folded where nothing else can go on meanwhile, some milliseconds."""

SubmitRefold = Callable[[ProfileKey, int], Future[None]]
"""Has the writer store what was folded of a profile, so many bytes; may raise Exhausted."""


FoundOf = Callable[[Sequence[ProfileKey]], LoadedRows]
"""Gives what was loaded in bulk of some identities."""


class Views:
    """What is known of customers. For any thread; nothing here waits for a write."""

    def __init__(
        self,
        environment: Environment,
        records: Records,
        refolds: Refolds,
        submit: SubmitRefold,
        loaded: FoundOf,
    ) -> None:
        self._environment = environment
        self._loaded = loaded
        self._records = records
        self._refolds = refolds
        self._submit = submit
        self._writing_back: set[ProfileKey] = set()
        self._lock = threading.Lock()

    def view(
        self, subject: Subject | None, plan: FoldPlan, now_ns: int, extra: Sequence[Event] = ()
    ) -> ProfileView:
        """Returns what a decision may see, as `known` has it."""
        return NOBODY if subject is None else self.known(subject, plan, now_ns, extra).view(now_ns)

    def single(
        self,
        plan: FoldPlan,
        names: Collection[str] | None,
        paths: Collection[str] | None = None,
    ) -> SingleViews:
        """Returns what reads customers of one profile in one go: see `SingleViews`."""
        return SingleViews(self._environment, plan, names, paths)

    def known(
        self,
        subject: Subject,
        plan: FoldPlan,
        now_ns: int,
        extra: Sequence[Event] = (),
        names: Collection[str] | None = None,
    ) -> Known:
        """Returns what a plan makes of a customer's profiles, for asking at `now_ns` or later.

        `extra` are events of `subject.key` that are taken in as if they had happened; those that
        have, by their ids, are left out. What another plan had folded is folded first, which with
        very many events takes a while: see `fold_size`.
        """
        wanted = _wanted(plan, now_ns, names)
        several = self._records.find_all(subject.members, plan, wanted)
        return self._known(subject, plan, now_ns, extra, several, names=names)

    def known_at_once(
        self,
        subject: Subject,
        plan: FoldPlan,
        now_ns: int,
        extra: Sequence[Event] = (),
        names: Collection[str] | None = None,
    ) -> Known | None:
        """As `known`; None if that takes long.

        So it is if more than AT_ONCE events would have to be folded first, or several profiles
        have very many: then ask `Known.read_all`, too, where others can go on meanwhile.
        """
        wanted = _wanted(plan, now_ns, names)
        several = self._records.find_at_once(subject.members, plan, wanted, AT_ONCE)
        if several is None:
            return None
        return self._known(subject, plan, now_ns, extra, several, names=names)

    def known_as_of(
        self, subject: Subject, plan: FoldPlan, as_of_ns: int, extra: Sequence[Event] = ()
    ) -> Known:
        """Returns what a plan makes of the events that had come up to an instant.

        All events of the customer are read: see `event_count`. Those of before count by their
        own time, those dated later than they came as of when they came. Where the customer was is
        found out from them anew. Attributes, scores and consent are those of now. For asking at
        `as_of_ns` or later.
        """
        members: list[tuple[ProfileRecord, Gathered]] = []
        for key in subject.members:
            found = self._records.as_of(key, plan, as_of_ns)
            if found is not None:
                members.append(found)
        records = [record for record, _ in members]
        later = self._take(subject, plan, as_of_ns, extra, records)
        sources = [Member(record, gathered.series) for record, gathered in members]
        sources += [Member(record, _nothing(plan)) for record in records[len(members) :]]
        return Known(subject, plan, sources, self._loaded(subject.members), later)

    def moved(self, key: ProfileKey, events: Sequence[Event]) -> list[Moved | None]:
        """Returns what events of a profile would do to where it is, one after the other.

        By the plan that folds it; None for those of types that move nobody.
        """
        movements = self._records.plans.of(key).movements
        if movements is None or not any(one.type in MOVING_EVENTS for one in events):
            return [None] * len(events)
        found = self._records.find(key)
        known = None if found is None else found.record.whereabouts
        several: list[Moved | None] = []
        for event in events:
            moved = movements.moved(known, event) if event.type in MOVING_EVENTS else None
            known = known if moved is None else moved.whereabouts
            several.append(moved)
        return several

    def fold_size(self, subject: Subject | None, plan: FoldPlan) -> int:
        """Returns how many events reading would have to fold first; mostly none."""
        return 0 if subject is None else self._records.fold_size(subject.members, plan)

    def event_count(self, subject: Subject | None) -> int:
        """Returns how many events there are of a customer."""
        return 0 if subject is None else self._records.event_count(subject.members)

    def record(self, key: ProfileKey, plan: FoldPlan | None = None) -> ProfileRecord | None:
        """Returns one profile by a plan, or the one that folds it; None if nothing is known."""
        found = self._records.find(key, plan)
        if found is None:
            return None
        self._write_back(found)
        return found.record

    def _known(
        self,
        subject: Subject,
        plan: FoldPlan,
        now_ns: int,
        extra: Sequence[Event],
        several: Sequence[Found | None],
        *,
        names: Collection[str] | None,
    ) -> Known:
        features = plan.features
        members = [found for found in several if found is not None]
        for found in members:
            self._write_back(found)
        records = [found.record for found in members]
        later = self._take(subject, plan, now_ns, extra, records)
        sources = [
            Member(found.record, partial(series_of, features, found.series)) for found in members
        ]
        sources += [Member(record, _nothing(plan)) for record in records[len(members) :]]
        return Known(subject, plan, sources, self._loaded(subject.members), later, names=names)

    def _take(
        self,
        subject: Subject,
        plan: FoldPlan,
        now_ns: int,
        extra: Sequence[Event],
        records: list[ProfileRecord],
    ) -> Any:
        """Folds events into the records, adding one if needed; returns their series, if any."""
        new = (event for event in extra if not self._is_stored(event.id))
        events = [*{event.id: event.received(now_ns) for event in new}.values()]
        if not events:
            return None
        own = [one for one in records if ProfileKey(one.namespace, one.id) == subject.key]
        record = own[0] if own else plan.new_record(subject.key)
        if not own:
            records.append(record)
        if plan.movements is not None and any(one.type in MOVING_EVENTS for one in events):
            several = (one.whereabouts for one in records)
            before = plan.movements.together(one for one in several if one is not None)
            for one in records:
                one.whereabouts = None
            record.whereabouts, events = plan.movements.after(before, events)
        gathered = Gathered(plan.features, now_ns)
        for event in events:
            plan.fold(record, event)
            gathered.take(event)
        return gathered.series

    def _is_stored(self, event_id: str) -> bool:
        ids = self._environment.database(Table.EVENT_IDS)
        key = event_key(event_id)
        return self._environment.read(lambda txn: txn.get(key, db=ids) is not None)

    def _write_back(self, found: Found) -> None:
        if not found.unstored:
            return
        key = ProfileKey(found.record.namespace, found.record.id)
        fold = found.record.fold
        with self._lock:
            if key in self._writing_back:
                return
            self._writing_back.add(key)
        try:
            future = self._submit(key, found.size_bytes)
        except BaseException as error:
            with self._lock:
                self._writing_back.discard(key)
            if isinstance(error, Exhausted):
                return  # nothing is lost: the next reader tries again
            raise
        future.add_done_callback(lambda done: self._written_back(key, fold, done))

    def _written_back(self, key: ProfileKey, fold: bytes, done: Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._refolds.forget(key, fold)
        with self._lock:
            self._writing_back.discard(key)


def _wanted(plan: FoldPlan, now_ns: int, names: Collection[str] | None) -> dict[str, int | None]:
    """Returns from which instant on each series matters."""
    features = plan.features
    wanted = features.names if names is None else features.names & frozenset(names)
    return {name: features.oldest_ns(name, now_ns) for name in wanted}


def _nothing(plan: FoldPlan) -> Any:
    return lambda name: plan.features.series(name, ())
