"""Random histories of everything that caps count, against a recount from the beginning."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from offerd.events import IncomingEvent, event_fingerprint
from offerd.model.capping import Demand
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.windows import window_after
from offerd.store import Hold, Released, State, tallies
from seeds import random_seed
from store.capped import (
    CAPS,
    COUNTERS,
    MINUTE_NS,
    TOTAL,
    Stored,
    Twin,
    adds,
    capped_plan,
    demand,
    event_of,
)
from store.given import NOW_NS, key

PLAN = capped_plan()


class History:
    """A state and its twin, led through the same random events."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self._path = path
        self._rng = rng
        self.state = State.open(path, PLAN)
        self.twin = Twin()
        self.now_ns = NOW_NS
        self._number = 0
        self._done: dict[str, str] = {}
        self._committed: dict[str, ProfileKey] = {}

    def step(self) -> None:
        """Lets something happen, some time later."""
        self.now_ns += self._rng.choice([0, 1, 10**9, MINUTE_NS, 7 * MINUTE_NS])
        steps = (
            [self.collect] * 8
            + [self.take] * 6
            + [self.hold] * 6
            + [self.commit] * 5
            + [self.release] * 2
            + [self.take_back, self.delete, self.reopen]
        )
        self._rng.choice(steps)()

    def _name(self) -> str:
        self._number += 1
        return f"n{self._number}"

    def _owner(self) -> ProfileKey:
        return key(self._rng.randrange(4))

    def _demands(self) -> tuple[Demand, ...]:
        chosen: list[Demand] = []
        for scope in range(self._rng.choice([1, 1, 2, 3])):
            offer = self._rng.choice("ab")
            repeated = any(one.offer == offer for one in chosen)
            placement = self._rng.choice(["web", "app"])
            chosen.append(demand(offer, placement, scope=scope, repeated=repeated))
        return tuple(chosen)

    def collect(self) -> None:
        """Displays and purchases, some dated otherwise than now; each change is as recounted."""
        rng = self._rng
        owner = self._owner()
        time_ns = self.now_ns + rng.choice([0, 0, 0, -1, 1, -9, 3]) * 5 * MINUTE_NS
        if rng.random() < 0.7:
            event = Event(self._name(), "display", time_ns, {}, rng.choice("ab"), "d", "web")
        else:
            event = Event(self._name(), "purchase", time_ns, {"amount": rng.choice([9.0, 11.0])})
        incoming = IncomingEvent(owner, event, event_fingerprint(owner, event))
        before = Twin(list(self.twin.stored))
        (collected,) = self.state.collect([incoming], self.now_ns).result()
        self.twin.stored.append(Stored(owner, event.received(self.now_ns)))
        expected = {
            (COUNTERS[cap.counter].key, cap): (
                before.counts(cap, owner, self.now_ns),
                self.twin.counts(cap, owner, self.now_ns),
            )
            for offer, caps in CAPS.items()
            for cap in caps
            if event.offer in (None, offer) and adds(COUNTERS[cap.counter], event)
        }
        found = {(one.counter, one.cap): (one.before, one.after) for one in collected.changes}
        assert found.keys() == expected.keys()
        for name, counts in found.items():
            if counts[1] < name[1].limit + 15:  # more isn't told
                assert counts == expected[name]

    def take(self) -> None:
        """Propositions, at times of nobody: granted if and only if a recount says so."""
        owner = self._owner() if self._rng.random() < 0.9 else None
        demands = self._demands()
        room = self.twin.has_room(owner, demands, self.now_ns)
        taken = self.state.take(owner, demands, self._name(), self.now_ns).result()
        assert taken.granted == room
        if room:
            for item in demands:
                self.twin.stored.append(Stored(owner, event_of(item, self.now_ns)))

    def take_back(self) -> None:
        """What is taken and given back leaves no trace."""
        owner = self._owner() if self._rng.random() < 0.9 else None
        demands = self._demands()
        taken = self.state.take(owner, demands, self._name(), self.now_ns).result()
        if taken.granted:
            self.state.take_back(owner, demands, taken, self.now_ns).result()

    def hold(self) -> None:
        """Reservations, granted as propositions are; a name in use answers as the first time."""
        owner, demands = self._owner(), self._demands()
        name = self._name() if self._rng.random() < 0.8 else f"n{self._rng.randrange(1, 40)}"
        expire_ns = self.now_ns + self._rng.randrange(1, 30) * MINUTE_NS
        room = self.twin.has_room(owner, demands, self.now_ns)
        known = self._alive(name)
        taken = self.state.take(
            owner, demands, self._name(), self.now_ns, Hold(name, expire_ns - self.now_ns)
        ).result()
        if known:
            assert taken.granted or taken.differs
            return
        assert taken.granted == room
        if room:
            self.twin.held[name] = owner, demands, expire_ns
            self._done.pop(name, None)

    def _alive(self, name: str) -> bool:
        if self._done.get(name) == "committed":
            return True
        return name in self.twin.held and self.twin.held[name][2] > self.now_ns

    def commit(self) -> None:
        """Counts as of now; possible as long as the reservation lives, and again after."""
        name = self._rng.choice([*self.twin.held, *self._done, "unknown"])
        alive = self._alive(name)
        assert self.state.commit_reservation(name, self.now_ns).result() == alive
        if alive and name in self.twin.held:
            owner, demands, _ = self.twin.held.pop(name)
            self._done[name] = "committed"
            self._committed[name] = owner
            for item in demands:
                self.twin.stored.append(Stored(owner, event_of(item, self.now_ns)))

    def release(self) -> None:
        """Gives back what lives; what is committed stays."""
        name = self._rng.choice([*self.twin.held, *self._done, "unknown"])
        expected = Released.NOTHING
        if self._done.get(name) == "committed":
            expected = Released.COMMITTED
        elif self._alive(name):
            expected = Released.RELEASED
            del self.twin.held[name]
            self._done[name] = "released"
        assert self.state.release_reservation(name, self.now_ns).result() is expected

    def delete(self) -> None:
        """A profile goes: what was counted over all stays counted, what is pending goes."""
        if self._rng.random() < 0.7:
            return
        owner = self._owner()
        self.state.delete_profile(owner).result()
        gone = ProfileKey("deleted", str(self.now_ns))
        self.twin.stored = [
            Stored(gone if one.owner == owner else one.owner, one.event) for one in self.twin.stored
        ]
        for name in [name for name, held in self.twin.held.items() if held[0] == owner]:
            del self.twin.held[name]
            self._done[name] = "released"
        for name in [name for name, of in self._committed.items() if of == owner]:
            del self._committed[name]
            self._done[name] = "released"

    def reopen(self) -> None:
        """What is kept in memory is read from the file again."""
        self.state.close()
        self.state = State.open(self._path, PLAN)

    def compare(self) -> None:
        """Every count that a cap can ask for is what a recount gives, up to its limit."""
        for caps in CAPS.values():
            for cap in caps:
                counter = COUNTERS[cap.counter]
                until_ns = None if counter.event == "decision" else self.now_ns
                after_ns = window_after(cap, self.now_ns)
                if counter.subject is TOTAL:
                    found = self.state.tallies.total(counter.key, after_ns, until_ns)
                    expected = self.twin.counts(cap, None, self.now_ns)
                    assert min(found, cap.limit) == min(expected, cap.limit), cap
                for owner in (None, *(key(number) for number in range(4))):
                    if (counter.subject is TOTAL) != (owner is None):
                        continue
                    held = self.state.tallies.pending(counter.key, owner, self.now_ns)
                    assert held == self.twin.pending(counter, owner, self.now_ns)


@pytest.mark.parametrize("round_number", range(6))
def test_counts_are_what_a_recount_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, round_number: int
) -> None:
    """Through events, reservations, deletions and restarts, with times dropped early."""
    monkeypatch.setattr(tallies, "LEAST_DROPPED", round_number)
    seed = random_seed()
    history = History(tmp_path / "state", random.Random(seed))
    try:
        for _ in range(250):
            history.step()
            history.compare()
    finally:
        history.state.close()
