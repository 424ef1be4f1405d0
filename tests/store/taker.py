"""A process that takes room until it is killed, saying what was acknowledged."""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

from offerd.model.capping import Cap, Demand, Limit
from offerd.store import Hold, State
from store.capped import CAPS, COUNTERS, MINUTE_NS, capped_plan
from store.given import NOW_NS, key

LIMIT = 100
CAP = Cap(0, LIMIT)
PLAN = capped_plan({"a": (CAP,), "b": CAPS["b"]})
WANTED = (Demand(0, "a", "d", "web", (Limit(COUNTERS[0], CAP, LIMIT),)),)
LATER_NS = NOW_NS + 60 * MINUTE_NS


def main(path: Path, seed: int) -> None:
    """Takes, holds, commits and releases; a name ends with what becomes of it."""
    rng = random.Random(seed)
    with State.open(path, PLAN, map_size_bytes=2**18) as state:
        say("open")
        for number in itertools.count():
            fate = rng.choice(["taken", "held", "committed", "released", "released", "released"])
            name = f"{seed}-{number}-{fate}"
            owner = key(rng.randrange(8))
            hold = None if fate == "taken" else Hold(name, LATER_NS - NOW_NS)
            if not state.take(owner, WANTED, name, NOW_NS, hold).result().granted:
                say(f"refused {name}")
                continue
            say(f"granted {name}")
            if fate == "committed":
                assert state.commit_reservation(name, NOW_NS).result()
            if fate == "released":
                state.release_reservation(name, NOW_NS).result()
            say(f"done {name}")


def say(line: str) -> None:
    """Writes a line at once, so that a kill can't cut it in two."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
