"""What is counted over all profiles doesn't depend on which revisions were served when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from offerd.events import FoldPlan, FoldPlans
from offerd.model.capping import Cap, CapSubject, Counter, Demand, Limit
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema
from offerd.store import Hold, State
from seeds import random_seed
from store.given import NOW_NS, incoming, key

HOUR_NS = 3_600 * 10**9
SHARED = Counter("total:display:cap/x", "display", CapSubject.TOTAL, (0, 1))
PROPOSED = Counter("total:decision:cap/x", "decision", CapSubject.TOTAL, (0, 1))
OWN = Counter("profile:decision:offer/a", "decision", CapSubject.PROFILE, (0,))


def plan_of(counters: Sequence[Counter] = (), caps: Sequence[Cap] = ()) -> FoldPlan:
    """Returns the plan of two offers with the same caps."""
    offers = tuple(
        Offer(offer, 1, None, None, None, (), {}, (), tuple(caps)) for offer in ("a", "b")
    )
    counted = tuple(counters)
    catalogue = Catalogue(
        Schema(), (), (), (), (), (), offers, (), (), (), (), (), counters=counted
    )
    return FoldPlan.build(catalogue, [])


def switch(state: State, plan: FoldPlan, former: FoldPlan | None = None) -> FoldPlan:
    """Activates a plan, as a process does: the former one may still be asked."""
    state.use(FoldPlans(plan, () if former is None else (former,))).result()
    return plan


def proposal(*limits: Limit) -> list[Demand]:
    """Returns a demand for one item."""
    return [Demand(0, "a", "d", "web", limits)]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("within_ns", [None, HOUR_NS])
def test_a_counter_goes_on_while_no_revision_asks_for_it(
    tmp_path: Path, within_ns: int | None, *, restarts: bool
) -> None:
    """From A over B and C back to A, with nobody's propositions and a profile that is deleted."""
    path = tmp_path / "state"
    first = plan_of([SHARED, PROPOSED], [Cap(0, 30, within_ns), Cap(1, 30, within_ns)])
    plans = [first, plan_of(), plan_of(), plan_of()]
    state, former = State.open(path, first), first
    after_ns = None if within_ns is None else NOW_NS - HOUR_NS
    try:
        for number, plan in enumerate([*plans, first]):
            if restarts:
                state.close()
                state = State.open(path, plan)
            elif number:
                former = switch(state, plan, former)
            event = incoming(f"e{number}", profile=key(number), kind="display", offer="b")
            state.collect([event], NOW_NS).result()
            assert state.take(None, proposal(), f"s{number}", NOW_NS).result().granted
            if number == 2:
                state.delete_profile(key(2)).result()
        assert state.tallies.total(SHARED.key, after_ns, NOW_NS) == 5
        assert state.tallies.total(PROPOSED.key, after_ns, None) == 5
    finally:
        state.close()


def test_random_changes_leave_counts_as_they_would_be_without(tmp_path: Path) -> None:
    """Switches and restarts between plans with and without the counter, its window and limits."""
    seed = random_seed()
    rng = random.Random(seed)
    path = tmp_path / "state"
    plans = [
        plan_of([SHARED], [Cap(0, 40, HOUR_NS)]),
        plan_of([SHARED], [Cap(0, 2, HOUR_NS)]),
        plan_of([SHARED], [Cap(0, 7)]),
        plan_of(),
    ]
    state, former = State.open(path, plans[0]), plans[0]
    try:
        for number in range(150):
            if rng.random() < 0.15:
                former = switch(state, rng.choice(plans), former)
            if rng.random() < 0.05:
                state.close()
                former = rng.choice(plans)
                state = State.open(path, former)
            event = incoming(f"e{number}", profile=key(number % 5), kind="display", offer="a")
            state.collect([event], NOW_NS).result()
            assert state.tallies.total(SHARED.key, None, None) == number + 1
        switch(state, plans[0])
        assert state.tallies.total(SHARED.key, NOW_NS - HOUR_NS, NOW_NS) >= 40
    finally:
        state.close()


@pytest.mark.parametrize("owner", [None, key()])
def test_what_is_taken_back_is_taken_off_what_it_was_added_to(
    tmp_path: Path, owner: ProfileKey | None
) -> None:
    """A counter that came between isn't less than nothing, and its cap holds."""
    cap = Cap(0, 1)
    old, new = plan_of(), plan_of([PROPOSED], [cap])
    with State.open(tmp_path / "state", old) as state:
        taken = state.take(owner, proposal(), "s", NOW_NS).result()
        switch(state, new, old)
        state.take_back(owner, proposal(), taken, NOW_NS + 1).result()
        assert state.tallies.total(PROPOSED.key, None, None) == 0
        limit = Limit(PROPOSED, cap, 1)
        granted = [
            state.take(owner, proposal(limit), f"q{n}", NOW_NS + 2).result().granted
            for n in range(3)
        ]
        assert granted == [True, False, False]


def test_a_counter_that_is_gone_still_gets_back_what_it_was_added(tmp_path: Path) -> None:
    """Taken while it was served, taken back when it isn't: it is as if nothing had been."""
    cap = Cap(0, 1)
    old, new = plan_of([PROPOSED], [cap]), plan_of()
    with State.open(tmp_path / "state", old) as state:
        taken = state.take(key(), proposal(), "s", NOW_NS).result()
        switch(state, plan_of(), switch(state, new, old))
        state.take_back(key(), proposal(), taken, NOW_NS + 1).result()
        assert state.profile(key()) is None
        switch(state, old)
        assert state.tallies.total(PROPOSED.key, None, None) == 0


def test_a_limit_whose_counter_is_not_kept_is_reached(tmp_path: Path) -> None:
    """Whoever asks by a revision that is long gone is told so, rather than let through."""
    cap = Cap(0, 5)
    with State.open(tmp_path / "state", plan_of([OWN], [cap])) as state:
        limit = Limit(OWN, cap, 5)
        assert state.take(key(), proposal(limit), "s", NOW_NS).result().granted
        switch(state, plan_of())
        (reached,) = state.take(key(), proposal(limit), "t", NOW_NS).result().reached
        assert (reached.item, reached.counted) == (0, 5)


def test_writes_go_on_while_times_are_looked_up(tmp_path: Path) -> None:
    """What is collected meanwhile is neither missed nor counted twice; not more is kept."""
    small = plan_of([SHARED], [Cap(0, 2, HOUR_NS)])
    large = plan_of([SHARED], [Cap(0, 300, HOUR_NS)])
    with State.open(tmp_path / "state", small) as state:
        events = [
            (key(number % 50), incoming(f"e{number}", kind="display", offer="a").event)
            for number in range(8_000)
        ]
        for _ in state.load_events(events, NOW_NS):
            pass
        changed = state.use(FoldPlans(large))
        number = 0
        while number < 200 or not changed.done():
            event = incoming(f"f{number}", profile=key(number), kind="display", offer="a")
            state.collect([event], NOW_NS).result()
            number += 1
        changed.result()
        assert state.tallies.total(SHARED.key, None, None) == 8_000 + number
        assert 300 <= state.tallies.total(SHARED.key, NOW_NS - HOUR_NS, NOW_NS) < 600 + number


def test_what_is_pending_is_held_under_counters_that_come_later(tmp_path: Path) -> None:
    """A reservation counts for a cap that a later revision has; an expired one doesn't."""
    cap = Cap(0, 2)
    with State.open(tmp_path / "state", plan_of()) as state:
        for name, ttl_ns in (("short", 10), ("long", HOUR_NS)):
            state.take(key(), proposal(), name, NOW_NS, Hold(name, ttl_ns)).result()
        switch(state, plan_of([OWN], [cap]))
        assert state.tallies.pending(OWN.key, key(), NOW_NS) == 2
        assert state.tallies.pending(OWN.key, key(), NOW_NS + 10) == 1
        limit = Limit(OWN, cap, 2)
        assert not state.take(key(), proposal(limit), "s", NOW_NS).result().granted
