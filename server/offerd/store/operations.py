"""The writes that a state takes. Each sees what the ones before it in its batch did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from offerd.errors import InvalidArgument, Reason
from offerd.events import Counting, IncomingEvent
from offerd.model.capping import Cap, CapSubject, CounterChange
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.windows import window_after
from offerd.store.journal import event_entries
from offerd.store.layout import (
    KEY_LIMIT_BYTES,
    decode_record,
    encode_attributes,
    encode_event,
    encode_record,
    profile_digest,
    total_key,
)
from offerd.store.linking import add_links
from offerd.store.moving import Storing, Told, moving_in_time
from offerd.store.workspace import Workspace

T = TypeVar("T")


class CollectResult(Enum):
    """What became of an event.

    DUPLICATE: this very event was stored before, though it may have been deleted since with
    its profile. REUSED: another event was stored under this id before. DELETED: the customer was
    deleted, and it is dated before that. FULL: the profile holds as much as one may. None of these
    changes anything.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REUSED = "reused"
    DELETED = "deleted"
    FULL = "full"


class Collected(NamedTuple):
    """What became of an event, and what it changed for caps, if it was accepted.

    `crossings` are those that it told or caused; `not_crossed` says why there is none, of an event
    that might have.
    """

    result: CollectResult
    changes: tuple[CounterChange, ...] = ()
    crossings: tuple[Told, ...] = ()
    not_crossed: str = ""


_DUPLICATE = Collected(CollectResult.DUPLICATE)
_REUSED = Collected(CollectResult.REUSED)
_DELETED = Collected(CollectResult.DELETED)
_FULL = Collected(CollectResult.FULL)
_UNCOUNTED = Collected(CollectResult.ACCEPTED)


class Operation(Generic[T]):
    """One write. `frees` tells whether it makes room.

    `weight` is how many writes it counts as, `size_bytes` about how much it brings, encoded.
    """

    weight: int = 1
    size_bytes: int = 0
    frees: bool = False

    def apply(self, workspace: Workspace) -> T:
        """Does the work; runs again from the start if the transaction has to."""
        # Each write has its own.
        raise NotImplementedError


class Collect(Operation[list[Collected]]):
    """Stores events, each once, and if `journalled` notes in the journal that it did."""

    def __init__(
        self, items: Sequence[IncomingEvent], now_ns: int, *, journalled: bool = False
    ) -> None:
        for number, item in enumerate(items):
            refuse_long_names(item, f"events[{number}]")
        received = (item._replace(event=item.event.received(now_ns)) for item in items)
        self._items = [(item, encode_event(item.event)) for item in received]
        self._order = moving_in_time([item.event for item in items])
        self._now_ns = now_ns
        self._journalled = journalled
        self.weight = max(1, len(items))
        self.size_bytes = sum(len(encoded) for _, encoded in self._items)

    def apply(self, workspace: Workspace) -> list[Collected]:
        """Returns what became of each event, in order."""
        workspace.reservations.forget_outdated(workspace.tallies.changes.advance(self._now_ns))
        found = {
            number: collect_one(workspace, *self._items[number], self._now_ns)
            for number in self._order
        }
        results = [found[number] for number in range(len(self._items))]
        if self._journalled:
            accepted = (
                (item.key, event_id)
                for (item, _), collected in zip(self._items, results, strict=True)
                if collected.result is CollectResult.ACCEPTED
                for event_id in _stored_ids(item, collected)
            )
            for entry in event_entries(accepted, self._now_ns):
                workspace.journal.append(entry)
        return results


def refuse_long_names(item: IncomingEvent, field: str) -> None:
    """Refuses an event about which the totals couldn't be kept."""
    event = item.event
    if event.offer is not None and len(total_key(event.offer, event.type)) > KEY_LIMIT_BYTES:
        raise InvalidArgument(
            Reason.TOO_LARGE, "the ids of offer and event type are too long", field=field
        )


def collect_one(
    workspace: Workspace, item: IncomingEvent, encoded: bytes, now_ns: int
) -> Collected:
    """Stores one event, encoded already, unless its id is or was known, and links its identities.

    Also not if it is from before its customer was deleted, or if their profile is full.
    """
    if workspace.tombstones.covers(profile_digest(item.key), item.event.time_ns, now_ns):
        return _DELETED
    known = workspace.events.known_fingerprint(item.event.id)
    if known is not None:
        return _DUPLICATE if known == item.fingerprint else _REUSED
    storing = Storing(workspace, item, encoded)
    record, count = workspace.record(item.key), len(storing.events)
    if not workspace.bounds.have_room(record, count, storing.size_bytes):
        return _FULL
    stored = storing.store(now_ns)
    if item.linked:
        add_links(workspace, item.linked, min(item.event.time_ns, now_ns), now_ns)
    changes = tuple(
        CounterChange(
            counting.counter.key,
            offer,
            cap,
            *_counts(workspace, item._replace(event=event), counting, cap, now_ns),
        )
        for event, counted in stored
        for counting in counted
        for offer, cap in counting.caps_about(event)
    )
    if not changes and not storing.told and not storing.why:
        return _UNCOUNTED
    return Collected(CollectResult.ACCEPTED, changes, storing.told, storing.why)


def _stored_ids(item: IncomingEvent, collected: Collected) -> dict[str, None]:
    """Returns the ids of the events that were stored, each once."""
    return dict.fromkeys((item.event.id, *(told.event_id for told in collected.crossings)))


def _counts(
    workspace: Workspace, item: IncomingEvent, counting: Counting, cap: Cap, now_ns: int
) -> tuple[int, int]:
    """Returns what a cap counted before and after an event that was just stored.

    As decisions count: of a person over all who are linked. Of times that aren't all kept it tells
    one less at most: both are known up to there.
    """
    counter = counting.counter
    of_all = counter.subject is CapSubject.TOTAL
    members: Collection[ProfileKey] = (item.key,)
    if not of_all and workspace.names_person(item.key):
        members = workspace.graphs.linked_to(item.key)
    visit_ns = None
    if cap.visit is not None:
        visit_ns = workspace.visit_ns(item.key, members, cap.visit, now_ns)
        if visit_ns is None:
            return 0, 0
    after_ns = window_after(cap, now_ns, visit_ns)
    until_ns = None if of_all and after_ns is None else now_ns
    subjects: Collection[ProfileKey | None] = (None,) if of_all else members
    after = sum(workspace.count_of(counter.key, one, after_ns, until_ns) for one in subjects)
    time_ns = item.event.counted_ns
    inside = after_ns is None or after_ns < time_ns
    inside = inside and (until_ns is None or time_ns <= until_ns)
    if of_all and after_ns is None:
        return after - inside, after
    most = counting.kept - 1
    return min(after - inside, most), min(after, most)


class SetProfile(Operation[ProfileRecord]):
    """Replaces a profile's attributes and scores; its events stay."""

    def __init__(
        self,
        key: ProfileKey,
        attributes: Mapping[str, Any],
        now_ns: int,
        scores: Mapping[str, float] | None,
    ) -> None:
        self._key = key
        self._attributes = dict(attributes)
        self._now_ns = now_ns
        self._scores = None if scores is None else dict(scores)
        self.size_bytes = len(encode_attributes(self._attributes))

    def apply(self, workspace: Workspace) -> ProfileRecord:
        """Returns the record as it is now; the same attributes again change nothing."""
        record = workspace.set_attributes(self._key, self._attributes, self._now_ns, self._scores)
        # A copy: later operations of the batch go on changing the record.
        return decode_record(encode_record(record))


class Refold(Operation[None]):
    """Writes back a record that another plan had folded."""

    def __init__(self, key: ProfileKey, size_bytes: int) -> None:
        self._key = key
        self.size_bytes = size_bytes

    def apply(self, workspace: Workspace) -> None:
        """Reading through the workspace refolds and has it written."""
        workspace.record(self._key)
