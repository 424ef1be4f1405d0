"""A process that collects until it is killed, saying which events were acknowledged."""

from __future__ import annotations

import itertools
import random
import sys
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from offerd.events import series as events_series
from offerd.store import Collected, CollectResult, State, folding
from offerd.store import series as store_series
from store.given import NOW_NS, PLAN, random_incoming

OUTSTANDING = 32
CHUNK_ENTRIES = 4
"""Of a series, instead of some hundreds, so that chunks are split and rewritten all the time."""


def main(path: Path, seed: int) -> None:
    """Collects events `<seed>-0`, `<seed>-1`, ..., each twice at random."""
    for module in (events_series, store_series, folding):
        module.CHUNK_ENTRIES = CHUNK_ENTRIES
    rng = random.Random(seed)
    waiting: deque[tuple[str, Future[list[Collected]]]] = deque()
    with State.open(path, PLAN, map_size_bytes=2**18) as state:
        print("open", flush=True)
        for number in itertools.count():
            item = random_incoming(rng, f"{seed}-{number}")
            waiting.append((item.event.id, state.collect([item], NOW_NS)))
            if rng.random() < 0.2:
                waiting.append((item.event.id, state.collect([item], NOW_NS)))
            while len(waiting) > OUTSTANDING:
                event_id, future = waiting.popleft()
                assert future.result()[0].result is not CollectResult.REUSED
                # One write each, so that a kill can't cut a line in two.
                sys.stdout.write(event_id + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
