"""What aggregates cost that are computed from series: per event, and per read.

Measured, for histories of 100, 1,000 and 5,000 entries per aggregate, in CPU time of the thread;
of several rounds the fastest counts:

- an event: which entry it gives, its chunk decoded, the entry put in, the chunk encoded again, at
  the end of the history and in the middle of it;
- a read: all chunks decoded and joined to a series; then the value from the series, by function;
- edges: all instants in the next month at which the value may change.

Then the bytes that a series takes. And, for histories of 50,000 events of which the newest 8,192
entries and buckets are left: how long moving 1,200 more entries into the buckets takes, how long
buckets and entries take to decode, and the value; with the bytes of all of it.

Not measured: reading and writing them in a store.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))

from offerd.events import Chunk, Features, Series, decode_buckets, encode_buckets
from offerd.events.series import CHUNK_ENTRIES
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, Sequence, SequenceStep, ValueType

HOUR_NS = 3_600 * 10**9
NOW_NS = 1_780_000_000 * 10**9
MONTH_NS = 720 * HOUR_NS
SIZES = (100, 1_000, 5_000)
LONG = 50_000
MOVED = 1_200
ROUNDS = 15
EVENTS = ("view", "cart", "buy")

CART = (
    SequenceStep(("cart",)),
    SequenceStep(("buy",), negated=True, within_ns=HOUR_NS),
)
CHECKOUT = (
    SequenceStep(("view",)),
    SequenceStep(("cart",), within_ns=2 * HOUR_NS),
    SequenceStep(("buy",), after_ns=60 * 10**9, within_ns=24 * HOUR_NS),
)


def aggregates() -> list[Aggregate]:
    """One aggregate of each kind; windows hold all of the history."""
    function, value = AggregateFunction, ValueType
    window = {"within_ns": 12 * MONTH_NS}
    return [
        Aggregate("count", EVENTS, function.COUNT, value.INT, **window),
        Aggregate("sum", EVENTS, function.SUM, value.DOUBLE, "amount", **window),
        Aggregate(
            "sum by group", EVENTS, function.SUM, value.MAP_DOUBLE, "amount", "category", **window
        ),
        Aggregate("average", EVENTS, function.AVERAGE, value.DOUBLE, "amount", **window),
        Aggregate("last", EVENTS, function.LAST, value.STRING, "category", **window),
        Aggregate("distinct", EVENTS, function.DISTINCT, value.INT, "product", **window),
        Aggregate(
            "top", EVENTS, function.TOP, value.LIST_STRING, None, "category",
            count=5, half_life_ns=168 * HOUR_NS,
        ),
        Aggregate(
            "affinity", EVENTS, function.AFFINITY, value.MAP_DOUBLE, None, "category",
            count=5, session_gap_ns=HOUR_NS // 2,
        ),
        Aggregate(
            "abandoned carts", (), function.COUNT, value.INT, sequence=Sequence(CART), **window
        ),
        Aggregate(
            "checkout steps", (), function.STEPS, value.INT,
            sequence=Sequence(CHECKOUT, 24 * HOUR_NS, HOUR_NS // 2), **window,
        ),
    ]  # fmt: skip


def history(count: int) -> list[Event]:
    """Events in order, over half a year or less."""
    source = random.Random(7)
    times = sorted(NOW_NS - source.randrange(6 * MONTH_NS) for _ in range(count))
    return [
        Event(
            f"event-{number}",
            source.choice(EVENTS),
            time_ns,
            {
                "amount": source.uniform(1, 100),
                "category": f"category-{source.randrange(30)}",
                "product": f"product-{source.randrange(900)}",
            },
        )
        for number, time_ns in enumerate(times)
    ]


def fastest_us(call: Callable[[], object], repeats: int = 1) -> float:
    """The fastest of some rounds, in microseconds per call."""
    found = []
    for _ in range(ROUNDS):
        start = time.thread_time_ns()
        for _ in range(repeats):
            call()
        found.append((time.thread_time_ns() - start) / repeats / 1_000)
    return min(found)


def stored(features: Features, name: str, events: list[Event]) -> list[bytes]:
    """The chunks of a history that came in order."""
    entries = [entry for event in events for found, entry in features.taken(event) if found == name]
    starts = range(0, len(entries), CHUNK_ENTRIES)
    return [Chunk.of(entries[start : start + CHUNK_ENTRIES]).encode() for start in starts]


def add(features: Features, chunk: bytes, event: Event) -> None:
    """What taking an event in costs beside reading and writing a chunk."""
    for _, entry in features.taken(event):
        found = Chunk.decode(chunk)
        found.insert(entry)
        found.encode()


def measure(aggregate: Aggregate, count: int) -> None:
    """Prints a row."""
    features = Features([aggregate], [])
    events = history(count)
    name = aggregate.id
    chunks = stored(features, name, events)
    series = features.series(name, [Chunk.decode(chunk) for chunk in chunks])
    last, middle = events[-1], events[count // 2]
    read = fastest_us(lambda: features.series(name, [Chunk.decode(chunk) for chunk in chunks]))
    value = fastest_us(lambda: features.values(lambda *_: series, NOW_NS))
    other = Series.merged([series, series])
    merged = fastest_us(lambda: Series.merged([series, series]))
    edges = fastest_us(lambda: list(features.edges(lambda *_: other, NOW_NS, NOW_NS + MONTH_NS)))
    at_end = fastest_us(lambda: add(features, chunks[-1], last), 20)
    within = fastest_us(lambda: add(features, chunks[len(chunks) // 2], middle), 20)
    size = sum(map(len, chunks)) / len(series)
    print(
        f"{name:16}{count:8,}{at_end:10.0f}{within:10.0f}{read:10.0f}{value:10.0f}"
        f"{merged:10.0f}{edges:10.0f}{size:10.1f}"
    )


def measure_long(aggregate: Aggregate) -> None:
    """Prints a row about a history that is longer than what is kept."""
    features = Features([aggregate], [])
    name = aggregate.id
    kept = features.kept(name)
    entries = [entry for event in history(LONG) for _, entry in features.taken(event)]
    moved, older, newest = entries[:MOVED], entries[MOVED:-kept], entries[-kept:]
    starts = range(0, kept, CHUNK_ENTRIES)
    chunks = [Chunk.of(newest[start : start + CHUNK_ENTRIES]).encode() for start in starts]
    before = encode_buckets(features.compacted(name, [], older, NOW_NS))
    stored = b""

    def move() -> None:
        nonlocal stored
        stored = encode_buckets(features.compacted(name, decode_buckets(before), moved, NOW_NS))

    moving = fastest_us(move)
    found = features.series(name, [Chunk.decode(one) for one in chunks], decode_buckets(stored))
    decoding = fastest_us(
        lambda: features.series(name, [Chunk.decode(one) for one in chunks], decode_buckets(stored))
    )
    value = fastest_us(lambda: features.values(lambda *_: found, NOW_NS))
    size = len(stored) + sum(map(len, chunks))
    buckets = len(found.buckets)
    print(f"{name:16}{buckets:8,}{moving:10.0f}{decoding:10.0f}{value:10.0f}{size:12,}")


def main() -> None:
    """Measures everything."""
    print("microseconds; the last column is bytes per entry")
    heads = ("at end", "in middle", "decode", "value", "merge two", "edges", "bytes")
    print(f"{'':16}{'entries':>8}" + "".join(f"{head:>10}" for head in heads))
    for aggregate in aggregates():
        for count in SIZES:
            measure(aggregate, count)
    heads = ("move", "decode", "value")
    print(f"\n{'':16}{'buckets':>8}" + "".join(f"{head:>10}" for head in heads) + f"{'bytes':>12}")
    for aggregate in aggregates():
        measure_long(aggregate)


if __name__ == "__main__":
    main()
