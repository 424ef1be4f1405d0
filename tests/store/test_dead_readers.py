"""A process that is killed while it reads doesn't keep the state from using its pages again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from offerd.store import State
from offerd.store import environment as environment_module
from store.given import NOW_NS, PLAN, key

WRITES = 60


@contextmanager
def reader(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is reading a snapshot of a state."""
    with subprocess.Popen(
        [sys.executable, "-m", "store.pinner", str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        try:
            yield process
        finally:
            process.kill()


def pages_added(state: State, rounds: str) -> int:
    """Writes one profile again and again; returns by how many pages the file has grown."""
    before = state._environment.raw.info()["last_pgno"]
    for number in range(WRITES):
        state.set_profile(key(1), {"note": f"{rounds}{number}" * 200}, NOW_NS + number).result()
    return int(state._environment.raw.info()["last_pgno"]) - before


def test_pages_are_used_again_after_a_reader_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and then the writer looks for readers that died."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        pages_added(state, "a")
        assert pages_added(state, "b") < WRITES
        with reader(path) as process:
            pinned = pages_added(state, "c")
            assert pinned > 2 * WRITES
            process.kill()
            process.wait()
            # Until somebody looks, the dead one pins what it read.
            assert pages_added(state, "d") > 2 * WRITES
            monkeypatch.setattr(environment_module, "READERS_CHECKED_EVERY_S", 0.0)
            assert pages_added(state, "e") < WRITES
            assert state._environment.raw.reader_check() == 0


def test_a_living_reader_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it reads isn't overwritten, however often the dead are looked for."""
    monkeypatch.setattr(environment_module, "READERS_CHECKED_EVERY_S", 0.0)
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        pages_added(state, "a")
        with reader(path):
            assert pages_added(state, "b") > 2 * WRITES


def test_opening_clears_those_who_died_before(tmp_path: Path) -> None:
    """As after a crash of the machine that the lock file survived."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        pages_added(state, "a")
    with reader(path) as process:
        process.kill()
        process.wait()
    with State.open(path, PLAN) as state:
        assert pages_added(state, "b") < WRITES
        assert state._environment.raw.reader_check() == 0
