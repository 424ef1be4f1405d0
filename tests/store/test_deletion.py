"""A deleted profile stays deleted, whatever its events' senders still send."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from offerd.store import CollectResult, LoadProgress, State, StateCounts
from seeds import random_seed
from store.given import NOW_NS, PLAN, contradictions, incoming, key, outcomes, random_incoming

NOTHING = StateCounts(profiles=0, events=0)


@pytest.mark.parametrize("event_id", ["e1", "kim@example.com-1", "x" * 65, "𝄞" * 128])
def test_a_late_retry_neither_counts_again_nor_revives_anybody(
    tmp_path: Path, event_id: str
) -> None:
    """It is a duplicate, in the same process and in later ones, collected or loaded."""
    path = tmp_path / "state"
    item = incoming(event_id, kind="display", offer="a")
    with State.open(path, PLAN) as state:
        state.collect([item], NOW_NS).result()
        state.delete_profile(key()).result()
        assert outcomes(state.collect([item], NOW_NS)) == [CollectResult.DUPLICATE]
    with State.open(path, PLAN) as state:
        assert outcomes(state.collect([item], NOW_NS)) == [CollectResult.DUPLICATE]
        loaded = list(state.load_events([(item.key, item.event)], NOW_NS))
        assert loaded == [LoadProgress(0, 1, 0)]
        assert state.profile(key()) is None
        assert state.event(event_id) is None
        assert state.counts() == NOTHING
        assert state.total_count("a", "display") == 1


def test_another_event_under_the_id_of_a_deleted_one_is_told_apart(tmp_path: Path) -> None:
    """It is no more stored than if the first were still there; new ids of the person are."""
    with State.open(tmp_path / "state", PLAN) as state:
        state.collect([incoming("e1", amount=1.0)], NOW_NS).result()
        state.delete_profile(key()).result()
        others = [incoming("e1", amount=2.0), incoming("e1", amount=1.0, profile=key(8))]
        assert outcomes(state.collect(others, NOW_NS)) == [CollectResult.REUSED] * 2
        assert state.counts() == NOTHING
        assert outcomes(state.collect([incoming("e2")], NOW_NS)) == [CollectResult.ACCEPTED]


def test_writes_that_share_a_transaction_with_the_deletion_see_it(tmp_path: Path) -> None:
    """Sent at once: stored, deleted, a repeat, a deletion that finds nothing more."""
    item = incoming("e1", kind="display", offer="a")
    with State.open(tmp_path / "state", PLAN) as state:
        with state._environment._write_lock:
            stored = state.collect([item], NOW_NS)
            deleted = state.delete_profile(key())
            repeated = state.collect([item], NOW_NS)
            again = state.delete_profile(key())
        assert outcomes(stored) == [CollectResult.ACCEPTED]
        assert deleted.result() is True
        assert outcomes(repeated) == [CollectResult.DUPLICATE]
        assert again.result() is False
        assert state.total_count("a", "display") == 1


def test_nothing_that_was_said_stays_in_the_tables(tmp_path: Path) -> None:
    """Neither the profile's id nor its events' ids, though senders put a name into them."""
    with State.open(tmp_path / "state", PLAN) as state:
        state.collect([incoming("kim-1", note="kim"), incoming("kim" * 40)], NOW_NS).result()
        state.set_profile(key(), {"name": "kim"}, NOW_NS).result()
        state.delete_profile(key()).result()

        def everything(transaction: object) -> list[bytes]:
            found: list[bytes] = []
            for database in state._environment._databases.values():
                for entry in transaction.cursor(db=database):  # type: ignore[attr-defined]
                    found.extend(map(bytes, entry))
            return found

        kept = state._environment.read(everything)
        assert not [entry for entry in kept if b"kim" in entry]


def test_whatever_is_repeated_after_deletions_changes_nothing(tmp_path: Path) -> None:
    """Totals count each event once, in whatever order deletions and repeats come."""
    seed = random_seed()
    rng = random.Random(seed)
    items = [random_incoming(rng, f"e{number}") for number in range(300)]
    sent: set[str] = set()
    totals: dict[str, int] = {"a": 0, "b": 0}
    with State.open(tmp_path / "state", PLAN) as state:
        for _ in range(150):
            if rng.random() < 0.2:
                state.delete_profile(key(rng.randrange(10))).result()
                continue
            some = rng.sample(items, 5)
            results = outcomes(state.collect(some, NOW_NS))
            for item, result in zip(some, results, strict=True):
                new = item.event.id not in sent
                assert (result is CollectResult.ACCEPTED) == new
                sent.add(item.event.id)
                if new and item.event.offer is not None:
                    totals[item.event.offer] += 1
        assert contradictions(state, PLAN, deleted=True) == []
        assert {offer: state.total_count(offer, "display") for offer in totals} == totals
