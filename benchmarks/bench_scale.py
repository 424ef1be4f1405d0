"""What one machine serves, what ten do and what a thousand: measured costs, and arithmetic on them.

Measured in this run: processor time of a decision inside the service with the journal and without
(`inside`), of the asking and of the one writing thread for room under caps and for events
(`bench_caps`), bytes of the journal, of a customer, of a request and of its answer, the time of a
commit on this disk, and the memory of `offerd serve` with one worker and with more. What transport
adds comes from the last run of `bench_transport.py`, if there is one. Everything printed after
"computed" is arithmetic on these numbers: nothing was run on more than one machine.

usage: python benchmarks/bench_scale.py [--offers 10000 100000] [--transport FILE] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import bench_caps
import inside
from machine import described
from rich.console import Console
from rich.table import Table
from transport_world import CUSTOMERS, World, make_world

from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.store import State

BUSY = 0.6
"""Of a core that is used, at most, so that what comes in bursts doesn't wait."""
EVENTS = (0.1, 1.0)
"""Events that come back for a decision, seldom and often."""
DAY_S = 86_400
NOWHERE = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - logs until the end
RATES = (1_000, 100_000, 10_000_000)


class Costs(NamedTuple):
    """What was measured: microseconds of processor time, and bytes."""

    inside_us: float
    transport_us: float
    journal_us: float
    journal_writing_us: float
    room_writing_us: float
    event_asking_us: float
    event_writing_us: float
    single_writing_us: float
    journal_bytes: float
    customer_bytes: float
    request_bytes: float
    answer_bytes: float
    commit_ms: float

    @property
    def decision_us(self) -> float:
        """A whole decision that is kept in the journal."""
        return self.inside_us + self.transport_us + self.journal_us


class Memory(NamedTuple):
    """Megabytes of `offerd serve`, shared pages counted once."""

    offers: int
    bundle_mb: float
    one_mb: float
    further_mb: float


class Decided(NamedTuple):
    """Per decision: processor time of all threads and of the writing one, bytes of the answer."""

    all_us: float
    writing_us: float
    answer_bytes: float


def deciding(world: World, folder: Path) -> tuple[Decided, Decided, float]:
    """Returns what decisions take without the journal and with it, and the bytes it keeps."""
    found = []
    for journal in (False, True):
        # Of its own, a bundle and a state being open once in a process.
        below = folder / f"journal-{journal}"
        shutil.copytree(world.bundle.parent, below)
        copy = World(below / world.bundle.name, below / world.state.name)
        with contextlib.redirect_stderr(NOWHERE):
            found.append(asyncio.run(asked(copy, journal=journal)))
    return found[0], found[1], journal_bytes(world._replace(state=copy.state))


async def asked(world: World, *, journal: bool) -> Decided:
    """Returns what a decision takes, of several rounds the least."""
    async with inside.serving(world, journal=journal) as ways:
        way = ways.named["native, 32 in flight"]
        await way(CUSTOMERS)
        (writer,) = [one for one in threading.enumerate() if one.name == "offerd-store-writer"]
        rounds = []
        for _ in range(5):
            all_s, writing_s = time.process_time(), bench_caps.thread_s(writer)
            decided = await way(2_000)
            all_s, writing_s = time.process_time() - all_s, bench_caps.thread_s(writer) - writing_s
            rounds.append((all_s * 1e6 / decided, writing_s * 1e6 / decided))
        answer_bytes = statistics.fmean(map(len, ways.kept))
        return Decided(*map(min, zip(*rounds, strict=True)), answer_bytes)


@contextlib.contextmanager
def opened(world: World) -> Any:
    """Opens a world's state."""
    bundle = open_bundle(world.bundle)
    plan = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    with State.open(world.state, plan) as state:
        yield state
    bundle.close()


def journal_bytes(world: World) -> float:
    """Returns the bytes that the journal keeps for a decision."""
    with opened(world) as state:
        extent = state.journal.reader.extent()
        return float(extent.size_bytes / extent.entries)


def customer_bytes(world: World) -> float:
    """Returns the bytes of the state for a customer of 30 attributes, 20 aggregates, 12 events."""
    with opened(world) as state:
        pages: int = state._environment.raw.info()["last_pgno"]
    return pages * 4096 / CUSTOMERS


def writing(folder: Path) -> dict[str, bench_caps.Cost]:
    """Returns what room and events cost, of several rounds the least."""
    found: dict[str, list[bench_caps.Cost]] = {}
    with ExitStack() as stack:
        plain = stack.enter_context(bench_caps.served(folder / "plain", capped=False))
        capped = stack.enter_context(bench_caps.served(folder / "capped", capped=True))
        calls = bench_caps.Calls(plain, capped, CUSTOMERS)
        kinds = {
            "room": (calls.room, 600),
            "event": (calls.event, 600),
            "events": (calls.events, 40),
        }
        for _ in range(3):
            for name, (call, count) in kinds.items():
                cost = bench_caps.measured(capped.state, call, count, 32)
                found.setdefault(name, []).append(cost)
    return {n: bench_caps.Cost(*map(min, zip(*c, strict=True))) for n, c in found.items()}


def commit_ms() -> float:
    """Returns the median milliseconds until a few bytes are on this disk, by the clock."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=".") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


def over_sockets(path: Path | None) -> tuple[float, float] | None:
    """Returns what `bench_transport.py` found, if it ran, without the journal and with it."""
    if path is None or not path.exists():
        return None
    numbers = json.loads(path.read_text())["numbers"]
    return numbers["native"]["cpu_us"], numbers["journal"]["cpu_us"]


def costs(transport: Path | None) -> Costs:
    """Measures everything but memory."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        world = make_world(folder / "world")
        size = customer_bytes(world)
        plain, journalled, kept = deciding(world, folder)
        written = writing(folder)
    together = bench_caps.TOGETHER
    plain_us, kept_us = over_sockets(transport) or (plain.all_us, journalled.all_us)
    return Costs(
        inside_us=plain.all_us,
        transport_us=max(0.0, plain_us - plain.all_us),
        journal_us=max(kept_us - plain_us, journalled.writing_us),
        journal_writing_us=journalled.writing_us,
        room_writing_us=written["room"].writing_us,
        event_asking_us=written["events"].asking_us / together,
        event_writing_us=written["events"].writing_us / together,
        single_writing_us=written["event"].writing_us,
        journal_bytes=kept,
        customer_bytes=size,
        request_bytes=len(inside.question(7).SerializeToString()),
        answer_bytes=plain.answer_bytes,
        commit_ms=commit_ms(),
    )


def memory(offers: int) -> Memory:
    """Returns what `offerd serve` takes with one worker, and each further one."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        world = make_world(Path(name) / "world", offers=offers, customers=10)
        bundle_mb = world.bundle.stat().st_size / 2**20
        sizes = {workers: serving_mb(world, workers) for workers in (1, 2, 4)}
    return Memory(offers, bundle_mb, sizes[1], (sizes[4] - sizes[2]) / 2)


def serving_mb(world: World, workers: int) -> float:
    """Returns the megabytes of a service that has answered through every worker."""
    code = "from offerd.app.start import main; main()"
    command = [
        sys.executable, "-c", code, "serve", "--bundle", str(world.bundle), "--state",
        str(world.state), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--journal", "off",
        "--workers", str(workers),
    ]  # fmt: skip
    served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert served.stdout is not None
        for _ in range(2):
            line = served.stdout.readline()
            assert re.search(r"127\.0\.0\.1:\d+", line), line
        return settled_mb(served.pid)
    finally:
        served.send_signal(signal.SIGTERM)
        served.communicate()


def settled_mb(process: int) -> float:
    """Returns the memory of a process and its children once it no longer changes."""
    before = 0.0
    while True:
        found = sum(map(proportional_mb, [process, *children(process)]))
        if before and abs(found - before) < 0.5:
            return found
        before = found
        time.sleep(1.5)


def children(process: int) -> list[int]:
    """Returns all processes below one."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *children(child)]
    return found


def proportional_mb(process: int) -> float:
    """Returns the memory of a process, pages shared by several counted in parts."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Load(NamedTuple):
    """What comes with a decision: so many events, and whether it takes room under caps."""

    events: float = 0.0
    takes_room: bool = False

    def __str__(self) -> str:
        if self.takes_room:
            return "each takes room under caps"
        return f"{self.events:g} events for each" if self.events else "only the journal"

    def all_us(self, found: Costs) -> float:
        """Returns the processor time of everything that a decision brings."""
        asking_us = found.decision_us + self.events * found.event_asking_us
        return asking_us - found.journal_writing_us + self.writing_us(found)

    def writing_us(self, found: Costs) -> float:
        """Returns what of it is the one writer's."""
        room_us = found.room_writing_us if self.takes_room else 0.0
        return found.journal_writing_us + self.events * found.event_writing_us + room_us


LOADS = (Load(), *map(Load, EVENTS), Load(takes_room=True))


class Served(NamedTuple):
    """What follows for a load, computed."""

    of_a_core: float
    """Decisions a second."""
    of_a_state: float
    """Decisions a second that its one writer keeps up with."""
    cores_of_a_state: float
    """How many cores are busy then."""


def served(found: Costs, load: Load) -> Served:
    """Computes what a core serves, and where the one writer of a state ends."""
    of_a_core = BUSY * 1e6 / load.all_us(found)
    of_a_state = BUSY * 1e6 / load.writing_us(found)
    return Served(of_a_core, of_a_state, of_a_state / of_a_core)


def computed(found: Costs) -> list[dict[str, Any]]:
    """Returns everything that is computed, as JSON takes it."""
    rows = []
    for load in LOADS:
        one = served(found, load)
        row: dict[str, Any] = {"load": str(load), **one._asdict()}
        row["cores"] = {f"{rate}": math.ceil(rate / one.of_a_core) for rate in RATES}
        row["states"] = {f"{rate}": math.ceil(rate / one.of_a_state) for rate in RATES}
        rows.append(row)
    return rows


def show(console: Console, found: Costs, memories: list[Memory]) -> None:
    """Prints what was measured, and what follows."""
    table = Table("measured", "", title="W: 10,000 offers, 3 scopes, 30 attributes, 20 aggregates")
    for name, value in {**found._asdict(), "decision_us": found.decision_us}.items():
        table.add_row(name, f"{value:,.1f}")
    for one in memories:
        table.add_row(
            f"memory, {one.offers:,} offers",
            f"{one.one_mb:,.0f} MB, {one.further_mb:,.0f} for each further worker",
        )
    console.print(table)
    rows = computed(found)
    table = Table(
        "computed", "a core, decisions/s", "a state, decisions/s", "its cores",
        title=f"cores {BUSY:.0%} busy, journal on",
    )  # fmt: skip
    for row in rows:
        table.add_row(row["load"], *(f"{row[name]:,.0f}" for name in Served._fields))
    console.print(table)
    table = Table("computed: cores, and states", *(f"for {rate:,} a second" for rate in RATES))
    for row in rows:
        pairs = zip(row["cores"].values(), row["states"].values(), strict=True)
        table.add_row(row["load"], *(f"{cores:,}, {states:,}" for cores, states in pairs))
    console.print(table)
    moved = found.request_bytes + found.answer_bytes
    for rate in RATES:
        console.print(
            f"computed, {rate:,} decisions a second: journal "
            f"{rate * found.journal_bytes / 1e6:,.1f} MB/s, "
            f"{rate * found.journal_bytes * DAY_S / 1e12:,.2f} TB a day; "
            f"network without TCP and TLS {rate * moved * 8 / 1e9:,.3f} Gbit/s"
        )


def main() -> None:
    """Measures, computes, prints, and writes JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--transport", type=Path, help="what bench_transport.py wrote")
    parser.add_argument("--json", type=Path, help="write what was measured and computed")
    options = parser.parse_args()
    found = costs(options.transport)
    memories = [memory(offers) for offers in options.offers]
    show(Console(width=100), found, memories)
    if options.json is not None:
        report = {
            "machine": described(),
            "measured": found._asdict(),
            "memory": [one._asdict() for one in memories],
            "computed": computed(found),
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
