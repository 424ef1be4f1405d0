"""What audiences cost: asking for all of them, and keeping track of them.

Measured, in one process on a state that needn't survive a loss of power, so that it is work and
not the disk, as processor time: working out all audiences of a customer; looking at every customer
once, as after a release; and per event of random customers what storing adds to mark them, and
what looking at who is marked takes, with all that is written. With 10, 100 and 1,000 audiences: a
third each ask for an attribute, for the time since an event, and for events in thirty days. Events
are of a type that all of the latter two read, or of one that none reads. With 1,000, 10,000 and
(with `--all`) 100,000 customers of ten events each. Not measured: doors, checks, the disk.

usage: python benchmarks/bench_audiences.py [--all]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from offerd.bundle import open_bundle, write_bundle
from offerd.customer.subject import alone
from offerd.customer.timeline import CustomerTimeline
from offerd.definitions import load
from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import Durability, State

SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
NOW_NS = 1_790_000_000 * SECOND_NS
AUDIENCES = (10, 100, 1_000)
POPULATIONS = (1_000, 10_000, 100_000)
ASKED, COLLECTED = 100, 200

BASE = """
namespaces: [{id: web, type: cookie}]
profile: [{name: age, type: int}]
events: [{id: view}, {id: other}]
aggregates:
- {id: last_view, events: [view], function: last_time}
- {id: views_30d, events: [view], function: count, window: 720h}
placements: [{id: hero, channel: web, content_type: text}]
offers: [{id: one, representations: [{placement: hero, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: hero, text: N}]}]
collections: [{id: all, offers: [one]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [hero], strategies: [all], fallbacks: [none]}]
audiences:
"""


def definitions(count: int) -> str:
    """So many audiences, none like another."""
    rules = []
    for number in range(count):
        step = number // 3
        rules.append(
            (
                f"profile.age >= {18 + step % 60} && profile.age < {30 + step}",
                f"now - aggregate.last_view >= duration('{24 + step}h')",
                f"aggregate.views_30d >= {1 + step % 12} && profile.age > {step % 50}",
            )[number % 3]
        )
    lines = (f'- {{id: a{n}, name: A, rule: "{rule}"}}' for n, rule in enumerate(rules))
    return BASE + "\n".join(lines) + "\n"


def key_of(number: int) -> ProfileKey:
    """A customer."""
    return ProfileKey("web", f"customer-{number}")


def event(number: int, kind: str, time_ns: int, name: str) -> IncomingEvent:
    """An event of a customer."""
    made = Event(name, kind, time_ns, {})
    return IncomingEvent(key_of(number), made, event_fingerprint(key_of(number), made))


class Served:
    """A state with customers, and what tracks their audiences."""

    def __init__(self, folder: Path, audiences: int, customers: int) -> None:
        source = folder / "definitions"
        source.mkdir()
        (source / "all.yaml").write_text(definitions(audiences))
        write_bundle(load((source,)).catalogue, folder / "bundle")
        bundle = open_bundle(folder / "bundle")
        self.fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
        self.now_ns = NOW_NS
        self.customers = customers
        self.choose = random.Random(7)
        self.state = State.open(folder / "state", self.fold, durability=Durability.RELAXED)
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        self.revisions = Revisions(
            Standing(Loaded(bundle, self.fold)), self.state, log, lambda: self.now_ns
        )
        self._fill()

    def _fill(self) -> None:
        choose = self.choose
        attributes = ((key_of(n), {"age": choose.randint(15, 90)}) for n in range(self.customers))
        for _ in self.state.load_profiles(attributes, NOW_NS):
            pass
        for _ in self.state.load_events(self._history(), NOW_NS):
            pass

    def _history(self) -> Iterator[tuple[ProfileKey, Event]]:
        for number in range(self.customers):
            for place in range(10):
                time_ns = NOW_NS - self.choose.randrange(60 * DAY_NS)
                yield key_of(number), Event(f"{number}-{place}", "view", time_ns, {})

    def ask(self) -> float:
        """Seconds to work out all audiences of a customer."""
        rules = self.revisions.active.bundle.prepared.audiences
        begin = time.process_time()
        for _ in range(ASKED):
            subject = alone(key_of(self.choose.randrange(self.customers)))
            known = self.state.views.known(subject, self.fold, self.now_ns)
            timeline = CustomerTimeline(known, self.fold, rules, self.now_ns)
            for audience in rules:
                _ = timeline.memberships[audience]
        return (time.process_time() - begin) / ASKED

    def sweep(self) -> float:
        """Seconds a customer to look at all of them for the first time."""
        self.revisions.track()
        begin = time.process_time()
        self.revisions.tracker.settle()
        return (time.process_time() - begin) / self.customers

    def collect(self, kind: str, *, look: bool) -> float:
        """Seconds an event to store it, or then to look at who it concerned."""
        storing = looking = 0.0
        for _ in range(COLLECTED):
            self.now_ns += SECOND_NS
            one = event(
                self.choose.randrange(self.customers), kind, self.now_ns, f"{self.now_ns}-{kind}"
            )
            begin = time.process_time()
            self.state.collect([one], self.now_ns).result()
            middle = time.process_time()
            self.revisions.tracker.settle()
            storing += middle - begin
            looking += time.process_time() - middle
        return (looking if look else storing) / COLLECTED


def measured(audiences: int, customers: int) -> list[str]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder), audiences, customers)
        ask = served.ask()
        untracked = served.collect("view", look=False)
        sweep = served.sweep()
        marked = served.collect("view", look=False)
        look = served.collect("view", look=True)
        other = served.collect("other", look=False) + served.collect("other", look=True)
        served.state.close()
    figures = (ask, sweep, untracked, marked, look, other)
    return [f"{audiences:,}", f"{customers:,}", *(f"{1e6 * figure:,.0f}" for figure in figures)]


def main() -> None:
    """Prints the table."""
    console = Console(width=110)
    table = Table(title="µs of processor time")
    for name in (
        "audiences", "customers", "ask for all", "first look, a customer", "store, untracked",
        "store, marking", "look, an event", "store and look, of no matter",
    ):  # fmt: skip
        table.add_column(name, justify="right")
    populations = POPULATIONS if "--all" in sys.argv[1:] else POPULATIONS[:2]
    for customers in populations:
        for audiences in AUDIENCES:
            table.add_row(*measured(audiences, customers))
    console.print(table)


if __name__ == "__main__":
    main()
