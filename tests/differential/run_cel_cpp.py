"""Compares the rule language with cel-cpp, Google's implementation, on random rules and rows.

python tests/differential/run_cel_cpp.py --evaluations 300000 --seed 1

Prints how many evaluations there were, and stops with exit status 1 at the first where the two
answer otherwise and no known quirk of cel-cpp explains it. Needs cel-expr-python, from the extra
`offerd[differential]`; without it the exit status is 2. Run from the repository, with its server
and tests folders on the path (`make differential` does that).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from differential.cel_cpp import CelCpp
from differential.comparison import KINDS, Difference, compare

MISSING = (
    "cel-expr-python is not installed: `pip install 'offerd[differential]'` does that, "
    "on Linux with glibc"
)


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 if there was no difference, 1 if there was, 2 if it can't be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    try:
        cpp = CelCpp()
    except ImportError:
        print(MISSING, file=sys.stderr)
        return 2
    total, explained = 0, Counter[str]()
    started = time.monotonic()
    print(f"seed {options.seed}")
    for kind, questions in KINDS.items():
        wanted = -(-options.evaluations // len(KINDS))
        try:
            tally = compare(questions(cpp, options.seed), wanted)
        except Difference as difference:
            print(f"{kind}: a difference: {difference}")
            return 1
        print(
            f"{kind}: {tally.evaluations:,} evaluations, 0 differences, "
            f"{tally.refused:,} rules refused by one side"
        )
        total += tally.evaluations
        explained += tally.explained
    for reason, count in explained.most_common():
        print(f"left out: {count:,} evaluations: {reason}")
    seconds = time.monotonic() - started
    compared = total - explained.total()
    print(f"{compared:,} evaluations compared in {seconds:,.0f} s, 0 differences")
    return 0


if __name__ == "__main__":
    sys.exit(main())
