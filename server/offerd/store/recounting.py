"""Finding times again that a counter had dropped, or never kept, and that caps ask for now.

Of a counter with a window only as many times are kept as the limits of its caps need, and of
one without none. What a larger limit or a first window needs is looked up in the raw events, in
pages, so that writes go on between them; meanwhile the counter counts on as it did. Those of
profiles that were deleted, and propositions to nobody, can't be found; they go on counting in
totals for good, but in a window only as far as their times are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappush, heappushpop
from typing import Any, Final

from msgspec.structs import replace

from offerd.events import Counting, FoldPlans
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.layout import (
    Table,
    counted_key,
    counter_digest,
    decode_counter,
    decode_event,
    deleted_key,
    encode_counter,
    event_key,
)

PAGE: Final = 1_000
"""Raw events that are looked at without a break."""


def short_counters(environment: Environment, plans: FoldPlans) -> dict[str, Counting]:
    """Returns the counters that have dropped times, or kept none, of those that they need."""
    database = environment.database(Table.COUNTERS)

    def find(transaction: Any) -> dict[str, Counting]:
        short: dict[str, Counting] = {}
        for key, counting in plans.totals.items():
            value = transaction.get(key.encode(), db=database) if counting.windowed else None
            if value is None:
                continue
            row = decode_counter(value)
            was_windowed = row.definition is None or row.definition.windowed
            if 0 < row.kept < counting.kept or (row.count > 0 and not was_windowed):
                short[key] = counting
        return short

    return environment.read(find)


class Recount:
    """A walk over all raw events that gathers the newest times of some counters."""

    def __init__(
        self, environment: Environment, plans: FoldPlans, short: Mapping[str, Counting]
    ) -> None:
        self._environment = environment
        self._plans = plans
        self._short = short
        self._digests = {key: counter_digest(key) for key in short}
        # Of each counter a heap of as many as it needs: what it is kept under, and its event.
        self._newest: dict[str, list[tuple[bytes, bytes]]] = {key: [] for key in short}
        self._start: bytes | None = b"" if short else None

    @property
    def is_done(self) -> bool:
        """Whether all events have been looked at."""
        return self._start is None

    def go_on(self) -> None:
        """Looks at some more events."""
        for event in map(decode_event, self._environment.read(self._page)):
            self._look_at(event)

    def _page(self, transaction: Any) -> list[bytes]:
        values: list[bytes] = []
        cursor = transaction.cursor(db=self._environment.database(Table.EVENTS))
        more = cursor.set_range(self._start)
        while more and len(values) < PAGE:
            values.append(bytes(cursor.value()))
            more = cursor.next()
        self._start = bytes(cursor.key()) if more else None
        return values

    def _look_at(self, event: Event) -> None:
        plans = self._plans
        for counting in plans.totals_of(event, plans.active.countings.of(event)):
            key = counting.counter.key
            digest = self._digests.get(key)
            if digest is None:
                continue
            id_key = event_key(event.id)
            newest = self._newest[key]
            found = counted_key(digest, event.counted_ns, id_key), id_key
            if len(newest) < counting.kept:
                heappush(newest, found)
            else:
                heappushpop(newest, found)

    def store(self, transaction: Any) -> None:
        """Puts what was found with what is kept; counters are then as if they had kept it."""
        ids = self._environment.database(Table.EVENT_IDS)
        deleted = self._environment.database(Table.DELETED_IDS)
        keys = [
            counted
            for newest in self._newest.values()
            for counted, id_key in newest
            # It may have been taken back since it was looked at.
            if transaction.get(id_key, db=ids) is not None
            or transaction.get(deleted_key(id_key), db=deleted) is not None
        ]
        with transaction.cursor(db=self._environment.database(Table.COUNTED)) as cursor:
            cursor.putmulti([(key, b"") for key in sorted(keys)])
        counters = self._environment.database(Table.COUNTERS)
        for key, counting in self._short.items():
            row = decode_counter(transaction.get(key.encode(), db=counters))
            restored = encode_counter(replace(row, kept=counting.kept))
            transaction.put(key.encode(), restored, db=counters)
