"""The engine beside rule engines that a Python user can install, on workload W in one run.

Each engine runs in a process of its own (`peers`), in the environment that `make bench-peers`
makes for them, and is asked in the fastest ways found: offer by offer, as its makers would have
it, and rule by rule with offers looked up by hand. All answers are compared with those of a bitmap
index first. Then all take turns, and of each the quickest turn counts, in processor time of all
threads of its process. An engine that isn't installed or fails is named, with the reason.

Adobe's on-device decisioning is asked about a hundredth of the offers. None of the engines has
dates, caps, de-duplication, formulas or fallbacks: only matching is compared, with the whole
decision of offerd beside it.

usage: python benchmarks/bench_peers.py [--python PYTHON] [--rounds 20] [--json FILE] [--svg FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import drawing
from bench_engine import FEW, TURN, Bench, Matching, shown, whole
from machine import described
from rich.console import Console
from rich.table import Table
from rivals import BitmapIndex
from workload import Workload, in_order, prepared, workload

HERE = Path(__file__).resolve().parent
BEST, CHECKED = 5, 50
SLOW_US, SLOWLY = 3_000, 10
"""What takes so long is asked about so few customers in a turn."""
OURS = ("bitmap index by hand", "offerd, matching", "offerd, whole decision")
Answers = Callable[[Any, int | None], list[str]]


class Peer(NamedTuple):
    """An engine: its package, its module here, and how many of the offers it is asked about."""

    package: str
    module: str
    licence: str
    of: int
    lacks: str


PEERS = (
    Peer("datalogic-py", "datalogic", "Apache-2.0", 1, "ranking, limits: a loop of the caller"),
    Peer(
        "zen-engine", "zen_table", "MIT", 1, "an early end after five; order of rows is the ranking"
    ),
    Peer(
        "opa-golib-python-bindings",
        "opa",
        "Apache-2.0",
        1,
        "an early end; ranking; answers are sets",
    ),
    Peer(
        "target-python-sdk",
        "adobe_target",
        "Apache-2.0",
        100,
        "stored profiles, limits; one activity an offer",
    ),
)


class Running:
    """An engine's process."""

    def __init__(self, peer: Peer, python: Path, made: Workload, folder: Path) -> None:
        self.peer, self.made = peer, made
        world = folder / f"{peer.module}.json"
        offers = [(offer.id, offer.rule) for offer in in_order(made)]
        world.write_text(json.dumps([made.rules, offers, made.customers[:TURN]]))
        self.process = subprocess.Popen(
            [str(python), "-m", "peers.child", peer.module, str(world), peer.package],
            cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self.hello = self._line()

    def ask(self, *question: Any) -> Any:
        """Returns the answer of a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        assert self.process.stderr is not None
        said = self.process.stderr.read().strip().splitlines() or ["ended without a word"]
        raise Missing(self.peer, said[-1])


class Missing(Exception):
    """An engine that can't be asked, and why."""

    def __init__(self, peer: Peer, reason: str) -> None:
        super().__init__(f"{peer.package}: {reason}")


class Row(NamedTuple):
    """What one way of asking cost, for the best five and for all; microseconds."""

    name: str
    offers: int
    best_us: float
    every_us: float


@contextlib.contextmanager
def running(python: Path, made: Workload, said: list[str]) -> Iterator[list[Running]]:
    """Starts all engines that can be; notes in `said` why the others can't."""
    found: list[Running] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for peer in PEERS:
                some = made._replace(offers=made.offers[: len(made.offers) // peer.of])
                try:
                    found.append(Running(peer, python, some, Path(folder)))
                except (Missing, OSError) as error:
                    said.append(str(error))
            yield found
        finally:
            for one in found:
                one.process.kill()
                one.process.communicate()


def compare(name: str, answers: Answers, bitmap: BitmapIndex, made: Workload) -> None:
    """Stops if the answers differ from those of the bitmap index."""
    for number, customer in enumerate(made.customers[:CHECKED]):
        expected = bitmap.every(customer)
        if answers(number, BEST) != expected[:BEST]:
            raise SystemExit(f"{name}: its best offers for customer {number} differ")
        if number < CHECKED // 5 and answers(number, None) != expected:
            raise SystemExit(f"{name}: its eligible offers for customer {number} differ")


def ours(made: Workload, bench: Bench) -> None:
    """Adds offerd and the bitmap index, whose answers are compared."""
    customers = made.customers[:TURN]
    bitmap = BitmapIndex(made)
    matching, decide = (
        Matching(prepared(made), made),
        whole(prepared(made, capped=True, dated=True)),
    )

    def matched(number: int, count: int | None) -> list[str]:
        one = customers[number]
        return matching.every(one) if count is None else matching.best(one, count)

    compare("offerd's matching", matched, bitmap, made)
    for number, customer in enumerate(customers[:CHECKED]):
        if shown(decide(customer)) != bitmap.best(customer, BEST):
            raise SystemExit(f"offerd's decision for customer {number} differs")
    size = len(made.offers)
    bench.add(f"bitmap index by hand, {size}, best", lambda c: bitmap.best(c, BEST), customers)
    bench.add(f"bitmap index by hand, {size}, all", bitmap.every, customers[:FEW])
    bench.add(f"offerd, matching, {size}, best", matching.best, customers)
    bench.add(f"offerd, matching, {size}, all", matching.every, customers[:FEW])
    bench.add(f"offerd, whole decision, {size}, best", decide, customers)


class Turn:
    """One way of asking an engine for the best or for all, and its quickest turn so far."""

    def __init__(self, one: Running, way: str, count: int | None) -> None:
        self.one, self.way, self.count = one, way, count
        self.is_slow = one.ask("turn", way, 2, count) > SLOW_US
        self.customers = SLOWLY if self.is_slow else FEW if count is None else TURN
        self.best_us = float("inf")

    def take(self, number: int) -> None:
        """Takes a turn, or every fourth if it is slow."""
        if not self.is_slow or number % 4 == 0:
            found = self.one.ask("turn", self.way, self.customers, self.count)
            self.best_us = min(self.best_us, found)


def compared(peers: list[Running], said: list[str]) -> list[tuple[Turn, Turn]]:
    """Compares all answers; returns the turns for the best and for all of each way."""
    found = []
    for one in peers:
        try:
            for way in one.hello["ways"]:
                answers = partial(one.ask, "answer", way)
                name = f"{one.peer.package}, {way}"
                compare(name, answers, BitmapIndex(one.made), one.made)
                found.append((Turn(one, way, BEST), Turn(one, way, None)))
        except Missing as error:
            said.append(str(error))
    return found


def measured(turns: list[tuple[Turn, Turn]], made: Workload, rounds: int) -> list[Row]:
    """Lets offerd and all others take turns; returns rows."""
    sizes = {len(best.one.made.offers): best.one.made for best, _ in turns}
    sizes[len(made.offers)] = made
    benches = {size: Bench(1) for size in sizes}
    for size, one in sizes.items():
        ours(one, benches[size])
    least: dict[str, float] = {}
    for number in range(rounds):
        for bench in benches.values():
            bench.run()
            least |= {name: min(us, least.get(name, us)) for name, us in bench.costs_us.items()}
        for best, every in turns:
            best.take(number)
            every.take(number)
    rows = [
        Row(name, size, least[f"{name}, {size}, best"], least.get(f"{name}, {size}, all", 0))
        for size in sizes
        for name in OURS
    ]
    for best, every in turns:
        name, size = f"{best.one.peer.package}, {best.way}", len(best.one.made.offers)
        rows.append(Row(name, size, best.best_us, every.best_us))
    return sorted(rows, key=lambda row: (-row.offers, row.best_us))


def show(console: Console, rows: list[Row]) -> None:
    """Prints what each costs, and how many times offerd's matching that is."""
    table = Table(
        "engine", "offers", "top 5, µs", "a second", "times ours", "all, µs", "a second",
        "times ours", title="workload W, processor time; answers compared first",
    )  # fmt: skip
    matching = {row.offers: row for row in rows if row.name == "offerd, matching"}
    for row in rows:
        ours_ = matching[row.offers]
        cells = [row.name, f"{row.offers:,}"]
        for us, least in ((row.best_us, ours_.best_us), (row.every_us, ours_.every_us)):
            cells += [f"{us:,.1f}", f"{1e6 / us:,.0f}", f"{us / least:,.1f}"] if us else ["–"] * 3
        table.add_row(*cells)
    console.print(table)


def draw(path: Path, rows: list[Row]) -> None:
    """Draws what each costs that is asked about all offers."""
    whole_ = [row for row in rows if row.offers == rows[0].offers]
    drawing.bars(
        path,
        "eligible offers of 10,000, microseconds of processor time",
        [row.name for row in whole_],
        {
            "the best five": [row.best_us for row in whole_],
            "all": [row.every_us or None for row in whole_],
        },
        by_tens=True,
    )


def main() -> None:
    """Compares answers, measures, prints, and writes JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="that has them")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--svg", type=Path, help="draw it")
    options = parser.parse_args()
    console = Console(width=140)
    made = workload()
    said: list[str] = []
    with running(options.python.absolute(), made, said) as peers:
        rows = measured(compared(peers, said), made, options.rounds)
        ready = {one.peer.package: one.hello for one in peers}
    show(console, rows)
    for peer in PEERS:
        if peer.package in ready:
            hello = ready[peer.package]
            text = f"{peer.package} {hello['version']}: ready in {hello['ready_s']:.1f} s"
            console.print(f"{text} for all its ways; {peer.licence}; lacks {peer.lacks}")
    if options.svg is not None:
        draw(options.svg, rows)
    for reason in said:
        console.print(f"not measured: {reason}")
    if options.json is not None:
        report = {
            "machine": described(),
            "peers": ready,
            "not measured": said,
            "rows": [row._asdict() for row in rows],
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
