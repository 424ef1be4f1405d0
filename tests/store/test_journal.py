"""The journal: what is appended is found again, goes with its profile, and is kept for so long."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from offerd.errors import Exhausted, Reason
from offerd.model.capping import Cap, Demand, Limit
from offerd.model.decision import DecisionContext, Options, Outcome, Proposition, ScopeQuery
from offerd.model.journal import DecisionEntry, Draft, EventEntry, GapEntry, view_hash
from offerd.model.profile import ProfileKey, ProfileView
from offerd.store import (
    Durability,
    Hold,
    JournalMode,
    JournalSettings,
    Retention,
    Selection,
    State,
    journal_waiting,
    journal_writer,
)
from offerd.store.reserving import Take
from store.capped import COUNTERS, capped_plan
from store.given import NOW_NS, PLAN, incoming, key

SECOND_NS = 10**9
BEHIND = JournalSettings(JournalMode.BEHIND)
WAITING = JournalSettings(JournalMode.BEFORE_ANSWER)
CAP = Cap(0, 2)
CAPPED = capped_plan({"a": (CAP,), "b": ()})
WANTED = [Demand(0, "a", "d", "web", (Limit(COUNTERS[0], CAP, 2),))]


def draft(
    number: int = 0, owner: ProfileKey | None = None, known: Any = None, **changes: Any
) -> Draft:
    """Returns a decision for the journal; `known` is an attribute of the customer."""
    view = ProfileView(owner, {} if known is None else {"known": known}, {}, {})
    query = ScopeQuery("hero", "best", "web", 1)
    made = Draft(
        NOW_NS + number * SECOND_NS, f"stem-{number}", f"request-{number}", "r1", view,
        DecisionContext({}), Options(), (Proposition(query, Outcome.NOTHING, ()),), (), (),
        with_reasons=False,
    )  # fmt: skip
    return made._replace(**changes)


def opened(path: Path, settings: JournalSettings = WAITING, **options: Any) -> State:
    """Returns a state that journals, without waiting for the disk."""
    options = {"fold": PLAN, **options}
    return State.open(path, journal=settings, durability=Durability.RELAXED, **options)


def numbers(state: State, selection: Selection | None = None, **options: Any) -> list[int]:
    """Returns which of the decisions of `draft` are found."""
    found = state.journal.reader.entries(selection or Selection(), **options)
    return [(one.entry.time_ns - NOW_NS) // SECOND_NS for one in found]


def test_entries_are_found_in_order_by_place_time_and_profile(tmp_path: Path) -> None:
    """Over several pages, forwards and backwards, each as it was appended."""
    count = 450
    with opened(tmp_path / "state") as state:
        for number in range(count):
            state.journal.append(draft(number, key(number % 3), number % 7))
        state.journal.append(draft(count)).result()
        everything = list(range(count + 1))
        assert numbers(state) == everything
        assert numbers(state, latest_first=True) == everything[::-1]
        assert numbers(state, Selection(after=400)) == everything[400:]
        times = Selection(since_ns=NOW_NS + 10 * SECOND_NS, until_ns=NOW_NS + 300 * SECOND_NS)
        assert numbers(state, times) == everything[10:300]
        assert numbers(state, times, latest_first=True) == everything[10:300][::-1]
        of_one = times._replace(profile=key(1))
        assert numbers(state, of_one) == [n for n in everything[10:300] if n % 3 == 1]
        first = next(state.journal.reader.entries())
        assert first.sequence == 1
        assert isinstance(first.entry, DecisionEntry)
        assert (first.entry.request_id, first.entry.subject) == ("request-0", key(0))
        view = state.journal.reader.view(first.entry.view)
        assert view == ProfileView(key(0), {"known": 0}, {}, {})


def test_a_view_is_kept_once_and_goes_with_its_last_entry(tmp_path: Path) -> None:
    """However many decisions saw it."""
    with opened(tmp_path / "state") as state:
        for number in range(5):
            state.journal.append(draft(number, key(1), "same")).result()
        extent = state.journal.reader.extent()
        assert (extent.entries, extent.views) == (5, 1)
        state.journal.append(draft(5, key(2), "same")).result()
        assert state.journal.reader.extent().views == 2  # whose it is, is part of it
        state.delete_profile(key(1)).result()
        extent = state.journal.reader.extent()
        assert (extent.entries, extent.views) == (1, 1)
        state.delete_profile(key(2)).result()
        assert state.journal.reader.extent()[:3] == (0, 0, 0)


def test_places_are_never_given_twice(tmp_path: Path) -> None:
    """Not when the last entries are deleted, nor when the state is opened again."""
    with opened(tmp_path / "state") as state:
        state.journal.append(draft(0, key(1))).result()
        state.journal.append(draft(1, key(1))).result()
        state.delete_profile(key(1)).result()
    with opened(tmp_path / "state") as state:
        state.journal.append(draft(2)).result()
        assert [one.sequence for one in state.journal.reader.entries()] == [3]


def test_collected_events_are_pointed_at_once(tmp_path: Path) -> None:
    """An event that is accepted has an entry, one that is sent again or bulk-loaded none."""
    with opened(tmp_path / "state", BEHIND) as state:
        item = incoming("e-1", amount=2.0)
        state.collect([item, item], NOW_NS + 5).result()
        state.collect([item], NOW_NS + 6).result()
        list(state.load_events([(key(), incoming("bulk").event)], NOW_NS))
        found = [one.entry for one in state.journal.reader.entries()]
        assert found == [EventEntry(NOW_NS + 5, key(), "e-1")]
        assert state.journal.reader.event("e-1") == item.event
        state.delete_profile(key()).result()
        assert list(state.journal.reader.entries()) == []


def test_nothing_is_journalled_unless_asked(tmp_path: Path) -> None:
    """A state that is opened without a word about the journal keeps none."""
    with State.open(tmp_path / "state", PLAN) as state:
        state.collect([incoming("e-1")], NOW_NS).result()
        assert state.journal.mode is JournalMode.OFF
        assert state.journal.reader.extent() == (0, 0, 0, None, None)


def test_room_and_its_entry_come_and_go_together(tmp_path: Path) -> None:
    """Refused room leaves no entry, and room that is given back takes its entry along."""
    with opened(tmp_path / "state", fold=CAPPED) as state:
        taken = [
            state.take(key(), WANTED, f"s-{n}", NOW_NS, draft=draft(n, key())).result()
            for n in range(3)
        ]
        assert [one.granted for one in taken] == [True, True, False]
        assert numbers(state) == [0, 1]
        state.take_back(key(), WANTED, taken[0], NOW_NS).result()
        assert numbers(state) == [1]
        assert state.total_count("a", "decision") == 1


def test_a_commit_is_journalled(tmp_path: Path) -> None:
    """Propositions of a reservation have entries once it is committed, as events have."""
    with opened(tmp_path / "state", fold=CAPPED) as state:
        hold = Hold("r-1", 60 * SECOND_NS)
        state.take(key(), WANTED, "s", NOW_NS, hold).result()
        assert numbers(state) == []
        assert state.commit_reservation("r-1", NOW_NS).result()
        assert state.commit_reservation("r-1", NOW_NS).result()
        entries = [one.entry for one in state.journal.reader.entries()]
        assert entries == [EventEntry(NOW_NS, key(), "s-0/a")]


def test_handed_over_decisions_are_all_there_after_closing(tmp_path: Path) -> None:
    """What waits when a state is closed is appended first."""
    with opened(tmp_path / "state", BEHIND) as state:
        for number in range(2_000):
            state.journal.hand_over(draft(number, key(number % 50)))
    with opened(tmp_path / "state") as state:
        assert numbers(state) == list(range(2_000))
        assert state.journal.left_out == 0


def test_decisions_that_find_no_place_are_counted_and_the_journal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue holds nobody up: decisions go on, and an entry tells how many are missing."""
    monkeypatch.setattr(journal_waiting, "QUEUE_LIMIT", 3)
    monkeypatch.setattr(journal_writer, "GATHER_S", 30.0)
    told: list[int] = []
    with opened(tmp_path / "state", BEHIND) as state:
        state.journal.when_left_out = told.append
        for number in range(8):
            state.journal.hand_over(draft(number))
        assert state.journal.left_out == 5
        assert told == [1, 2, 3, 4, 5]
    with opened(tmp_path / "state") as state:
        assert numbers(state) == [0, 1, 2, 3]
        gap = [one.entry for one in state.journal.reader.entries()][-1]
        assert gap == GapEntry(NOW_NS + 3 * SECOND_NS, None, 5)


def test_what_cannot_be_stored_is_left_out(tmp_path: Path) -> None:
    """A decision that can't be encoded costs no other its entry."""
    with opened(tmp_path / "state", BEHIND) as state:
        state.journal.hand_over(draft(0))
        state.journal.hand_over(draft(1, known=2**70))
        state.journal.hand_over(draft(2))
    with opened(tmp_path / "state") as state:
        entries = [one.entry for one in state.journal.reader.entries()]
        assert numbers(state) == [0, 2, 1]
        assert isinstance(entries[-1], GapEntry)


def test_a_full_store_takes_entries_again_once_profiles_are_deleted(tmp_path: Path) -> None:
    """An answer that waits for its entry is refused without room; deleting makes some."""
    with opened(tmp_path / "state", map_size_bytes=2**20, maximum_bytes=2**20) as state:
        entries = [draft(number, key(number), "x" * 1_500) for number in range(2_000)]
        refused = [state.journal.append(one).exception() for one in entries]
        full = refused[-1]
        assert isinstance(full, Exhausted)
        assert full.reason is Reason.STORE_FULL
        for number in range(2_000):
            state.delete_profile(key(number)).result()
        state.journal.append(draft(0, key())).result()
        assert numbers(state) == [0]


def test_nothing_of_a_deleted_profile_is_appended_later(tmp_path: Path) -> None:
    """Neither what waited when it was deleted, nor what is decided before it is gone."""
    with opened(tmp_path / "state", BEHIND) as state:
        state.journal.hand_over(draft(0, key(1)))
        state.journal.hand_over(draft(1, key(2)))
        state.set_profile(key(1), {"amount": 1.0}, NOW_NS).result()
        blocked, go_on = threading.Event(), threading.Event()

        def block() -> None:
            blocked.set()
            go_on.wait()

        waiting = state._writer.between(block)
        blocked.wait()
        deleted: Future[bool] = state.delete_profile(key(1))
        state.journal.hand_over(draft(2, key(1)))
        late = state.journal.append(draft(3, key(1)))
        go_on.set()
        waiting.result()
        late.result()
        assert deleted.result()
        state.journal.hand_over(draft(4, key(1)))
    with opened(tmp_path / "state") as state:
        assert numbers(state) == [1, 4]


@pytest.mark.parametrize("limit_bytes", [20_000, 200_000])
def test_the_journal_stays_within_its_size(tmp_path: Path, limit_bytes: int) -> None:
    """The oldest entries go, with views and indexes, and the file stops growing."""
    retention = Retention(size_bytes=limit_bytes)
    path = tmp_path / "state"
    files: list[int] = []
    for round_number in range(4):
        with opened(path, BEHIND) as state:
            for number in range(1_000):
                owner = key(number % 40)
                entry = draft(round_number * 1_000 + number, owner, random.random())
                state.journal.hand_over(entry)
        _trimmed(path, retention)
        with opened(path) as state:
            extent = state.journal.reader.extent()
            assert 0.9 * limit_bytes < extent.size_bytes <= limit_bytes
            assert extent.views == extent.entries  # each had another
            latest = round_number * 1_000 + 999
            assert numbers(state) == list(range(latest - extent.entries + 1, latest + 1))
        files.append((path / "data.mdb").stat().st_size)
    assert files[-1] <= 1.2 * files[1]


def test_entries_are_kept_for_so_many_days(tmp_path: Path) -> None:
    """By the instant of the decision, whenever it was appended."""
    path = tmp_path / "state"
    with opened(path) as state:
        for number in (5, 1, 9, 3):
            state.journal.append(draft(number)).result()
    now_ns = NOW_NS + 14 * SECOND_NS
    _trimmed(path, Retention(age_ns=10 * SECOND_NS), lambda: now_ns)
    with opened(path) as state:
        assert numbers(state) == [5, 9]


def _trimmed(path: Path, retention: Retention, now: Callable[[], int] = lambda: NOW_NS) -> None:
    """Opens a state that keeps so much, until it does."""
    with opened(path, JournalSettings(JournalMode.OFF, 0, retention, now)) as state:
        deadline_s = time.monotonic() + 60
        while time.monotonic() < deadline_s:
            oldest_ns = state.journal.reader.oldest_ns()
            limit_ns = retention.oldest_ns(now())
            size_bytes = state.journal.reader.extent().size_bytes
            if size_bytes <= (retention.size_bytes or size_bytes) and (
                limit_ns is None or oldest_ns is None or oldest_ns >= limit_ns
            ):
                return
            state.set_profile(key(999), {}, NOW_NS).result()  # one turn of the writer
        pytest.fail("nothing was trimmed")


def test_a_share_of_decisions_wants_reasons(tmp_path: Path) -> None:
    """The same for a stem each time, and about the share asked for."""
    settings = JournalSettings(JournalMode.BEHIND, 1_000)
    with opened(tmp_path / "state", settings) as state:
        wants = state.journal.wants_reasons
        share = sum(wants(f"stem-{n}") for n in range(10_000)) / 10_000
        assert 0.09 < share < 0.11
        assert wants("stem-1") == wants("stem-1")
    with opened(tmp_path / "other") as state:
        assert not any(state.journal.wants_reasons(f"stem-{n}") for n in range(100))


def test_views_have_hashes_of_their_content() -> None:
    """A vector, so that a journal can be read by any version."""
    assert view_hash(b"offerd").hex() == "7a5477d5006c27f26592b29fb3fc3d2f"


def test_a_draft_is_part_of_what_waits_with_its_take() -> None:
    """A take brings as many bytes as its decision has for the journal, with the view."""
    bare = Take(key(), WANTED, "s", NOW_NS, None)
    drafted = Take(key(), WANTED, "s", NOW_NS, None, draft=draft(known="x" * 5_000))
    assert drafted.size_bytes >= bare.size_bytes + 5_000
