"""The raw events as one transaction sees and changes them; what is added waits for `flush`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from offerd.events import Adding
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.layout import (
    Table,
    decode_event,
    deleted_key,
    event_key,
    key_in_raw_key,
    pack_time,
    pointed_fingerprint,
    pointed_raw_key,
)
from offerd.store.tombstones import first_event_key

_ABOVE: Final = b"\xff" * 9
"""After every time."""


def raw_values(environment: Environment, transaction: Any, digest: bytes) -> Iterator[Any]:
    """Yields the encoded events of a profile by time, as buffers of the transaction."""
    cursor = transaction.cursor(db=environment.database(Table.EVENTS))
    if not cursor.set_range(first_event_key(environment, transaction, digest)):
        return
    for key, value in cursor:
        if key[: len(digest)] != digest:
            return
        yield value


class Encoded(NamedTuple):
    """An event as it is stored, and what it adds to."""

    event: Event
    value: bytes
    adding: Adding


class EventTable:
    """Events by profile and time, where each is by its id, and the ids of those deleted."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._environment = environment
        self._transaction = transaction
        self._raw = environment.database(Table.EVENTS)
        self._ids = environment.database(Table.EVENT_IDS)
        self._deleted_ids = environment.database(Table.DELETED_IDS)
        # While nothing was ever deleted no event pays for asking.
        self._deletions = transaction.stat(self._deleted_ids)["entries"] > 0
        self._ids_cursor = transaction.cursor(self._ids)
        self._pointers: dict[bytes, bytes] = {}
        self._events: dict[bytes, bytes] = {}

    def add(self, digest: bytes, event: Event, encoded: bytes, fingerprint: bytes) -> None:
        """Stores an event of a profile, by its digest; nothing may be known under its id."""
        id_key = event_key(event.id)
        place = digest + pack_time(event.time_ns)
        self._events[place + id_key] = encoded
        self._pointers[id_key] = fingerprint + place

    def of(self, digest: bytes) -> Iterator[tuple[Event, int]]:
        """Yields the events of a profile by time, each with its size in bytes."""
        self.flush()
        for value in raw_values(self._environment, self._transaction, digest):
            yield decode_event(value), len(value)

    def known_fingerprint(self, event_id: str) -> bytes | None:
        """Returns what the event of an id said, also if it was deleted; None if it is new."""
        id_key = event_key(event_id)
        pointer = self._pointers.get(id_key)
        if pointer is None:
            pointer = self._transaction.get(id_key, db=self._ids)
        if pointer is not None:
            return pointed_fingerprint(pointer)
        if not self._deletions:
            return None
        deleted = self._transaction.get(deleted_key(id_key), db=self._deleted_ids)
        return None if deleted is None else bytes(deleted)

    def new_ids(self, stem: str, ids: Collection[str]) -> list[str]:
        """Returns those of some ids under which nothing is or was known; all begin with `stem`.

        As it is for what the service names itself, mostly all of them are found out at once.
        """
        prefix = stem.encode()
        size_bytes = len(prefix)
        keys = [event_key(one) for one in ids]
        with self._transaction.cursor(db=self._ids) as cursor:
            found = cursor.set_range(prefix) and cursor.key()[:size_bytes] == prefix
        if found or self._deletions or any(key[:size_bytes] != prefix for key in keys):
            return [one for one in ids if self.known_fingerprint(one) is None]
        pointers = self._pointers
        return [one for one, key in zip(ids, keys, strict=True) if key not in pointers]

    def are_new(self, stem: bytes, keys: Collection[bytes]) -> bool:
        """Whether nothing is or was known under some event keys, of ids that begin with `stem`.

        It may say no though it is so: `new_ids` tells which are.
        """
        cursor, pointers = self._ids_cursor, self._pointers
        if cursor.set_range(stem) and cursor.key().startswith(stem):
            return False
        for key in keys:
            if key in pointers or not key.startswith(stem):
                return False
        if not self._deletions:
            return True
        get, deleted_ids = self._transaction.get, self._deleted_ids
        return all(get(deleted_key(key), None, deleted_ids) is None for key in keys)

    def add_all(self, rows: Mapping[bytes, bytes], pointers: Mapping[bytes, bytes]) -> None:
        """Stores events by their raw keys, with what points to them by their event keys.

        Nothing may be known under these.
        """
        self._events.update(rows)
        self._pointers.update(pointers)

    def pop(self, event_id: str) -> Event | None:
        """Takes an event out as if it had never been; None if it isn't there."""
        self.flush()
        id_key = event_key(event_id)
        pointer = self._transaction.pop(id_key, db=self._ids)
        if pointer is None:
            return None
        raw_key = pointed_raw_key(bytes(pointer), id_key)
        return decode_event(self._transaction.pop(raw_key, db=self._raw))

    def remove(
        self, digest: bytes, after_ns: int | None, until_ns: int | None, most: int | None
    ) -> int:
        """Removes events of a profile of a time, at most so many; returns how many.

        Digests of their ids stay, so that none of them is taken in again.
        """
        self.flush()
        first = digest if after_ns is None else digest + pack_time(after_ns + 1)
        end = digest + (_ABOVE if until_ns is None else pack_time(until_ns + 1))
        deleted: dict[bytes, bytes] = {}
        with self._transaction.cursor(db=self._raw) as cursor:
            found = cursor.set_range(first)
            # After the last one is deleted the cursor is at no key, which sorts before all.
            while found and len(deleted) != most and first <= cursor.key() < end:
                id_key = key_in_raw_key(cursor.key())
                pointer = self._transaction.pop(id_key, db=self._ids)
                deleted[deleted_key(id_key)] = pointed_fingerprint(pointer)
                found = cursor.delete()  # moves on to the next
        count = len(deleted)
        self._deletions = self._deletions or count > 0
        self._put(self._deleted_ids, deleted)
        return count

    def flush(self) -> None:
        """Hands what was added to the transaction, in key order."""
        self._put(self._raw, self._events)
        self._put(self._ids, self._pointers)

    def _put(self, database: Any, values: dict[bytes, bytes]) -> None:
        if values:
            with self._transaction.cursor(db=database) as cursor:
                cursor.putmulti([(key, values[key]) for key in sorted(values)])
            values.clear()
