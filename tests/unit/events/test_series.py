"""Series: chunks that an event touches one of, bytes, merging, buckets."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from offerd.events import (
    CHUNK_ENTRIES,
    EMPTY,
    Bucket,
    Chunk,
    Entry,
    Features,
    Series,
    decode_buckets,
    encode_buckets,
)
from offerd.events.buckets import SKETCH_HASHES, merge_buckets, sketch
from offerd.events.kind import KEPT
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, ValueType
from seeds import random_seed
from unit.events.series_shelf import Shelf, reading

WINDOW_NS = 1_024 * 10**12
COUNT = Aggregate("count", ("view",), AggregateFunction.COUNT, ValueType.INT, within_ns=WINDOW_NS)
DISTINCT = Aggregate("seen", ("view",), AggregateFunction.DISTINCT, ValueType.INT, "product")
TOP = Aggregate(
    "top", ("view",), AggregateFunction.TOP, ValueType.LIST_STRING, None, "product", count=2
)
AVERAGE = Aggregate("mean", ("view",), AggregateFunction.AVERAGE, ValueType.DOUBLE, "amount")


def views(count: int) -> list[Event]:
    """Returns views in order, of 500 products."""
    return [
        Event(f"e{n}", "view", n * 10**9, {"product": f"p{n % 500}", "amount": n * 0.1})
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "values",
    [
        [None, None, None],
        [1, -(2**63), 2**63 - 1],
        [2**64 - 1, 0, 1],
        [0.5, -0.0, 1e300],
        ["ä", "", "x"],
        [True, False, True],
    ],
)
@pytest.mark.parametrize("groups", [[None, None, None], ["a", "b", "a"], ["", "ö", ""]])
def test_chunks_come_back_from_bytes_as_they_were(
    values: list[object], groups: list[str | None]
) -> None:
    """With any values and groups, times before 1970, and ties of all 64 bits."""
    times, ties = [-5, 0, 2**62], [2**64 - 1, 0, 7]
    entries = [*map(Entry, times, ties, groups, values)]
    found = list(Chunk.decode(Chunk.of(entries).encode()))
    assert found == entries
    assert [*map(type, (one.value for one in found))] == [*map(type, values)]


def test_history_that_comes_in_order_fills_its_chunks() -> None:
    """Only the last chunk has room."""
    features = Features([COUNT], [])
    shelf = Shelf(features)
    for event in views(2 * CHUNK_ENTRIES + 5):
        shelf.take(event)
    assert shelf.counts("count") == [CHUNK_ENTRIES, CHUNK_ENTRIES, 5]


def test_history_that_comes_anyhow_has_chunks_that_are_half_full_at_least() -> None:
    """But for the ends; none has too many, and all entries are there, in order."""
    seed = random_seed()
    features = Features([COUNT], [])
    shelf = Shelf(features)
    events = views(4 * CHUNK_ENTRIES)
    random.Random(seed).shuffle(events)
    for event in events:
        shelf.take(event)
    counts = shelf.counts("count")
    assert max(counts) <= CHUNK_ENTRIES
    assert len(counts) <= 12
    assert shelf.series("count", None).times == [n * 10**9 for n in range(4 * CHUNK_ENTRIES)]


def test_entries_of_one_time_are_in_the_order_of_their_ties() -> None:
    """However they come, also beyond what one chunk holds."""
    seed = random_seed()
    entries = [Entry(5, tie) for tie in range(CHUNK_ENTRIES + 1)]
    random.Random(seed).shuffle(entries)
    chunk = Chunk.of([])
    upper = [chunk.insert(entry) for entry in entries][-1]
    assert upper is not None
    assert [*chunk.ties, *upper.ties] == [*range(CHUNK_ENTRIES + 1)]
    assert chunk.last < upper.first


def test_series_of_several_profiles_become_one_in_order() -> None:
    """Nothing is nothing, one is itself, several are merged by time and tie."""
    one = Series.of([Entry(3, 1, "a"), Entry(1, 1, "b")])
    other = Series.of([Entry(2, 1, "c"), Entry(3, 0, "d")])
    assert Series.merged([]) is EMPTY
    assert Series.merged([EMPTY, one, EMPTY]) is one
    merged = Series.merged([one, other])
    assert list(merged) == [Entry(1, 1, "b"), Entry(2, 1, "c"), Entry(3, 0, "d"), Entry(3, 1, "a")]


def test_buckets_come_back_from_bytes_and_merge_in_any_order() -> None:
    """Each figure combines as if all entries had been summed up at once."""
    parts = [
        Bucket(0, "a", 1, 3, 3, [0.1], 4, 4, (3, 0, "x"), (3, 0, "x"), [5]),
        Bucket(0, "a", 2, 1, 9, [0.2, 1e-18], 2, 9, (1, 5, "y"), (9, 1, "z"), [5, 7]),
        Bucket(0, "b", 1, 2, 2),
    ]
    parts = decode_buckets(encode_buckets(parts))
    merged = merge_buckets([parts[:1], parts[1:]])
    assert merged == merge_buckets([parts[1:], parts[:1]])
    assert [bucket.count for bucket in merged] == [3, 1]
    assert sum(map(Fraction, merged[0].terms)) == sum(map(Fraction, (0.1, 0.2, 1e-18)))
    assert merged[0].first == (1, 5, "y")
    assert merged[0].last == (9, 1, "z")
    assert (merged[0].least, merged[0].most, merged[0].hashes) == (2, 9, [5, 7])


def test_a_sketch_keeps_the_least_hashes_and_says_that_there_were_more() -> None:
    """Merging sketches gives the sketch of all."""
    source = random.Random(7)
    hashes = [source.getrandbits(64) for _ in range(3 * SKETCH_HASHES)]
    one, two = sketch(hashes[:SKETCH_HASHES]), sketch(hashes[SKETCH_HASHES:])
    assert one == (sorted(hashes[:SKETCH_HASHES]), False)
    assert two[1]
    assert sketch([*one[0], *two[0]], True) == sketch(hashes)


@pytest.fixture(scope="module")
def long_history() -> tuple[Features, Shelf]:
    """12,000 views, and what the store keeps of them."""
    features = Features([COUNT, DISTINCT, TOP, AVERAGE], [])
    shelf = Shelf(features, in_bytes=False)
    events = [
        Event(f"e{n}", "view", n * 10**9, {"product": f"p{n % 5_000}", "amount": n * 0.1})
        for n in range(12_000)
    ]
    for event in events:
        shelf.take(event)
    return features, shelf


def test_long_histories_take_bounded_room(long_history: tuple[Features, Shelf]) -> None:
    """The newest entries, an eighth or a chunk more at most, and buckets."""
    features, shelf = long_history
    for name in features.names:
        kept = features.kept(name)
        assert kept <= sum(shelf.counts(name)) <= kept + max(kept // 8, CHUNK_ENTRIES)
    assert features.kept("count") == KEPT


def test_long_histories_say_what_is_not_exact(long_history: tuple[Features, Shelf]) -> None:
    """How coarse, how many are left out, how good the estimate; what is exact says nothing."""
    features, shelf = long_history
    read, now_ns = reading([shelf]), 12_000 * 10**9
    values = features.values(read, now_ns)
    assert values["count"] == 12_000
    assert values["mean"] == pytest.approx(599.95)
    assert values["seen"] == pytest.approx(5_000, rel=0.1)
    assert features.approximations(read, now_ns) == {
        "seen": "estimated from 1,024 hashes, with a standard error of 3 %",
        "top": "only the newest 8,192 events are taken in, 3,808 older ones are not",
    }
    later_ns = WINDOW_NS + 1_500 * 10**9
    assert features.approximations(read, later_ns, ["count"]) == {
        "count": "events before the newest 8,192 are counted in buckets of "
        "16 minutes and 40 seconds"
    }
    exact = 12_000 - 1_501
    assert exact <= features.values(read, later_ns, ["count"])["count"] <= exact + 1_000
