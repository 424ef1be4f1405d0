"""Propositions that are stored for good, all of one request at once.

That is what nearly every `Take` does. What comes of it is what `Take` would do one after the
other, event by event, which is the reference and what is asked where this gives no answer.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from offerd.events import REPEATED, Counting
from offerd.events.fingerprint import FINGERPRINT_BYTES
from offerd.events.plans import Proposing
from offerd.model.capping import DECISION_EVENT, CapSubject, Demand, Limit
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.windows import window_after
from offerd.store.instants import count_between
from offerd.store.layout import event_key, pack_time
from offerd.store.met import Met
from offerd.store.workspace import Workspace

_encode: Final = msgspec.msgpack.Encoder().encode
_REPEATED: Final = {REPEATED: True}
_NONE: Final[dict[str, bool]] = {}
_NOTHING: Final[Mapping[str, list[int]]] = {}
_PAIR_AND_EVENT: Final = b"\x9a"
"""Begins a list of ten: what a fingerprint is of."""


class Proposed(NamedTuple):
    """What was stored: for each item the counters that it was added to, and whether nothing had
    been known of the profile."""

    counted: tuple[frozenset[str], ...]
    is_new: bool


class Wanted(NamedTuple):
    """What is to be proposed to a profile, at an instant.

    `members` are those over whom caps count, `subject` among them. `stem` begins the ids.
    """

    subject: ProfileKey
    members: Sequence[ProfileKey]
    demands: Sequence[Demand]
    stem: str
    instant_ns: int


def propose(workspace: Workspace, wanted: Wanted) -> Proposed | None:
    """Stores propositions to a profile, if no limit of theirs is reached.

    None if one is, or if there is more to look at; then nothing is changed.
    """
    subject, _, demands, stem, instant_ns = wanted
    profile = workspace.lean(subject)
    adding = _room_for(workspace, wanted, profile)
    if not adding:
        return None
    rows, pointers, size_bytes = _encoded(wanted, profile.digest + pack_time(instant_ns))
    # Of the same twice there is one pointer.
    if len(pointers) < len(demands) or not workspace.events.are_new(stem.encode(), pointers):
        return None
    record = profile.lean or profile.record
    if not workspace.bounds.have_room(record, len(rows), size_bytes):
        return None
    is_new = record is None
    if record is None:
        record = profile.record = profile.plan.new_record(subject)
    profile.changed = True
    record.event_count += len(rows)
    record.event_bytes += size_bytes
    record.update_time_ns = instant_ns
    workspace.events.add_all(rows, pointers)
    workspace.marks.events(subject, DECISION_EVENT, instant_ns, len(rows), new=is_new)
    counted, totals = record.counted, workspace.totals
    for demand, one in zip(demands, adding, strict=True):
        for key, kept in one.own.items():
            _add(counted, key, kept, instant_ns)
        if not demand.repeated:
            totals.add(demand.offer, DECISION_EVENT, 1)
        if one.totals:
            _count(workspace, wanted, demand, one.totals)
    # As `Proposed(...)`, which takes twice as long.
    return tuple.__new__(Proposed, (tuple([one.keys for one in adding]), is_new))


def _encoded(wanted: Wanted, place: bytes) -> tuple[dict[bytes, bytes], dict[bytes, bytes], int]:
    """Returns events by their raw keys, which begin with `place`, and what points to them.

    As `layout.encode_event` has the events, with the fingerprints that `event_fingerprint` would
    give them. The last is how many bytes the events take.
    """
    subject, _, demands, stem, instant_ns = wanted
    whose = _PAIR_AND_EVENT + _encode(subject.namespace) + _encode(subject.id)
    rows: dict[bytes, bytes] = {}
    pointers: dict[bytes, bytes] = {}
    size_bytes = 0
    for scope, offer, decision, placement, _, repeated, _, _ in demands:
        proposition = f"{stem}-{scope}"
        event_id = f"{proposition}/{offer}"
        value = _encode(
            (
                event_id, DECISION_EVENT, instant_ns, _REPEATED if repeated else _NONE,
                offer, decision or None, placement, proposition,
            )
        )  # fmt: skip
        size_bytes += len(value)
        key = event_key(event_id)
        rows[place + key] = value
        # The value is a list of eight, of the same things in the same order.
        content = whose + value[1:]
        pointers[key] = blake2b(content, digest_size=FINGERPRINT_BYTES).digest() + place
    return rows, pointers, size_bytes


def _room_for(workspace: Workspace, wanted: Wanted, profile: Met) -> list[Proposing] | None:
    """Returns what each proposition adds to; None if a limit is reached, or may be."""
    _, members, demands, _, instant_ns = wanted
    record, plan = profile.lean or profile.record, profile.plan
    counted: Mapping[str, list[int]] = _NOTHING if record is None else record.counted
    proposing = workspace.plans.proposing
    # What a customer's other identities did, and what is held, is counted one by one.
    is_alone = len(members) == 1 and not workspace.tallies.changes.is_holding
    taken: dict[str, int] = {}
    found: list[Proposing] = []
    for _, offer, _, placement, limits, repeated, event_type, _ in demands:
        if event_type != DECISION_EVENT:
            return None
        adding = proposing(plan, offer, placement, repeated=repeated)
        if adding is None:
            return None
        own, _, keys = adding
        for limit in limits:
            counter, cap, most = limit
            key = counter.key
            if counter.event != DECISION_EVENT or cap.visit is not None:
                return None
            if key not in keys:
                if not workspace.keeps(counter, plan):
                    return None
                continue  # it doesn't count this one, which its cap doesn't keep out
            if taken:
                most -= taken.get(key, 0)
            # Whatever the window, as many at most as there ever were.
            if is_alone and key in own and len(counted.get(key, ())) < most:
                continue
            count = _counted(workspace, limit, adding, members, instant_ns)
            if count is None or count >= most:
                return None
        for key in keys:
            taken[key] = taken.get(key, 0) + 1
        found.append(adding)
    return found


def _counted(
    workspace: Workspace,
    limit: Limit,
    adding: Proposing,
    members: Sequence[ProfileKey],
    instant_ns: int,
) -> int | None:
    """Returns what counts for a limit on propositions; None if that isn't known here."""
    counter, cap, _ = limit
    key, changes = counter.key, workspace.tallies.changes
    after_ns = window_after(cap, instant_ns)
    if counter.subject is CapSubject.TOTAL:
        if key not in adding.totals:
            return None
        return changes.total(key, after_ns, None) + changes.held((key, None), instant_ns)
    if key not in adding.own:
        return None
    count = 0
    for one in members:
        times = workspace.times_of(key, one)
        if times is None:
            return None
        count += count_between(times, after_ns, None) + changes.held((key, one), instant_ns)
    return count


def _add(counted: dict[str, list[int]], key: str, kept: int, instant_ns: int) -> None:
    """Adds a proposition to a counter of its profile, as `Countings.take` does."""
    times = counted.get(key)
    if not times:
        times = counted[key] = [instant_ns]
    elif times[-1] <= instant_ns:
        times.append(instant_ns)
    else:
        insort(times, instant_ns)
    if len(times) > kept:
        del times[:-kept]


def _count(
    workspace: Workspace, wanted: Wanted, demand: Demand, totals: Mapping[str, Counting]
) -> None:
    """Adds a proposition to counters of all profiles."""
    event_id = f"{wanted.stem}-{demand.scope}/{demand.offer}"
    event = Event(event_id, DECISION_EVENT, wanted.instant_ns)
    for counting in totals.values():
        workspace.tallies.count(counting, event, 1, wanted.instant_ns)
