"""Loads in the state: aside, then all at once in force, and what came before dropped."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Event, Thread

import pytest

from offerd.customer.loaded import (
    AttributesRow,
    Factor,
    LoadKind,
    LoadTarget,
    MembershipRow,
    Row,
    ScoreRow,
)
from offerd.errors import Exhausted, FailedPrecondition, Reason, Unavailable
from offerd.model.profile import ProfileKey
from offerd.store import State
from offerd.store.layout import Table
from offerd.store.loading import AT_ONCE, LoadResult
from seeds import random_seed
from store.given import NOW_NS, PLAN, key

VIP = LoadTarget(LoadKind.MEMBERSHIPS, "vip")
PROPENSITY = LoadTarget(LoadKind.SCORES, "propensity")
WAREHOUSE = LoadTarget(LoadKind.PROFILES, "warehouse")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """An empty state."""
    with State.open(tmp_path / "state", PLAN) as state:
        yield state


def load(
    state: State,
    target: LoadTarget,
    rows: Mapping[ProfileKey, Row] | Iterable[tuple[ProfileKey, Row]],
    as_of_ns: int = NOW_NS,
    *,
    full: bool = True,
) -> LoadResult:
    """Loads rows and has them in force."""
    loading = state.loads.begin(target, as_of_ns, full=full)
    try:
        for owner, row in rows.items() if isinstance(rows, Mapping) else rows:
            loading.add(owner, row)
        return loading.enforce(NOW_NS)
    finally:
        loading.close()


def rows_of(state: State, *members: ProfileKey) -> dict[LoadTarget, Row]:
    """Returns what counts of some identities, by target."""
    return {entry.target: entry.row for entry in state.loads.found(members).entries}


def stored_rows(state: State) -> int:
    """Returns how many rows lie in the file, in force or not."""
    environment = state._environment
    database = environment.database(Table.LOADED)
    return environment.read(lambda transaction: transaction.stat(database)["entries"])


def test_what_was_loaded_is_found(state: State) -> None:
    """Rows come back as they were, by identity, for each target."""
    row = ScoreRow(70.0, 0.5, 90.0, (), NOW_NS)
    assert load(state, PROPENSITY, {key(1): row}) == LoadResult(1, 0)
    load(state, VIP, {key(1): MembershipRow(), key(2): MembershipRow(realized=False)})
    attributes = AttributesRow({"theme": "dark"}, [], b"x" * 16)
    load(state, WAREHOUSE, {key(2): attributes})
    assert rows_of(state, key(1)) == {PROPENSITY: row, VIP: MembershipRow()}
    assert rows_of(state, key(2)) == {VIP: MembershipRow(realized=False), WAREHOUSE: attributes}
    assert rows_of(state, key(3)) == {}


def test_rows_survive_a_restart(tmp_path: Path) -> None:
    """What is in force is so when the state is opened again."""
    with State.open(tmp_path / "state", PLAN) as state:
        load(state, VIP, {key(1): MembershipRow()})
    with State.open(tmp_path / "state", PLAN) as state:
        assert rows_of(state, key(1)) == {VIP: MembershipRow()}
        assert [loads.target for loads in state.loads.in_force()] == [VIP]


def test_a_full_load_replaces_what_was_there(state: State) -> None:
    """Who isn't in the newer full load isn't known any more, and takes no room in the end."""
    load(state, VIP, {key(n): MembershipRow() for n in range(50)})
    load(state, VIP, {key(n): MembershipRow() for n in range(30, 60)}, NOW_NS + 1)
    assert rows_of(state, key(29)) == {}
    assert rows_of(state, key(30)) == {VIP: MembershipRow()}
    state.loads.wait_until_clean()
    assert stored_rows(state) == 30


def test_a_delta_leaves_the_rest(state: State) -> None:
    """Who isn't in a delta stays as they were; who is in it is as it says."""
    load(state, VIP, {key(1): MembershipRow(), key(2): MembershipRow()})
    load(state, VIP, {key(2): MembershipRow(realized=False)}, NOW_NS + 1, full=False)
    assert rows_of(state, key(1)) == {VIP: MembershipRow()}
    assert rows_of(state, key(2)) == {VIP: MembershipRow(realized=False)}
    (loads,) = state.loads.in_force()
    assert [generation.rows for generation in loads.generations] == [2, 1]


def test_who_is_not_in_a_full_load_is_no_member(state: State) -> None:
    """An audience is known completely from its first full load on, and not by deltas alone."""
    load(state, VIP, {key(1): MembershipRow()}, full=False)
    assert "vip" not in state.loads.found([key(9)]).complete
    load(state, VIP, {key(1): MembershipRow()}, NOW_NS + 1)
    load(state, VIP, {key(2): MembershipRow()}, NOW_NS + 2, full=False)
    assert "vip" in state.loads.found([key(9)]).complete


def test_many_deltas_are_thinned_out(state: State) -> None:
    """Rows that newer deltas have made void are dropped, and deltas without rows forgotten."""
    load(state, VIP, {key(n): MembershipRow() for n in range(5)})
    for number in range(1, 17):
        row = MembershipRow(since_ns=number)
        load(state, VIP, {key(1): row, key(2): row}, NOW_NS + number, full=False)
    state.loads.wait_until_clean()
    (loads,) = state.loads.in_force()
    assert [generation.full for generation in loads.generations] == [True, False]
    assert stored_rows(state) == 5
    assert rows_of(state, key(1)) == {VIP: MembershipRow(since_ns=16)}
    assert rows_of(state, key(0)) == {VIP: MembershipRow()}


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("later_ns", [0, -1])
def test_a_load_that_is_not_newer_is_refused(state: State, full: bool, later_ns: int) -> None:
    """Neither a full load nor a delta may be as of when the one in force is, or before."""
    load(state, VIP, {key(1): MembershipRow()})
    with pytest.raises(FailedPrecondition, match="isn't newer") as refused:
        state.loads.begin(VIP, NOW_NS + later_ns, full=full)
    assert refused.value.reason is Reason.LOAD_OUTDATED
    state.loads.begin(LoadTarget(LoadKind.MEMBERSHIPS, "other"), NOW_NS, full=full).close()


def test_two_loads_of_one_target_at_once_are_refused(state: State) -> None:
    """The second is refused while the first is under way, and welcome afterwards."""
    first = state.loads.begin(VIP, NOW_NS, full=True)
    with pytest.raises(FailedPrecondition, match="under way") as refused:
        state.loads.begin(VIP, NOW_NS + 1, full=True)
    assert refused.value.reason is Reason.LOAD_IN_PROGRESS
    first.close()
    first.close()
    load(state, VIP, {key(1): MembershipRow()})


def test_few_loads_go_on_at_once(state: State) -> None:
    """Each takes some memory, so those beyond the limit are put off until one has ended."""
    targets = [LoadTarget(LoadKind.PROFILES, str(number)) for number in range(AT_ONCE + 1)]
    under_way = [state.loads.begin(target, NOW_NS, full=True) for target in targets[:-1]]
    with pytest.raises(Exhausted, match="loads are under way"):
        state.loads.begin(targets[-1], NOW_NS, full=True)
    under_way[0].close()
    under_way[0] = state.loads.begin(targets[-1], NOW_NS, full=True)
    for loading in under_way:
        loading.close()


def test_what_was_loaded_is_exported(state: State) -> None:
    """With everything that rows say, for each target."""
    factors = (Factor("visits", "12", "high"),)
    load(state, PROPENSITY, {key(1): ScoreRow(1.0, 0.5, factors=factors)})
    load(state, VIP, {key(1): MembershipRow(valid_until_ns=9)})
    exported = [data for kind, data in state.identities.exported(key(1)) if kind == "load"]
    assert sorted(exported, key=str) == [
        {
            "kind": "memberships",
            "target": "vip",
            "as_of_ns": NOW_NS,
            "realized": True,
            "valid_until_ns": 9,
        },
        {
            "kind": "scores",
            "target": "propensity",
            "as_of_ns": NOW_NS,
            "score": 1.0,
            "probability": 0.5,
            "factors": [{"code": "visits", "value": "12", "importance": "high"}],
        },
    ]


def test_a_load_that_is_let_go_changes_nothing(state: State) -> None:
    """Closed before it is in force, it leaves no row behind."""
    load(state, VIP, {key(1): MembershipRow()})
    abandoned = state.loads.begin(VIP, NOW_NS + 1, full=True)
    abandoned.add(key(2), MembershipRow())
    abandoned.close()
    assert rows_of(state, key(1)) == {VIP: MembershipRow()}
    assert rows_of(state, key(2)) == {}
    assert stored_rows(state) == 1


def test_a_load_that_is_broken_off_while_it_is_written_changes_nothing(state: State) -> None:
    """What it had written already never counts and is dropped."""
    load(state, VIP, {key(1): MembershipRow()})
    loading = state.loads.begin(VIP, NOW_NS + 1, full=True)
    for number in range(2, 5_000):
        loading.add(key(number), MembershipRow())
    submit = loading._submit
    written = iter(range(3))

    def until_two_batches_are_written(operation: object) -> object:
        if next(written, None) is None:
            loading.break_off()
        return submit(operation)

    loading._submit = until_two_batches_are_written
    with pytest.raises(Unavailable, match="broken off"):
        loading.enforce(NOW_NS)
    loading.close()
    state.loads.wait_until_clean()
    assert rows_of(state, key(1)) == {VIP: MembershipRow()}
    assert stored_rows(state) == 1
    load(state, VIP, {key(2): MembershipRow()}, NOW_NS + 1)
    assert rows_of(state, key(2)) == {VIP: MembershipRow()}


def test_the_last_row_of_an_identity_counts(state: State) -> None:
    """Of two rows of one identity in one load the later one holds, and it is one row."""
    result = load(
        state, PROPENSITY, [(key(1), ScoreRow(1.0)), (key(2), ScoreRow(2.0)), (key(1), ScoreRow(3))]
    )
    assert result == LoadResult(2, 0)
    assert rows_of(state, key(1)) == {PROPENSITY: ScoreRow(3.0)}


def test_deleted_customers_are_left_out(state: State) -> None:
    """A load as of before a deletion brings nobody back; one as of after it does."""
    state.identities.delete([key(1)], NOW_NS).result()
    rows = {key(1): MembershipRow(), key(2): MembershipRow()}
    assert load(state, VIP, rows, NOW_NS) == LoadResult(1, 1)
    assert rows_of(state, key(1)) == {}
    assert load(state, VIP, rows, NOW_NS + 10**9) == LoadResult(2, 0)
    assert rows_of(state, key(1)) == {VIP: MembershipRow()}


def test_deleting_a_customer_takes_what_was_loaded(state: State) -> None:
    """Also what a load under way has put aside and not yet written."""
    load(state, PROPENSITY, {key(1): ScoreRow(1.0)})
    loading = state.loads.begin(VIP, NOW_NS, full=True)
    loading.add(key(1), MembershipRow())
    state.identities.delete([key(1)], NOW_NS).result()
    assert loading.enforce(NOW_NS) == LoadResult(0, 1)
    loading.close()
    assert rows_of(state, key(1)) == {}
    assert stored_rows(state) == 0


def test_readers_see_all_of_a_load_or_nothing(state: State) -> None:
    """While loads replace each other, any two identities read at once are of one load."""
    many = [key(n) for n in range(3_000)]
    load(state, PROPENSITY, {owner: ScoreRow(0.0) for owner in many})
    ended = Event()
    torn: list[set[float]] = []
    seen: set[float] = set()

    def read() -> None:
        rng = random.Random(5)
        while not ended.is_set():
            entries = state.loads.found(rng.sample(many, 3)).entries
            scores = {entry.row.score for entry in entries if isinstance(entry.row, ScoreRow)}
            seen.update(scores)
            if len(scores) != 1:
                torn.append(scores)

    reader = Thread(target=read)
    reader.start()
    for number in range(1, 6):
        row = ScoreRow(float(number))
        load(state, PROPENSITY, dict.fromkeys(many, row), NOW_NS + number)
    ended.set()
    reader.join()
    assert not torn
    assert len(seen) > 1


def test_writes_go_on_while_a_load_is_written(state: State) -> None:
    """A profile that is set meanwhile is stored before the load is in force."""
    loading = state.loads.begin(VIP, NOW_NS, full=True)
    for number in range(20_000):
        loading.add(key(number), MembershipRow())
    enforcing = Thread(target=loading.enforce, args=(NOW_NS,))
    enforcing.start()
    stored = 0
    while enforcing.is_alive():
        state.set_profile(key(stored), {}, NOW_NS).result()
        stored += 1
    enforcing.join()
    loading.close()
    assert stored > 1
    assert rows_of(state, key(19_999)) == {VIP: MembershipRow()}


def test_all_identities_of_loads_are_told(state: State) -> None:
    """Each once, however many loads it is in, and none of loads that are in force no more."""
    load(state, VIP, {key(n): MembershipRow() for n in range(700)})
    load(state, PROPENSITY, {key(n): ScoreRow(1.0) for n in range(600, 1_300)})
    load(state, VIP, {key(1): MembershipRow()}, NOW_NS + 1)
    told = list(state.loads.keys())
    assert len(told) == len(set(told))
    assert set(told) == {key(1), *(key(n) for n in range(600, 1_300))}


def test_random_loads_are_as_a_dictionary_has_them(state: State) -> None:
    """Full loads and deltas of two targets, against the plain meaning of both."""
    seed = random_seed()
    rng = random.Random(seed)
    expected: dict[LoadTarget, dict[ProfileKey, float]] = {PROPENSITY: {}, WAREHOUSE: {}}
    other = LoadTarget(LoadKind.SCORES, "other")
    expected = {PROPENSITY: {}, other: {}}
    for step in range(40):
        target = rng.choice([PROPENSITY, other])
        full = rng.random() < 0.3
        rows = {key(n): float(step) for n in rng.sample(range(40), rng.randrange(20))}
        load(
            state,
            target,
            {owner: ScoreRow(score) for owner, score in rows.items()},
            NOW_NS + step,
            full=full,
        )
        expected[target] = rows if full else {**expected[target], **rows}
        for number in rng.sample(range(40), 5):
            found = rows_of(state, key(number))
            for each, scores in expected.items():
                row = found.get(each)
                assert (row.score if isinstance(row, ScoreRow) else None) == scores.get(key(number))
    state.loads.wait_until_clean()
    for number in range(40):
        found = rows_of(state, key(number))
        assert {each for each, scores in expected.items() if key(number) in scores} == set(found)
