"""Reading the journal: entries in order, of a time, of a profile, and what they refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from offerd.errors import StateError
from offerd.model.event import Event
from offerd.model.journal import JournalEntry, decode_view
from offerd.model.profile import ProfileKey, ProfileView
from offerd.store.journal import (
    SEQUENCE_BYTES,
    STATUS_KEY,
    decode_entry,
    decode_status,
    pack_sequence,
    unpack_sequence,
)
from offerd.store.layout import (
    Table,
    decode_event,
    event_key,
    pack_time,
    pointed_raw_key,
    profile_digest,
)

T = TypeVar("T")

_PAGE: Final = 200
_PAGE_BYTES: Final = 2**20
"""Entries copied out at a time; a page ends where it reaches either."""

_ABOVE: Final = b"\xff" * (SEQUENCE_BYTES + 1)
"""After every sequence."""


class Readable(Protocol):
    """An environment as far as reading goes."""

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database."""

    def read(self, work: Callable[[Any], T]) -> T:
        """Runs a function on a snapshot."""


class Journalled(NamedTuple):
    """An entry with its place in the journal, from 1; later entries have greater places."""

    sequence: int
    entry: JournalEntry


class Selection(NamedTuple):
    """Which entries to read: after a place, of a time (the end not included), of a profile."""

    after: int = 0
    since_ns: int | None = None
    until_ns: int | None = None
    profile: ProfileKey | None = None

    def takes(self, found: Journalled) -> bool:
        """Whether an entry is of the time asked for, and after the place."""
        time_ns = found.entry.time_ns
        if found.sequence <= self.after:
            return False
        if self.since_ns is not None and time_ns < self.since_ns:
            return False
        return self.until_ns is None or time_ns < self.until_ns


EVERYTHING: Final = Selection()


class JournalExtent(NamedTuple):
    """How much the journal holds.

    `size_bytes` are of entries, indexes and views, without what the file adds. `first` and `last`
    are the places of the oldest and the latest entry, None without any.
    """

    entries: int
    views: int
    size_bytes: int
    first: int | None
    last: int | None


class _Range(NamedTuple):
    """Keys of a table, ending with a sequence, from one up to another."""

    table: Table
    low: bytes
    high: bytes


class JournalReader:
    """The journal of a state. For any thread."""

    def __init__(self, environment: Readable) -> None:
        self._environment = environment

    def entries(
        self, selection: Selection = EVERYTHING, *, latest_first: bool = False
    ) -> Iterator[Journalled]:
        """Yields entries: by place, or if a time is given and no profile by time.

        Reads some at a time, so that a slow consumer pins no old pages; what is appended
        meanwhile may or may not be seen. Raises StateError for an entry that can't be read.
        """
        keys: _Range | None = _range(selection)
        while keys is not None:
            page, keys = self._environment.read(self._reading(keys, latest_first=latest_first))
            for sequence, value in page:
                found = Journalled(sequence, _decoded(sequence, value))
                if selection.takes(found):
                    yield found

    def view(self, view_hash: bytes) -> ProfileView | None:
        """Returns what was known of a customer, None if it is gone; raises StateError."""
        table = self._environment.database(Table.JOURNAL_VIEWS)

        def find(transaction: Any) -> ProfileView | None:
            value = transaction.get(view_hash, db=table)
            return None if value is None else decode_view(value)

        try:
            return self._environment.read(find)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateError(
                f"the view {view_hash.hex()} of the journal is damaged: {error}"
            ) from error

    def event(self, event_id: str) -> Event | None:
        """Returns a stored event, or None if it was deleted."""
        key = event_key(event_id)

        def find(transaction: Any) -> Event | None:
            pointer = transaction.get(key, db=self._environment.database(Table.EVENT_IDS))
            if pointer is None:
                return None
            raw_key = pointed_raw_key(bytes(pointer), key)
            events = self._environment.database(Table.EVENTS)
            return decode_event(transaction.get(raw_key, db=events))

        return self._environment.read(find)

    def extent(self) -> JournalExtent:
        """Returns how much there is."""

        def measure(transaction: Any) -> JournalExtent:
            journal = self._environment.database(Table.JOURNAL)
            views = self._environment.database(Table.JOURNAL_VIEWS)
            status = transaction.get(STATUS_KEY, db=self._environment.database(Table.META))
            cursor = transaction.cursor(db=journal)
            return JournalExtent(
                transaction.stat(journal)["entries"],
                transaction.stat(views)["entries"],
                decode_status(None if status is None else bytes(status)).size_bytes,
                unpack_sequence(cursor.key()) if cursor.first() else None,
                unpack_sequence(cursor.key()) if cursor.last() else None,
            )

        return self._environment.read(measure)

    def oldest_ns(self) -> int | None:
        """Returns the time of the oldest entry, None without any."""
        for found in self.entries(Selection(since_ns=-(2**63))):
            return found.entry.time_ns
        return None

    def _reading(
        self, keys: _Range, *, latest_first: bool
    ) -> Callable[[Any], tuple[list[tuple[int, bytes]], _Range | None]]:
        """Returns what reads a page of a range, and what is left of it, if anything."""
        journal = self._environment.database(Table.JOURNAL)
        walk = _backwards if latest_first else _forwards

        def read(transaction: Any) -> tuple[list[tuple[int, bytes]], _Range | None]:
            page: list[tuple[int, bytes]] = []
            size_bytes = 0
            cursor = transaction.cursor(db=self._environment.database(keys.table))
            for key in walk(cursor, keys):
                sequence = key[-SEQUENCE_BYTES:]
                value = bytes(transaction.get(sequence, db=journal))
                page.append((unpack_sequence(sequence), value))
                size_bytes += len(value)
                if len(page) == _PAGE or size_bytes >= _PAGE_BYTES:
                    if latest_first:
                        return page, keys._replace(high=key)
                    return page, keys._replace(low=key + b"\0")
            return page, None

        return read


def _range(selection: Selection) -> _Range:
    after = pack_sequence(selection.after + 1)
    if selection.profile is not None:
        owner = profile_digest(selection.profile)
        return _Range(Table.JOURNAL_SUBJECTS, owner + after, owner + _ABOVE)
    if selection.since_ns is None and selection.until_ns is None:
        return _Range(Table.JOURNAL, after, _ABOVE)
    low = b"" if selection.since_ns is None else pack_time(selection.since_ns)
    high = _ABOVE if selection.until_ns is None else pack_time(selection.until_ns)
    return _Range(Table.JOURNAL_TIMES, low, high)


def _forwards(cursor: Any, keys: _Range) -> Iterator[bytes]:
    found = cursor.set_range(keys.low)
    while found and (key := bytes(cursor.key())) < keys.high:
        yield key
        found = cursor.next()


def _backwards(cursor: Any, keys: _Range) -> Iterator[bytes]:
    found = cursor.prev() if cursor.set_range(keys.high) else cursor.last()
    while found and (key := bytes(cursor.key())) >= keys.low:
        yield key
        found = cursor.prev()


def _decoded(sequence: int, value: bytes) -> JournalEntry:
    try:
        return decode_entry(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateError(f"entry {sequence} of the journal can't be read: {error}") from error
