"""An engine's process: says when it is ready, then answers and times what its standard input asks.

A line of input is a JSON list: `["answer", WAY, CUSTOMER, COUNT]` for the offers of one customer,
or `["turn", WAY, CUSTOMERS, COUNT]` for the microseconds of processor time, of all threads, that
one of the first so many customers took; COUNT is null for all eligible. Each is answered by a line.

usage: python -m peers.child MODULE WORLD PACKAGE
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from peers.world import Customer, Way, read


def asker(way: Way, count: int | None) -> Callable[[Customer], list[str]]:
    """Returns what asks for the best, or for all."""
    return way.every if count is None else lambda customer: way.best(customer, count)


def main() -> None:
    """Serves until its input ends."""
    warnings.simplefilter("ignore")
    module, path, package = sys.argv[1:]
    world = read(Path(path))
    started = time.process_time()
    ways = importlib.import_module(f"peers.{module}").ways(world)
    ready_s = time.process_time() - started
    gc.collect()
    gc.freeze()
    hello = {"version": version(package), "ways": [*ways], "ready_s": ready_s}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        kind, way, number, count = json.loads(line)
        ask = asker(ways[way], count)
        if kind == "answer":
            print(json.dumps(ask(world.customers[number])), flush=True)
            continue
        customers = world.customers[:number]
        began = time.process_time_ns()
        for customer in customers:
            ask(customer)
        print(json.dumps((time.process_time_ns() - began) / number / 1e3), flush=True)


if __name__ == "__main__":
    main()
