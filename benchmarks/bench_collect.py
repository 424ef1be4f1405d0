"""What storing an event and reading a customer cost, by series, length of history and profiles.

Measured, in one process on a state that needn't survive a loss of power, so that it is work and
not the disk: processor time of `State.collect` until it is acknowledged, of single events and of
a hundred in one call, and of `State.view`, of which one aggregate is read or all of them. First
for fifty customers with 0, 5 and 20 aggregates that are computed from series (each event is taken
in by all of them), whose series have up to 5,000 entries in their windows; then for 1,000 to
100,000 customers of five events each with five such aggregates. And the bytes that a customer
takes in the file. Not measured: doors, checks, waiting for the disk.

usage: python benchmarks/bench_collect.py
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.catalogue import Catalogue
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Schema,
    Sequence,
    SequenceStep,
    ValueType,
)
from offerd.store import Durability, State

SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
NOW_NS = 1_767_225_600 * SECOND_NS
CUSTOMERS, SINGLE, TOGETHER, READS = 50, 200, 20, 100
SERIES, HISTORIES = (0, 5, 20), (0, 100, 1_000, 5_000)
POPULATIONS = (1_000, 10_000, 100_000)

FUNCTIONS = AggregateFunction
KINDS = (
    (FUNCTIONS.COUNT, ValueType.INT, None),
    (FUNCTIONS.SUM, ValueType.DOUBLE, "amount"),
    (FUNCTIONS.AVERAGE, ValueType.DOUBLE, "amount"),
    (FUNCTIONS.LAST, ValueType.STRING, "category"),
)
FUNNEL = Sequence(
    (SequenceStep(("view",)), SequenceStep(("buy",), negated=True, within_ns=DAY_NS)),
)
LIFETIME = Aggregate("views", ("view",), FUNCTIONS.COUNT, ValueType.INT)


class Cost(NamedTuple):
    """Microseconds of processor time per event or view, and bytes per customer."""

    single_us: float
    together_us: float
    one_us: float
    all_us: float
    customer_bytes: float


def aggregates_of(series: int) -> list[Aggregate]:
    """Returns a folded aggregate and so many with series, every fifth of them a sequence."""
    aggregates = [LIFETIME]
    for number in range(series):
        within_ns = (30 + number) * DAY_NS
        if number % 5 == 4:
            aggregates.append(
                Aggregate(
                    f"a{number}", ("view", "buy"), FUNCTIONS.COUNT, ValueType.INT,
                    within_ns=within_ns, sequence=FUNNEL,
                )
            )  # fmt: skip
            continue
        function, kind, path = KINDS[number % 5]
        aggregates.append(
            Aggregate(f"a{number}", ("view",), function, kind, path, within_ns=within_ns)
        )
    return aggregates


def key_of(number: int) -> ProfileKey:
    """Returns a customer's key."""
    return ProfileKey("crm", str(number))


def event_of(event_id: str, time_ns: int) -> Event:
    """Returns a page view."""
    properties = {"amount": 12.5, "category": f"category {time_ns % 20}", "page": "/a/page/of/it"}
    return Event(event_id, "view", time_ns, properties)


def history(customers: int, events: int) -> Iterator[tuple[ProfileKey, Event]]:
    """Yields the past of all customers: so many events of each within the last twenty days."""
    for customer in range(customers):
        key = key_of(customer)
        for number in range(events):
            time_ns = NOW_NS - 20 * DAY_NS * (events - number) // (events + 1)
            yield key, event_of(f"h{customer}-{number}", time_ns)


def measured(series: int, customers: int, events: int) -> Cost:
    """Returns what it costs after a history."""
    schema = Schema(aggregates=tuple(aggregates_of(series)))
    plan = FoldPlan.build(Catalogue(schema, *((),) * 11), [])
    rng = random.Random(series * events)
    with tempfile.TemporaryDirectory() as folder:
        state = State.open(Path(folder) / "state", plan, durability=Durability.RELAXED)
        with state:
            for _ in state.load_events(history(customers, events), NOW_NS):
                pass
            used = state._environment.raw.info()["last_pgno"] * 4096
            numbers = iter(range(10**9))

            def fresh() -> IncomingEvent:
                number = next(numbers)
                key = key_of(rng.randrange(customers))
                event = event_of(f"n{number}", NOW_NS + number * 1_000)
                return IncomingEvent(key, event, event_fingerprint(key, event))

            state.collect([fresh()], NOW_NS).result()
            started = time.process_time_ns()
            for _ in range(SINGLE):
                state.collect([fresh()], NOW_NS + SECOND_NS).result()
            single_us = (time.process_time_ns() - started) / SINGLE / 1_000
            started = time.process_time_ns()
            for _ in range(TOGETHER):
                state.collect([fresh() for _ in range(100)], NOW_NS + SECOND_NS).result()
            together_us = (time.process_time_ns() - started) / TOGETHER / 100 / 1_000
            views_us = []
            for names in (["a0"], [aggregate.id for aggregate in aggregates_of(series)]):
                started = time.process_time_ns()
                for _ in range(READS):
                    key = key_of(rng.randrange(customers))
                    view = state.view(Subject(key, (key,)), plan, NOW_NS + SECOND_NS)
                    for name in names:
                        view.aggregates.get(name)
                views_us.append((time.process_time_ns() - started) / READS / 1_000)
    return Cost(single_us, together_us, *views_us, used / customers)


def table(title: str, first: str) -> Table:
    """Returns an empty table."""
    found = Table(title=title)
    names = ("single event", "event of 100", "view of one", "view of all", "bytes per customer")
    for name in (first, "events each", *names):
        found.add_column(name, justify="right")
    return found


def add(found: Table, what: str, events: int, cost: Cost) -> None:
    """Adds a row."""
    found.add_row(
        what, f"{events:,}", f"{cost.single_us:,.0f} µs", f"{cost.together_us:,.0f} µs",
        f"{cost.one_us:,.0f} µs", f"{cost.all_us:,.0f} µs", f"{cost.customer_bytes:,.0f}",
    )  # fmt: skip


def main() -> None:
    """Measures and prints."""
    console = Console()
    lengths = table(f"{CUSTOMERS} customers", "series")
    for series in SERIES:
        for events in HISTORIES:
            add(lengths, f"{series}", events, measured(series, CUSTOMERS, events))
    console.print(lengths)
    populations = table("5 series", "customers")
    for customers in POPULATIONS:
        add(populations, f"{customers:,}", 5, measured(5, customers, 5))
    console.print(populations)


if __name__ == "__main__":
    main()
