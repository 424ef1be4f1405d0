"""A profile holds only so much."""

from __future__ import annotations

from pathlib import Path

from offerd.model.capping import Cap, Demand, Limit
from offerd.store import CollectResult, Durability, Hold, State
from offerd.store.bounds import MAXIMUM_EVENT_BYTES, MAXIMUM_EVENTS, ProfileBounds
from offerd.store.bulk import LoadProgress
from offerd.store.layout import encode_event
from store.capped import CAPS, COUNTERS, capped_plan
from store.given import NOW_NS, PLAN, contradictions, incoming, key, outcomes

FEW = ProfileBounds(events=5)


def opened(path: Path, bounds: ProfileBounds = FEW) -> State:
    """Returns a state whose profiles are small."""
    return State.open(path, PLAN, durability=Durability.RELAXED, bounds=bounds)


def test_the_usual_bounds_are_as_documented() -> None:
    """200,000 events and 64 MiB."""
    assert ProfileBounds() == (200_000, 64 * 2**20) == (MAXIMUM_EVENTS, MAXIMUM_EVENT_BYTES)


def test_an_event_too_many_is_refused(tmp_path: Path) -> None:
    """It alone; it isn't remembered, and other profiles and repeats are as ever."""
    with opened(tmp_path / "state") as state:
        items = [incoming(f"e{n}", amount=1.0) for n in range(7)]
        items.append(incoming("other", profile=key(8)))
        items.append(items[0])
        accepted, full = CollectResult.ACCEPTED, CollectResult.FULL
        expected = [*[accepted] * 5, full, full, accepted, CollectResult.DUPLICATE]
        assert outcomes(state.collect(items, NOW_NS)) == expected
        record = state.profile(key())
        assert record is not None
        assert (record.event_count, record.aggregates["spend"]) == (5, 5.0)
        assert state.event("e6") is None
        assert contradictions(state, PLAN) == []
    with opened(tmp_path / "state", ProfileBounds(events=6)) as state:
        assert outcomes(state.collect(items[5:7], NOW_NS)) == [accepted, full]


def test_bytes_count_too(tmp_path: Path) -> None:
    """As events are stored, without the names of their fields."""
    item = incoming("e1", amount=1.0, category="x" * 1_000)
    size_bytes = len(encode_event(item.event))
    with opened(tmp_path / "state", ProfileBounds(event_bytes=3 * size_bytes)) as state:
        items = [incoming(f"e{n}", amount=1.0, category="x" * 1_000) for n in range(4)]
        assert outcomes(state.collect(items, NOW_NS)).count(CollectResult.FULL) == 1
        record = state.profile(key())
        assert record is not None
        assert record.event_bytes == 3 * size_bytes
        state.delete_profile(key()).result()
        later = [incoming(f"n{n}", time_ns=NOW_NS + 10**15) for n in range(2)]
        assert CollectResult.FULL not in outcomes(state.collect(later, NOW_NS + 10**15))


def test_a_bulk_load_counts_what_found_no_room(tmp_path: Path) -> None:
    """It goes on with the others."""
    with opened(tmp_path / "state") as state:
        events = [(key(n % 2), incoming(f"e{n}").event) for n in range(16)]
        *_, last = state.load_events(events, NOW_NS)
        assert last == LoadProgress(accepted=10, full=6)
        assert last.done == 16


def test_what_can_not_count_is_not_given(tmp_path: Path) -> None:
    """Propositions of a full profile would evade their caps: it is as if those were reached."""
    cap = Cap(0, 100)
    plan = capped_plan({"a": (cap,), "b": CAPS["b"]})
    demand = Demand(0, "a", "d", "web", (Limit(COUNTERS[0], cap, 100),))
    with State.open(
        tmp_path / "state", plan, durability=Durability.RELAXED, bounds=ProfileBounds(events=2)
    ) as state:
        granted = [state.take(key(), [demand], f"s{n}", NOW_NS).result().granted for n in range(3)]
        assert granted == [True, True, False]
        taken = state.take(key(), [demand], "s3", NOW_NS).result()
        assert taken.full
        assert [reached.demand for reached in taken.reached] == [demand]
        held = state.take(key(), [demand], "s4", NOW_NS, Hold("r", 10**9)).result()
        assert (held.full, held.granted) == (True, False)
        assert state.take(None, [demand], "s5", NOW_NS).result().granted
