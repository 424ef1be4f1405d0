"""Folding gives the same record in whatever order events arrive.

The twin recomputes every figure from the raw events at once, without any state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from offerd.events import CAP_SLACK, FoldPlan
from offerd.events import steps as steps_module
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer, Rule
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import Aggregate, AggregateFunction, Schema, ValueType
from seeds import random_seed

KEY = ProfileKey("crm", "7")
FUNCTIONS = (
    AggregateFunction.COUNT,
    AggregateFunction.SUM,
    AggregateFunction.MIN,
    AggregateFunction.MAX,
    AggregateFunction.FIRST_TIME,
    AggregateFunction.LAST_TIME,
)
MAPS = {
    ValueType.INT: ValueType.MAP_INT,
    ValueType.DOUBLE: ValueType.MAP_DOUBLE,
    ValueType.TIMESTAMP: ValueType.MAP_TIMESTAMP,
}


class OnlyLarge:
    """A filter such as `event.amount > 0.0`, unknown where the amount is missing."""

    def evaluate(self, *roots: Any) -> Any:
        """Returns whether the event's amount is positive."""
        amount = roots[0].get("amount")
        return "unknown" if amount is None else amount > 0.0


def aggregates() -> Iterator[Aggregate]:
    """Yields every function, over ints and doubles, grouped and not, filtered and not."""
    for function in FUNCTIONS:
        for value in ("amount", "points") if function.needs_value else (None,):
            result = ValueType.DOUBLE if value == "amount" else ValueType.INT
            if "time" in function.value:
                result = ValueType.TIMESTAMP
            for group_by in (None, "category"):
                for where in (None, 0):
                    yield Aggregate(
                        f"{function.value}_{value}_{group_by}_{where}",
                        ("purchase", "return") if where is None else ("purchase",),
                        function,
                        MAPS[result] if group_by else result,
                        value,
                        group_by,
                        where,
                    )


CAPS = (Cap(0, 2, 3_600 * 10**9), Cap(0, 3), Cap(1, 1), Cap(2, 1))
COUNTERS = (
    Counter("displays", "display", CapSubject.PROFILE, (0,)),
    Counter("clicks", "click", CapSubject.PROFILE, (0,)),
    Counter("conversions", "conversion", CapSubject.TOTAL, (0,)),
)
CATALOGUE = Catalogue(
    Schema(aggregates=tuple(aggregates())),
    (),
    (Rule("event.amount > 0.0", b"tree"),),
    (),
    (),
    (),
    (Offer("a", 1, None, None, None, (), {}, (), CAPS),),
    (),
    (),
    (),
    (),
    (),
    COUNTERS,
)


def random_event(rng: random.Random, number: int) -> Event:
    """Returns an event that may lack any property and whose numbers round badly."""
    properties: dict[str, Any] = {}
    if rng.random() < 0.9:
        properties["category"] = rng.choice(["bread", "milk", "yoghurt", "ä"])
    if rng.random() < 0.9:
        properties["amount"] = rng.choice(
            [0.1, -0.1, 1e16, -1e16, 1e-9, 2.0**959, -(2.0**959), 1e300, rng.uniform(-5, 5)]
        )
    if rng.random() < 0.9:
        properties["points"] = rng.choice([1, -3, 2**63 - 1, -(2**63), rng.randrange(1000)])
    offer = rng.choice(["a", "a", "b", None])
    kind = rng.choice(["purchase", "return", "display", "click", "conversion"])
    return Event(f"e{number}", kind, rng.randrange(10**6), properties, offer)


def figure(aggregate: Aggregate, events: list[Event]) -> Any:
    """Returns what an aggregate should be over all these events, or None."""
    function, path = aggregate.function, aggregate.value or ""
    if function is AggregateFunction.COUNT:
        return len(events) or None
    if not function.needs_value:
        times = [event.time_ns for event in events]
        choose = min if function is AggregateFunction.FIRST_TIME else max
        return choose(times, default=None)
    values = [event.properties[path] for event in events if path in event.properties]
    if function is not AggregateFunction.SUM:
        return (min if function is AggregateFunction.MIN else max)(values, default=None)
    if path == "points":
        return min(max(sum(values), -(2**63)), 2**63 - 1) if values else None
    values = [value for value in values if abs(value) < 2.0**960]
    return float(sum(map(Fraction, values), Fraction())) if values else None


def twin(events: list[Event]) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Returns aggregates and cap times, each computed from the raw events."""
    found: dict[str, Any] = {}
    for aggregate in CATALOGUE.schema.aggregates:
        mine = [event for event in events if event.type in aggregate.events]
        if aggregate.where is not None:
            mine = [event for event in mine if event.properties.get("amount", 0.0) > 0.0]
        if aggregate.group_by is None:
            value = figure(aggregate, mine)
        else:
            groups = {e.properties["category"] for e in mine if "category" in e.properties}
            figures = {
                group: figure(aggregate, [e for e in mine if e.properties.get("category") == group])
                for group in groups
            }
            value = {g: v for g, v in figures.items() if v is not None} or None
        if value is not None:
            found[aggregate.id] = value
    caps: dict[str, list[int]] = {}
    for event_type, limit in (("display", 3), ("click", 1)):
        times = sorted(e.time_ns for e in events if e.offer == "a" and e.type == event_type)
        if times:
            caps[f"{event_type}s"] = times[-(limit + CAP_SLACK) :]
    return found, caps


def folded(plan: FoldPlan, events: list[Event]) -> ProfileRecord:
    """Returns the record of events taken in one after the other."""
    record = plan.new_record(KEY)
    for event in events:
        plan.fold(record, event)
    return record


def test_any_order_gives_what_the_raw_events_give() -> None:
    """Every function equals its twin; permutations give equal records to the last bit."""
    seed = random_seed()
    rng = random.Random(seed)
    plan = FoldPlan.build(CATALOGUE, [OnlyLarge()])
    for _ in range(60):
        events = [random_event(rng, number) for number in range(rng.randrange(1, 120))]
        record = folded(plan, events)
        expected, caps = twin(events)
        assert record.aggregates == expected
        assert record.counted == caps
        assert record.event_count == len(events)
        for _ in range(3):
            again = folded(plan, rng.sample(events, len(events)))
            assert again.aggregates == record.aggregates
            assert again.counted == record.counted
            assert again.truncated == record.truncated


def test_several_records_are_merged_as_if_they_were_one() -> None:
    """However the events are spread over profiles, sums come out the same to the last bit."""
    seed = random_seed()
    rng = random.Random(seed)
    plan = FoldPlan.build(CATALOGUE, [OnlyLarge()])
    for _ in range(60):
        events = [random_event(rng, number) for number in range(rng.randrange(1, 120))]
        several: list[list[Event]] = [[] for _ in range(rng.randrange(1, 5))]
        for event in events:
            rng.choice(several).append(event)
        records = [folded(plan, mine) for mine in several]
        before = msgspec.msgpack.encode(records)
        assert plan.features.merged(records) == folded(plan, events).aggregates
        assert msgspec.msgpack.encode(records) == before
    assert plan.features.merged([]) == {}


def test_which_groups_stay_does_not_depend_on_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more groups than are kept those that sort first stay, whole, and the record says so."""
    monkeypatch.setattr(steps_module, "GROUP_LIMIT", 5)
    seed = random_seed()
    rng = random.Random(seed)
    schema = Schema(
        aggregates=(
            Aggregate(
                "spend",
                ("purchase",),
                AggregateFunction.SUM,
                ValueType.MAP_DOUBLE,
                "amount",
                "category",
            ),
        )
    )
    catalogue = Catalogue(schema, (), (), (), (), (), (), (), (), (), (), ())
    plan = FoldPlan.build(catalogue, [])
    events = [
        Event(f"e{n}", "purchase", n, {"category": f"c{n % 9}", "amount": 0.1 * n})
        for n in range(200)
    ]
    expected = {
        f"c{group}": float(sum((Fraction(0.1 * n) for n in range(group, 200, 9)), Fraction()))
        for group in range(5)
    }
    for _ in range(20):
        record = folded(plan, rng.sample(events, len(events)))
        assert record.aggregates == {"spend": expected}
        assert record.truncated == ["spend"]
        assert set(record.remainders.get("spend", {})) <= set(expected)
