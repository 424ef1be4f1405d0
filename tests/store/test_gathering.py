"""Writes that are asked for at once share a commit; nobody waits for company for ever."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from weakref import ref

import lmdb
import pytest

from offerd.errors import Unavailable
from offerd.store import Durability, State, writer
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace
from store.given import NOW_NS, PLAN, key
from store.taker import PLAN as TAKING
from store.taker import WANTED

FOR_EVER_S = 600.0


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """A state whose writer would wait for ever for as many as it has known to ask at once."""
    monkeypatch.setattr(writer, "LONGEST_WAIT_S", FOR_EVER_S)
    return State.open(tmp_path / "state", PLAN, durability=Durability.RELAXED)


def expect_company(state: State, others: int) -> None:
    """Lets the writer believe that so many ask at once, and that commits last for ever."""
    state.set_profile(key(), {}, NOW_NS).result()
    done = threading.Event()
    # Between two transactions: the writer isn't looking.
    expecting: Future[None] = state.writer.between(lambda: _expect(state, others, done))
    expecting.result()
    assert done.is_set()


def _expect(state: State, others: int, done: threading.Event) -> None:
    state.writer._company, state.writer._commit_s = others, FOR_EVER_S
    done.set()


def set_several(state: State, numbers: range) -> list[Future[object]]:
    """Sets profiles."""
    return [state.set_profile(key(number), {}, NOW_NS) for number in numbers]  # type: ignore[misc]


def test_as_many_as_before_are_enough(state: State) -> None:
    """Then the writer goes on, and they share a commit."""
    with state:
        expect_company(state, 3)
        commits = state._environment.raw.info()["last_txnid"]
        for future in set_several(state, range(3)):
            future.result()
        assert state._environment.raw.info()["last_txnid"] == commits + 1


def test_who_asks_alone_does_not_wait(state: State) -> None:
    """Nor does whoever follows, one after the other."""
    with state:
        for number in range(5):
            state.set_profile(key(number), {}, NOW_NS).result()
            assert state.writer._company == 1


def test_closing_waits_for_no_others(state: State) -> None:
    """What is queued is done at once, though more had been expected."""
    expect_company(state, 3)
    futures = set_several(state, range(2))
    state.close()
    assert [future.done() for future in futures] == [True, True]


def test_what_is_between_transactions_waits_for_no_others(state: State) -> None:
    """It is done at once; what waits goes on waiting for others, and is done with them."""
    with state:
        expect_company(state, 3)
        first = set_several(state, range(2))
        state.writer.between(lambda: None).result()
        for future in [*first, *set_several(state, range(2, 4))]:
            future.result()


def test_many_threads_share_commits(tmp_path: Path) -> None:
    """Each asks again once it has its answer; together they need fewer commits than answers."""
    with State.open(tmp_path / "state", TAKING) as state:
        commits = state._environment.raw.info()["last_txnid"]

        def ask(worker: int) -> None:
            for number in range(20):
                state.take(key(worker), WANTED, f"w{worker}-{number}", NOW_NS).result()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))
        assert state._environment.raw.info()["last_txnid"] - commits < 8 * 20


class _Failing(Operation[None]):
    """Fails, by itself or with all that share its commit."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def apply(self, workspace: Workspace) -> None:
        """Raises."""
        raise self._error


@pytest.mark.parametrize("error", [ValueError("by itself"), lmdb.Error("with all others")])
def test_what_failed_is_not_held(tmp_path: Path, error: Exception) -> None:
    """Nor is who waited for it, without a search for cycles; what comes later is done."""
    with State.open(tmp_path / "state", PLAN, durability=Durability.RELAXED) as state:
        gc.disable()
        try:
            failing = state.writer.submit(_Failing(error))
            known = ref(failing)
            with pytest.raises((ValueError, Unavailable)):
                failing.result(60)
            del failing
            state.writer.between(lambda: None).result()  # the writer is done with the batch
            assert known() is None
        finally:
            gc.enable()
        state.set_profile(key(), {}, NOW_NS).result()
