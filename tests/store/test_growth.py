"""A state grows as far as it may, says so when it is full, and lives on."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from offerd.errors import Exhausted, Reason
from offerd.events import Counting, FoldPlan
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Schema
from offerd.store import Collected, CollectResult, State
from offerd.store import writer as writer_module
from store.given import (
    LAST,
    NOW_NS,
    PLAN,
    RECENT,
    SPEND,
    catalogue_of,
    contradictions,
    incoming,
    key,
    outcomes,
)

TINY = 256 * 1024


def batches(count: int = 400) -> Iterator[list[Any]]:
    """Yields batches of events of twenty profiles."""
    for number in range(count):
        yield [
            incoming(f"e{number}-{n}", profile=key(n), note="x" * 200, offer="a", kind="click")
            for n in range(20)
        ]


def fill(state: State) -> int:
    """Collects until the state is full; returns how many events it took."""
    taken = 0
    for batch in batches():
        refusal = state.collect(batch, NOW_NS).exception()
        if refusal is not None:
            assert isinstance(refusal, Exhausted)
            assert refusal.reason is Reason.STORE_FULL
            return taken
        taken += len(batch)
    pytest.fail("the state never was full")


def test_a_tiny_map_grows_as_events_come(tmp_path: Path) -> None:
    """Readers meanwhile see one whole state after the other, and nothing is lost."""
    with State.open(tmp_path / "state", PLAN, map_size_bytes=TINY) as state:
        futures = [state.collect(batch, NOW_NS) for batch in batches(100)]
        for future in futures:
            while not future.done():
                assert state.counts().events % 20 == 0
            assert outcomes(future) == [CollectResult.ACCEPTED] * 20
        assert state.counts().events == 2_000
        assert contradictions(state, PLAN) == []


def test_a_load_grows_the_map_too(tmp_path: Path) -> None:
    """A transaction that didn't fit is done again, once."""
    with State.open(tmp_path / "state", PLAN, map_size_bytes=TINY) as state:
        items = [(item.key, item.event) for batch in batches(100) for item in batch]
        progress = list(state.load_events(items, NOW_NS))
        assert progress[-1].accepted == 2_000
        assert contradictions(state, PLAN) == []


def test_a_full_state_refuses_lives_on_and_is_usable_after_deleting(tmp_path: Path) -> None:
    """What was refused isn't there; reading goes on; deleting makes room."""
    path = tmp_path / "state"
    with State.open(path, PLAN, map_size_bytes=TINY, maximum_bytes=4 * TINY) as state:
        taken = fill(state)
        assert taken > 100
        assert state.counts().events == taken
        assert contradictions(state, PLAN) == []
        assert state.profile(key(3)) is not None
        for number in range(10):
            assert state.delete_profile(key(number)).result() is True
        more = [incoming(f"more{n}", profile=key(30)) for n in range(20)]
        assert outcomes(state.collect(more, NOW_NS)) == [CollectResult.ACCEPTED] * 20
        assert contradictions(state, PLAN, deleted=True) == []
    with State.open(path, PLAN, map_size_bytes=TINY, maximum_bytes=4 * TINY) as state:
        assert contradictions(state, PLAN, deleted=True) == []


def test_in_a_full_state_what_fits_is_stored_although_sent_with_what_does_not(
    tmp_path: Path,
) -> None:
    """Writes that share a transaction don't share its failure."""
    path = tmp_path / "state"
    with State.open(path, PLAN, map_size_bytes=TINY, maximum_bytes=TINY) as state:
        huge = [incoming(f"huge{n}", note="x" * 5_000) for n in range(100)]
        futures = [
            state.collect([incoming("a")], NOW_NS),
            state.collect(huge, NOW_NS),
            state.collect([incoming("b")], NOW_NS),
        ]
        assert outcomes(futures[0]) == [CollectResult.ACCEPTED]
        with pytest.raises(Exhausted, match="the store is full"):
            futures[1].result()
        assert outcomes(futures[2]) == [CollectResult.ACCEPTED]
        assert state.counts().events == 2


def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    """A file that may not grow, by the process's own limit, stands for the full disk."""
    script = (
        "import sys; from pathlib import Path; from store.test_growth import on_a_full_disk; "
        "on_a_full_disk(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "state")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    with State.open(tmp_path / "state", PLAN) as state:
        assert contradictions(state, PLAN, deleted=True) == []
        assert f"{state.counts().events}\n" == done.stdout


def on_a_full_disk(path: Path) -> None:
    """Fills a state up to the limit of file sizes, then lifts it; prints the events kept."""
    with State.open(path, PLAN) as state:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))
        taken = fill(state)
        assert taken > 100
        assert state.counts().events == taken
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert outcomes(state.collect([incoming("more")], NOW_NS)) == [CollectResult.ACCEPTED]
        print(state.counts().events)


class Stumbling(FoldPlan):
    """A plan with a defect: it fails on one event after having changed the record."""

    def fold(self, record: ProfileRecord, event: Event) -> Sequence[Counting]:
        """Fails on the event called `bad`."""
        counted = super().fold(record, event)
        if event.id == "bad":
            raise ZeroDivisionError
        return counted


def test_a_write_that_fails_leaves_nothing_and_takes_nobody_along(tmp_path: Path) -> None:
    """Its own future fails; those that share its transaction are stored."""
    plan = Stumbling.build(catalogue_of(Schema(aggregates=(SPEND, LAST, RECENT))), [])
    with State.open(tmp_path / "state", plan) as state:
        futures = [
            state.collect([incoming(f"e{n}"), incoming("bad" if n == 5 else f"f{n}")], NOW_NS)
            for n in range(10)
        ]
        with pytest.raises(ZeroDivisionError):
            futures.pop(5).result()
        for future in futures:
            assert outcomes(future) == [CollectResult.ACCEPTED] * 2
        assert state.event("e5") is None
        assert state.counts().events == 18
        assert contradictions(state, PLAN) == []


def test_too_much_at_once_is_refused_before_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OVERLOADED at the limit; what was accepted before is stored."""
    monkeypatch.setattr(writer_module, "QUEUE_LIMIT", 50)
    accepted: list[Future[list[Collected]]] = []
    with State.open(tmp_path / "state", PLAN) as state:
        with pytest.raises(Exhausted) as caught:
            accepted.extend(state.collect(batch, NOW_NS) for batch in batches(10_000))
        assert caught.value.reason is Reason.OVERLOADED
        for future in accepted:
            assert outcomes(future) == [CollectResult.ACCEPTED] * 20
        assert state.counts().events == 20 * len(accepted)


def test_large_writes_are_bounded_by_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OVERLOADED by far fewer than the limit's count; one too large by itself still gets in."""
    monkeypatch.setattr(writer_module, "QUEUE_LIMIT_BYTES", 100_000)
    accepted: list[Future[Any]] = []
    with State.open(tmp_path / "state", PLAN) as state:

        def overload() -> None:
            for number in range(50):
                item = incoming(f"e{number}", note="x" * 9_000)
                accepted.append(state.collect([item], NOW_NS))
                accepted.append(state.set_profile(key(number), {"note": "x" * 9_000}, NOW_NS))

        huge = state.collect([incoming("huge", note="x" * 200_000)], NOW_NS)
        assert outcomes(huge) == [CollectResult.ACCEPTED]
        with state._environment._write_lock, pytest.raises(Exhausted, match="bytes") as caught:
            overload()
        assert caught.value.reason is Reason.OVERLOADED
        # What waits, and what the writer had taken before it had to wait.
        assert 10 <= len(accepted) <= 24
        for future in accepted:
            future.result()
        assert contradictions(state, PLAN) == []


def test_a_transaction_takes_its_share_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gathers meanwhile is spread over several, each about as large as it may be."""
    monkeypatch.setattr(writer_module, "BATCH_LIMIT_BYTES", 50_000)
    with State.open(tmp_path / "state", PLAN) as state:
        with state._environment._write_lock:
            futures = [
                state.collect([incoming(f"e{number}", note="x" * 9_000)], NOW_NS)
                for number in range(40)
            ]
            before = state._environment.raw.info()["last_txnid"]
        for future in futures:
            assert outcomes(future) == [CollectResult.ACCEPTED]
        # Six fill one; the first may have been taken alone.
        assert state._environment.raw.info()["last_txnid"] - before in (7, 8)


def test_a_write_that_is_cancelled_in_time_is_not_done(tmp_path: Path) -> None:
    """And one that isn't is done, whole."""
    with State.open(tmp_path / "state", PLAN) as state:
        futures = [state.collect([incoming(f"e{n}")], NOW_NS) for n in range(200)]
        cancelled = [n for n, future in enumerate(futures) if n % 2 and future.cancel()]
        state.collect([incoming("last")], NOW_NS).result()
        for number in cancelled:
            assert state.event(f"e{number}") is None
        assert state.counts().events == 201 - len(cancelled)
