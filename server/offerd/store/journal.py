"""The journal as one transaction changes it.

    journal            sequence → entry
    journal_times      time, sequence → nothing
    journal_subjects   profile digest, sequence → nothing
    journal_views      hash → what was known of a customer, once however many decisions saw it
    journal_view_uses  hash → how many entries refer to it

A sequence is 8 bytes, big-endian, from 1; it is never given twice. The row `journal` of meta has
the next one, and how many bytes the entries take with their views and indexes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from offerd.model.journal import Draft, EventEntry, JournalEntry, view_hash
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.layout import (
    DIGEST_BYTES,
    Table,
    decode_count,
    encode_count,
    pack_time,
    profile_digest,
)

STATUS_KEY: Final = b"journal"
_SEQUENCE: Final = struct.Struct(">Q")
_STATUS: Final = struct.Struct(">QQ")
SEQUENCE_BYTES: Final = _SEQUENCE.size
_TIME_BYTES: Final = 8
_USES_BYTES: Final = 2 * DIGEST_BYTES + 8
"""What a view takes beside itself: two keys and the number of uses."""

_encode = msgspec.msgpack.Encoder().encode
_decode_entry = msgspec.msgpack.Decoder(JournalEntry).decode


class _Head(msgspec.Struct, array_like=True):
    """How every entry begins; `third` is the hash of a decision's view, if it is bytes."""

    kind: str
    time_ns: int
    subject: tuple[str, str] | None
    third: Any


_decode_head = msgspec.msgpack.Decoder(_Head).decode


class EncodedView(NamedTuple):
    """What was known of a customer, under its hash."""

    hash: bytes
    value: bytes


class EncodedEntry(NamedTuple):
    """An entry ready to be stored. `owner` is the profile's digest, None for nobody's."""

    time_ns: int
    owner: bytes | None
    value: bytes
    view: EncodedView | None = None

    @property
    def waiting_bytes(self) -> int:
        """What it brings with it, its view too."""
        return len(self.value) + (0 if self.view is None else len(self.view.value))

    @property
    def size_bytes(self) -> int:
        """What it takes with its indexes, without its view."""
        return _entry_size(len(self.value), owned=self.owner is not None)


class JournalStatus(NamedTuple):
    """The next sequence, and the bytes of entries, indexes and views."""

    next_sequence: int = 1
    size_bytes: int = 0


class Retention(NamedTuple):
    """How long entries are kept, and how many bytes of them; None is without limit."""

    age_ns: int | None = None
    size_bytes: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether any entry has to go some time."""
        return self.age_ns is not None or self.size_bytes is not None

    def oldest_ns(self, now_ns: int) -> int | None:
        """Returns the time before which no entry is kept."""
        return None if self.age_ns is None else now_ns - self.age_ns


def encode_entry(entry: JournalEntry, view: bytes | None = None) -> EncodedEntry:
    """Returns an entry as it is stored, with the encoded view that it refers to."""
    owner = None if entry.subject is None else profile_digest(ProfileKey(*entry.subject))
    found = None if view is None else EncodedView(view_hash(view), view)
    return EncodedEntry(entry.time_ns, owner, _encode(entry), found)


def decode_entry(value: bytes) -> JournalEntry:
    """Returns an entry as it was stored; raises msgspec.DecodeError or ValidationError."""
    entry: JournalEntry = _decode_entry(value)
    return entry


def encode_draft(draft: Draft) -> EncodedEntry:
    """Returns a decision as it is stored."""
    return encode_entry(*draft.entry())


def event_entries(events: Iterable[tuple[ProfileKey, str]], now_ns: int) -> Iterable[EncodedEntry]:
    """Yields the entries of accepted events, given by profile and id."""
    for key, event_id in events:
        yield encode_entry(EventEntry(now_ns, (key.namespace, key.id), event_id))


def pack_sequence(sequence: int) -> bytes:
    """Returns a sequence as it sorts."""
    return _SEQUENCE.pack(sequence)


def unpack_sequence(packed: bytes) -> int:
    """Returns the sequence of 8 bytes."""
    return int(_SEQUENCE.unpack(packed)[0])


def decode_status(value: bytes | None) -> JournalStatus:
    """Returns what the row of meta says; nothing was ever journalled if there is none."""
    return JournalStatus() if value is None else JournalStatus(*_STATUS.unpack(value))


class JournalTable:
    """The journal as one transaction sees and changes it; what is appended waits for `flush`."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._environment = environment
        self._transaction = transaction
        self._status: JournalStatus | None = None
        self._entries: list[tuple[bytes, EncodedEntry]] = []

    def append(self, entry: EncodedEntry) -> int:
        """Adds an entry; returns its sequence."""
        sequence, size_bytes = self._found_status()
        self._status = JournalStatus(sequence + 1, size_bytes + entry.size_bytes)
        self._entries.append((pack_sequence(sequence), entry))
        return sequence

    def remove(self, sequence: int) -> None:
        """Takes an entry out, and its view if no other uses it; nothing if it isn't there."""
        self.flush()
        self._remove(pack_sequence(sequence))
        self._write_status()

    @property
    def next_sequence(self) -> int:
        """The sequence that the next entry gets."""
        return self._found_status().next_sequence

    def remove_of(self, owner: bytes, end: int, most: int) -> int:
        """Takes out entries of a profile, by its digest, of sequences before `end`.

        At most so many; returns how many.
        """
        self.flush()
        sequences: list[bytes] = []
        last = owner + pack_sequence(end)
        with self._cursor(Table.JOURNAL_SUBJECTS) as cursor:
            found = cursor.set_range(owner)
            while found and len(sequences) < most and cursor.key() < last:
                sequences.append(bytes(cursor.key()[DIGEST_BYTES:]))
                found = cursor.next()
        for sequence in sequences:
            self._remove(sequence)
        self._write_status()
        return len(sequences)

    def trim(self, retention: Retention, now_ns: int, most: int) -> int:
        """Takes out the oldest entries that may not be kept, at most so many; tells how many."""
        self.flush()
        oldest_ns = retention.oldest_ns(now_ns)
        oldest = b"" if oldest_ns is None else pack_time(oldest_ns)
        removed = 0
        while removed < most:
            with self._cursor(Table.JOURNAL_TIMES) as cursor:
                first = bytes(cursor.key()) if cursor.first() else None
            size_bytes = self._found_status().size_bytes
            too_large = retention.size_bytes is not None and size_bytes > retention.size_bytes
            if first is None or not (too_large or first[:_TIME_BYTES] < oldest):
                break
            self._remove(first[_TIME_BYTES:])
            removed += 1
        self._write_status()
        return removed

    def flush(self) -> None:
        """Hands what was appended to the transaction."""
        if not self._entries:
            return
        self._put(Table.JOURNAL, [(key, entry.value) for key, entry in self._entries])
        times = [(pack_time(entry.time_ns) + key, b"") for key, entry in self._entries]
        self._put(Table.JOURNAL_TIMES, times)
        owned = [(e.owner + key, b"") for key, e in self._entries if e.owner is not None]
        self._put(Table.JOURNAL_SUBJECTS, owned)
        self._put_views([entry.view for _, entry in self._entries if entry.view is not None])
        self._entries.clear()
        self._write_status()

    def _put_views(self, views: list[EncodedView]) -> None:
        uses: dict[EncodedView, int] = {}
        for view in views:
            uses[view] = uses.get(view, 0) + 1
        table = self._environment.database(Table.JOURNAL_VIEW_USES)
        added: list[tuple[bytes, bytes]] = []
        counts: list[tuple[bytes, bytes]] = []
        for view, count in uses.items():
            known = decode_count(self._transaction.get(view.hash, db=table))
            if not known:
                added.append((view.hash, view.value))
                self._grow(_USES_BYTES + len(view.value))
            counts.append((view.hash, encode_count(known + count)))
        self._put(Table.JOURNAL_VIEWS, added)
        self._put(Table.JOURNAL_VIEW_USES, counts)

    def _remove(self, sequence: bytes) -> None:
        value = self._transaction.pop(sequence, db=self._environment.database(Table.JOURNAL))
        if value is None:
            return
        head = _decode_head(value)
        time_key = pack_time(head.time_ns) + sequence
        times = self._environment.database(Table.JOURNAL_TIMES)
        self._transaction.delete(time_key, db=times)
        if head.subject is not None:
            owner = profile_digest(ProfileKey(*head.subject))
            subjects = self._environment.database(Table.JOURNAL_SUBJECTS)
            self._transaction.delete(owner + sequence, db=subjects)
        self._grow(-_entry_size(len(value), owned=head.subject is not None))
        if isinstance(head.third, bytes):
            self._stop_using(head.third)

    def _stop_using(self, view: bytes) -> None:
        table = self._environment.database(Table.JOURNAL_VIEW_USES)
        known = decode_count(self._transaction.get(view, db=table))
        if known > 1:
            self._transaction.put(view, encode_count(known - 1), db=table)
            return
        self._transaction.delete(view, db=table)
        views = self._environment.database(Table.JOURNAL_VIEWS)
        value = self._transaction.pop(view, db=views)
        if value is not None:
            self._grow(-_USES_BYTES - len(value))

    def _grow(self, size_bytes: int) -> None:
        found = self._found_status()
        self._status = found._replace(size_bytes=found.size_bytes + size_bytes)

    def _found_status(self) -> JournalStatus:
        if self._status is None:
            meta = self._environment.database(Table.META)
            self._status = decode_status(self._transaction.get(STATUS_KEY, db=meta))
        return self._status

    def _write_status(self) -> None:
        meta = self._environment.database(Table.META)
        self._transaction.put(STATUS_KEY, _STATUS.pack(*self._found_status()), db=meta)

    def _put(self, table: Table, pairs: list[tuple[bytes, bytes]]) -> None:
        with self._cursor(table) as cursor:
            cursor.putmulti(sorted(pairs))

    def _cursor(self, table: Table) -> Any:
        return self._transaction.cursor(db=self._environment.database(table))


def _entry_size(value_bytes: int, *, owned: bool) -> int:
    keys = SEQUENCE_BYTES + _TIME_BYTES + SEQUENCE_BYTES
    return keys + value_bytes + (DIGEST_BYTES + SEQUENCE_BYTES if owned else 0)
