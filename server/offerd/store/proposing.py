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

from offerd.events import REPEATED
from offerd.events.fingerprint import FINGERPRINT_BYTES
from offerd.events.plans import Proposing
from offerd.model.capping import DECISION_EVENT, CapSubject, Demand, Limit
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.windows import window_after
from offerd.store.instants import count_between
from offerd.store.layout import event_key, pack_time
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
    adding = _room_for(workspace, wanted)
    if not adding:
        return None
    rows = [_row(stem, demand, instant_ns) for demand in demands]
    keys = [event_key(one) for one, _ in rows]
    if len({*keys}) < len(keys) or not workspace.events.are_new(stem.encode(), keys):
        return None
    size_bytes = sum([len(value) for _, value in rows])
    profile = workspace.lean(subject)
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
    place = profile.digest + pack_time(instant_ns)
    workspace.events.add_all(*_stored(subject, place, rows, keys))
    for number, (demand, (event_id, _), one) in enumerate(zip(demands, rows, adding, strict=True)):
        workspace.marks.event(subject, DECISION_EVENT, instant_ns, new=is_new and not number)
        _add(record.counted, one.own, instant_ns)
        if not demand.repeated:
            workspace.totals.add(demand.offer, DECISION_EVENT, 1)
        if one.totals:
            event = Event(event_id, DECISION_EVENT, instant_ns)
            for counting in one.totals.values():
                workspace.tallies.count(counting, event, 1, instant_ns)
    return Proposed(tuple([one.keys for one in adding]), is_new)


def _row(stem: str, demand: Demand, instant_ns: int) -> tuple[str, bytes]:
    """Returns the id of what a demand proposes, and the value as `layout.encode_event` has it."""
    scope, offer, decision, placement, _, repeated, _, _ = demand
    proposition = f"{stem}-{scope}"
    event_id = f"{proposition}/{offer}"
    properties = _REPEATED if repeated else _NONE
    return event_id, _encode(
        (
            event_id, DECISION_EVENT, instant_ns, properties,
            offer, decision or None, placement, proposition,
        )
    )  # fmt: skip


def _stored(
    subject: ProfileKey, place: bytes, rows: Sequence[tuple[str, bytes]], keys: Sequence[bytes]
) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """Returns encoded events by their raw keys, which begin with `place`, and their pointers.

    With the fingerprints that `event_fingerprint` would give them.
    """
    whose = _PAIR_AND_EVENT + _encode(subject.namespace) + _encode(subject.id)
    found: dict[bytes, bytes] = {}
    pointers: dict[bytes, bytes] = {}
    for key, (_, value) in zip(keys, rows, strict=True):
        found[place + key] = value
        # The value is a list of eight, of the same things in the same order.
        content = whose + value[1:]
        pointers[key] = blake2b(content, digest_size=FINGERPRINT_BYTES).digest() + place
    return found, pointers


def _room_for(workspace: Workspace, wanted: Wanted) -> list[Proposing] | None:
    """Returns what each proposition adds to; None if a limit is reached, or may be."""
    subject, members, demands, _, instant_ns = wanted
    profile = workspace.lean(subject)
    record = profile.lean or profile.record
    counted: Mapping[str, list[int]] = _NOTHING if record is None else record.counted
    plan, proposing = profile.plan, workspace.plans.proposing
    # What a customer's other identities did, and what is held, is counted one by one.
    is_alone = len(members) == 1 and not workspace.tallies.changes.is_holding
    taken: dict[str, int] = {}
    found: list[Proposing] = []
    for demand in demands:
        _, offer, _, placement, limits, repeated, event_type, _ = demand
        if event_type != DECISION_EVENT:
            return None
        adding = proposing(plan, offer, placement, repeated=repeated)
        if adding is None:
            return None
        for limit in limits:
            counter, cap, most = limit
            key = counter.key
            most -= taken.get(key, 0)
            if counter.event != DECISION_EVENT or cap.visit is not None:
                return None
            if key not in adding.keys:
                if not workspace.keeps(counter, plan):
                    return None
                continue  # it doesn't count this one, which its cap doesn't keep out
            # Whatever the window, as many at most as there ever were.
            if is_alone and key in adding.own and len(counted.get(key, ())) < most:
                continue
            count = _counted(workspace, limit, adding, members, instant_ns)
            if count is None or count >= most:
                return None
        for key in adding.keys:
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


def _add(counted: dict[str, list[int]], own: Mapping[str, int], instant_ns: int) -> None:
    """Adds a proposition to counters of its profile, as `Countings.take` does."""
    for key, kept in own.items():
        times = counted.get(key)
        if not times:
            counted[key] = [instant_ns]
        elif times[-1] <= instant_ns:
            times.append(instant_ns)
        else:
            insort(times, instant_ns)
        if times and len(times) > kept:
            del times[:-kept]
