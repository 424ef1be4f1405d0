"""Room under caps is taken once, however many ask, and survives the process that took it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from offerd.model.capping import Cap, Demand
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, NamespaceType, Schema
from offerd.store import Hold, Released, State
from offerd.store.layout import Table
from offerd.store.operations import Operation
from seeds import random_seed
from store.capped import COUNTERS, MINUTE_NS, capped_plan, demand
from store.given import NOW_NS, key
from store.taker import LATER_NS, LIMIT, PLAN, WANTED


def count(state: State) -> int:
    """Returns how many propositions are counted."""
    return state.tallies.total(COUNTERS[0].key, None, None)


def pending(state: State, now_ns: int = NOW_NS) -> int:
    """Returns how many are reserved."""
    return state.tallies.pending(COUNTERS[0].key, None, now_ns)


def test_threads_that_ask_at_once_get_as_many_as_there_is_room_for(tmp_path: Path) -> None:
    """Propositions, reservations that are committed, released and taken back, all together."""
    with State.open(tmp_path / "state", PLAN) as state:
        for spent in range(LIMIT - 40):
            state.take(key(), WANTED, f"spent{spent}", NOW_NS).result()

        def ask(worker: int) -> tuple[int, int]:
            rng = random.Random(worker)
            kept = most = 0
            for number in range(150):
                name = f"w{worker}-{number}"
                hold = Hold(name, LATER_NS - NOW_NS) if rng.random() < 0.5 else None
                taken = state.take(key(worker), WANTED, name, NOW_NS, hold).result()
                most = max(most, count(state) + pending(state))
                if not taken.granted:
                    continue
                if rng.random() < 0.6:
                    if hold is not None:
                        released = state.release_reservation(name, NOW_NS).result()
                        assert released is Released.RELEASED
                    else:
                        state.take_back(key(worker), WANTED, taken, NOW_NS).result()
                    continue
                kept += 1
                if hold is not None:
                    assert state.commit_reservation(name, NOW_NS).result()
            return kept, most

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(ask, range(8)))
        assert sum(kept for kept, _ in results) == 40
        assert count(state) == LIMIT
        assert pending(state) == 0
        assert max(most for _, most in results) <= LIMIT


def test_many_asks_share_a_commit_and_none_is_too_many(tmp_path: Path) -> None:
    """Within one transaction each sees what the ones before it took."""
    with State.open(tmp_path / "state", PLAN) as state:
        gate = threading.Event()
        state._writer.submit(_Waiting(gate))
        futures = [state.take(key(n), WANTED, f"s{n}", NOW_NS) for n in range(3 * LIMIT)]
        gate.set()
        assert [future.result().granted for future in futures] == [True] * LIMIT + (
            [False] * 2 * LIMIT
        )
        reached = futures[-1].result().reached
        assert [(one.item, one.counted, one.limit.limit) for one in reached] == [(0, LIMIT, LIMIT)]


class _Waiting(Operation[None]):
    """A write that holds the writer up."""

    def __init__(self, gate: threading.Event) -> None:
        self._gate = gate

    def apply(self, _workspace: object) -> None:
        """Waits."""
        self._gate.wait(30)


def test_all_items_or_none(tmp_path: Path) -> None:
    """If one of several has no room nothing is taken; those before it count for it."""
    with State.open(tmp_path / "state", capped_plan()) as state:
        items = tuple(demand("b", "app", scope=scope, decision=f"d{scope}") for scope in range(3))
        taken = state.take(key(), items, "s", NOW_NS).result()
        assert [(one.item, one.limit.counter.key) for one in taken.reached] == [
            (2, "profile:decision:offer/b@app")
        ]
        assert state.counts().events == 0
        assert state.take(key(), items[:2], "s", NOW_NS).result().granted
        assert {event.id for event in state.events(key())} == {"s-0/b", "s-1/b"}


def test_items_without_room_take_none_from_those_after_them(tmp_path: Path) -> None:
    """What is told of a later item doesn't count an earlier one that is refused itself."""
    with State.open(tmp_path / "state", capped_plan()) as state:
        for number in range(30):
            owner = key(number)
            items = [demand("b", "app", scope=scope, decision=f"d{scope}") for scope in range(4)]
            taken = state.take(owner, items, f"s{number}", NOW_NS).result()
            counted = {one.item: one.counted for one in taken.reached if one.limit.cap.limit == 2}
            assert counted == {2: 2, 3: 2}


def test_what_others_of_a_customer_did_counts_too(tmp_path: Path) -> None:
    """Of those whom the caller names, of those linked by now to a person, and of the subject."""
    schema = Schema(namespaces=(Namespace("crm", NamespaceType.CROSS_DEVICE),))
    with State.open(tmp_path / "state", capped_plan(schema=schema)) as state:
        for number, namespace in enumerate(("device", "crm")):
            one, other = (ProfileKey(namespace, who) for who in "ab")
            members = [other] if namespace == "device" else []
            state.identities.link(one, [(one, other)] if members == [] else [], NOW_NS, NOW_NS)
            item = demand("b", "app")
            for who in (one, other):
                assert state.take(who, [item], f"{number}{who.id}", NOW_NS).result().granted
            taken = state.take(one, [item], f"{number}", NOW_NS, members=members).result()
            assert [one.counted for one in taken.reached if one.limit.cap.limit == 2] == [2]
            stranger = ProfileKey(namespace, "c")
            assert state.take(stranger, [item], f"{number}c", NOW_NS).result().granted


def test_a_reservation_is_answered_the_same_again(tmp_path: Path) -> None:
    """With the ids and the expiry of the first time, pending or committed; not another's."""
    with State.open(tmp_path / "state", PLAN) as state:

        def ask(stem: str, now_ns: int, *, profile: int = 7, name: str = "r") -> tuple[object, ...]:
            hold = Hold(name, MINUTE_NS)
            taken = state.take(key(profile), WANTED, stem, now_ns, hold).result()
            return taken.granted, taken.stem, taken.expire_ns, taken.differs

        first = (True, "one", NOW_NS + MINUTE_NS, False)
        assert ask("one", NOW_NS) == first
        assert ask("two", NOW_NS + 5) == first
        assert ask("two", NOW_NS + 5, profile=8)[3]
        assert pending(state) == 1
        assert state.commit_reservation("r", NOW_NS + 6).result()
        assert state.commit_reservation("r", NOW_NS + 7).result()
        assert ask("three", NOW_NS + 90 * MINUTE_NS) == first
        assert (count(state), pending(state)) == (1, 0)
        assert state.events(key())[0].time_ns == NOW_NS + 6
        assert not ask("four", NOW_NS, name="other")[3]


def test_what_has_expired_can_not_be_committed_however_early_the_commit_was(
    tmp_path: Path,
) -> None:
    """A commit that was dated before another found the room free comes too late."""
    with State.open(tmp_path / "state", PLAN) as state:
        holds = [Hold(f"r{n}", MINUTE_NS) for n in range(LIMIT)]
        for hold in holds:
            assert state.take(key(), WANTED, hold.id, NOW_NS, hold).result().granted
        assert not state.take(key(), WANTED, "late", NOW_NS + MINUTE_NS - 1).result().granted
        assert state.take(key(), WANTED, "later", NOW_NS + MINUTE_NS).result().granted
        assert not state.commit_reservation("r0", NOW_NS + MINUTE_NS - 1).result()
        assert state.release_reservation("r1", NOW_NS).result() is Released.NOTHING
        assert (count(state), pending(state, NOW_NS + MINUTE_NS)) == (1, 0)


def test_deleting_a_profile_frees_what_it_holds_and_keeps_what_counts(tmp_path: Path) -> None:
    """What was proposed stays proposed; a reservation of somebody gone is nobody's."""
    path = tmp_path / "state"
    with State.open(path, PLAN) as state:
        state.take(key(), WANTED, "s", NOW_NS).result()
        state.take(key(), WANTED, "t", NOW_NS, Hold("mine", LATER_NS - NOW_NS)).result()
        state.take(key(8), WANTED, "u", NOW_NS, Hold("yours", LATER_NS - NOW_NS)).result()
        assert state.delete_profile(key()).result()
        assert (count(state), pending(state)) == (1, 1)
        assert not state.commit_reservation("mine", NOW_NS).result()
    with State.open(path, PLAN) as state:
        assert (count(state), pending(state)) == (1, 1)
        assert state.commit_reservation("yours", NOW_NS).result()


def test_outdated_reservations_do_not_gather(tmp_path: Path) -> None:
    """Each that is made clears others away: expired ones, and committed ones after a week."""
    with State.open(tmp_path / "state", PLAN) as state:

        def rows() -> int:
            def entries(transaction: Any) -> int:
                database = state._environment.database(Table.RESERVATIONS)
                return int(transaction.stat(database)["entries"])

            return state._environment.read(entries)

        week_ns = 7 * 1_440 * MINUTE_NS
        for number in range(60):
            name = f"r{number}"
            state.take(key(), WANTED, name, NOW_NS, Hold(name, MINUTE_NS)).result()
            if number % 2:
                state.commit_reservation(name, NOW_NS).result()
        assert rows() == 60 * 3
        for number in range(30):
            name, now_ns = f"later{number}", NOW_NS + 2 * week_ns + number * MINUTE_NS
            state.take(key(), WANTED, name, now_ns, Hold(name, MINUTE_NS)).result()
        assert rows() <= 3 * 5


def killed_taker(path: Path, seed: int, lines: int) -> list[tuple[str, str]]:
    """Runs a taker, kills it after so many lines; returns what it said of what."""
    with subprocess.Popen(
        [sys.executable, "-m", "store.taker", str(path), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = [process.stdout.readline().strip() for _ in range(lines + 1)]
        process.kill()
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
        assert said[0] == "open", process.stderr.read()
        return [(line.split()[0], line.split()[1]) for line in said[1:]]


def test_no_acknowledged_room_is_lost_by_a_kill(tmp_path: Path) -> None:
    """Killed again and again while it takes, reserves, commits and releases: what it said holds."""
    seed = random_seed()
    rng = random.Random(seed)
    path = tmp_path / "state"
    for round_number in range(8):
        said = set(killed_taker(path, seed + round_number, rng.randrange(1, 60)))
        granted = {name for what, name in said if what == "granted"}
        with State.open(path, PLAN) as state:
            proposed = [event for n in range(8) for event in state.events(key(n))]
            assert count(state) == len(proposed) == state.total_count("a", "decision")
            assert count(state) + pending(state) <= LIMIT
            stems = {event.id.removesuffix("-0/a") for event in proposed}
            for name in granted:
                finished = ("done", name) in said
                if name.endswith("taken") or (finished and name.endswith("committed")):
                    assert name in stems
                elif name.endswith("committed"):
                    assert state.commit_reservation(name, NOW_NS).result()
                elif name.endswith("held"):
                    released = state.release_reservation(name, NOW_NS).result()
                    assert released is Released.RELEASED
                else:
                    released = state.release_reservation(name, NOW_NS).result()
                    assert released is Released.NOTHING or not finished


def test_a_counter_keeps_its_times_over_restarts(tmp_path: Path) -> None:
    """Also after the older ones were dropped."""
    path = tmp_path / "state"
    plan = capped_plan()
    for part in range(4):
        with State.open(path, plan) as state:
            for number in range(60):
                now_ns = NOW_NS + (part * 60 + number) * 5 * MINUTE_NS
                state.take(None, [_uncapped()], f"s{part}-{number}", now_ns).result()
    with State.open(path, plan) as state:
        found = state.tallies.total(COUNTERS[2].key, now_ns - 15 * MINUTE_NS, None)
        assert found == 3
        assert state.tallies.total(COUNTERS[2].key, None, None) == 240


def _uncapped() -> Demand:
    return Demand(0, "b", "d", "web", ())


def test_a_raised_limit_finds_the_times_again_that_a_smaller_one_had_dropped(
    tmp_path: Path,
) -> None:
    """Events in the window count for the new limit as if it had always been that."""
    path = tmp_path / "state"
    week_ns = 7 * 1_440 * MINUTE_NS
    events = 400
    for limit, found in ((5, False), (300, True), (300, True), (2_000, True), (5, True)):
        cap = Cap(2, limit, within_ns=week_ns, placements=("web",))
        with State.open(path, capped_plan({"a": (), "b": (cap,)})) as state:
            if not found:
                for number in range(events):
                    now_ns = NOW_NS + number * MINUTE_NS
                    state.take(key(number % 9), [_uncapped()], f"s{number}", now_ns).result()
            counted = state.tallies.total(COUNTERS[2].key, now_ns - week_ns, None)
            if found:
                assert min(counted, limit) == min(events, limit)
            else:
                assert limit <= counted < events
            assert state.tallies.total(COUNTERS[2].key, None, None) == events


def test_what_has_an_id_already_is_not_stored_again(tmp_path: Path) -> None:
    """Whether an event of it is there, waits in the same commit, or was deleted."""
    with State.open(tmp_path / "state", PLAN) as state:
        long = "s" * 80
        for stem in ("a", long):
            first = state.take(key(), WANTED, stem, NOW_NS).result()
            assert first.granted
            known = count(state)
            for owner in (key(), key(8)):
                assert state.take(owner, WANTED, stem, NOW_NS).result().granted
            assert count(state) == known
            assert state.events(key(8)) == []
        known = count(state)
        gate = threading.Event()
        state._writer.submit(_Waiting(gate))
        several = [state.take(key(n), WANTED, "b", NOW_NS) for n in range(3)]
        gate.set()
        assert all(future.result().granted for future in several)
        assert count(state) == known + len(WANTED)
        state.delete_profile(key(0)).result()
        assert state.take(key(9), WANTED, "b", NOW_NS).result().granted
        assert count(state) == known + len(WANTED)
        assert state.take(key(9), WANTED, "bb", NOW_NS).result().granted
        assert count(state) == known + 2 * len(WANTED)
