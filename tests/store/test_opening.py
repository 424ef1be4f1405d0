"""What may be opened as a state, and what is refused with which words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import lmdb
import msgspec
import pytest

from offerd.errors import StateError
from offerd.store import State
from store.given import DISPLAYS, NOW_NS, PLAN, incoming, key


def test_a_missing_or_empty_directory_becomes_a_state(tmp_path: Path) -> None:
    """Parents are made; hidden files and what a mounted volume holds don't matter."""
    State.open(tmp_path / "a" / "b", PLAN).close()
    volume = tmp_path / "volume"
    (volume / "lost+found").mkdir(parents=True)
    (volume / ".gitkeep").touch()
    State.open(volume, PLAN).close()


def test_creation_that_was_interrupted_is_taken_up(tmp_path: Path) -> None:
    """An environment in which nothing is, as a crash leaves it, is as good as none."""
    path = tmp_path / "state"
    lmdb.open(str(path)).close()
    State.open(path, PLAN).close()
    (path / "data.mdb").write_bytes(b"")
    State.open(path, PLAN).close()


def test_every_state_has_its_own_secret(tmp_path: Path) -> None:
    """Tokens of one state mean nothing to another."""
    with State.open(tmp_path / "a", PLAN) as one, State.open(tmp_path / "b", PLAN) as other:
        assert one.secret != other.secret


def test_a_file_is_no_state(tmp_path: Path) -> None:
    """A bundle, for one, is a file."""
    path = tmp_path / "bundle"
    path.write_text("not a directory")
    with pytest.raises(StateError, match="no directory"):
        State.open(path, PLAN)


def test_a_directory_of_other_things_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written among somebody's files."""
    (tmp_path / "offers.yaml").write_text("offers: []")
    with pytest.raises(StateError, match=r"holds `offers\.yaml`"):
        State.open(tmp_path, PLAN)
    assert [entry.name for entry in tmp_path.iterdir()] == ["offers.yaml"]


def test_another_lmdb_environment_is_no_state(tmp_path: Path) -> None:
    """With or without a database that happens to be called meta."""
    for name in (b"other", b"meta"):
        path = tmp_path / name.decode()
        environment = lmdb.open(str(path), max_dbs=2)
        with environment.begin(write=True) as transaction:
            transaction.put(b"a", b"b", db=environment.open_db(name, txn=transaction))
        environment.close()
        with pytest.raises(StateError, match="no state of offerd"):
            State.open(path, PLAN)


def test_a_state_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    """It lacked the databases of counters; its profiles are folded afresh, its totals count on."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        state.collect([incoming("e1", kind="display", offer="a")], NOW_NS).result()
    environment = lmdb.open(str(path), max_dbs=12)
    with environment.begin(write=True) as transaction:
        for name in (b"counters", b"counted", b"reservations"):
            transaction.drop(environment.open_db(name, txn=transaction))
        profiles = environment.open_db(b"profiles", txn=transaction)
        for digest, value in list(transaction.cursor(db=profiles)):
            row = msgspec.msgpack.decode(value)
            row["cap_events"] = {"a": {"display": row.pop("counted").popitem()[1]}}
            row["fold"] = b"an older plan"
            transaction.put(digest, msgspec.msgpack.encode(row), db=profiles)
        meta = environment.open_db(b"meta", txn=transaction)
        transaction.put(b"version", b"1", db=meta)
    environment.close()
    for _ in range(2):
        with State.open(path, PLAN) as state:
            record = state.profile(key())
            assert record is not None
            assert record.counted == {DISPLAYS.key: [NOW_NS]}
            assert state.total_count("a", "display") == 1


def test_a_newer_format_is_refused_by_its_number(tmp_path: Path) -> None:
    """What it says tells which side is too old."""
    path = tmp_path / "state"
    State.open(path, PLAN).close()
    environment = lmdb.open(str(path), max_dbs=12)
    with environment.begin(write=True) as transaction:
        meta = environment.open_db(b"meta", txn=transaction)
        transaction.put(b"version", b"4", db=meta)
    environment.close()
    with pytest.raises(StateError, match="has format 4; this version of offerd reads format 3"):
        State.open(path, PLAN)


def test_a_file_of_noise_is_refused(tmp_path: Path) -> None:
    """Whatever its size."""
    for size in (1, 100, 5_000, 100_000):
        path = tmp_path / str(size)
        path.mkdir()
        (path / "data.mdb").write_bytes(b"\x5a" * size)
        with pytest.raises(StateError, match="can't be opened"):
            State.open(path, PLAN)


def test_a_file_that_was_cut_off_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    """Touching a page beyond the end would kill the process; it is refused instead."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        items = [incoming(f"e{n}", profile=key(n % 50), category=f"c{n}") for n in range(3_000)]
        state.collect(items, NOW_NS).result()
    whole = (path / "data.mdb").read_bytes()
    pages = len(whole) // 4096
    for kept in sorted({2, 3, pages // 4, pages // 2, pages * 9 // 10}):
        (path / "data.mdb").write_bytes(whole[: kept * 4096])
        with pytest.raises(StateError, match=r"damaged|can't be opened"):
            State.open(path, PLAN)
    (path / "data.mdb").write_bytes(whole)
    with State.open(path, PLAN) as state:
        assert state.counts().events == 3_000


def test_a_second_process_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    """Also while the first is only reading; once it is gone the state is free."""
    path = tmp_path / "state"
    script = (
        "import sys; from pathlib import Path; from store.given import DISPLAYS, key, PLAN; "
        "from offerd.store import State; state = State.open(Path(sys.argv[1]), PLAN); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StateError, match=f"in use by process {holder.pid}$"):
            State.open(path, PLAN)
        holder.kill()
        holder.wait()
    State.open(path, PLAN).close()


def test_the_same_process_can_not_open_a_state_twice(tmp_path: Path) -> None:
    """One writer, one set of readers; closing makes room."""
    path = tmp_path / "state"
    with (
        State.open(path, PLAN),
        pytest.raises(StateError, match=f"in use by process {os.getpid()}$"),
    ):
        State.open(path, PLAN)
    State.open(path, PLAN).close()


def test_a_refused_state_is_not_held(tmp_path: Path) -> None:
    """Whoever repairs it can open it in the same process."""
    path = tmp_path / "state"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"noise" * 10_000)
    with pytest.raises(StateError):
        State.open(path, PLAN)
    (path / "data.mdb").unlink()
    State.open(path, PLAN).close()
