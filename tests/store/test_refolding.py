"""Records that another plan folded are folded afresh once, and in nobody's way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from offerd.events import FoldPlan
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Schema
from offerd.store import State
from offerd.store import records as records_module
from offerd.store import refolds as refolds_module
from store.given import (
    LAST,
    NOW_NS,
    SPEND,
    catalogue_of,
    contradictions,
    incoming,
    key,
    plan_of,
)

COUNT = 40


class Watched(FoldPlan):
    """A plan that counts its refolds and lets a test look in at the third event of one."""

    refolds = 0
    during: Callable[[], None] | None = None

    def refold(self, record: ProfileRecord, events: Iterable[Event]) -> None:
        """Counts."""
        self.refolds += 1
        super().refold(record, self._watched(events))

    def _watched(self, events: Iterable[Event]) -> Iterable[Event]:
        for number, event in enumerate(events):
            if number == 2 and self.during is not None:
                look, self.during = self.during, None
                look()
            yield event


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """A plan other than the one that had folded; events are read in small pages."""
    monkeypatch.setattr(records_module, "EVENT_PAGE", 7, raising=False)
    return Watched.build(catalogue_of(Schema(aggregates=(LAST,))), [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state with one profile that another plan had folded."""
    items = [incoming(f"e{n}", amount=1.0, category=f"c{n}", time_ns=n) for n in range(COUNT)]
    with State.open(tmp_path / "state", plan_of(SPEND)) as state:
        state.collect(items, NOW_NS).result()
        state.set_profile(key(), {"city": "Lund"}, NOW_NS).result()
    return tmp_path / "state"


def expect_all(record: ProfileRecord | None, more: int = 0) -> None:
    """Checks that a record holds what all events give."""
    assert record is not None
    assert record.event_count == COUNT + more == len(record.aggregates["last"])
    assert record.attributes == {"city": "Lund"}


def test_readers_and_the_writer_share_one_refold(path: Path, plan: Watched) -> None:
    """However often it is read before it is written back, and it is, for later processes."""
    with State.open(path, plan) as state:
        with state._environment._write_lock:
            for _ in range(5):
                expect_all(state.profile(key()))
        state.collect([incoming("new", category="new")], NOW_NS).result()
        expect_all(state.profile(key()), more=1)
        assert plan.refolds == 1
        assert contradictions(state, plan) == []
        plan.refolds = 0
    with State.open(path, plan) as state:
        expect_all(state.profile(key()), more=1)
        assert plan.refolds == 0


def test_a_record_that_was_read_is_the_readers_own(path: Path, plan: Watched) -> None:
    """What one does with it reaches neither other readers nor the store."""
    with State.open(path, plan) as state:
        with state._environment._write_lock:
            record = state.profile(key())
            assert record is not None
            record.aggregates.clear()
            record.attributes.clear()
            expect_all(state.profile(key()))
        state.set_profile(key(8), {}, NOW_NS).result()
        expect_all(state.profile(key()))


def test_nobody_waits_for_a_refold(path: Path, plan: Watched) -> None:
    """Other threads read while it goes on."""
    with State.open(path, plan) as state:
        finished: list[bool] = []

        def look() -> None:
            other = threading.Thread(target=state.counts)
            other.start()
            other.join(timeout=5)
            finished.append(not other.is_alive())

        plan.during = look
        expect_all(state.profile(key()))
        assert finished == [True]


def test_an_event_that_comes_during_a_refold_is_in_it_wholly(path: Path, plan: Watched) -> None:
    """Whether its time lies before or after what was read already."""
    items = [incoming(f"new{t}", category=f"new{t}", time_ns=t) for t in (-5, COUNT + 5)]
    with State.open(path, plan) as state:
        plan.during = lambda: state.collect(items, NOW_NS).result() and None
        expect_all(state.profile(key()), more=2)
        assert contradictions(state, plan) == []


def test_a_profile_that_is_deleted_during_a_refold_is_gone(path: Path, plan: Watched) -> None:
    """Nothing of it stays in memory either."""
    with State.open(path, plan) as state:
        plan.during = lambda: state.delete_profile(key()).result() and None
        assert state.profile(key()) is None
    assert state._refolds._known == {}


def test_what_is_remembered_is_bounded(
    path: Path, plan: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What doesn't fit is folded again, and is right each time."""
    monkeypatch.setattr(refolds_module, "LIMIT_BYTES", 10)
    with State.open(path, plan) as state:
        with state._environment._write_lock:
            for _ in range(3):
                expect_all(state.profile(key()))
            assert state._refolds._known == {}
            assert state._refolds._size_bytes == 0
        expect_all(state.profile(key()))


def test_once_it_is_stored_nothing_is_remembered(path: Path, plan: Watched) -> None:
    """Memory is for what waits."""
    with State.open(path, plan) as state:
        state.profile(key())
    assert state._refolds._known == {}
    assert state._refolds._size_bytes == 0
