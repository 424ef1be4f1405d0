"""Feeds mutated rules to the language and prints what became of them.

python tests/fuzz/run_mutations.py --inputs 1000000 --seed 1

An exception that nobody promised ends the run with the input that caused it, and so does an input
that takes longer than --limit seconds. Run from the repository, with its server and tests folders
on the path (`make fuzz` does that).
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from fuzz.mutation import Mutator
from fuzz.target import exercise, exercise_bytes
from offerd.expression import Checking


class TooSlow(Exception):
    """An input took longer than it may."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def main() -> int:
    """Runs until the inputs are used up or one of them is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for one input")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _stop)
    counts = {"accepted": 0, "refused": 0, "bytes accepted": 0, "bytes refused": 0}
    slowest, slowest_input = 0.0, ""
    mutator = Mutator(options.seed)
    checkings = list(Checking)
    started = time.monotonic()
    for number in range(options.inputs):
        source = mutator.source()
        checking = checkings[number % len(checkings)]
        begun = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, options.limit)
        try:
            if number % 8 == 7:
                accepted = exercise_bytes(mutator.encoded())
                kind = "bytes accepted" if accepted else "bytes refused"
            else:
                kind = "accepted" if exercise(source, checking) else "refused"
        except BaseException:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            print(f"input {number} of seed {options.seed}, {checking}: {source!r}")
            raise
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        counts[kind] += 1
        taken = time.perf_counter() - begun
        if taken > slowest:
            slowest, slowest_input = taken, source
    seconds = time.monotonic() - started
    shown = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    print(f"{options.inputs:,} inputs in {seconds:,.0f} s: {shown}")
    print(f"slowest: {slowest * 1000:.1f} ms, {slowest_input[:80]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
