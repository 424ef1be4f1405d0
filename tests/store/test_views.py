"""What is seen of a customer over all their identities, by any revision."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from offerd.customer.subject import alone
from offerd.customer.view import NOBODY
from offerd.events import FoldPlan
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.store import Durability, State
from store.given import (
    DISPLAYS,
    LAST,
    NOW_NS,
    PLAN,
    RECENT,
    SPEND,
    catalogue_of,
    incoming,
    key,
)

PERSON = ProfileKey("crm", "person")
DEVICE = ProfileKey("ecid", "device")
BOTH = Subject(PERSON, (PERSON, DEVICE))

ATTRIBUTES = tuple(Attribute(path, ValueType.STRING) for path in ("city", "tier", "shoe"))
MERGING = FoldPlan.build(
    catalogue_of(Schema(profile=ATTRIBUTES, aggregates=(SPEND, LAST, RECENT))), []
)


class Counted(FoldPlan):
    """A plan that counts its refolds."""

    refolds = 0
    gate: threading.Event | None = None

    def refold(self, record: ProfileRecord, events: Iterable[Event]) -> None:
        """Counts, and waits if there is something to wait for."""
        self.refolds += 1
        if self.gate is not None:
            assert self.gate.wait(timeout=30)
        super().refold(record, events)


def other_plan() -> Counted:
    """A plan that folds no profile of the state."""
    return Counted.build(catalogue_of(Schema(aggregates=(LAST, RECENT))), [])


def opened(path: Path, plan: FoldPlan) -> State:
    """Returns a state that need not survive a loss of power."""
    return State.open(path, plan, durability=Durability.RELAXED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state with a profile of some purchases."""
    items = [incoming(f"e{n}", amount=1.0, category=f"c{n}", time_ns=NOW_NS - n) for n in range(40)]
    with opened(tmp_path / "state", PLAN) as state:
        state.collect(items, NOW_NS).result()
    return tmp_path / "state"


def test_events_of_all_identities_count_together(tmp_path: Path) -> None:
    """For aggregates over the whole life and over a window, and for caps."""
    with opened(tmp_path / "state", MERGING) as state:
        items = [
            incoming("e1", profile=PERSON, amount=1.0, category="milk", time_ns=NOW_NS),
            incoming("e2", profile=DEVICE, amount=0.5, category="milk", time_ns=NOW_NS + 1),
            incoming("e3", profile=DEVICE, amount=0.25, category="bread", time_ns=NOW_NS + 2),
            incoming("d1", profile=DEVICE, kind="display", offer="a", time_ns=NOW_NS + 3),
            incoming("d2", profile=PERSON, kind="display", offer="a", time_ns=NOW_NS + 4),
            incoming("d3", profile=DEVICE, kind="display", offer="a", time_ns=NOW_NS + 5),
        ]
        state.collect(items, NOW_NS + 5).result()
        view = state.view(BOTH, MERGING, NOW_NS + 5)
        assert view.subject == PERSON
        assert view.aggregates == {
            "spend": 1.75,
            "last": {"milk": NOW_NS + 1, "bread": NOW_NS + 2},
            "recent": 3,
        }
        assert view.counted == {DISPLAYS.key: [NOW_NS + 3, NOW_NS + 4, NOW_NS + 5]}
        alone_view = state.view(alone(DEVICE), MERGING, NOW_NS + 5)
        assert alone_view.subject == DEVICE
        assert (alone_view.aggregates["spend"], alone_view.aggregates["recent"]) == (0.75, 2)


def test_of_attributes_those_written_last_count(tmp_path: Path) -> None:
    """Each by itself; of equally old ones those of the better identity; events change nothing."""
    with opened(tmp_path / "state", MERGING) as state:
        state.set_profile(PERSON, {"city": "Lund", "tier": "plus"}, NOW_NS).result()
        state.set_profile(DEVICE, {"city": "Malmö", "shoe": "44"}, NOW_NS).result()
        state.collect([incoming("e1", profile=DEVICE)], NOW_NS + 1).result()
        expected = {"city": "Lund", "tier": "plus", "shoe": "44"}
        assert state.view(BOTH, MERGING, NOW_NS).attributes == expected
        state.set_profile(DEVICE, {"city": "Ystad"}, NOW_NS + 2, {"s": 2.0}).result()
        state.set_profile(PERSON, {"tier": "gold"}, NOW_NS + 3, {"s": 3.0, "t": 1.0}).result()
        view = state.view(BOTH, MERGING, NOW_NS)
        assert view.attributes == {"city": "Ystad", "tier": "gold"}
        assert view.scores == {"s": 3.0, "t": 1.0}


def test_of_nobody_and_of_somebody_unknown(tmp_path: Path) -> None:
    """Nobody has no aggregates; somebody has those before any event."""
    with opened(tmp_path / "state", PLAN) as state:
        assert state.view(None, PLAN, NOW_NS) == NOBODY == (None, {}, {}, {}, {}, {}, None)
        for subject in (alone(key()), Subject(key(1), (key(2), key(1)))):
            view = state.view(subject, PLAN, NOW_NS)
            known = (subject.unit, {}, {"spend": 0.0, "last": {}, "recent": 0}, {}, {}, {}, None)
            assert view == known


def test_a_view_is_the_readers_own(path: Path) -> None:
    """What one does with it reaches nobody else."""
    with opened(path, PLAN) as state:
        for _ in range(2):
            view = state.view(alone(key()), PLAN, NOW_NS)
            assert len(view.aggregates["last"]) == 40
            view.aggregates["last"].clear()
            view.attributes["new"] = 1


def test_what_is_folded_for_this_once_is_remembered(path: Path) -> None:
    """For each plan, until the profile changes."""
    one, two = other_plan(), Counted.build(catalogue_of(Schema(aggregates=(RECENT,))), [])
    me = alone(key())
    with opened(path, PLAN) as state:
        assert state.views.fold_size(me, one) == 40
        for _ in range(3):
            for plan in (one, two):
                view = state.view(me, plan, NOW_NS)
                assert view.aggregates["recent"] == 40
                assert state.views.fold_size(me, plan) == 0
        assert (one.refolds, two.refolds) == (1, 1)
        state.set_profile(key(), {}, NOW_NS).result()
        state.collect([incoming("new", category="new", time_ns=NOW_NS)], NOW_NS).result()
        assert state.view(me, one, NOW_NS).aggregates["recent"] == 41
        assert (one.refolds, two.refolds) == (2, 1)


def test_readers_at_once_share_one_refold(path: Path) -> None:
    """Whoever comes while it is folded waits for that, and others don't."""
    plan = other_plan()
    plan.gate = threading.Event()
    with opened(path, PLAN) as state, ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(state.view, alone(key()), plan, NOW_NS) for _ in range(8)]
        assert state.view(alone(key()), PLAN, NOW_NS).aggregates["recent"] == 40
        assert state.view(alone(key(8)), plan, NOW_NS).aggregates["recent"] == 0
        plan.gate.set()
        assert [reader.result().aggregates["recent"] for reader in readers] == [40] * 8
        assert plan.refolds == 1
        assert state._refolds._folding == {}


def test_a_profile_that_its_own_plan_must_fold_is_written_back_once(path: Path) -> None:
    """However many threads read it at once."""
    plan = other_plan()
    with opened(path, plan) as state, ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(state.view, alone(key()), plan, NOW_NS) for _ in range(8)]
        assert [reader.result().aggregates["recent"] for reader in readers] == [40] * 8
        state.set_profile(key(8), {}, NOW_NS).result()
        assert state._refolds._known == {}
        assert plan.refolds == 1
    with opened(path, plan) as state:
        assert state.views.fold_size(alone(key()), plan) == 0


def test_too_much_to_fold_at_once_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be done elsewhere."""
    monkeypatch.setattr("offerd.store.views.AT_ONCE", 39)
    plan = other_plan()
    with opened(path, PLAN) as state:
        assert state.views.known_at_once(alone(key()), plan, NOW_NS) is None
        assert state.views.known_at_once(alone(key()), PLAN, NOW_NS) is not None
        state.views.known(alone(key()), plan, NOW_NS)
        assert state.views.known_at_once(alone(key()), plan, NOW_NS) is not None


def test_as_of_an_instant_an_event_dated_later_counts_as_of_when_it_came(tmp_path: Path) -> None:
    """Clocks of senders may be ahead; the service has known it since then."""
    with opened(tmp_path / "state", PLAN) as state:
        ahead = incoming("e1", amount=2.0, time_ns=NOW_NS + 100)
        state.collect([ahead], NOW_NS + 50).result()
        for as_of_ns, spend, recent in ((NOW_NS + 49, 0.0, 0), (NOW_NS + 50, 2.0, 0)):
            known = state.views.known_as_of(alone(key()), PLAN, as_of_ns)
            aggregates = known.aggregates(as_of_ns)
            assert (aggregates["spend"], aggregates["recent"]) == (spend, recent)
        known = state.views.known_as_of(alone(key()), PLAN, NOW_NS + 100)
        assert known.aggregates(NOW_NS + 100)["recent"] == 1
