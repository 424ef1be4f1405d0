"""Many threads at once: writers share commits, readers never see half a write."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from offerd.store import CollectResult, State
from seeds import random_seed
from store.given import (
    DISPLAYS,
    NOW_NS,
    PLAN,
    contradictions,
    incoming,
    key,
    outcomes,
    random_incoming,
)


def test_threads_that_send_the_same_events_store_each_once(tmp_path: Path) -> None:
    """However their calls interleave, each event is accepted exactly once."""
    seed = random_seed()
    items = [random_incoming(random.Random(seed + n), f"e{n}") for n in range(300)]
    with State.open(tmp_path / "state", PLAN, map_size_bytes=2**18) as state:

        def send(order: int) -> int:
            accepted = 0
            shuffled = random.Random(seed + order).sample(items, len(items))
            for start in range(0, len(shuffled), 7):
                results = outcomes(state.collect(shuffled[start : start + 7], NOW_NS))
                assert CollectResult.REUSED not in results
                accepted += results.count(CollectResult.ACCEPTED)
            return accepted

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(send, range(6))) == len(items)
        assert contradictions(state, PLAN) == []


def test_readers_see_whole_writes_only(tmp_path: Path) -> None:
    """A profile's events, sum and cap times agree in every snapshot, while the map grows."""
    with State.open(tmp_path / "state", PLAN, map_size_bytes=2**18) as state:
        finished = threading.Event()

        def read() -> int:
            looks = 0
            while not finished.is_set():
                record = state.profile(key())
                if record is not None:
                    # Each call adds two purchases of 1.0 and one display.
                    assert record.event_count % 3 == 0
                    assert record.aggregates["spend"] == record.event_count / 3 * 2
                    displays = record.counted[DISPLAYS.key]
                    assert displays == sorted(displays)
                    assert len(displays) == min(record.event_count // 3, 19)
                state.total_count("a", "display")
                looks += 1
            return looks

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            try:
                futures = [
                    state.collect(
                        [
                            incoming(f"p{n}", amount=1.0, note="x" * 300),
                            incoming(f"q{n}", amount=1.0),
                            incoming(f"d{n}", kind="display", offer="a", time_ns=NOW_NS - n),
                        ],
                        NOW_NS,
                    )
                    for n in range(1_000)
                ]
                for future in futures:
                    future.result()
            finally:
                finished.set()
            assert all(reader.result() > 0 for reader in readers)
        assert contradictions(state, PLAN) == []
