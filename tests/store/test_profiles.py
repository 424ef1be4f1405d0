"""Profiles: their attributes set, read and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offerd.model.profile import ProfileKey
from offerd.store import CollectResult, State, StateCounts
from store.given import NOW_NS, PLAN, contradictions, incoming, key, outcomes


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A new state."""
    with State.open(tmp_path / "state", PLAN) as opened:
        yield opened


def test_attributes_are_replaced_and_events_stay(state: State) -> None:
    """The record that comes back is the one that is stored."""
    state.collect([incoming("e1", amount=2.5)], NOW_NS).result()
    state.set_profile(key(), {"city": "Lund", "age": 30}, NOW_NS + 1).result()
    record = state.set_profile(key(), {"city": "Malmö"}, NOW_NS + 2).result()
    assert record.attributes == {"city": "Malmö"}
    assert record.aggregates["spend"] == 2.5
    assert record.update_time_ns == NOW_NS + 2
    assert state.profile(key()) == record


def test_setting_the_same_again_changes_nothing(state: State) -> None:
    """Not even the time of the last change."""
    first = state.set_profile(key(), {"city": "Lund"}, NOW_NS).result()
    assert state.set_profile(key(), {"city": "Lund"}, NOW_NS + 1).result() == first
    empty = state.set_profile(key(8), {}, NOW_NS).result()
    assert state.profile(key(8)) == empty


def test_a_record_that_was_answered_does_not_change_any_more(state: State) -> None:
    """Although later writes of the same transaction concern the same profile."""
    first = state.set_profile(key(), {"city": "Lund"}, NOW_NS)
    later = [state.collect([incoming(f"e{n}", amount=1.0)], NOW_NS) for n in range(50)]
    assert [outcomes(future) for future in later] == [[CollectResult.ACCEPTED]] * 50
    assert first.result().event_count == 0


def test_namespaces_keep_profiles_apart(state: State) -> None:
    """The same id elsewhere is somebody else, wherever the boundary lies."""
    keys = [ProfileKey("crm", "7"), ProfileKey("email", "7"), ProfileKey("crm7", "")]
    for number, one in enumerate(keys):
        state.set_profile(one, {"number": number}, NOW_NS).result()
    for number, one in enumerate(keys):
        record = state.profile(one)
        assert record is not None
        assert record.attributes == {"number": number}


def test_deleting_removes_the_profile_and_its_events(state: State) -> None:
    """Others stay; the totals of offers stay."""
    mine = [incoming(f"e{n}", kind="display", offer="a", time_ns=n) for n in range(300)]
    other = incoming("other", profile=key(8), kind="display", offer="a")
    state.collect([*mine, other], NOW_NS).result()
    assert state.delete_profile(key()).result() is True
    assert state.profile(key()) is None
    assert state.events(key()) == []
    assert state.event("e1") is None
    assert state.counts() == StateCounts(profiles=1, events=1)
    assert state.total_count("a", "display") == 301
    assert contradictions(state, PLAN, deleted=True) == []


def test_deleting_what_is_not_there_says_so(state: State) -> None:
    """Twice the same deletion is no error."""
    assert state.delete_profile(key()).result() is False
    state.set_profile(key(), {"city": "Lund"}, NOW_NS).result()
    assert state.delete_profile(key()).result() is True
    assert state.delete_profile(key()).result() is False


def test_a_batch_keeps_the_order_in_which_it_was_sent(state: State) -> None:
    """Events, then a deletion, then events again: only the last ones are left."""
    state.collect([incoming("e1", amount=1.0)], NOW_NS)
    state.delete_profile(key())
    last = state.collect([incoming("e1", amount=5.0), incoming("e2", amount=7.0)], NOW_NS)
    assert outcomes(last) == [CollectResult.REUSED, CollectResult.ACCEPTED]
    record = state.profile(key())
    assert record is not None
    assert (record.aggregates["spend"], record.event_count) == (7.0, 1)
    assert contradictions(state, PLAN) == []


def test_listing_goes_over_many_profiles(state: State) -> None:
    """More than are read at a time, each once."""
    for _ in state.load_profiles([(key(n), {"n": n}) for n in range(1_203)], NOW_NS):
        pass
    assert sorted(record.attributes["n"] for record in state.profiles()) == list(range(1_203))
