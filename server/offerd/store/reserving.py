"""The writes that take room under caps: all that is asked or nothing, in one transaction.

Whatever waits for the writer is checked against what was done before it, also within a batch,
so that a cap is never exceeded however many ask at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from offerd.events import event_fingerprint
from offerd.model.capping import Cap, CapSubject, Demand, ReachedLimit
from offerd.model.event import Event
from offerd.model.journal import Draft
from offerd.model.profile import ProfileKey
from offerd.model.windows import window_after
from offerd.store.journal import EncodedEntry, encode_draft, event_entries
from offerd.store.layout import encode_event, profile_digest
from offerd.store.operations import Operation
from offerd.store.reservations import Reservation, decision_events, held_items
from offerd.store.workspace import Workspace


class Hold(NamedTuple):
    """A reservation to be made: the caller's name for it, and how long it lasts once it is."""

    id: str
    ttl_ns: int


class Taken(NamedTuple):
    """What came of asking for room: taken, or the caps that are reached.

    `stem` begins the ids of the propositions and `expire_ns` is when the room is free again, both
    as they were the first time if the reservation was there already. `time_ns` is when it was
    taken for good. `differs` says that a reservation of that name is there, for something else.
    `sequence` is the place of the decision in the journal, if it went in with the room. `counted`
    are, for each item, the counters that it was added to, and `is_new` says that nothing had been
    known of the profile: for taking it back. `full` says that the profile has no room for more
    events: what can't count isn't given.
    """

    reached: tuple[ReachedLimit, ...] = ()
    stem: str = ""
    expire_ns: int | None = None
    time_ns: int | None = None
    differs: bool = False
    sequence: int | None = None
    counted: tuple[frozenset[str], ...] = ()
    is_new: bool = False
    full: bool = False

    @property
    def granted(self) -> bool:
        """Whether there was room."""
        return not self.reached and not self.differs and not self.full


class Released(Enum):
    """What came of releasing a reservation."""

    RELEASED = "released"
    NOTHING = "nothing"
    COMMITTED = "committed"


class Take(Operation[Taken]):
    """Takes room for items, for good as events or for a while as a reservation.

    Nobody's is always for good. `draft` is a decision that goes into the journal if it gets the
    room, in the same transaction. Caps per profile count over `members` too, and over all who are
    linked to a person by then. For somebody who was deleted since it was asked it is as for
    nobody, and isn't journalled.
    """

    def __init__(
        self,
        subject: ProfileKey | None,
        demands: Sequence[Demand],
        stem: str,
        now_ns: int,
        hold: Hold | None,
        *,
        draft: Draft | None = None,
        members: Sequence[ProfileKey] = (),
    ) -> None:
        self._entry = None if draft is None else encode_draft(draft)
        self._subject = subject
        self._named = frozenset(members)
        self._members: tuple[ProfileKey, ...] = ()
        self._demands = list(demands)
        self._stem = stem
        self._now_ns = now_ns
        self._hold = hold
        self.weight = max(1, len(self._demands))
        self.size_bytes = 200 * len(self._demands)
        if self._entry is not None:
            self.size_bytes += self._entry.waiting_bytes

    def leave_out(self, forgotten: Callable[[EncodedEntry], bool]) -> None:
        """Takes room without a journal entry if that is of a profile deleted since."""
        if self._entry is not None and forgotten(self._entry):
            self._entry = None

    def apply(self, workspace: Workspace) -> Taken:
        """Checks all caps, then takes room for every item or for none."""
        instant_ns = workspace.tallies.changes.advance(self._now_ns)
        workspace.reservations.forget_outdated(instant_ns)
        self._look_up_members(workspace)
        if self._hold is not None:
            known = workspace.reservations.find(self._hold.id)
            if known is not None and known.is_alive(instant_ns):
                return self._as_before(known)
        if self._hold is not None and self._subject is None:
            return Taken(self._all_limits())  # who was deleted has nothing reserved
        events = decision_events(self._demands, self._stem, instant_ns)
        reached = self._reached(workspace, events, instant_ns)
        if reached:
            return Taken(reached)
        if self._is_full(workspace, events):
            return Taken(self._all_limits(), full=True)
        if self._hold is None or self._subject is None:
            is_new = self._subject is not None and workspace.record(self._subject) is None
            counted = tuple(
                frozenset(workspace.counters_of(self._subject, event)) for event in events
            )
            store_events(workspace, self._subject, events, instant_ns)
            sequence = None if self._entry is None else workspace.journal.append(self._entry)
            return Taken((), self._stem, None, instant_ns, False, sequence, counted, is_new)
        expire_ns = instant_ns + self._hold.ttl_ns
        reservation = Reservation(
            self._hold.id,
            *self._subject,
            self._stem,
            held_items(self._demands),
            expire_ns,
        )
        workspace.reservations.hold(reservation, instant_ns)
        return Taken(stem=self._stem, expire_ns=expire_ns)

    def _look_up_members(self, workspace: Workspace) -> None:
        """Finds out whose events count, as of now rather than of when it was asked."""
        subject = self._subject
        if subject is None:
            return
        covers = workspace.tombstones.covers
        if covers(profile_digest(subject), self._now_ns, self._now_ns):
            self._subject = self._entry = None
            return
        members = {subject, *self._named}
        if workspace.names_person(subject):
            members |= workspace.graphs.linked_to(subject)
        self._members = tuple(members)

    def _visit_ns(self, workspace: Workspace, cap: Cap, instant_ns: int) -> int | None:
        """Returns when the visit began that a cap counts, None if it counts none."""
        if cap.visit is None or self._subject is None:
            return None
        return workspace.visit_ns(self._subject, self._members, cap.visit, instant_ns)

    def _is_full(self, workspace: Workspace, events: Sequence[Event]) -> bool:
        """Whether what is taken, which must count, wouldn't fit into the profile any more."""
        if self._subject is None or not events:
            return False
        size_bytes = sum(len(encode_event(event)) for event in events)
        record = workspace.record(self._subject)
        return not workspace.bounds.have_room(record, len(events), size_bytes)

    def _all_limits(self) -> tuple[ReachedLimit, ...]:
        """What can't count can't be proposed: as if every limit were reached."""
        return tuple(
            ReachedLimit(item, demand, limit, limit.limit)
            for item, demand in enumerate(self._demands)
            for limit in demand.limits
        )

    def _as_before(self, known: Reservation) -> Taken:
        same = known.subject in self._members and known.items == held_items(self._demands)
        return Taken(stem=known.stem, expire_ns=known.expire_ns, differs=not same)

    def _reached(
        self, workspace: Workspace, events: Sequence[Event], instant_ns: int
    ) -> tuple[ReachedLimit, ...]:
        """Returns the limits without room, each item counting those before it that have room.

        So does a limit whose counter isn't kept: the plans have changed since it was asked for.
        """
        found: list[ReachedLimit] = []
        taken: dict[str, int] = {}
        for item, (demand, event) in enumerate(zip(self._demands, events, strict=True)):
            adding = workspace.counters_of(self._subject, event)
            already = len(found)
            for limit in demand.limits:
                counter = limit.counter
                proposed = counter.event == event.type
                of_all = counter.subject is CapSubject.TOTAL
                if not of_all and self._subject is None:
                    continue
                subjects: Sequence[ProfileKey | None] = (None,) if of_all else self._members
                if not all(workspace.keeps(counter, subject) for subject in subjects):
                    found.append(ReachedLimit(item, demand, limit, limit.limit))
                    continue
                if proposed and counter.key not in adding:
                    continue
                visit_ns = self._visit_ns(workspace, limit.cap, instant_ns)
                if limit.cap.visit is not None and visit_ns is None:
                    continue  # they are at none of its places, or not any more
                after_ns = window_after(limit.cap, instant_ns, visit_ns)
                until_ns = None if proposed else instant_ns
                count = sum(
                    workspace.count_of(counter.key, one, after_ns, until_ns) for one in subjects
                )
                if proposed:
                    held_by = workspace.tallies.changes.held
                    held = sum(held_by((counter.key, one), instant_ns) for one in subjects)
                    count += taken.get(counter.key, 0) + held
                if count >= limit.limit:
                    found.append(ReachedLimit(item, demand, limit, count))
            for key in adding if len(found) == already else ():
                taken[key] = taken.get(key, 0) + 1
        return tuple(found)


class TakeBack(Operation[None]):
    """Undoes a `Take` whose answer nobody got."""

    def __init__(
        self, subject: ProfileKey | None, demands: Sequence[Demand], taken: Taken, now_ns: int
    ) -> None:
        self._subject = subject
        self._demands = list(demands)
        self._taken = taken
        self._now_ns = now_ns

    def apply(self, workspace: Workspace) -> None:
        """Removes the events; does nothing for those that aren't there any more."""
        if self._taken.time_ns is None:
            return
        if self._taken.sequence is not None:
            workspace.journal.remove(self._taken.sequence)
        events = decision_events(self._demands, self._taken.stem, self._taken.time_ns)
        for event, counted in zip(events, self._taken.counted, strict=True):
            if self._subject is not None:
                workspace.take_back(self._subject, event.id, counted, self._now_ns)
            else:
                workspace.take_back_nobodys(event, counted, self._now_ns)
        if self._subject is not None and self._taken.is_new:
            workspace.remove_if_empty(self._subject)


class Commit(Operation[bool]):
    """Makes a reservation count for good, as of now; if `journalled` the journal says so."""

    def __init__(self, reservation_id: str, now_ns: int, *, journalled: bool = False) -> None:
        self._journalled = journalled
        self._id = reservation_id
        self._now_ns = now_ns

    def apply(self, workspace: Workspace) -> bool:
        """Returns whether it is committed, now or before; False if there is none any more."""
        instant_ns = workspace.tallies.changes.advance(self._now_ns)
        workspace.reservations.forget_outdated(instant_ns)
        reservation = workspace.reservations.find(self._id)
        if reservation is None or not reservation.is_alive(instant_ns):
            return False
        if reservation.committed_ns is None:
            workspace.reservations.commit(reservation, instant_ns)
            events = reservation.events(instant_ns)
            store_events(workspace, reservation.subject, events, instant_ns)
            if self._journalled:
                stored = ((reservation.subject, event.id) for event in events)
                for entry in event_entries(stored, instant_ns):
                    workspace.journal.append(entry)
        return True


class Release(Operation[Released]):
    """Gives back what a reservation holds."""

    def __init__(self, reservation_id: str, now_ns: int) -> None:
        self._id = reservation_id
        self._now_ns = now_ns

    def apply(self, workspace: Workspace) -> Released:
        """Tells whether there was anything to give back."""
        instant_ns = workspace.tallies.changes.advance(self._now_ns)
        workspace.reservations.forget_outdated(instant_ns)
        reservation = workspace.reservations.find(self._id)
        if reservation is None or not reservation.is_alive(instant_ns):
            return Released.NOTHING
        if reservation.committed_ns is not None:
            return Released.COMMITTED
        workspace.reservations.release(reservation)
        return Released.RELEASED


def store_events(
    workspace: Workspace, subject: ProfileKey | None, events: Sequence[Event], now_ns: int
) -> None:
    """Stores propositions; those of nobody are only counted."""
    for event in events:
        if subject is None:
            workspace.count_nobodys(event, now_ns)
        elif workspace.known_fingerprint(event.id) is None:
            fingerprint = event_fingerprint(subject, event)
            workspace.add_event(subject, event, encode_event(event), fingerprint, now_ns)
