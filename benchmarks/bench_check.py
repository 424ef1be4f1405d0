"""The short form of the benchmarks: fails where a ratio is twice what was measured, never a time.

Compared, in processor time of one run: the engine with a bitmap index written by hand and with
itself under more rules, more scopes and other rankings; rules with the Python that a careful
programmer would write for them; places among many with places among few; and a decision inside the
service with a fixed piece of Python. What each ratio was when it was last measured stands below; a
change that doubles one has made something slower.

A machine that others use slows a turn down, never up. Contestants take turns, and of each the
quickest counts; where a ratio is still too high, all take turns again, and the quickest of all of
them counts, until every ratio is as it should be or the attempts are used up.

usage: python benchmarks/bench_check.py [--attempts 8] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import inside
from bench_engine import Matching, compare, ranking_alone, states_of, whole
from bench_places import Stored, world
from bench_rules import RULES, data, environment
from machine import described
from rich.console import Console
from rich.table import Table
from rivals import Arithmetic, BitmapIndex
from transport_world import make_world
from workload import Customer, Workload, in_order, prepared, workload

from offerd import expression as ex
from offerd.places.index import Places

ATTEMPTS, ROUNDS, TURN_US, CALLS = 8, 12, 2_000, 1_000
TOLERANCE = 2
NOWHERE = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - logs until the end
FEW, MANY = 500, 5_000
"""Circles."""

Ask = Callable[[Any], object]


class Ratio(NamedTuple):
    """Ours in the rival's, and what it was when it was last measured."""

    ours: str
    rival: str
    measured: float

    @property
    def most(self) -> float:
        """What it may be."""
        return TOLERANCE * self.measured


ENGINE = (
    Ratio("matching, top 5", "bitmap index, top 5", 0.33),
    Ratio("matching, all", "bitmap index, all", 0.15),
    Ratio("decision", "bitmap index, top 5", 0.62),
    Ratio("decision of 1,000 rules", "decision", 1.0),
    Ratio("decision of 20 scopes", "decision", 5.5),
    Ratio("decision by a table", "decision", 1.9),
    Ratio("ranking by a formula", "arithmetic", 3.2),
)
PLACES = (Ratio(f"places among {MANY:,}", f"places among {FEW:,}", 1.5),)
SERVICE = (Ratio("service, a decision", "fixed piece of Python", 0.3),)
RULE = 1.4
"""What a rule costs beside the same written by hand, at most."""


class Contest:
    """Contestants by name, asked in turn; of each the quickest turn so far."""

    def __init__(self) -> None:
        self._asks: dict[str, tuple[Ask, list[Any], int]] = {}
        self.best_us: dict[str, float] = {}

    def add(self, name: str, ask: Ask, of: Sequence[Any], calls: int = 1) -> None:
        """Adds a contestant, and what it is asked, as often as makes a turn.

        `calls` is how often it does its work when it is asked once.
        """
        started = time.process_time_ns()
        for one in of:
            ask(one)
        once_us = (time.process_time_ns() - started) / 1e3 + 1
        self._asks[name] = ask, [*of] * max(1, int(TURN_US / once_us)), calls
        self.best_us[name] = float("inf")

    def run(self) -> None:
        """Lets all take their turns."""
        for _ in range(ROUNDS):
            for name, (ask, of, calls) in self._asks.items():
                started = time.process_time_ns()
                for one in of:
                    ask(one)
                cost_us = (time.process_time_ns() - started) / len(of) / calls / 1e3
                self.best_us[name] = min(self.best_us[name], cost_us)

    def ratio(self, one: Ratio) -> float:
        """Returns what a ratio is by now."""
        return self.best_us[one.ours] / self.best_us[one.rival]


def of_the_engine(contest: Contest, _: ExitStack) -> Sequence[Ratio]:
    """Adds the engine and its rivals, whose answers are compared."""
    made = workload()
    customers = made.customers[:30]
    few = customers[:10]
    bitmap, plain = BitmapIndex(made), prepared(made)
    full: dict[str, Any] = {"capped": True, "dated": True}
    ready = prepared(made, **full)
    matching = Matching(plain, made)
    compare(made._replace(customers=customers), bitmap, matching, whole(ready))
    contest.add("bitmap index, top 5", lambda one: bitmap.best(one, 5), customers)
    contest.add("bitmap index, all", bitmap.every, few)
    contest.add("matching, top 5", matching.best, customers)
    contest.add("matching, all", matching.every, few)
    contest.add("decision", whole(ready), customers)
    more = prepared(workload(rules=1_000, customers=0), **full)
    contest.add("decision of 1,000 rules", whole(more), customers)
    contest.add("decision of 20 scopes", whole(ready, 20), few)
    contest.add("decision by a table", whole(prepared(made, ranking="table", **full)), customers)
    formula = prepared(made, ranking="formula", **full)
    contest.add("ranking by a formula", ranking_alone, states_of(formula, few))
    contest.add("arithmetic", *arithmetic(made, bitmap, few))
    return ENGINE


def arithmetic(
    made: Workload, bitmap: BitmapIndex, customers: Sequence[Customer]
) -> tuple[Ask, Sequence[Any]]:
    """Returns numpy's arithmetic, and what it is asked: who is eligible, and how dear they are."""
    import numpy

    rival = Arithmetic(made)
    place_of = {offer.id: place for place, offer in enumerate(in_order(made))}
    asked = [
        (numpy.array([place_of[name] for name in bitmap.every(one)]), one["ltv"])
        for one in customers
    ]
    return lambda one: rival.best(*one, 5), asked


def of_rules(contest: Contest, _: ExitStack) -> Sequence[Ratio]:
    """Adds each rule, and the same by hand."""
    declared = environment()
    values = data(10**9)
    ratios = []
    for name, (source, by_hand) in RULES.items():
        checked = ex.compile_expression(source, declared, expected=None)
        rule = ex.plan(checked, declared).evaluate
        if rule(*values, {}) != by_hand(*values):
            raise SystemExit(f"the rule `{name}` and the same by hand differ")
        contest.add(f"rule `{name}`", *repeated(rule, (*values, {})))
        contest.add(f"`{name}` by hand", *repeated(by_hand, values))
        ratios.append(Ratio(f"rule `{name}`", f"`{name}` by hand", RULE))
    return ratios


def repeated(
    function: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[Ask, list[int], int]:
    """Returns what calls a function a thousand times, so that the loop is all that is added."""

    def ask(count: int) -> None:
        for _ in range(count):
            function(*arguments)

    return ask, [CALLS], CALLS


def of_places(contest: Contest, stack: ExitStack) -> Sequence[Ratio]:
    """Adds what is around points, among few places and among many."""
    for circles in (FEW, MANY):
        places, points = world(circles, circles // 10, 1)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        found = Places(Stored(places, folder))
        pairs = [(at.latitude, at.longitude) for at in points[:250]]
        ask = found.within
        contest.add(f"places among {circles:,}", lambda at, ask=ask: ask(*at), pairs)
    return PLACES


def of_the_service(contest: Contest, stack: ExitStack) -> Sequence[Ratio]:
    """Adds a decision from the bytes of its request to those of its answer, without sockets."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    world = make_world(folder / "world", offers=500, customers=500)
    runner = stack.enter_context(asyncio.Runner())
    serving = inside.serving(world, journal=False)
    with contextlib.redirect_stderr(NOWHERE):
        ways = runner.run(serving.__aenter__())
    stack.callback(lambda: runner.run(serving.__aexit__(None, None, None)))
    way = ways.named["native, 32 in flight"]
    contest.add("service, a decision", lambda count: runner.run(way(count)), [64], 64)
    contest.add("fixed piece of Python", lambda _: inside.yardstick(), [0], 20)
    return SERVICE


def checked(contest: Contest, ratios: Sequence[Ratio], attempts: int) -> list[Ratio]:
    """Lets all take turns until every ratio is as it should be; returns those that never were."""
    gc.collect()
    gc.freeze()
    failed = list(ratios)
    while failed and attempts:
        contest.run()
        failed = [one for one in ratios if contest.ratio(one) > one.most]
        attempts -= 1
    return failed


def row(contest: Contest, one: Ratio) -> list[str]:
    """Returns the cells of a ratio."""
    ours_us, rival_us = contest.best_us[one.ours], contest.best_us[one.rival]
    numbers = (contest.ratio(one), one.measured, one.most)
    return [
        one.ours,
        f"{ours_us:.2f}",
        one.rival,
        f"{rival_us:.2f}",
        *map("{:.2f}".format, numbers),
    ]


def main() -> None:
    """Compares, prints, and fails where a ratio is too high."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=ATTEMPTS)
    parser.add_argument("--json", type=Path, help="write what was measured")
    options = parser.parse_args()
    table = Table("what", "µs", "beside", "µs", "ratio", "measured", "at most")
    found, failed = [], []
    for adding in (of_the_engine, of_rules, of_places, of_the_service):
        contest = Contest()
        with ExitStack() as stack:
            ratios = adding(contest, stack)
            failed += checked(contest, ratios, options.attempts)
        for one in ratios:
            table.add_row(*row(contest, one))
            found.append({**one._asdict(), "ratio": contest.ratio(one)})
    Console(width=120).print(table)
    if options.json is not None:
        report = {"machine": described(), "ratios": found}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if failed:
        names = ", ".join(f"{one.ours} / {one.rival}" for one in failed)
        raise SystemExit(f"more than {TOLERANCE} times what was measured: {names}")


if __name__ == "__main__":
    main()
