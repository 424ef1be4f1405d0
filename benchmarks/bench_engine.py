"""What the engine costs without transport, each beside a rival of the same run, as ratios.

Measured, in one thread, in processor time: the matching of workload W (`workload`) alone and as
the whole public `decide`, with dates, representation, a cap for each offer and de-duplication;
how that grows with rules, offers, audiences and scopes; formulas and tables of scores; and, in
processes of their own, how long bundles take to be compiled and opened, and what memory they
take. The rival is a bitmap index written by hand that does nothing but match (`rivals`); its
answers are compared first. `bench_peers.py` adds an engine that can be installed.

Rivals and variants are asked in turn, about some hundreds of customers, and of each the quickest
turn counts: whoever shares the machine slows them all down, never up. Not measured:
reading profiles, messages, doors, and the time to the first answer.

usage: python benchmarks/bench_engine.py [--quick] [--check] [--load] [--json FILE] [--svg FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rivals import Arithmetic, BitmapIndex
from workload import NOW_NS, Customer, Workload, in_order, prepared, workload, write_definitions

from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.decision.request import RequestState
from offerd.decision.rule_index import Records
from offerd.decision.vectors import by_formula
from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    ScopeQuery,
)
from offerd.model.profile import ProfileKey, ProfileView
from offerd.simulation.question import NothingCounted

TOGETHER = Options(Deduplication.REQUEST)
SOMEBODY = ProfileKey("crm", "1")
CONTEXT = DecisionContext({})
NOTHING = NothingCounted()
TURN, FEW = 300, 50
"""So many customers are asked about in a turn; so few where all that is eligible is looked at."""

Ask = Callable[[Customer], object]


class Measured(NamedTuple):
    """A ratio of two costs, and what is asked of it: at most, or at least as a speed-up."""

    name: str
    ours_us: float
    rival: str
    rival_us: float
    most: float
    is_met: bool

    @property
    def ratio(self) -> float:
        """Our cost in that of the rival."""
        return self.ours_us / self.rival_us


class Bench:
    """Contestants by name, asked in turn."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._asks: dict[str, tuple[Ask, Sequence[Any]]] = {}
        self.costs_us: dict[str, float] = {}

    def add(self, name: str, ask: Ask, of: Sequence[Any]) -> None:
        """Adds a contestant and those whom it is asked about."""
        self._asks[name] = ask, of[:TURN]

    def run(self) -> None:
        """Asks all, the quickest turn of each counting."""
        gc.collect()
        gc.freeze()
        best = dict.fromkeys(self._asks, float("inf"))
        for _ in range(self._rounds):
            for name, (ask, of) in self._asks.items():
                started = time.process_time_ns()
                for one in of:
                    ask(one)
                best[name] = min(best[name], (time.process_time_ns() - started) / len(of) / 1e3)
        self.costs_us.update(best)

    def at_most(self, name: str, rival: str, most: float) -> Measured:
        """Returns whether one costs at most so many times another."""
        ours, other = self.costs_us[name], self.costs_us[rival]
        return Measured(name, ours, rival, other, most, ours <= most * other)


def whole(ready: Prepared, scopes: int = 1, count: int = 5, options: Options = TOGETHER) -> Ask:
    """Returns what asks the public function for some scopes, each at a placement of its own."""
    served = len(ready.scopes)
    queries = [ScopeQuery("", f"d{n % served}", f"p{n % served}", count) for n in range(scopes)]

    def ask(customer: Customer) -> object:
        view = ProfileView(SOMEBODY, customer, {}, {})
        return decide(ready, view, CONTEXT, NOW_NS, queries, options, counts=NOTHING)

    return ask


def shown(answer: Any) -> list[str]:
    """Returns the ids of the offers of a decision's first scope."""
    return [item.offer.id for item in answer.propositions[0].items]


class Matching:
    """Matching alone, as the engine does it: the first offers at once, if they tell.

    If not, the index over rules and the shelves of offers.
    """

    def __init__(self, ready: Prepared, made: Workload) -> None:
        self._index = ready.index
        (group,) = ready.scopes["d0", "p0"].groups
        self._shelves = group.strategies[0].shelves
        head = ready.heads.of(self._shelves)
        assert head is not None
        self._head = head
        self._ids = [offer.id for offer in in_order(made)]

    def best(self, customer: Customer, count: int = 5) -> list[str]:
        """Returns the ids of the best eligible offers."""
        records: Records = customer, {}, {}, {}, NOW_NS
        places = self._head.best(records, {}, NOW_NS, count)
        if places is None:
            found = self._index.found(records, {})
            places = self._shelves.best(found, NOW_NS, bool, count)
        return [self._ids[place] for place in places]

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        found = self._index.found((customer, {}, {}, {}, NOW_NS), {})
        return list(map(self._ids.__getitem__, self._shelves.every(found, NOW_NS, bool)))


def states_of(ready: Prepared, customers: Sequence[Customer]) -> list[RequestState]:
    """Returns requests that have been matched."""
    states = [
        RequestState(
            ready, ProfileView(SOMEBODY, one, {}, {}), CONTEXT, NOW_NS, counts=NOTHING,
            options=TOGETHER,
        )
        for one in customers
    ]  # fmt: skip
    return [state for state in states if state.survivors]


def ranking_alone(state: RequestState) -> object:
    """Lists what is eligible, scores it by the formula and takes the best."""
    (group,) = state.prepared.scopes["d0", "p0"].groups
    strategy = group.strategies[0]
    assert strategy.ranking is not None
    found = by_formula(state, strategy, strategy.ranking)
    assert found is not None
    return list(islice(found, 5))


def compare(made: Workload, bitmap: BitmapIndex, matching: Matching, ask: Ask) -> None:
    """Stops if the answers differ."""
    for customer in made.customers[:200]:
        expected = bitmap.every(customer)
        assert bitmap.best(customer, 5) == expected[:5]
        assert bitmap.every_by_words(customer) == expected
        assert matching.best(customer) == expected[:5], "the matchings differ"
        assert matching.every(customer) == expected, "the matchings differ"
        assert shown(ask(customer)) == expected[:5], "the decisions differ"


def engine(*, quick: bool) -> tuple[list[Measured], float]:
    """Returns the ratios of the engine, and the mean share of eligible offers."""
    made = workload()
    customers = made.customers
    bitmap = BitmapIndex(made)
    full: dict[str, Any] = {"capped": True, "dated": True}
    plain, ready = prepared(made), prepared(made, **full)
    matching = Matching(plain, made)
    compare(made, bitmap, matching, whole(ready))
    bench = Bench(20 if quick else 60)
    bench.add("bitmap index, top 5", lambda c: bitmap.best(c, 5), customers)
    bench.add("bitmap index, all", bitmap.every, customers[:FEW])
    bench.add("bitmap by words, all", bitmap.every_by_words, customers[:FEW])
    bench.add("matching, top 5", matching.best, customers)
    bench.add("matching, all eligible", matching.every, customers[:FEW])
    bench.add("decide, all on, top 5", whole(ready), customers)
    spread = prepared(made, decisions=20, **full)
    bench.add("20 scopes, one decision", whole(ready, 20), customers)
    bench.add("20 scopes, 20 placements", whole(spread, 20), customers)
    fair = TOGETHER._replace(arbitration=Arbitration.AVOID_FALLBACK)
    bench.add("20 scopes, sparing fallbacks", whole(spread, 20, options=fair), customers)
    distinct = prepared(workload(rules=10_000, customers=0), **full)
    bench.add("10,000 distinct rules", whole(distinct), customers)
    asking = prepared(workload(rules=10_000, customers=0), audiences=1_000, **full)
    bench.add("1,000 audiences", whole(asking), customers)
    if not quick:
        bench.add(
            "100,000 offers", whole(prepared(workload(100_000, customers=0), **full)), customers
        )
    table = prepared(made, ranking="table", **full)
    bench.add("table of scores, top 5", whole(table), customers)
    formula = prepared(made, ranking="formula", **full)
    bench.add("decide by formula, top 5", whole(formula), customers[:FEW])
    bench.add("formula, top 5, ranking alone", ranking_alone, states_of(formula, customers[:FEW]))
    arithmetic = _arithmetic(made, bitmap, whole(formula), bench)
    bench.run()
    whole_us = "decide, all on, top 5"
    measured = [
        bench.at_most("matching, top 5", "bitmap index, top 5", 1),
        bench.at_most("matching, all eligible", "bitmap index, all", 1 / 3),
        bench.at_most("matching, all eligible", "bitmap by words, all", 1),
        bench.at_most(whole_us, "bitmap index, top 5", 94 / 30),
        bench.at_most("10,000 distinct rules", whole_us, 2),
        bench.at_most("1,000 audiences", "10,000 distinct rules", 1.5),
        bench.at_most("20 scopes, one decision", whole_us, 6),
        bench.at_most("20 scopes, 20 placements", whole_us, 6),
        bench.at_most("20 scopes, sparing fallbacks", whole_us, 6),
        bench.at_most("table of scores, top 5", whole_us, 2),
    ]
    if not quick:
        measured.insert(5, bench.at_most("100,000 offers", whole_us, 3))
    if arithmetic:
        measured.append(bench.at_most("formula, top 5, ranking alone", arithmetic, 3))
        measured.append(bench.at_most("decide by formula, top 5", arithmetic, 6))
    share = sum(len(bitmap.every(one)) for one in customers[:300]) / 300 / len(made.offers)
    return measured, share


def _arithmetic(made: Workload, bitmap: BitmapIndex, ask: Ask, bench: Bench) -> str:
    """Adds numpy's arithmetic over the same eligible offers, if numpy is installed."""
    try:
        import numpy
    except ImportError:
        return ""
    rival = Arithmetic(made)
    ids = [offer.id for offer in in_order(made)]
    place_of = {name: place for place, name in enumerate(ids)}
    asked = [
        (numpy.array([place_of[name] for name in bitmap.every(one)]), one["ltv"])
        for one in made.customers[:FEW]
    ]
    for (eligible, ltv), customer in zip(asked, made.customers, strict=False):
        best = [ids[place] for place in rival.best(eligible, ltv, 5)]
        assert shown(ask(customer)) == best, "the formulas differ"
    bench.add("numpy's arithmetic, top 5", lambda one: rival.best(*one, 5), asked)
    return "numpy's arithmetic, top 5"


_OPENING = """
import gc, json, sys, time
from pathlib import Path
from offerd.bundle import open_bundle
started = time.process_time()
bundle = open_bundle(Path(sys.argv[1]))
opened_s = time.process_time() - started
gc.collect()
lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
rollup = dict(line.split(":") for line in lines)
size = {name: int(text.split()[0]) / 1024 for name, text in rollup.items()}
private = size["Private_Dirty"] + size["Private_Clean"]
print(json.dumps({"opened_s": opened_s, "resident_mb": size["Rss"], "private_mb": private}))
"""


def loading(offers: int) -> dict[str, float]:
    """Returns seconds of the processor and megabytes for a bundle of so many offers of W."""
    import resource

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_definitions(workload(offers, customers=0), folder / "definitions")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        out = folder / "bundle"
        started = "from offerd.app.start import main; main()"
        command = [sys.executable, "-c", started, "compile", str(folder / "definitions")]
        subprocess.run([*command, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
        compiled_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        opened = subprocess.run(
            [sys.executable, "-c", _OPENING, str(out)], check=True, stdout=subprocess.PIPE
        )
        return {"offers": offers, "compiled_s": compiled_s, **json.loads(opened.stdout)}


def _print(measured: Sequence[Measured], share: float) -> None:
    table = Table(
        "what", "µs", "beside", "µs", "ratio", "goal", "",
        title=f"workload W, {share:.1%} of 10,000 offers eligible; processor time, one thread",
    )  # fmt: skip
    for one in measured:
        met = "yes" if one.is_met else "no"
        table.add_row(
            one.name, f"{one.ours_us:.1f}", one.rival, f"{one.rival_us:.1f}", f"{one.ratio:.2f}",
            f"≤ {one.most:.2f}", met,
        )  # fmt: skip
    Console(width=120).print(table)


def _draw(measured: Sequence[Measured], path: Path) -> None:
    import pygal

    chart = pygal.HorizontalBar(
        title="cost beside the rival's, and the goal", legend_at_bottom=True
    )
    chart.x_labels = [f"{one.name} / {one.rival}" for one in reversed(measured)]
    chart.add("measured", [round(one.ratio, 2) for one in reversed(measured)])
    chart.add("goal", [one.most for one in reversed(measured)])
    path.write_bytes(chart.render())


def main() -> None:
    """Measures, prints, and with `--check` fails where a ratio is twice its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no 100,000 offers")
    parser.add_argument("--check", action="store_true", help="fail where a ratio is twice its goal")
    parser.add_argument("--load", action="store_true", help="compile and open bundles too")
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--svg", type=Path, help="draw the ratios")
    options = parser.parse_args()
    measured, share = engine(quick=options.quick or options.check)
    _print(measured, share)
    loads = [loading(count) for count in (10_000, 100_000)] if options.load else []
    for one in loads:
        print({name: round(value, 2) for name, value in one.items()})
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.platform()}
        ratios = [{**one._asdict(), "ratio": one.ratio} for one in measured]
        report = {**machine, "command": sys.argv, "ratios": ratios, "loading": loads}
        options.json.write_text(json.dumps(report, indent=1))
    if options.svg:
        _draw(measured, options.svg)
    failed = [one.name for one in measured if one.ratio > 2 * one.most]
    if options.check and failed:
        raise SystemExit(f"twice as slow as they should be: {', '.join(failed)}")


if __name__ == "__main__":
    main()
