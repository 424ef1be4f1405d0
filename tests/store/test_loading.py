"""Loading much at once gives what collecting one by one gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.store import CollectResult, LoadProgress, State
from seeds import random_seed
from store.given import NOW_NS, PLAN, contradictions, incoming, key, outcomes, random_incoming


def test_a_load_equals_collecting(tmp_path: Path) -> None:
    """The same profiles, to the last bit that rules read, in whatever batches."""
    seed = random_seed()
    rng = random.Random(seed)
    items = [random_incoming(rng, f"e{n}") for n in range(500)]
    with (
        State.open(tmp_path / "collected", PLAN) as collected,
        State.open(tmp_path / "loaded", PLAN) as loaded,
    ):
        collected.collect(items, NOW_NS).result()
        events = [(item.key, item.event) for item in rng.sample(items, len(items))]
        steps = list(loaded.load_events(iter(events), NOW_NS, batch=70))
        assert [step.done for step in steps] == [*range(70, 500, 70), 500]
        for one, other in zip(collected.profiles(), loaded.profiles(), strict=True):
            assert one.aggregates == other.aggregates
            assert one.counted == other.counted
        assert contradictions(loaded, PLAN) == []


def test_a_load_can_be_repeated_and_mixes_with_collecting(tmp_path: Path) -> None:
    """What is there already is a duplicate, wherever it came from; other content is told."""
    items = [incoming(f"e{n}", profile=key(n % 4), amount=1.0) for n in range(40)]
    events = [(item.key, item.event) for item in items]
    with State.open(tmp_path / "state", PLAN) as state:
        state.collect(items[:10], NOW_NS).result()
        assert list(state.load_events(events, NOW_NS)) == [LoadProgress(30, 10, 0)]
        assert list(state.load_events(events, NOW_NS)) == [LoadProgress(0, 40, 0)]
        assert outcomes(state.collect(items, NOW_NS)) == [CollectResult.DUPLICATE] * 40
        changed = incoming("e1", profile=key(1), amount=2.0)
        assert list(state.load_events([(changed.key, changed.event)], NOW_NS)) == [
            LoadProgress(0, 0, 1)
        ]
        assert contradictions(state, PLAN) == []


def test_an_interrupted_load_keeps_what_was_committed(tmp_path: Path) -> None:
    """Batches are whole; the source's own error comes through; loading again completes it."""
    events = [(key(n % 3), incoming(f"e{n}", profile=key(n % 3)).event) for n in range(100)]

    def broken() -> Iterator[tuple[ProfileKey, Event]]:
        yield from events[:55]
        raise OSError("the file ends here")

    with State.open(tmp_path / "state", PLAN) as state:
        done = 0
        try:
            for progress in state.load_events(broken(), NOW_NS, batch=20):
                done = progress.done
        except OSError:
            pass
        assert done == state.counts().events == 40
        assert list(state.load_events(events, NOW_NS))[-1] == LoadProgress(60, 40, 0)


def test_profiles_are_loaded_beside_their_events(tmp_path: Path) -> None:
    """In either order; nothing happens until progress is asked for."""
    with State.open(tmp_path / "state", PLAN) as state:
        profiles = [(key(n), {"number": n}) for n in range(10)]
        state.load_profiles(profiles, NOW_NS)
        assert state.counts().profiles == 0
        assert [p.done for p in state.load_profiles(profiles, NOW_NS, batch=4)] == [4, 8, 10]
        item = incoming("e1", profile=key(3), amount=1.0)
        state.collect([item], NOW_NS).result()
        assert list(state.load_profiles(profiles, NOW_NS + 1))[-1].done == 10
        record = state.profile(key(3))
        assert record is not None
        assert (record.attributes, record.event_count) == ({"number": 3}, 1)
