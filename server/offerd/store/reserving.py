"""The writes that take room under caps: all that is asked or nothing, in one transaction.

Whatever waits for the writer is checked against what was done before it, also within a batch,
so that a cap is never exceeded however many ask at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from offerd.model.capping import Cap, CapSubject, Demand, Limit, ReachedLimit
from offerd.model.journal import Draft
from offerd.model.profile import ProfileKey
from offerd.model.windows import window_after
from offerd.store.event_table import Encoded
from offerd.store.instants import count_between
from offerd.store.journal import EncodedEntry, encode_draft, event_entries
from offerd.store.layout import profile_digest
from offerd.store.operations import Operation
from offerd.store.proposing import Wanted, propose
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
        if self._hold is None and self._subject is not None:
            several = self._subject, self._members, self._demands, self._stem, instant_ns
            # As `Wanted(...)`, which takes twice as long.
            proposed = propose(workspace, tuple.__new__(Wanted, several))
            if proposed is not None:
                counted, is_new = proposed
                return self._taken(workspace, instant_ns, counted, is_new)
        events = decision_events(self._demands, self._stem, instant_ns)
        encoded = workspace.encoded(self._subject, events)
        reached = self._reached(workspace, encoded, instant_ns)
        if reached:
            return Taken(reached)
        if self._is_full(workspace, encoded):
            return Taken(self._all_limits(), full=True)
        if self._hold is None or self._subject is None:
            is_new = self._subject is not None and workspace.record(self._subject) is None
            store_events(workspace, self._subject, self._stem, encoded, instant_ns)
            counted = tuple([one.adding.keys for one in encoded])
            return self._taken(workspace, instant_ns, counted, is_new)
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

    def _taken(
        self,
        workspace: Workspace,
        instant_ns: int,
        counted: tuple[frozenset[str], ...],
        is_new: bool,
    ) -> Taken:
        """Notes in the journal what was taken for good, if it is to go there."""
        sequence = None if self._entry is None else workspace.journal.append(self._entry)
        # As `Taken(...)`.
        what = (), self._stem, None, instant_ns, False, sequence, counted, is_new, False
        return tuple.__new__(Taken, what)

    def _look_up_members(self, workspace: Workspace) -> None:
        """Finds out whose events count, as of now rather than of when it was asked."""
        subject = self._subject
        if subject is None:
            return
        exist, covers = workspace.tombstones.exist, workspace.tombstones.covers
        if exist and covers(profile_digest(subject), self._now_ns, self._now_ns):
            self._subject = self._entry = None
            return
        if workspace.names_person(subject):
            self._members = tuple(self._named | {subject} | workspace.graphs.linked_to(subject))
        elif subject in self._named:
            self._members = tuple(self._named)
        else:
            self._members = *self._named, subject

    def _visit_ns(self, workspace: Workspace, cap: Cap, instant_ns: int) -> int | None:
        """Returns when the visit began that a cap counts, None if it counts none."""
        if cap.visit is None or self._subject is None:
            return None
        return workspace.visit_ns(self._subject, self._members, cap.visit, instant_ns)

    def _is_full(self, workspace: Workspace, encoded: Sequence[Encoded]) -> bool:
        """Whether what is taken, which must count, wouldn't fit into the profile any more."""
        if self._subject is None or not encoded:
            return False
        size_bytes = sum([len(one.value) for one in encoded])
        record = workspace.record(self._subject)
        return not workspace.bounds.have_room(record, len(encoded), size_bytes)

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
        self, workspace: Workspace, encoded: Sequence[Encoded], instant_ns: int
    ) -> tuple[ReachedLimit, ...]:
        """Returns the limits without room, each item counting those before it that have room."""
        found: list[ReachedLimit] = []
        taken: dict[str, int] = {}
        for item, (demand, (event, _, adding)) in enumerate(
            zip(self._demands, encoded, strict=True)
        ):
            already = len(found)
            for limit in demand.limits:
                count = self._counted(workspace, limit, event.type, adding.keys, instant_ns)
                if count is None:
                    continue
                if limit.counter.event == event.type:
                    count += taken.get(limit.counter.key, 0)
                if count >= limit.limit:
                    found.append(ReachedLimit(item, demand, limit, count))
            for key in adding.keys if len(found) == already else ():
                taken[key] = taken.get(key, 0) + 1
        return tuple(found)

    def _counted(
        self,
        workspace: Workspace,
        limit: Limit,
        event_type: str,
        adding: frozenset[str],
        instant_ns: int,
    ) -> int | None:
        """Returns what counts for a limit before an event of a type that adds to some counters.

        None if it doesn't hold for that. As many as the limit if its counter isn't kept: the plans
        have changed since it was asked for.
        """
        counter = limit.counter
        of_all = counter.subject is CapSubject.TOTAL
        if not of_all and self._subject is None:
            return None
        key = counter.key
        several = () if of_all else [workspace.times_of(key, one) for one in self._members]
        if None in several or (of_all and not workspace.keeps_total(key)):
            return limit.limit
        proposed = counter.event == event_type
        if proposed and key not in adding:
            return None
        visit_ns = self._visit_ns(workspace, limit.cap, instant_ns)
        if limit.cap.visit is not None and visit_ns is None:
            return None  # they are at none of its places, or not any more
        after_ns = window_after(limit.cap, instant_ns, visit_ns)
        until_ns = None if proposed else instant_ns
        changes = workspace.tallies.changes
        if of_all:
            count = changes.total(key, after_ns, until_ns)
            return count + changes.held((key, None), instant_ns) if proposed else count
        count = sum([count_between(times or (), after_ns, until_ns) for times in several])
        if proposed and changes.is_holding:
            count += sum([changes.held((key, one), instant_ns) for one in self._members])
        return count


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
        several = list(zip(events, self._taken.counted, strict=True))
        if self._subject is None:
            for event, counted in several:
                workspace.take_back_nobodys(event, counted, self._now_ns)
            return
        # Of the same twice the first one was stored.
        counted_by_id = {event.id: counted for event, counted in reversed(several)}
        workspace.take_back(self._subject, counted_by_id, self._now_ns)
        if self._taken.is_new:
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
            encoded = workspace.encoded(reservation.subject, events)
            store_events(workspace, reservation.subject, reservation.stem, encoded, instant_ns)
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
    workspace: Workspace,
    subject: ProfileKey | None,
    stem: str,
    encoded: Sequence[Encoded],
    now_ns: int,
) -> None:
    """Stores propositions of one stem; those of nobody are only counted."""
    if subject is None:
        for one in encoded:
            workspace.count_nobodys(one.event, now_ns)
        return
    several = {one.event.id: one for one in reversed(encoded)}
    new = workspace.events.new_ids(stem, several)
    workspace.add_events(subject, [several[event_id] for event_id in new], now_ns)
