"""Several processes on one state: what one writes all know, and what it is told is so."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from offerd.store import Durability, JournalMode, JournalSettings, Selection, State
from offerd.store.sharing import WriterDoor
from seeds import random_seed
from store import sharer
from store.given import NOW_NS, incoming, key, outcomes
from store.sharer import PLAN, tallies_of
from store.test_journal import draft


class Sharer:
    """A process that works on the state that this one has open."""

    def __init__(self, door: WriterDoor, path: Path, share: float = 0.5) -> None:
        here, there = socket.socketpair()
        with there:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "store.sharer", path, str(there.fileno()), str(share)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(there.fileno(),),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                text=True,
            )
        door.connect(here)
        self.tallies: list[int] = []
        assert self.answer() == "ready"

    def begin(self, *action: object) -> None:
        """Has it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(action) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Returns what came of what it was told to do first."""
        assert self.process.stdout is not None
        result, self.tallies = json.loads(self.process.stdout.readline())
        return result

    def does(self, *action: object) -> Any:
        """Has it do something; returns what came of it."""
        self.begin(*action)
        return self.answer()

    def end(self) -> None:
        """Has it close the state, and end."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def shared(path: Path, **options: Any) -> Iterator[tuple[State, WriterDoor]]:
    """A state that is open for others too."""
    journal = JournalSettings(JournalMode.BEFORE_ANSWER)
    durability = Durability.RELAXED
    with State.open(path, PLAN, journal=journal, durability=durability, **options) as state:
        door = WriterDoor(state)
        try:
            yield state, door
        finally:
            door.close()


def test_everybody_counts_the_same(tmp_path: Path) -> None:
    """Each process at once what it did itself, and what was done before that anywhere."""
    seed = random_seed()
    rng = random.Random(seed)
    path = tmp_path / "state"
    with shared(path) as (state, door):
        sharer.take(state, "before")
        sharer.hold(state, "held-before")
        workers = [Sharer(door, path) for _ in range(2)]
        assert [one.tallies for one in workers] == [tallies_of(state)] * 2
        names: list[str] = []
        for number in range(120):
            if number == 60:
                workers.append(Sharer(door, path))
                assert workers[-1].tallies == tallies_of(state)
            action = rng.choice(["take", "hold", "hold", "release", "commit", "collect"])
            name = f"n{number}"
            if action == "hold":
                names.append(name)
            elif action in ("release", "commit") and names:
                name = names.pop(rng.randrange(len(names)))
            if rng.random() < 0.3:
                sharer.ACTIONS[action](state, name)
            else:
                worker = rng.choice(workers)
                worker.does(action, name)
                assert worker.tallies == tallies_of(state)
        for worker in workers:
            worker.does("collect", "last")  # after all that it was told before
            assert worker.tallies == tallies_of(state)
            assert worker.does("events", 1) == len(state.events(key(1)))
            worker.end()
        counts = tallies_of(state)
    with State.open(path, PLAN) as state:
        assert tallies_of(state) == counts


def test_refusals_come_through_as_they_are(tmp_path: Path) -> None:
    """STORE_FULL of the writer, and OVERLOADED before anything is sent; then it goes on."""
    path = tmp_path / "state"
    with shared(path, map_size_bytes=2**18, maximum_bytes=2**18) as (state, door):
        worker = Sharer(door, path, share=0.001)
        assert worker.does("collect", "e1") == "accepted"
        code, reason, message = worker.does("collect", "huge", 500_000)
        assert (code, reason) == ("RESOURCE_EXHAUSTED", "STORE_FULL")
        assert "the store is full" in message
        assert worker.does("collect", "e2") == "accepted"
        with state._environment._write_lock:
            # It refuses by itself: nothing can be answered now.
            code, reason, message = worker.does("many", 1_000)
        assert (code, reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert "wait for the store" in message
        assert worker.does("settle") == 20
        assert worker.does("collect", "e3") == "accepted"
        worker.end()


def test_a_worker_reads_a_map_that_grows(tmp_path: Path) -> None:
    """However large the writer makes it meanwhile."""
    path = tmp_path / "state"
    with shared(path, map_size_bytes=2**18) as (state, door):
        worker = Sharer(door, path)
        for number in range(100):
            item = incoming(f"e{number}", profile=key(2), note="x" * 20_000)
            assert outcomes(state.collect([item], NOW_NS))
            if number % 10 == 0:
                assert worker.does("events", 2) == number + 1
        assert (path / "data.mdb").stat().st_size > 2**20
        worker.end()


def test_what_was_decided_before_a_deletion_is_not_journalled_after_it(tmp_path: Path) -> None:
    """Though it waited in another process when the profile was deleted."""
    path = tmp_path / "state"
    with shared(path) as (state, door):
        worker = Sharer(door, path)
        for number in (1, 2):
            state.set_profile(key(number), {"amount": 1.0}, NOW_NS).result()
        deleted: Future[bool] = state.delete_profile(key(1))
        assert deleted.result()
        # Decided long before now, which is when the profile was deleted.
        worker.does("journal", 1)
        worker.does("journal", 2)
        worker.end()
        found = [one.entry.time_ns for one in state.journal.reader.entries(Selection())]
        assert found == [draft(2).time_ns]


def test_a_worker_that_is_killed_leaves_others_alone(tmp_path: Path) -> None:
    """And a worker finds out that the writer is gone."""
    path = tmp_path / "state"
    with shared(path) as (state, door):
        doomed, worker = Sharer(door, path), Sharer(door, path)
        doomed.begin("many", 500)
        doomed.kill()
        for number in range(20):
            assert worker.does("take", f"n{number}") is True
        assert worker.tallies == tallies_of(state)
        door.close()
        assert worker.process.stdout is not None
        assert json.loads(worker.process.stdout.readline()) == "lost"
        code, reason, _ = worker.does("collect", "late")
        assert (code, reason) == ("UNAVAILABLE", "NOT_SERVING")
        worker.end()
