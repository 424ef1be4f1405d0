"""Which counters of all profiles count, and taking up those of other plans.

The count of a counter that counts all events of a type about one offer is in `totals`, where it
was counted before any cap asked for it. Other counters count from when they are first served, and
from then on without a break, also while no revision asks for them: what they count is stored with
them. Only one with a filter over events stops if a process is started without it; what happens
until it is served again is missing from its count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from offerd.events import Counting, FoldPlans, definition_of, retained
from offerd.store.environment import Environment
from offerd.store.instants import Instants
from offerd.store.layout import (
    CounterRow,
    Table,
    counted_time,
    counter_digest,
    decode_count,
    decode_counter,
    encode_counter,
    total_key,
)
from offerd.store.recounting import Recount, short_counters
from offerd.store.reservations import pending_holders
from offerd.store.tallies import Tallies

_PAGE: Final = 5_000
"""Counters or times read at once: readers of profiles wait that long."""


def retaining_stored(environment: Environment, plans: FoldPlans) -> FoldPlans:
    """Returns plans with the counters of the file that go on counting."""

    def find(transaction: Any) -> dict[str, Counting]:
        found: dict[str, Counting] = {}
        for key, value in transaction.cursor(db=environment.database(Table.COUNTERS)):
            name, definition = bytes(key).decode(), decode_counter(value).definition
            counting = None if definition is None else retained(name, definition)
            if counting is not None:
                found[name] = counting
        return found

    return plans.retaining(environment.read(find))


class Change:
    """Plans that are to be served, and what has to be found out before they can.

    Call `go_on` until it says that it is done, then `finish`; no transaction may be open during
    either, and none may write during `finish`.
    """

    def __init__(self, environment: Environment, plans: FoldPlans) -> None:
        self._environment = environment
        self._plans = plans
        self._short = short_counters(environment, plans)
        self._recount = Recount(environment, plans, self._short)

    def go_on(self) -> bool:
        """Does a part of the work, some milliseconds of it; returns whether all is done."""
        if not self._recount.is_done:
            self._recount.go_on()
        return self._recount.is_done

    def finish(self, tallies: Tallies) -> None:
        """Stores what counts from now on, and brings it into memory as far as it isn't there."""
        self._environment.write(self._store, frees=True)
        wanted = [
            counting
            for key, counting in self._plans.totals.items()
            if key in self._short or not tallies.has(counting)
        ]
        times = {one.counter.key: self._times(one.counter.key) for one in wanted if one.windowed}
        pending = pending_holders(self._environment, self._plans, tallies.latest_ns)
        tallies.adopt(self._counts(wanted), times, pending)

    def _store(self, transaction: Any) -> None:
        self._recount.store(transaction)
        database = self._environment.database(Table.COUNTERS)
        for key, counting in sorted(self._plans.totals.items()):
            encoded_key = key.encode()
            value = transaction.get(encoded_key, db=database)
            row = CounterRow() if value is None else decode_counter(value)
            definition = definition_of(counting)
            if row.definition != definition:
                changed = replace(row, definition=definition)
                transaction.put(encoded_key, encode_counter(changed), db=database)

    def _counts(self, wanted: Iterable[Counting]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for page in _pages(list(wanted)):

            def read(transaction: Any, page: list[Counting] = page) -> None:
                for one in page:
                    counts[one.counter.key] = _count(self._environment, transaction, one)

            self._environment.read(read)
        return counts

    def _times(self, key: str) -> Instants:
        digest = counter_digest(key)
        times: list[int] = []
        start: bytes | None = digest
        while start is not None:

            def read(transaction: Any, start: bytes = start) -> bytes | None:
                cursor = transaction.cursor(db=self._environment.database(Table.COUNTED))
                more = cursor.set_range(start)
                limit = len(times) + _PAGE
                while more and cursor.key()[: len(digest)] == digest:
                    if len(times) == limit:
                        return bytes(cursor.key())
                    times.append(counted_time(cursor.key()))
                    more = cursor.next()
                return None

            start = self._environment.read(read)
        return Instants(times)


def _pages(countings: list[Counting]) -> Iterable[list[Counting]]:
    return (countings[first : first + _PAGE] for first in range(0, len(countings), _PAGE))


def _count(environment: Environment, transaction: Any, counting: Counting) -> int:
    if counting.plain is not None:
        pair = total_key(counting.plain, counting.counter.event)
        return decode_count(transaction.get(pair, db=environment.database(Table.TOTALS)))
    key = counting.counter.key.encode()
    value = transaction.get(key, db=environment.database(Table.COUNTERS))
    return 0 if value is None else decode_counter(value).count
