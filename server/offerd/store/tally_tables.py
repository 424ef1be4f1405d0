"""The counters of all profiles as the file has them: read at open, written with each commit.

The count of a counter that counts all events of a type about one offer is in `totals`, where it
was counted before any cap asked for it; other counters count from when they are first served.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from offerd.events import Counting, FoldPlans
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.instants import Instants
from offerd.store.layout import (
    CounterRow,
    Table,
    counted_key,
    counted_time,
    counter_digest,
    decode_count,
    decode_counter,
    encode_counter,
    event_key,
    total_key,
)
from offerd.store.recounting import recount
from offerd.store.reservations import pending_reservations
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
            self.changes.add(counting, event.time_ns)
        else:
            self.changes.remove(counting, event.time_ns)
        if not counting.windowed:
            return
        counted = counted_key(counter_digest(key), event.time_ns, event_key(event.id))
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
            changed = CounterRow(row.count + self._added[key], kept)
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


def load_tallies(environment: Environment, plans: FoldPlans) -> Tallies:
    """Returns the counters of all plans as the file has them, and what is reserved.

    Times that larger limits need are looked up first, see `recounting`.
    """
    recount(environment, plans)
    totals = plans.totals
    tallies = Tallies(totals.values())
    changes = TallyChanges(tallies)

    def load(transaction: Any) -> None:
        for key, counting in totals.items():
            changes.counts[key] = _count(environment, transaction, counting)
            if counting.windowed:
                times = _times(environment, transaction, counter_digest(key))
                changes.times[key] = Instants(times)
        for holder, expire_ns in pending_reservations(environment, transaction, plans):
            changes.hold(holder, expire_ns)

    environment.read(load)
    tallies.settle(changes)
    return tallies


def _count(environment: Environment, transaction: Any, counting: Counting) -> int:
    if counting.plain is not None:
        pair = total_key(counting.plain, counting.counter.event)
        return decode_count(transaction.get(pair, db=environment.database(Table.TOTALS)))
    key = counting.counter.key.encode()
    value = transaction.get(key, db=environment.database(Table.COUNTERS))
    return 0 if value is None else decode_counter(value).count


def _times(environment: Environment, transaction: Any, digest: bytes) -> Iterator[int]:
    cursor = transaction.cursor(db=environment.database(Table.COUNTED))
    if not cursor.set_range(digest):
        return
    for key in cursor.iternext(keys=True, values=False):
        if key[: len(digest)] != digest:
            return
        yield counted_time(key)
