"""What is left of a long history: the newest entries, and buckets of the older ones.

The twin lists the entries that count, those of whole buckets with them, and computes from those.
"""

from __future__ import annotations

import math
import os
import random
from fractions import Fraction
from itertools import pairwise

import pytest

from offerd.events import Features, buckets, figures, kind
from offerd.events import series as series_module
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, ValueType
from offerd.model.windows import calendar_start
from seeds import random_seed
from unit.events import naive_features, random_features
from unit.events.naive_features import Taken
from unit.events.series_shelf import Shelf, reading

KEPT = 16
SEED = random_seed()
HISTORIES = int(os.environ.get("OFFERD_TWIN_HISTORIES", "40"))
NEWEST_ONLY = (AggregateFunction.TOP, AggregateFunction.AFFINITY)
STARTING = (AggregateFunction.FIRST, AggregateFunction.FIRST_TIME)


@pytest.fixture(autouse=True)
def _short_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series keep 16 entries in chunks of 4; windows have 5 buckets, those of groups 3."""
    monkeypatch.setattr(kind, "KEPT", KEPT)
    monkeypatch.setattr(kind.Kind, "granules", 5)
    monkeypatch.setattr(figures, "_COARSE_GRANULES", 3)
    monkeypatch.setattr(figures, "_KEPT_WITHOUT_WINDOW", KEPT)
    monkeypatch.setattr(series_module, "CHUNK_ENTRIES", 4)


def bucket_start(aggregate: Aggregate, time_ns: int) -> int:
    """Returns where the bucket of an entry begins."""
    if aggregate.within_ns is not None:
        distinct = aggregate.function is AggregateFunction.DISTINCT
        pieces = 3 if aggregate.group_by is not None or distinct else 5
        width_ns = math.ceil(Fraction(aggregate.within_ns, pieces * 10**9)) * 10**9
        return time_ns - time_ns % width_ns
    return 0 if aggregate.calendar is None else calendar_start(aggregate.calendar, time_ns)


def counted(aggregate: Aggregate, events: list[Event], now_ns: int) -> list[Taken]:
    """Returns the entries that a figure is computed from."""
    older: dict[tuple[int, str | None], list[Taken]] = {}
    filters = random_features.FILTERS
    taken = sorted(t for e in events for t in naive_features.take(aggregate, e, filters))
    found = [t for t in taken[-KEPT:] if naive_features.in_window(aggregate, t.time_ns, now_ns)]
    for one in taken[:-KEPT]:
        older.setdefault((bucket_start(aggregate, one.time_ns), one.group), []).append(one)
    after = before_window(aggregate, now_ns)
    for mine in older.values():
        times = [one.time_ns for one in mine]
        if min(times) > now_ns or max(times) <= after:
            continue
        cut = min(times) <= after or now_ns < max(times)
        found.extend([max(mine)] if cut and aggregate.function in STARTING else mine)
    return sorted(found)


def before_window(aggregate: Aggregate, now_ns: int) -> int:
    """Returns the last instant that is too old to be in the window."""
    if aggregate.within_ns is not None:
        return now_ns - aggregate.within_ns
    return 0 if aggregate.calendar is None else calendar_start(aggregate.calendar, now_ns) - 1


def newest(aggregate: Aggregate, events: list[Event]) -> list[Event]:
    """Returns the newest events that an aggregate takes, as many as are kept."""
    filters = random_features.FILTERS
    if aggregate.sequence is None:
        taken = [e for e in events if [*naive_features.take(aggregate, e, filters)]]
    else:
        steps = aggregate.sequence.steps
        taken = [
            e
            for e in events
            if any(e.type in s.events and naive_features.passes(s.where, e, filters) for s in steps)
        ]
    whole = Aggregate("", tuple(random_features.EVENTS), AggregateFunction.COUNT, ValueType.INT)
    return sorted(taken, key=lambda e: [*naive_features.take(whole, e, filters)])[-KEPT:]


def expected(aggregate: Aggregate, events: list[Event], now_ns: int) -> object:
    """Returns what an aggregate has to be; of whose profiles the events are makes no difference."""
    if aggregate.sequence is not None or aggregate.function in NEWEST_ONLY:
        kept = newest(aggregate, events)
        return naive_features.value_at(aggregate, kept, random_features.FILTERS, now_ns)
    found = counted(aggregate, events, now_ns)
    if aggregate.group_by is None:
        return naive_features.figure(aggregate, found)
    return {
        group: naive_features.figure(aggregate, [one for one in found if one.group == group])
        for group in {one.group for one in found}
    }


def test_long_series_agree_with_their_naive_twin() -> None:
    """Whatever came when, whenever the store let go of what is too old, and over all profiles."""
    print(f"OFFERD_SEED={SEED}")
    compared = approximate = 0
    for number in range(HISTORIES):
        source = random.Random(f"{SEED}/{number}")
        found = [random_features.aggregate(source, number) for number in range(8)]
        several = [random_features.history(source, 70) for _ in range(source.choice([1, 1, 2]))]
        events = [event for events in several for event in events]
        for aggregate in found:
            features = Features([aggregate], random_features.planned())
            if not features.names:
                continue
            for now_ns in random_features.instants(source, aggregate, events, 3):
                shelves = []
                for mine in several:
                    shelf = Shelf(features)
                    for event in source.sample(mine, len(mine)):
                        ago_ns = source.randrange(50 * random_features.GRID_NS)
                        shelf.take(event, now_ns - source.choice([0, ago_ns]))
                    shelves.append(shelf)
                read = reading(shelves)
                value = features.values(read, now_ns).get(aggregate.id)
                where = f"OFFERD_SEED={SEED}/{number}, {aggregate} at {now_ns}"
                assert value == expected(aggregate, events, now_ns), where
                told = features.approximations(read, now_ns)
                if not told:
                    exact = naive_features.value_at(
                        aggregate, events, random_features.FILTERS, now_ns
                    )
                    assert value == exact, where
                compared += 1
                approximate += bool(told)
    print(f"{compared:,} comparisons, {approximate:,} of approximations")
    assert approximate > compared / 50


def test_many_profiles_cost_no_more_than_one() -> None:
    """However many profiles a customer has, no more entries are looked at than of a single one."""
    print(f"OFFERD_SEED={SEED}")
    source = random.Random(SEED)
    for function in (AggregateFunction.COUNT, AggregateFunction.AFFINITY):
        of_groups = function is AggregateFunction.AFFINITY
        aggregate = Aggregate(
            "a",
            random_features.EVENTS,
            function,
            ValueType.MAP_DOUBLE if of_groups else ValueType.INT,
            group_by="category" if of_groups else None,
            within_ns=random_features.SPANS_NS[-1],
            count=3 if of_groups else None,
        )
        features = Features([aggregate], ())
        shelves = [Shelf(features) for _ in range(10)]
        for event in random_features.history(source, 400):
            source.choice(shelves).take(event)
        assert len(reading(shelves)("a", None)) <= KEPT


def test_ever_new_groups_take_bounded_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest buckets stay, the same in whatever order events come, and the answer says so."""
    monkeypatch.setattr(buckets, "BUCKET_LIMIT", 20)
    print(f"OFFERD_SEED={SEED}")
    source = random.Random(SEED)
    for within_ns in (None, 16 * random_features.GRID_NS):
        aggregate = Aggregate(
            "a",
            ("view",),
            AggregateFunction.LAST,
            ValueType.MAP_INT,
            value="points",
            group_by="category",
            within_ns=within_ns,
        )
        features = Features([aggregate], ())
        events = [
            Event(f"{n}", "view", random_features.START_NS + n * 10**9, {
                "points": n, "category": f"g{source.randrange(500)}"
            })
            for n in range(120)
        ]  # fmt: skip
        now_ns = random_features.START_NS + 200 * 10**9
        told = []
        for profiles in (1, 1, 3):
            shelves = [Shelf(features) for _ in range(profiles)]
            for event in source.sample(events, len(events)):
                source.choice(shelves).take(event)
            read = reading(shelves)
            assert len(read("a", None).buckets) == 20
            told.append((features.values(read, now_ns), features.approximations(read, now_ns)))
        assert told[0] == told[1] == told[2]
        assert "buckets at most, each of one group" in told[0][1]["a"]
        newest = {event.properties["category"]: event.properties["points"] for event in events}
        found = told[0][0]["a"]
        assert len(found) < len(newest)
        assert found.items() <= newest.items()


def test_no_value_of_a_long_series_changes_between_edges() -> None:
    """Buckets leave as their last entries do."""
    print(f"OFFERD_SEED={SEED}")
    for number in range(HISTORIES // 2):
        source = random.Random(f"{SEED}/{number}")
        found = [random_features.aggregate(source, number) for number in range(8)]
        features = Features(found, random_features.planned())
        shelf = Shelf(features)
        for event in random_features.history(source, 50):
            shelf.take(event)
        read = reading([shelf])
        after_ns = random_features.START_NS + source.randrange(100 * random_features.GRID_NS)
        until_ns = after_ns + source.randrange(200 * random_features.GRID_NS)
        stops = [after_ns, *features.edges(read, after_ns, until_ns), until_ns + 1]
        for start, stop in pairwise(stops):
            value = features.values(read, start)
            assert features.values(read, stop - 1) == value, (
                f"OFFERD_SEED={SEED}/{number} at {stop}"
            )
