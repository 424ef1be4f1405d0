"""What the journal costs a decision, in the service but without transport.

Measured: `Decisions.decide` from message to message, 20,000 decisions for 1,000 customers over 50
offers with 10 rules, one after another on an event loop, with the journal off, behind, and
waited for; alternately, each with a state of its own that is on disk. Per decision: time as the
caller sees it, processor time of the event loop's thread, processor time of the whole process
until all entries are durable, and bytes of the journal. The loop is never idle, which is the worst
case for a thread beside it. Not measured: doors, sockets.

usage: python benchmarks/bench_journal.py
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import structlog
from rich.console import Console
from rich.table import Table

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey
from offerd.service.decisions import Decisions
from offerd.store import Durability, JournalMode, JournalSettings, State
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import identity_pb2

OFFERS, CUSTOMERS, DECISIONS, ROUNDS, TOGETHER = 50, 1_000, 20_000, 5, 32
HEAD = """
namespaces: [{id: crm, type: cross_device}]
profile: [{name: age, type: int}, {name: tier, type: string}, {name: spend, type: double}]
placements: [{id: web, channel: web, content_type: text}]
collections: [{id: all, where: "offer.priority >= 0"}]
strategies: [{id: all, collection: all, ranking: priority}]
fallback_offers: [{id: none, representations: [{placement: web, text: none}]}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web, item_count: 3}]
offers:
"""


class Cost(NamedTuple):
    """Per decision: microseconds on the clock, of the loop's thread, of the process, and bytes."""

    clock_us: float
    loop_us: float
    process_us: float
    journal_bytes: float


def definitions() -> str:
    lines = [HEAD]
    for number in range(OFFERS):
        rule = f"profile.age >= {20 + number % 10 * 4} && profile.spend > {number % 7}.5"
        lines.append(
            f"  - {{id: offer-{number}, priority: {number}, eligibility: '{rule}', "
            f"representations: [{{placement: web, text: Offer {number}}}]}}\n"
        )
    return "".join(lines)


@contextmanager
def opened(folder: Path, bundle: Bundle, mode: JournalMode) -> Iterator[State]:
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    source = random.Random(1)
    with State.open(folder, fold, durability=Durability.RELAXED) as state:
        profiles = (
            (
                ProfileKey("crm", str(number)),
                {"age": source.randrange(18, 80), "tier": "gold", "spend": source.random() * 20},
            )
            for number in range(CUSTOMERS)
        )
        list(state.load_profiles(profiles, 0))
    with State.open(folder, fold, journal=JournalSettings(mode)) as state:
        yield state


def request(number: int) -> pb.DecideRequest:
    who = identity_pb2.Identity(
        namespace="crm",
        id=str(number),
        authentication_state=identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED,
    )
    return pb.DecideRequest(scopes=[pb.Scope(name="hero")], identities=[who])


def measured(state: State, bundle: Bundle, source: random.Random, *, together: int) -> Cost:
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    decisions = Decisions(bundle, state, fold, log, time.time_ns)
    requests = [request(source.randrange(CUSTOMERS)) for _ in range(DECISIONS)]
    before = state.journal.reader.extent()

    async def decide_all() -> tuple[float, float]:
        clock_s, loop_s = time.perf_counter(), time.thread_time()
        for start in range(0, DECISIONS, together):
            await asyncio.gather(*map(decisions.decide, requests[start : start + together]))
        return time.perf_counter() - clock_s, time.thread_time() - loop_s

    process_s = time.process_time()
    clock_s, loop_s = asyncio.run(decide_all())
    if state.journal.mode is not JournalMode.OFF:
        while state.journal.reader.extent().entries < before.entries + DECISIONS:
            time.sleep(0.01)
    process_s = time.process_time() - process_s
    size_bytes = state.journal.reader.extent().size_bytes - before.size_bytes
    return Cost(
        *(seconds / DECISIONS * 1e6 for seconds in (clock_s, loop_s, process_s)),
        size_bytes / DECISIONS,
    )


def main() -> None:
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        (folder / "definitions").mkdir()
        (folder / "definitions" / "all.yaml").write_text(definitions(), encoding="utf-8")
        write_bundle(load([folder / "definitions"]).catalogue, folder / "bundle")
        bundle = open_bundle(folder / "bundle")
        found: dict[JournalMode, list[Cost]] = {mode: [] for mode in JournalMode}
        for round_number in range(ROUNDS):
            for mode, costs in found.items():
                with opened(folder / f"{mode.value}-{round_number}", bundle, mode) as state:
                    source = random.Random(round_number)
                    together = TOGETHER if mode is JournalMode.BEFORE_ANSWER else 1
                    costs.append(measured(state, bundle, source, together=together))
                    assert state.journal.left_out == 0
        bundle.close()
    columns = ("µs", "ratio", "µs of the loop", "ratio", "µs of the process", "ratio", "bytes")
    table = Table("journal", *columns)
    least = found[JournalMode.OFF]
    for mode, costs in found.items():
        cells = []
        for column in range(3):
            ratios = [one[column] / off[column] for one, off in zip(costs, least, strict=True)]
            cells.append(f"{statistics.median(one[column] for one in costs):.0f}")
            cells.append(f"{statistics.median(ratios):.2f}")
        table.add_row(
            mode.value + (f" ({TOGETHER} at once)" if mode is JournalMode.BEFORE_ANSWER else ""),
            *cells,
            f"{statistics.median(one.journal_bytes for one in costs):.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
