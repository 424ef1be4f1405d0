"""Series in the file: what is touched, let go of, rebuilt and removed; and old states."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import lmdb
import msgspec
import pytest

from offerd.events import FoldPlan
from offerd.events import kind as kind_module
from offerd.events.series import CHUNK_ENTRIES, Chunk
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.model.schema import Aggregate, AggregateFunction, ValueType
from offerd.store import Durability, State
from offerd.store.environment import Environment
from offerd.store.layout import Table, profile_digest
from seeds import random_seed
from store.given import (
    LAST,
    NOW_NS,
    RECENT,
    SPEND,
    contradictions,
    incoming,
    key,
    plan_of,
)

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
ME = Subject(key(), (key(),))
EVER = Aggregate("ever", ("purchase",), AggregateFunction.DISTINCT, ValueType.INT, value="category")
PLAN = plan_of(SPEND, LAST, RECENT, EVER)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A new state."""
    with State.open(tmp_path / "state", PLAN, durability=Durability.RELAXED) as opened:
        yield opened


def rows(state: State, owner: ProfileKey | None = None) -> dict[bytes, bytes]:
    """Returns what the table of series holds of a profile."""
    digest = profile_digest(owner or key())
    environment: Environment = state._environment

    def read(transaction: Any) -> dict[bytes, bytes]:
        cursor = transaction.cursor(db=environment.database(Table.SERIES))
        found = {bytes(name): bytes(value) for name, value in cursor}
        return {name: value for name, value in found.items() if name[: len(digest)] == digest}

    return environment.read(read)


def collect(state: State, first: int, count: int, *, step_ns: int = SECOND_NS) -> None:
    """Stores so many purchases, one after the other, now being the time of the last."""
    numbers = range(first, first + count)
    items = [
        incoming(f"e{n}", time_ns=NOW_NS + n * step_ns, amount=1.0, category=f"c{n}")
        for n in numbers
    ]
    for start in range(0, count, 500):
        now_ns = items[min(start + 499, count - 1)].event.time_ns
        state.collect(items[start : start + 500], now_ns).result()


def value(state: State, name: str, now_ns: int, plan: FoldPlan = PLAN) -> Any:
    """Returns an aggregate."""
    return state.view(ME, plan, now_ns).aggregates.get(name)


def test_an_event_touches_one_chunk_of_a_series(state: State) -> None:
    """However many entries there are, and wherever in time it lies."""
    collect(state, 0, 3_000)
    before = rows(state)
    assert len(before) > 2 * 3_000 // CHUNK_ENTRIES
    for number, time_ns in enumerate([NOW_NS + 1, NOW_NS + 2_999 * SECOND_NS, NOW_NS + HOUR_NS]):
        item = incoming(f"late{number}", time_ns=time_ns, amount=1.0, category="x")
        state.collect([item], NOW_NS + HOUR_NS).result()
        after = rows(state)
        # Two series, of each a chunk that grew or was split.
        changed = {name for name in after if before.get(name) != after[name]}
        assert len(changed) <= 4
        before = after
    assert contradictions(state, PLAN) == []


def test_chunks_keep_their_order(state: State) -> None:
    """Each begins at its key and ends before the next one does, in whatever order events come."""
    seed = random_seed()
    numbers = list(range(2_000))
    random.Random(seed).shuffle(numbers)
    for start in range(0, 2_000, 100):
        items = [
            incoming(f"e{n}", time_ns=NOW_NS + n // 3, category=f"c{n}")
            for n in numbers[start : start + 100]
        ]
        state.collect(items, NOW_NS + 2_000).result()
    several: dict[bytes, list[tuple[bytes, Chunk]]] = {}
    for name, encoded in rows(state).items():
        several.setdefault(name[:24], []).append((name, Chunk.decode(encoded)))
    assert len(several) == 2
    for chunks in several.values():
        assert sum(len(chunk) for _, chunk in chunks) == 2_000
        for (name, chunk), (_, following) in pairwise(chunks):
            time_ns, tie = chunk.first
            packed = (time_ns + 2**63).to_bytes(8, "big") + tie.to_bytes(8, "big")
            assert name[24:] == packed
            assert chunk.last < following.first
    assert contradictions(state, PLAN) == []


def test_what_can_not_matter_any_more_is_let_go(state: State) -> None:
    """A window of an hour keeps about an hour, while what looks back for ever keeps all."""
    collect(state, 0, 4_000, step_ns=HOUR_NS // 600)
    stored = [len(Chunk.decode(encoded)) for encoded in rows(state).values()]
    assert 4_000 + 600 <= sum(stored) <= 4_000 + 600 + 3 * CHUNK_ENTRIES
    last_ns = NOW_NS + 3_999 * HOUR_NS // 600
    assert value(state, "recent", last_ns) == 600
    assert value(state, "ever", last_ns) == 4_000
    item = incoming("old", time_ns=NOW_NS, category="old")
    before = rows(state)
    state.collect([item], last_ns).result()
    assert len([name for name in before if rows(state)[name] != before[name]]) == 1


def test_what_a_profile_holds_is_bounded(
    state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Older entries are summed up in buckets, and the answer says so."""
    monkeypatch.setattr(kind_module, "KEPT", 1_000)
    plan = plan_of(EVER)
    with State.open(tmp_path / "other", plan, durability=Durability.RELAXED) as bounded:
        collect(bounded, 0, 6_000)
        entries = [
            len(Chunk.decode(encoded)) for name, encoded in rows(bounded).items() if len(name) > 24
        ]
        assert 1_000 <= sum(entries) <= 1_000 + 2 * CHUNK_ENTRIES
        known = bounded.views.known(ME, plan, NOW_NS + HOUR_NS * 2)
        told = known.approximations(NOW_NS + HOUR_NS * 2)
        assert "ever" in told
        assert known.aggregates(NOW_NS + HOUR_NS * 2)["ever"] == pytest.approx(6_000, rel=0.1)


def test_removing_a_profile_removes_its_series(state: State) -> None:
    """Nothing of them stays, and others keep theirs."""
    collect(state, 0, 300)
    state.collect([incoming("other", profile=key(8), category="c")], NOW_NS).result()
    state.delete_profile(key()).result()
    assert rows(state) == {}
    assert len(rows(state, key(8))) == 2


def test_a_profile_is_refolded_with_its_series(tmp_path: Path) -> None:
    """Other definitions have other series; those of before are gone once it is written to."""
    path = tmp_path / "state"
    with State.open(path, plan_of(EVER), durability=Durability.RELAXED) as state:
        collect(state, 0, 50)
        before = rows(state)
    plan = plan_of(RECENT)
    now_ns = NOW_NS + 49 * SECOND_NS
    with State.open(path, plan, durability=Durability.RELAXED) as state:
        assert value(state, "recent", now_ns, plan) == 50
        state.set_profile(key(), {}, now_ns).result()
        after = rows(state)
        assert not after.keys() & before.keys()
        assert contradictions(state, plan) == []
    with State.open(path, plan, durability=Durability.RELAXED) as state:
        assert state.views.fold_size(ME, plan) == 0
        assert value(state, "recent", now_ns, plan) == 50


def test_a_state_of_the_second_format_is_taken_over(tmp_path: Path) -> None:
    """It lacked the series and some fields of records; profiles are folded afresh when met."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        collect(state, 0, 20)
        state.set_profile(key(), {"city": "Lund"}, NOW_NS + 7).result()
        record = state.profile(key())
    environment = lmdb.open(str(path), max_dbs=40)
    with environment.begin(write=True) as transaction:
        transaction.drop(environment.open_db(b"series", txn=transaction))
        profiles = environment.open_db(b"profiles", txn=transaction)
        for digest, encoded in list(transaction.cursor(db=profiles)):
            row = msgspec.msgpack.decode(encoded)
            for name in ("consent", "attributes_time_ns", "event_bytes"):
                del row[name]
            row["fold"] = b"an older plan"
            transaction.put(digest, msgspec.msgpack.encode(row), db=profiles)
        meta = environment.open_db(b"meta", txn=transaction)
        transaction.put(b"version", b"2", db=meta)
    environment.close()
    for _ in range(2):
        with State.open(path, PLAN) as state:
            assert value(state, "recent", NOW_NS + 19 * SECOND_NS) == 20
            assert state.profile(key()) == record
            assert record is not None
            assert record.attributes_time_ns == NOW_NS + 7
            assert contradictions(state, PLAN) == []
