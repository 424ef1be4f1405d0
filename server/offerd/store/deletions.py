"""Removing customers and profiles: what little there is of each at once, the rest in pieces.

    deletions   digest of the row → Deletion   those that have begun and aren't done yet

The first transaction removes what is bounded and makes sure that whatever comes afterwards can be
told from what was there before: by its time if there is a tombstone, which refuses anything
earlier, and by its place in the journal. It also notes what is left to do, so that a deletion that
is interrupted is finished when the state is opened next. The following transactions remove so
many rows each, and others write between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from offerd.errors import Exhausted
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment, closed
from offerd.store.layout import DIGEST_BYTES, Table, profile_digest
from offerd.store.operations import Operation
from offerd.store.subjects import removers
from offerd.store.tombstones import Tombstone
from offerd.store.workspace import BeginWorkspace, Workspace
from offerd.store.writer import Writer

T = TypeVar("T")

PIECE: Final = 2_000
"""Rows that a transaction removes at most."""

_PAUSE_S: Final = 0.05


class Deletion(msgspec.Struct, array_like=True, frozen=True):
    """What is left to remove: of these keys events up to a time, and the journal up to a place.

    `deleted_ns` is None if the events are gone already.
    """

    keys: tuple[tuple[str, str], ...]
    deleted_ns: int | None
    journal_end: int


class Begun(NamedTuple):
    """A deletion that has begun. `removed` are the keys of which there was something."""

    row: bytes
    removed: tuple[ProfileKey, ...]
    events: int
    until_ns: int


class Progress(NamedTuple):
    """What one piece removed; `done` if nothing is left."""

    events: int = 0
    journal_entries: int = 0
    done: bool = False


class DeletedSubject(NamedTuple):
    """The keys of which something was removed, how much, and until when that is remembered."""

    keys: tuple[ProfileKey, ...]
    events: int
    journal_entries: int
    tombstone_until_ns: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Deletion).decode


class BeginDeletion(Operation[Begun]):
    """Removes a customer but for what may be much: all keys named and those linked to a person
    among them. Remembers that for `tombstone_ns` nanoseconds.
    """

    frees = True

    def __init__(self, keys: Sequence[ProfileKey], now_ns: int, tombstone_ns: int) -> None:
        self._keys = tuple(keys)
        self._now_ns = now_ns
        self._tombstone_ns = tombstone_ns

    def apply(self, workspace: Workspace) -> Begun:
        """Returns what has begun, over which keys."""
        instant_ns = workspace.tallies.changes.advance(self._now_ns)
        tombstone = Tombstone(instant_ns, instant_ns + self._tombstone_ns)
        workspace.tombstones.forget_outdated(instant_ns)
        removed: list[ProfileKey] = []
        events = 0
        keys = self._all_keys(workspace)
        for key in keys:
            # Those dated ahead of now; what comes from now on is later than now, too.
            ahead = _remove_events(workspace, key, after_ns=instant_ns)
            events += ahead
            had_links = workspace.graphs.remove(key)
            if _remove_whole(workspace, key) or had_links or ahead:
                removed.append(key)
            workspace.tombstones.put(profile_digest(key), tombstone)
        row = _note(workspace, Deletion(keys, instant_ns, workspace.journal.next_sequence))
        return Begun(row, tuple(removed), events, tombstone.until_ns)

    def _all_keys(self, workspace: Workspace) -> tuple[ProfileKey, ...]:
        found = set(self._keys)
        for key in self._keys:
            if workspace.names_person(key):
                found |= workspace.graphs.linked_to(key)
        return (*self._keys, *sorted(found.difference(self._keys)))


class BeginProfileDeletion(Operation[Begun]):
    """Removes a profile and its events; its entries in the journal are left.

    What is counted over all profiles stays as it is; room that was only reserved is given back.
    """

    frees = True

    def __init__(self, key: ProfileKey) -> None:
        self._key = key

    def apply(self, workspace: Workspace) -> Begun:
        """Returns what has begun; nothing was removed if there was no profile."""
        events = _remove_events(workspace, self._key)
        existed = _remove_whole(workspace, self._key)
        row = _note(workspace, Deletion((self._key,), None, workspace.journal.next_sequence))
        return Begun(row, (self._key,) if existed else (), events, 0)


class GoOn(Operation[Progress]):
    """Removes one piece of what a deletion has left."""

    frees = True

    def __init__(self, row: bytes) -> None:
        self._row = row

    def apply(self, workspace: Workspace) -> Progress:
        """Returns what was removed; nothing if the deletion is done."""
        return go_on(workspace, self._row)


def go_on(workspace: Workspace, row: bytes) -> Progress:
    """Removes one piece of a deletion, and at last the note of it."""
    value = workspace.get(Table.DELETIONS, row)
    if value is None:
        return Progress(done=True)
    deletion = _decode(value)
    events = entries = 0
    for key in (ProfileKey(*found) for found in deletion.keys):
        if deletion.deleted_ns is not None:
            most = PIECE - events
            events += _remove_events(workspace, key, until_ns=deletion.deleted_ns, most=most)
        entries += workspace.journal.remove_of(
            profile_digest(key), deletion.journal_end, PIECE - events - entries
        )
        if events + entries >= PIECE:
            return Progress(events, entries)
    workspace.delete(Table.DELETIONS, row)
    return Progress(events, entries, done=True)


def finish_deletions(environment: Environment, begin: BeginWorkspace) -> None:
    """Finishes what was interrupted, before anybody reads or writes."""

    def pending(transaction: Any) -> list[bytes]:
        cursor = transaction.cursor(db=environment.database(Table.DELETIONS))
        return [bytes(key) for key in cursor.iternext(values=False)]

    for row in environment.read(pending):

        def work(transaction: Any, row: bytes = row) -> tuple[bool, Workspace]:
            workspace = begin(transaction)
            progress = go_on(workspace, row)
            workspace.flush()
            return progress.done, workspace

        done = False
        while not done:
            done, _ = environment.write(work, frees=True)


class Deletions:
    """Deletions that go on, one after the other, in a thread of their own beside the writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._closing = False
        self._thread = ThreadPoolExecutor(1, "offerd-store-deletions")

    def begin(self, operation: Operation[Begun], told: Callable[[DeletedSubject], T]) -> Future[T]:
        """Has something deleted; the future is done once nothing of it is left.

        Its result is what `told` makes of what was deleted. Raises Exhausted or Unavailable if it
        can't begin; then nothing happened.
        """
        begun = self._writer.submit(operation)
        try:
            return self._thread.submit(lambda: told(self._finish(begun)))
        except RuntimeError as error:  # it was shut down
            raise closed() from error

    def _finish(self, future: Future[Begun]) -> DeletedSubject:
        begun = future.result()
        events, entries = begun.events, 0
        done = False
        while not done:
            progress = self._submitted(GoOn(begun.row)).result()
            events += progress.events
            entries += progress.journal_entries
            done = progress.done
        return DeletedSubject(begun.removed, events, entries, begun.until_ns)

    def _submitted(self, operation: GoOn) -> Future[Progress]:
        while True:
            try:
                return self._writer.submit(operation)
            except Exhausted:  # the writer is behind: what has begun has to wait
                if self._closing:
                    raise closed() from None
                time.sleep(_PAUSE_S)

    def close(self) -> None:
        """Leaves what isn't done to the next who opens the state. Safe to call twice."""
        self._closing = True
        self._thread.shutdown(wait=False, cancel_futures=True)


def _remove_events(
    workspace: Workspace,
    key: ProfileKey,
    *,
    after_ns: int | None = None,
    until_ns: int | None = None,
    most: int | None = None,
) -> int:
    return workspace.events.remove(profile_digest(key), after_ns, until_ns, most)


def _remove_whole(workspace: Workspace, key: ProfileKey) -> bool:
    """Removes what is bounded for each profile; tells whether there was anything."""
    workspace.flush()
    found = [remove(workspace, key) for remove in removers()]
    return any(found)


def _note(workspace: Workspace, deletion: Deletion) -> bytes:
    encoded = _encode(deletion)
    row = blake2b(encoded, digest_size=DIGEST_BYTES).digest()
    workspace.put(Table.DELETIONS, row, encoded)
    return row
