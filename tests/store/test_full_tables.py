"""Whatever it is that fills a state: that is told, nothing is half written, and room used again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from offerd.customer.loaded import AttributesRow, LoadKind, LoadTarget
from offerd.errors import Exhausted, Reason
from offerd.model.capping import Cap, Demand, Limit
from offerd.model.consent import Choice, Consent, ConsentValue
from offerd.model.identity import Subject
from offerd.model.membership import MembershipStatus, TrackedMembership, Transition
from offerd.model.profile import ProfileKey
from offerd.store import Durability, Hold, JournalMode, JournalSettings, Selection, State
from offerd.store.layout import Table
from offerd.store.membership_writer import Seen
from offerd.store.memberships import TrackedRow
from store.given import DISPLAYS, NOW_NS, PLAN, contradictions, incoming, key
from store.test_journal import draft

BALLAST = 12
MAXIMUM_BYTES = 2**20
LARGE = "x" * 3_000
ROWS_OF_A_RESERVATION = 3
DAY_NS = 86_400 * 10**9


def opened(path: Path) -> State:
    """A state that holds a megabyte, and doesn't wait for the disk to say so."""
    return State.open(
        path,
        PLAN,
        map_size_bytes=2**18,
        maximum_bytes=MAXIMUM_BYTES,
        durability=Durability.RELAXED,
        journal=JournalSettings(JournalMode.BEFORE_ANSWER),
    )


def owner(number: int) -> ProfileKey:
    """A profile that isn't of the ballast."""
    return key(1_000 + number)


def subject(number: int) -> Subject:
    """Somebody with one identity."""
    return Subject(owner(number), (owner(number),))


class Kind(NamedTuple):
    """One write of a kind, by number; and how many of it are there, by what a reader finds."""

    write: Callable[[State, int], object]
    found: Callable[[State, int], object]


def _collect(state: State, number: int) -> object:
    item = incoming(f"e{number}", profile=owner(0), time_ns=NOW_NS + number, amount=1.0, note=LARGE)
    return state.collect([item], NOW_NS).result()


def _series(state: State, _: int) -> object:
    known = state.views.known(subject(0), PLAN, NOW_NS + DAY_NS // 48)
    return known.view(NOW_NS + DAY_NS // 48).aggregates.get("recent", 0)


def _choose(state: State, number: int) -> object:
    choices = {f"{LARGE}{question}": Choice(ConsentValue.YES, NOW_NS) for question in range(2)}
    return state.consents.add(owner(number), Consent(choices), NOW_NS).result()


def _chosen(state: State, most: int) -> object:
    return sum(bool(state.consents.of(subject(number)).choices) for number in range(most))


def _link(state: State, number: int) -> object:
    pairs = [(owner(number), ProfileKey("crm", f"{number}-{other}")) for other in range(8)]
    return state.identities.link(owner(number), pairs, NOW_NS, NOW_NS).result()


def _linked(state: State, most: int) -> object:
    sizes = [len(state.graph(owner(number))) for number in range(most)]
    assert set(sizes) <= {1, 9}
    return sizes.count(9)


def _suppress(state: State, number: int) -> object:
    return state.suppressions.add([owner(number)], LARGE, NOW_NS).result()


def _suppressed(state: State, most: int) -> object:
    return len(state.suppressions.find([owner(number) for number in range(most)]))


def _load(state: State, number: int) -> object:
    target = LoadTarget(LoadKind.PROFILES, f"source{number}")
    loading = state.loads.begin(target, NOW_NS, full=True)
    try:
        for row in range(8):
            loading.add(owner(row), AttributesRow({"note": LARGE}))
        return loading.enforce(NOW_NS)
    finally:
        loading.close()


def _loads(state: State, _: int) -> object:
    in_force = state.loads.in_force()
    for row in range(8):
        assert len(state.loads.found([owner(row)]).entries) == len(in_force)
    return len(in_force)


def _track(state: State, number: int) -> object:
    who = key(number % BALLAST)
    memberships = {f"{LARGE}{number}": TrackedMembership(MembershipStatus.REALIZED, NOW_NS)}
    known = state.tracking.row(who)
    row = TrackedRow(*who, memberships)
    moved = Transition(who, f"a{number}", MembershipStatus.REALIZED, NOW_NS)
    before = None if known is None else known.value
    return state.tracking.store([Seen(who, before, row, [moved], who)], [], NOW_NS).result()


def _transitions(state: State, _: int) -> object:
    assert state.tracking.last_sequence() == len(state.tracking.transitions(0, 10_000))
    return state.tracking.last_sequence()


def _journal(state: State, number: int) -> object:
    return state.journal.append(draft(number, owner(number), LARGE)).result()


def _journalled(state: State, _: int) -> object:
    return sum(1 for _ in state.journal.reader.entries(Selection()))


def _reserve(state: State, number: int) -> object:
    limit = Limit(DISPLAYS, Cap(0, 10_000), 10_000)
    demands = [Demand(n, "a", LARGE, "web", (limit,)) for n in range(2)]
    hold = Hold(f"r{number}", DAY_NS)
    return state.take(owner(number), demands, f"s{number}", NOW_NS, hold).result()


def _reserved(state: State, _: int) -> object:
    table = state._environment.database(Table.RESERVATIONS)
    rows = state._environment.read(lambda transaction: transaction.stat(table)["entries"])
    assert rows % ROWS_OF_A_RESERVATION == 0
    return rows // ROWS_OF_A_RESERVATION


KINDS = {
    "events and series": Kind(_collect, _series),
    "consents": Kind(_choose, _chosen),
    "links": Kind(_link, _linked),
    "suppressions": Kind(_suppress, _suppressed),
    "loads": Kind(_load, _loads),
    "memberships": Kind(_track, _transitions),
    "journal": Kind(_journal, _journalled),
    "reservations": Kind(_reserve, _reserved),
}


def until_full(state: State, write: Callable[[State, int], object]) -> tuple[int, Exhausted]:
    """Writes until it is refused; returns how often it wasn't, and the refusal."""
    for number in range(5_000):
        try:
            write(state, number)
        except Exhausted as refusal:
            return number, refusal
    pytest.fail("the state never was full")


@pytest.mark.parametrize("kind", KINDS)
def test_full_of_anything(tmp_path: Path, kind: str) -> None:
    """STORE_FULL, all that was acknowledged there and nothing else, and on it goes after that."""
    write, found = KINDS[kind]
    with opened(tmp_path / "state") as state:
        for number in range(BALLAST):
            state.set_profile(key(number), {"note": "x" * 20_000}, NOW_NS).result()
        done, refusal = until_full(state, write)
        assert refusal.reason is Reason.STORE_FULL
        assert "the store is full" in str(refusal)
        assert done > 5
        assert found(state, done + 1) == done
        assert contradictions(state, PLAN) == []
        for number in range(BALLAST):
            assert state.profile(key(number)) is not None
            assert state.delete_profile(key(number)).result() is True
        if kind == "memberships":
            # Those who are tracked are deleted now.
            state.set_profile(key(done % BALLAST), {"note": "x"}, NOW_NS).result()
        write(state, done)
    with opened(tmp_path / "state") as state:
        assert contradictions(state, PLAN, deleted=True) == []
        if kind != "memberships":
            assert found(state, done + 1) == done + 1
