"""The counters of all profiles as the file has them, written with each commit."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from offerd.events import Counting
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.layout import (
    CounterRow,
    Table,
    counted_key,
    counter_digest,
    decode_counter,
    encode_counter,
    event_key,
)
from offerd.store.tallies import Tallies, TallyChanges


class TallyWriter:
    """Changes of one transaction to the counters, in memory and in the file."""

    def __init__(self, environment: Environment, tallies: Tallies, transaction: Any) -> None:
        self.changes = TallyChanges(tallies)
        self._environment = environment
        self._transaction = transaction
        self._touched: dict[str, Counting] = {}
        self._added: dict[str, int] = {}
        self._keys: list[bytes] = []
        self._now_ns = 0

    def count(self, counting: Counting, event: Event, change: int, now_ns: int) -> None:
        """Adds an event to a counter of all profiles, or with a change of -1 takes it off."""
        key = counting.counter.key
        self._touched[key] = counting
        self._added[key] = self._added.get(key, 0) + change
        self._now_ns = now_ns
        if change > 0:
            self.changes.add(counting, event.counted_ns)
        else:
            self.changes.remove(counting, event.counted_ns)
        if not counting.windowed:
            return
        counted = counted_key(counter_digest(key), event.counted_ns, event_key(event.id))
        if change > 0:
            self._keys.append(counted)
        else:
            self._write_keys()
            self._transaction.delete(counted, db=self._environment.database(Table.COUNTED))

    def flush(self) -> None:
        """Hands what was counted to the transaction, and drops times that nobody needs."""
        self._write_keys()
        counters = self._environment.database(Table.COUNTERS)
        for key, counting in sorted(self._touched.items()):
            encoded_key = key.encode()
            value = self._transaction.get(encoded_key, db=counters)
            row = CounterRow() if value is None else decode_counter(value)
            kept = row.kept
            if counting.windowed:
                dropped = self.changes.drop_surplus(counting, self._now_ns)
                if dropped:
                    self._drop(counter_digest(key), dropped)
                    kept = counting.kept
            changed = replace(row, count=row.count + self._added[key], kept=kept)
            self._transaction.put(encoded_key, encode_counter(changed), db=counters)
        self._touched.clear()
        self._added.clear()

    def _write_keys(self) -> None:
        with self._transaction.cursor(db=self._environment.database(Table.COUNTED)) as cursor:
            cursor.putmulti([(key, b"") for key in sorted(self._keys)])
        self._keys.clear()

    def _drop(self, digest: bytes, count: int) -> None:
        with self._transaction.cursor(db=self._environment.database(Table.COUNTED)) as cursor:
            cursor.set_range(digest)
            for _ in range(count):
                cursor.delete()  # moves on to the next
