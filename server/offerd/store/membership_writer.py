"""Writing memberships with their indexes and what changed of them, within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from offerd.model.journal import TransitionEntry
from offerd.model.membership import Transition
from offerd.model.profile import ProfileKey
from offerd.store.journal import encode_entry
from offerd.store.layout import (
    DIGEST_BYTES,
    Table,
    decode_count,
    encode_count,
    pack_time,
    profile_digest,
)
from offerd.store.memberships import (
    COUNT,
    FINGERPRINT,
    NEXT,
    SWEEP,
    TRIMMED,
    Sweep,
    TrackedRow,
    TransitionRow,
    audience_digest,
    decode_row,
    decode_transition,
    encode,
    member_key,
    pack_sequence,
    timer_key,
)
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace

_TRIMMED: Final = 500
"""Transitions that are removed at most at a time beside those that are added."""


class Kept(NamedTuple):
    """How long transitions are kept, and how many of them."""

    age_ns: int = 30 * 24 * 3_600_000_000_000
    at_most: int = 10_000_000


USUALLY_KEPT: Final = Kept()


class Seen(NamedTuple):
    """What was found out of a subject.

    `before` is the encoded row on which it is based, None if there was none. `row` None is that
    there is nothing to keep. `found_at` is the profile that made somebody look.
    """

    key: ProfileKey
    before: bytes | None
    row: TrackedRow | None
    transitions: Sequence[Transition]
    found_at: ProfileKey


class Track(Operation[int]):
    """Stores what was seen of subjects, with their transitions; takes off the marks.

    `marks` are by profile what the mark was that was looked at: one that was made since stays.
    `sweep` is how far all profiles have been looked at by now, None when that is done, and how far
    they had been before.
    """

    def __init__(
        self,
        seen: Sequence[Seen],
        marks: Sequence[tuple[ProfileKey, bytes]],
        now_ns: int,
        *,
        sweep: tuple[Sweep | None, Sweep] | None = None,
        kept: Kept = USUALLY_KEPT,
        journalled: bool = False,
    ) -> None:
        self._seen = seen
        self._marks = marks
        self._now_ns = now_ns
        self._sweep = sweep
        self._kept = kept
        self._journalled = journalled
        self.weight = max(1, len(seen) + len(marks))
        self.size_bytes = 500 * self.weight

    def apply(self, workspace: Workspace) -> int:
        """Returns how many transitions there were."""
        workspace.flush()
        rows: list[Transition] = []
        for one in self._seen:
            if self._still_there(workspace, one) and self._replace(workspace, one):
                rows.extend(one.transitions)
        self._append(workspace, rows)
        for key, value in self._marks:
            digest = profile_digest(key)
            if workspace.get(Table.UNTRACKED, digest) == value:
                workspace.delete(Table.UNTRACKED, digest)
        if self._sweep is not None:
            after, before = self._sweep
            if workspace.get(Table.TRACKING, SWEEP) == encode(before):
                if after is None:
                    workspace.delete(Table.TRACKING, SWEEP)
                else:
                    workspace.put(Table.TRACKING, SWEEP, encode(after))
        return len(rows)

    def _still_there(self, workspace: Workspace, one: Seen) -> bool:
        """Whether nobody was deleted since: a deletion takes off marks and rows too."""
        digest = profile_digest(one.found_at)
        if one.row is None or one.before is not None:
            return True
        known = (Table.PROFILES, Table.UNTRACKED, Table.TRACKED)
        if any(workspace.get(table, digest) is not None for table in known):
            return True
        return any(True for _ in workspace.rows(Table.LOADED, digest))

    def _replace(self, workspace: Workspace, one: Seen) -> bool:
        digest = profile_digest(one.key)
        if workspace.get(Table.TRACKED, digest) != one.before:
            return False
        before = None if one.before is None else decode_row(one.before)
        replace_row(workspace, digest, before, one.row)
        return True

    def _append(self, workspace: Workspace, rows: Sequence[Transition]) -> None:
        if not rows:
            return
        following = decode_count(workspace.get(Table.TRACKING, NEXT))
        for row in rows:
            following += 1
            sequence = pack_sequence(following)
            subject, audience, status, time_ns = row
            stored = TransitionRow(*subject, audience, status, time_ns, self._now_ns)
            workspace.put(Table.TRANSITIONS, sequence, encode(stored))
            digest = profile_digest(row.subject)
            workspace.put(Table.TRANSITION_SUBJECTS, digest + sequence, b"")
            if self._journalled:
                entry = TransitionEntry(
                    time_ns, (subject.namespace, subject.id), audience, status.value, self._now_ns
                )
                workspace.journal.append(encode_entry(entry))
        workspace.put(Table.TRACKING, NEXT, encode_count(following))
        trim(workspace, self._kept, following, self._now_ns, len(rows) + _TRIMMED)


class BeginSweep(Operation[None]):
    """Has all profiles looked at, as of a time; `fingerprint` is of what is tracked from then."""

    def __init__(self, fingerprint: bytes, now_ns: int) -> None:
        self._fingerprint = fingerprint
        self._now_ns = now_ns

    def apply(self, workspace: Workspace) -> None:
        """Begins anew if one is under way."""
        workspace.put(Table.TRACKING, FINGERPRINT, self._fingerprint)
        workspace.put(Table.TRACKING, SWEEP, encode(Sweep(self._now_ns, b"")))


def replace_row(
    workspace: Workspace, digest: bytes, before: TrackedRow | None, after: TrackedRow | None
) -> None:
    """Puts a subject's memberships in place of the former ones, in all indexes."""
    left = {} if before is None else before.members_of()
    come = {} if after is None else after.members_of()
    for audience in left.keys() | come.keys():
        if left.get(audience) == come.get(audience):
            continue
        key = member_key(audience, digest)
        if audience in come:
            workspace.put(Table.MEMBERS, key, pack_time(come[audience]))
        else:
            workspace.delete(Table.MEMBERS, key)
        change = (audience in come) - (audience in left)
        if change:
            count_key = COUNT + audience_digest(audience)
            count = decode_count(workspace.get(Table.TRACKING, count_key))
            workspace.put(Table.TRACKING, count_key, encode_count(count + change))
    former = None if before is None else before.due_ns
    due = None if after is None else after.due_ns
    if former != due:
        if former is not None:
            workspace.delete(Table.TIMERS, timer_key(former, digest))
        if due is not None:
            workspace.put(Table.TIMERS, timer_key(due, digest), b"")
    if after is None:
        workspace.delete(Table.TRACKED, digest)
    else:
        workspace.put(Table.TRACKED, digest, encode(after))


def trim(workspace: Workspace, kept: Kept, last: int, now_ns: int, most: int) -> None:
    """Removes transitions that are too old or too many."""
    old: list[tuple[bytes, TransitionRow]] = []
    for sequence, value in islice(workspace.rows(Table.TRANSITIONS, b""), most):
        row = decode_transition(value)
        too_many = int.from_bytes(sequence, "big") <= last - kept.at_most
        if not too_many and row.found_ns >= now_ns - kept.age_ns:
            break
        old.append((sequence, row))
    if old:
        workspace.put(Table.TRACKING, TRIMMED, encode_count(int.from_bytes(old[-1][0], "big")))
    for sequence, row in old:
        workspace.delete(Table.TRANSITIONS, sequence)
        digest = profile_digest(row.transition.subject)
        workspace.delete(Table.TRANSITION_SUBJECTS, digest + sequence)


def remove_memberships(workspace: Workspace, key: ProfileKey) -> bool:
    """Removes what is tracked of a profile, its transitions too; tells whether there was any.

    Nobody is told that they left. Who else is the same customer is looked at again.
    """
    workspace.flush()
    digest = profile_digest(key)
    workspace.marks.forget(key)
    value = workspace.get(Table.TRACKED, digest)
    if value is not None:
        replace_row(workspace, digest, decode_row(value), None)
    rows = list(workspace.rows(Table.TRANSITION_SUBJECTS, digest))
    for row, _ in rows:
        workspace.delete(Table.TRANSITION_SUBJECTS, row)
        workspace.delete(Table.TRANSITIONS, row[DIGEST_BYTES:])
    workspace.marks.anything(_others(workspace, key))
    return value is not None or bool(rows)


def _others(workspace: Workspace, key: ProfileKey) -> Iterable[ProfileKey]:
    linked = workspace.graphs.linked_to(key) - {key}
    return [one for one in linked if workspace.get(Table.PROFILES, profile_digest(one)) is not None]


def memberships_of(environment: Any, transaction: Any, key: ProfileKey) -> Iterable[dict[str, Any]]:
    """Yields what is tracked of a profile, as plain data."""
    value = transaction.get(profile_digest(key), db=environment.database(Table.TRACKED))
    if value is None:
        return
    for audience, membership in decode_row(value).memberships.items():
        yield {
            "audience": audience,
            "status": membership.status.value,
            "since_ns": membership.since_ns,
        }
