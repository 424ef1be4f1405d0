"""What was acknowledged survives the death of the process at any moment."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from offerd.model.profile import ProfileKey
from offerd.store import State
from seeds import random_seed
from store.given import PLAN, contradictions, outcomes, random_incoming

ROUNDS = 8


def killed_collector(path: Path, seed: int, lines: int) -> list[str]:
    """Runs a collector, kills it after so many acknowledgements; returns all it had said."""
    with subprocess.Popen(
        [sys.executable, "-m", "store.collector", str(path), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = [process.stdout.readline().strip() for _ in range(lines + 1)]
        process.kill()
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
        assert said[0] == "open", process.stderr.read()
        return said[1:]


def test_no_acknowledged_event_is_lost_or_doubled(tmp_path: Path) -> None:
    """Killed again and again while it collects into the same state, from a tiny map on."""
    seed = random_seed()
    rng = random.Random(seed)
    path = tmp_path / "state"
    acknowledged: set[str] = set()
    for round_number in range(ROUNDS):
        acknowledged |= set(killed_collector(path, seed + round_number, rng.randrange(600)))
        with State.open(path, PLAN) as state:
            stored = [
                event.id
                for record in state.profiles()
                for event in state.events(ProfileKey(record.namespace, record.id))
            ]
            assert len(stored) == len(set(stored))
            assert acknowledged <= set(stored)
            assert contradictions(state, PLAN) == []
    assert acknowledged


def test_events_sent_again_after_a_crash_count_once(tmp_path: Path) -> None:
    """A sender that repeats all it isn't sure of ends with each event once."""
    seed = random_seed()
    path = tmp_path / "state"
    killed_collector(path, seed, 200)
    rng = random.Random(seed)
    items = []
    for number in range(1_000):
        items.append(random_incoming(rng, f"{seed}-{number}"))
        rng.random()  # the collector draws once more for each event
    with State.open(path, PLAN) as state:
        before = {item.event.id for item in items if state.event(item.event.id) is not None}
        results = outcomes(state.collect(items, 0))
        for item, result in zip(items, results, strict=True):
            assert (result.value == "duplicate") == (item.event.id in before)
        assert len(before) >= 150
        assert contradictions(state, PLAN) == []
