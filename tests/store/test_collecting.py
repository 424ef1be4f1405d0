"""Collecting events: each id once, durable when acknowledged, all in agreement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offerd.errors import InvalidArgument, Unavailable
from offerd.events import IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.store import CollectResult, Durability, State, StateCounts
from store.given import (
    DISPLAYS,
    LAST,
    NOW_NS,
    PLAN,
    SPEND,
    contradictions,
    incoming,
    key,
    outcomes,
    plan_of,
)

ACCEPTED, DUPLICATE, REUSED, *_ = CollectResult


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A new state."""
    with State.open(tmp_path / "state", PLAN) as opened:
        yield opened


def test_an_event_is_stored_folded_and_counted(state: State) -> None:
    """Once the future is done everything that reads sees it."""
    items = [
        incoming("e1", amount=2.5, category="bread"),
        incoming("e2", kind="display", offer="a", time_ns=NOW_NS + 5),
    ]
    assert outcomes(state.collect(items, NOW_NS + 5)) == [ACCEPTED, ACCEPTED]
    record = state.profile(key())
    assert record is not None
    assert (record.namespace, record.id) == key()
    assert record.aggregates == {"spend": 2.5, "last": {"bread": NOW_NS}}
    assert record.counted == {DISPLAYS.key: [NOW_NS + 5]}
    assert (record.event_count, record.update_time_ns) == (2, NOW_NS + 5)
    assert state.event("e1") == items[0].event
    assert state.events(key()) == [items[0].event, items[1].event]
    assert state.total_count("a", "display") == 1
    assert state.total_count("a", "click") == 0
    assert state.counts() == StateCounts(profiles=1, events=2)
    assert [found.id for found in state.profiles()] == ["7"]


def test_what_is_not_there_is_none(state: State) -> None:
    """Unknown profiles and events are absent, not errors."""
    assert state.profile(key()) is None
    assert state.event("e1") is None
    assert state.events(key()) == []
    assert list(state.profiles()) == []


def test_the_same_event_again_counts_once(state: State) -> None:
    """In a later call, in the same call, and in calls that share a transaction."""
    first = incoming("e1", amount=2.5)
    assert outcomes(state.collect([first, first], NOW_NS)) == [ACCEPTED, DUPLICATE]
    futures = [state.collect([first], NOW_NS + n) for n in range(20)]
    assert [outcomes(future) for future in futures] == [[DUPLICATE]] * 20
    record = state.profile(key())
    assert record is not None
    assert (record.aggregates["spend"], record.update_time_ns) == (2.5, NOW_NS)
    assert contradictions(state, PLAN) == []


def test_another_event_under_a_known_id_is_told_apart(state: State) -> None:
    """It isn't stored, whether its content or its profile differs; the others are."""
    state.collect([incoming("e1", amount=2.5)], NOW_NS).result()
    again = [
        incoming("e1", amount=3.0),
        incoming("e1", amount=2.5, profile=key(8)),
        incoming("e2", amount=1.0),
    ]
    assert outcomes(state.collect(again, NOW_NS)) == [REUSED, REUSED, ACCEPTED]
    assert state.profile(key(8)) is None
    assert contradictions(state, PLAN) == []


def test_an_event_without_a_time_is_a_repeat_whenever_it_comes_again(state: State) -> None:
    """The time that the service gave it stays that of the first."""
    for time_ns, expected in ((NOW_NS, ACCEPTED), (NOW_NS + 9, DUPLICATE)):
        event = Event("e1", "purchase", time_ns, {"amount": 1.0})
        item = IncomingEvent(key(), event, event_fingerprint(key(), event, time_given=False))
        assert outcomes(state.collect([item], NOW_NS)) == [expected]
    stored = state.event("e1")
    assert stored is not None
    assert stored.time_ns == NOW_NS


@pytest.mark.parametrize("event_id", ["e", "å" * 128, "x" * 64, "x" * 65, "𝄞" * 128])
def test_ids_of_any_length_are_kept(state: State, event_id: str) -> None:
    """Also those longer than the store's keys."""
    other = event_id + "y"
    items = [incoming(event_id, amount=1.0), incoming(other, amount=2.0)]
    assert outcomes(state.collect(items, NOW_NS)) == [ACCEPTED, ACCEPTED]
    assert state.event(event_id) == items[0].event
    assert state.event(other) == items[1].event


def test_events_are_kept_in_the_order_of_their_times(state: State) -> None:
    """Also before 1970, where times are negative."""
    times = [5, -(10**18), 0, NOW_NS, -1]
    state.collect([incoming(f"e{t}", time_ns=t) for t in times], NOW_NS).result()
    assert [event.time_ns for event in state.events(key())] == sorted(times)


def test_all_properties_come_back_as_they_were(state: State) -> None:
    """Integers of 64 bits, doubles to the last bit, text, booleans and lists."""
    item = incoming("e1", a=2**63 - 1, b=-0.1, c="å", d=True, e=["x"], f=[1, 2], g=[])
    state.collect([item], NOW_NS).result()
    assert state.event("e1") == item.event


def test_names_that_the_totals_could_not_hold_are_refused_at_once(state: State) -> None:
    """Before anything is queued, so that nothing of the request is stored."""
    with pytest.raises(InvalidArgument):
        state.collect([incoming("e1"), incoming("e2", offer="x" * 600)], NOW_NS)
    assert state.counts().events == 0


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    """Events, records, totals and the secret outlive the process, relaxed or not."""
    for durability in Durability:
        path = tmp_path / durability.value
        with State.open(path, PLAN, durability=durability) as state:
            state.collect([incoming("e1", kind="display", offer="a")], NOW_NS).result()
            secret = state.secret
        with State.open(path, PLAN) as state:
            assert state.secret == secret
            assert len(secret) == 32
            assert state.total_count("a", "display") == 1
            assert outcomes(state.collect([incoming("e1")], NOW_NS)) == [REUSED]
            assert contradictions(state, PLAN) == []


def test_closing_finishes_what_is_queued_and_refuses_more(tmp_path: Path) -> None:
    """A graceful stop loses nothing; what comes later is told so."""
    state = State.open(tmp_path / "state", PLAN)
    futures = [state.collect([incoming(f"e{n}")], NOW_NS) for n in range(200)]
    state.close()
    assert all(future.done() and outcomes(future) == [ACCEPTED] for future in futures)
    state.close()
    with pytest.raises(Unavailable, match="closed"):
        state.collect([incoming("late")], NOW_NS)
    with pytest.raises(Unavailable, match="closed"):
        state.profile(key())


def test_a_changed_plan_gives_what_it_would_have_given_from_the_start(tmp_path: Path) -> None:
    """On reading, on writing, on listing; and what is read is written back."""
    path = tmp_path / "state"
    items = [
        incoming(f"e{n}", profile=key(n % 3), amount=0.1 * n, category=f"c{n % 4}", time_ns=n)
        for n in range(60)
    ]
    with State.open(path, plan_of(SPEND)) as state:
        state.collect(items, NOW_NS).result()
        state.set_profile(key(0), {"city": "Lund"}, NOW_NS).result()
    plan = plan_of(LAST)
    with State.open(path, plan) as state:
        read = state.profile(key(0))
        assert read is not None
        assert "spend" not in read.aggregates
        assert set(read.aggregates["last"]) == {"c0", "c1", "c2", "c3"}
        assert read.attributes == {"city": "Lund"}
        state.collect([incoming("new", profile=key(1), category="c9")], NOW_NS).result()
        assert contradictions(state, plan) == []
        listed = {record.id: record for record in state.profiles()}
        assert all(record.fold == plan.fingerprint for record in listed.values())
    with State.open(path, plan) as state:
        assert {record.id: record for record in state.profiles()} == listed
