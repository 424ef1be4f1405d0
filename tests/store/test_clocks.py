"""Clocks that are ahead or are set back don't let caps be exceeded or reservations die."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from offerd.events import FoldPlan
from offerd.model.capping import Cap, CapSubject, Counter, Demand, Limit
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema
from offerd.store import Hold, Released, State
from offerd.store.instants import count_between
from offerd.store.layout import Table
from store.given import DISPLAYS, LAST, NOW_NS, PLAN, incoming, key, plan_of
from store.taker import PLAN as TAKER_PLAN
from store.taker import WANTED

HOUR_NS = 3_600 * 10**9


def displays(state: State, now_ns: int) -> int:
    """Returns how many displays a cap of the profile counts."""
    record = state.profile(key())
    assert record is not None
    return count_between(record.counted[DISPLAYS.key], now_ns - HOUR_NS, now_ns)


def test_an_event_dated_ahead_counts_as_of_when_it_came(tmp_path: Path) -> None:
    """Also when folded afresh; whatever else reads it has the time that it says."""
    path = tmp_path / "state"
    ahead_ns = NOW_NS + 20 * HOUR_NS
    with State.open(path, PLAN) as state:
        early = [incoming(f"e{n}", kind="display", offer="a") for n in range(3)]
        state.collect(early, NOW_NS).result()
        for number in range(19):
            event = incoming(f"f{number}", kind="display", offer="a", time_ns=ahead_ns + number)
            (collected,) = state.collect([event], NOW_NS + number).result()
            (change,) = collected.changes
            assert change.after >= min(4 + number, 18)
        assert displays(state, NOW_NS + 20) >= 3
        found = state.event("f3")
        assert found is not None
        assert (found.time_ns, found.counted_ns) == (ahead_ns + 3, NOW_NS + 3)
        counted = state.profile(key())
    with State.open(path, plan_of(LAST)) as state:
        refolded = state.profile(key())
        assert counted is not None
        assert refolded is not None
        assert refolded.counted == counted.counted


def test_an_imported_event_dated_ahead_counts_as_of_the_import(tmp_path: Path) -> None:
    """As one that is collected does."""
    with State.open(tmp_path / "state", PLAN) as state:
        event = incoming("e", kind="display", offer="a", time_ns=NOW_NS + HOUR_NS).event
        for _ in state.load_events([(key(), event)], NOW_NS):
            pass
        assert displays(state, NOW_NS) == 1


def test_a_reservation_lasts_as_long_as_asked_after_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    """It lives from when it is made, which is never before what was done earlier."""
    with State.open(tmp_path / "state", TAKER_PLAN) as state:
        state.take(key(), WANTED, "s", NOW_NS + HOUR_NS).result()
        for name in ("kept", "given"):
            taken = state.take(key(), WANTED, name, NOW_NS, Hold(name, 600)).result()
            assert taken.expire_ns == NOW_NS + HOUR_NS + 600
        assert state.commit_reservation("kept", NOW_NS + 1).result()
        assert state.release_reservation("given", NOW_NS + 1).result() is Released.RELEASED


def test_expired_reservations_leave_memory_and_file(tmp_path: Path) -> None:
    """Those of many profiles that never ask again, while something else is going on."""
    counter = Counter("profile:decision:offer/a", "decision", CapSubject.PROFILE, (0,))
    cap = Cap(0, 3)
    wanted = [Demand(0, "a", "d", "web", (Limit(counter, cap, 3),))]
    offer = Offer("a", 1, None, None, None, (), {}, (), (cap,))
    catalogue = Catalogue(
        Schema(), (), (), (), (), (), (offer,), (), (), (), (), (), counters=(counter,)
    )
    path = tmp_path / "state"
    plan = FoldPlan.build(catalogue, [])

    def rows(state: State) -> int:
        def entries(transaction: Any) -> int:
            database = state._environment.database(Table.RESERVATIONS)
            return int(transaction.stat(database)["entries"])

        return state._environment.read(entries)

    with State.open(path, plan) as state:
        futures = [
            state.take(key(number), wanted, f"r{number}", NOW_NS, Hold(f"r{number}", 60))
            for number in range(300)
        ]
        assert all(future.result().granted for future in futures)
        for number in range(1, 300, 2):
            state.release_reservation(f"r{number}", NOW_NS).result()
        assert len(state.tallies._pending) == 150
        assert len(state.tallies._expiries) <= 2 * 150 + 100
        for number in range(60):
            state.collect([incoming(f"e{number}")], NOW_NS + HOUR_NS).result()
        assert not state.tallies._pending
        assert not state.tallies._expiries
        assert rows(state) == 0


def test_a_deleted_profile_is_not_named_by_its_reservations(tmp_path: Path) -> None:
    """Neither by what is pending nor by what is committed."""
    person = ProfileKey("email", "alma@example.com")
    with State.open(tmp_path / "state", TAKER_PLAN) as state:
        for name in ("pending", "committed"):
            state.take(person, WANTED, name, NOW_NS, Hold(name, HOUR_NS)).result()
        assert state.commit_reservation("committed", NOW_NS + 1).result()
        assert state.delete_profile(person).result()

        def values(transaction: Any) -> list[bytes]:
            found: list[bytes] = []
            for table in (Table.RESERVATIONS, Table.PROFILES, Table.EVENTS):
                cursor = transaction.cursor(db=state._environment.database(table))
                found += [bytes(key) + bytes(value) for key, value in cursor]
            return found

        assert not state._environment.read(values)
        assert not state.commit_reservation("committed", NOW_NS + 2).result()
