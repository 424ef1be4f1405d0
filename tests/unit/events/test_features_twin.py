"""Features against their naive twin, which recomputes everything from the raw events.

A big run, of some 300,000 comparisons, takes some minutes on one core:

    OFFERD_TWIN_HISTORIES=3000 python -m pytest tests/unit/events/test_features_twin.py -s
"""

from __future__ import annotations

import os
import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from offerd.events import FoldPlan
from offerd.events import series as series_module
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import Aggregate
from seeds import random_seed
from unit.events import naive_features, random_features
from unit.events.series_shelf import Shelf, reading

HISTORIES = int(os.environ.get("OFFERD_TWIN_HISTORIES", "40"))
"""How many random histories to compare on: of each, 12 aggregates at 8 instants."""

START = random_features.START_NS
FILTERS = random_features.FILTERS

SEED = random_seed()


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are split from the fifth entry on."""
    monkeypatch.setattr(series_module, "CHUNK_ENTRIES", 4)


def sources() -> list[tuple[str, random.Random]]:
    """Returns a source of randomness for each history, with its name."""
    print(f"seed {SEED}")
    names = [f"{SEED}/{number}" for number in range(HISTORIES)]
    return [(name, random.Random(name)) for name in names]


def aggregates(source: random.Random) -> list[Aggregate]:
    """Returns random aggregates."""
    return [random_features.aggregate(source, number) for number in range(12)]


def members(source: random.Random, events: list[Event]) -> list[list[Event]]:
    """Returns the events spread over the profiles of a customer."""
    several: list[list[Event]] = [[] for _ in range(source.choice([1, 1, 2, 3]))]
    for event in events:
        source.choice(several).append(event)
    return several


class Customer:
    """Some profiles with their series and records, filled in any order."""

    def __init__(self, plan: FoldPlan, several: list[list[Event]], source: random.Random) -> None:
        self.plan = plan
        self.shelves, self.records = [], []
        for number, events in enumerate(several):
            shelf, record = Shelf(plan.features), plan.new_record(ProfileKey("crm", f"{number}"))
            for event in source.sample(events, len(events)):
                shelf.take(event)
                plan.fold(record, event)
            self.shelves.append(shelf)
            self.records.append(record)
        self.read = reading(self.shelves)

    def values(self, now_ns: int) -> dict[str, Any]:
        """Returns all aggregates at an instant."""
        features = self.plan.features
        merged = features.merged(self.records)
        return {**self.plan.defaults, **merged, **features.values(self.read, now_ns)}


def test_features_agree_with_their_naive_twin() -> None:
    """At window edges, a nanosecond off and anywhere, however the events are spread and come."""
    seen: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for name, source in sources():
        found = aggregates(source)
        plan = FoldPlan.build(random_features.catalogue(*found), random_features.planned())
        events = random_features.history(source, 24)
        customer = Customer(plan, members(source, events), source)
        last_ns = max((event.time_ns for event in events), default=START)
        for aggregate in found:
            function = aggregate.function if aggregate.sequence is None else "sequence"
            for instant in random_features.instants(source, aggregate, events, 8):
                # What records hold doesn't wait for events that are dated later.
                folded = aggregate.id not in plan.features.names
                now_ns = max(instant, last_ns) if folded else instant
                value = customer.values(now_ns).get(aggregate.id)
                expected = naive_features.value_at(aggregate, events, FILTERS, now_ns)
                assert value == expected, f"seed {name}, {aggregate} at {now_ns}"
                assert type(value) is type(expected), f"seed {name}, {aggregate} at {now_ns}"
                seen[f"{function}"] += 1
                told["some value"] += bool(value)
                told["several"] += function == "sequence" and 1 < (value or 0) < START
    print(f"{seen.total():,} comparisons: {dict(seen)}, {dict(told)}")
    assert told["some value"] > seen.total() / 3, "too few of the aggregates see any event"
    assert told["several"] > seen["sequence"] / 50, "too few sequences are completed twice"


def test_any_order_gives_the_same() -> None:
    """Values, edges and approximations don't depend on the order in which events came."""
    for name, source in sources():
        found = aggregates(source)
        plan = FoldPlan.build(random_features.catalogue(*found), random_features.planned())
        several = members(source, random_features.history(source, 60))
        now_ns = random_features.START_NS + source.randrange(400 * random_features.GRID_NS)
        until_ns = now_ns + 100 * random_features.GRID_NS
        told = []
        for _ in range(3):
            customer = Customer(plan, several, source)
            features = plan.features
            edges = list(features.edges(customer.read, now_ns, until_ns))
            exact = features.approximations(customer.read, now_ns)
            told.append((customer.values(now_ns), edges, exact))
        assert told[0] == told[1] == told[2], f"seed {name}"


def test_no_value_changes_between_edges() -> None:
    """From one edge up to the nanosecond before the next, and up to the end, all stays the same."""
    instants = 0
    for name, source in sources():
        found = aggregates(source)
        plan = FoldPlan.build(random_features.catalogue(*found), random_features.planned())
        events = random_features.history(source, 12)
        customer = Customer(plan, members(source, events), source)
        after_ns = random_features.START_NS + source.randrange(200 * random_features.GRID_NS)
        until_ns = after_ns + source.randrange(300 * random_features.GRID_NS)
        features = plan.features
        edges = list(features.edges(customer.read, after_ns, until_ns))
        assert edges == sorted(set(edges)), f"seed {name}"
        assert all(after_ns < edge <= until_ns for edge in edges), f"seed {name}"
        stops = [after_ns, *edges, until_ns + 1]
        for start, stop in pairwise(stops):
            value = features.values(customer.read, start)
            middle = source.randrange(start, stop)
            for later in (middle, stop - 1):
                assert features.values(customer.read, later) == value, f"seed {name} at {later}"
            instants += 2
    print(f"{instants:,} instants")
