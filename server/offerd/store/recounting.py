"""Finding times again that a counter had dropped, when a cap's limit has been raised since.

Of a counter with a window only as many times are kept as the limits of its caps need. A larger
limit needs more: what was dropped is looked up in the raw events. Those of profiles that were
deleted, and propositions to nobody, can't be found; they go on counting in totals for good,
but in a window only as far as their times are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from offerd.events import Counting, FoldPlans
from offerd.store.environment import Environment
from offerd.store.layout import (
    CounterRow,
    Table,
    counted_key,
    counter_digest,
    decode_counter,
    decode_event,
    encode_counter,
    event_key,
)


def recount(environment: Environment, plans: FoldPlans) -> None:
    """Restores the times that counters need and have dropped; reads all events if any has.

    Does nothing, and costs one look at each counter, unless a limit was raised that some
    counter had once exceeded.
    """
    short = environment.read(lambda transaction: _short(environment, transaction, plans))
    if not short:
        return

    def restore(transaction: Any) -> None:
        found = sorted(_dropped(environment, transaction, plans, short))
        with transaction.cursor(db=environment.database(Table.COUNTED)) as cursor:
            cursor.putmulti([(key, b"") for key in found])
        counters = environment.database(Table.COUNTERS)
        for key, counting in short.items():
            row = decode_counter(transaction.get(key.encode(), db=counters))
            restored = encode_counter(CounterRow(row.count, counting.kept))
            transaction.put(key.encode(), restored, db=counters)

    environment.write(restore)


def _short(environment: Environment, transaction: Any, plans: FoldPlans) -> dict[str, Counting]:
    """Returns the counters that kept fewer times than they need when they dropped some."""
    short: dict[str, Counting] = {}
    database = environment.database(Table.COUNTERS)
    for key, counting in plans.totals.items():
        value = transaction.get(key.encode(), db=database) if counting.windowed else None
        if value is not None and 0 < decode_counter(value).kept < counting.kept:
            short[key] = counting
    return short


def _dropped(
    environment: Environment, transaction: Any, plans: FoldPlans, short: Mapping[str, Counting]
) -> Iterator[bytes]:
    """Yields the keys of all times of counters, dropped or not."""
    digests = {key: counter_digest(key) for key in short}
    for value in transaction.cursor(db=environment.database(Table.EVENTS)).iternext(
        keys=False, values=True
    ):
        event = decode_event(value)
        for counting in plans.totals_of(event, plans.active.countings.of(event)):
            digest = digests.get(counting.counter.key)
            if digest is not None:
                yield counted_key(digest, event.time_ns, event_key(event.id))
