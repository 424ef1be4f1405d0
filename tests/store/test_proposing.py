"""Propositions stored all of a request at once, against storing them event by event.

A big run: OFFERD_TWIN_HISTORIES=300 python -m pytest tests/store/test_proposing.py -s
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from offerd.events import FoldPlan, FoldPlans, IncomingEvent, event_fingerprint
from offerd.model.capping import Cap, CapSubject, Counter, Demand, Limit
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Namespace,
    NamespaceType,
    Schema,
    ValueType,
)
from offerd.store import Durability, Hold, State, reserving
from offerd.store.bounds import ProfileBounds
from offerd.store.layout import Table, decode_record
from offerd.store.marks import Watch
from offerd.store.proposing import Proposed, Wanted, propose
from offerd.store.workspace import Workspace
from seeds import random_seed
from store.capped import CAPS, MINUTE_NS, capped_plan, demand
from store.given import NOW_NS

HISTORIES = int(os.environ.get("OFFERD_TWIN_HISTORIES", "20"))
STEPS = 80
LONG = "long" * 20


def _schema(*aggregates: Aggregate, paths: tuple[str, ...] = ("age",)) -> Schema:
    return Schema(
        namespaces=(
            Namespace("crm", NamespaceType.CROSS_DEVICE),
            Namespace("device", NamespaceType.DEVICE),
        ),
        profile=tuple(Attribute(path, ValueType.INT) for path in paths),
        aggregates=aggregates,
    )


def _counting(name: str, event: str, within_ns: int | None = None) -> Aggregate:
    return Aggregate(name, (event,), AggregateFunction.COUNT, ValueType.INT, within_ns=within_ns)


_FEWER = {"a": CAPS["a"][:1], "b": CAPS["b"]}
_WIDE = {"a": (Cap(3, 500), Cap(1, 700)), "b": (Cap(4, 300), Cap(2, 900, placements=("web",)))}
UNKNOWN = Limit(Counter("unknown", "decision", CapSubject.PROFILE, None, ("app",)), Cap(99, 9), 9)
"""Of a counter that no plan has."""

PLANS = (
    capped_plan(CAPS, _schema(_counting("displays", "display"))),
    capped_plan(_FEWER, _schema(_counting("displays", "display", 60 * MINUTE_NS))),
    capped_plan(CAPS, _schema(_counting("made", "decision"), paths=("age", "height"))),
    capped_plan(_FEWER, _schema(_counting("made", "decision", 90 * MINUTE_NS))),
    capped_plan(_WIDE, _schema()),
    capped_plan(CAPS, _schema(_counting("displays", "display"), paths=("age", "height"))),
)


WATCHES = (
    None,
    Watch(frozenset({"decision", "display"})),
    Watch(frozenset({"display"})),
    Watch(any_tracked=False),
)


class Step(NamedTuple):
    """A write, and what undoes what it came to."""

    do: Callable[[State], Future[Any]]
    undo: Callable[[State, Any], Future[Any]] | None = None


class Script:
    """Random writes, the same for whoever has the same seed."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self.now_ns = NOW_NS
        self._number = 0
        self._owners = self.rng.choice((1, 4))
        self._namespaces = self.rng.choice((("crm",), ("crm", "device")))
        self._tight = self.rng.choice((0.0, 0.1, 0.5))
        self._again = self.rng.choice((0.0, 0.05, 0.3))
        self._of_displays = self.rng.choice((0.0, 0.03, 0.3))
        self._names = ["n0"]

    def steps(self) -> list[Step]:
        """Returns some writes that share a transaction."""
        self.now_ns += self.rng.choice([-5, 0, 1, 10**9, MINUTE_NS, 20 * MINUTE_NS])
        kinds = (
            [self._take] * 8 + [self._collect] * 2 + [self._hold] * 2 + [self._profile, self._link]
        )
        return [self.rng.choice(kinds)() for _ in range(self.rng.choice((1, 1, 2, 6)))]

    def plans(self) -> FoldPlans | None:
        """Returns other plans to go on with, seldom."""
        if self.rng.random() > 0.1:
            return None
        one, other = self.rng.choice(PLANS), self.rng.choice(PLANS)
        if self.rng.random() < 0.5:
            return FoldPlans(one)
        return FoldPlans(one, (other,), lambda key: other if key.id in "02" else one)

    def gone(self) -> ProfileKey | None:
        """Returns who is deleted, mostly nobody."""
        return self._owner() if self.rng.random() < 0.1 else None

    def _owner(self) -> ProfileKey:
        return ProfileKey(self.rng.choice(self._namespaces), str(self.rng.randrange(self._owners)))

    def _name(self) -> str:
        self._number += 1
        name = self.rng.choice(("n", "n", "n", LONG)) + str(self._number)
        self._names.append(name)
        return name

    def _stem(self) -> str:
        if self.rng.random() >= self._again:
            return self._name()
        # The last one is of the same transaction, maybe.
        return self._names[-1] if self.rng.random() < 0.5 else self.rng.choice(self._names)

    def _demands(self) -> tuple[Demand, ...]:
        chosen: list[Demand] = []
        for scope in range(self.rng.choice((0, 1, 2, 2, 3, 3))):
            offer = self.rng.choice("ab")
            repeated = any(one.offer == offer for one in chosen) and self.rng.random() < 0.9
            one = demand(
                offer, self.rng.choice(("web", "app")), scope=self.rng.choice((*[scope] * 9, 0)),
                decision=self.rng.choice(("d", "d", "")), repeated=repeated,
            )  # fmt: skip
            proposed = tuple(
                limit if self.rng.random() < self._tight else limit._replace(limit=10_000)
                for limit in one.limits
                if limit.counter.event == "decision" or self.rng.random() < self._of_displays
            )
            if self.rng.random() < 0.01:
                proposed = (*proposed, UNKNOWN)
            chosen.append(one._replace(limits=proposed))
        return tuple(chosen)

    def _take(self) -> Step:
        owner = self._owner() if self.rng.random() < 0.9 else None
        demands, stem, now_ns = self._demands(), self._stem(), self.now_ns
        members = [self._owner()] if self.rng.random() < 0.2 else []
        is_lost = self.rng.random() < 0.1
        return Step(
            lambda state: state.take(owner, demands, stem, now_ns, members=members),
            (lambda state, taken: state.take_back(owner, demands, taken, now_ns))
            if is_lost
            else None,
        )

    def _hold(self) -> Step:
        owner, demands, stem, now_ns = self._owner(), self._demands(), self._stem(), self.now_ns
        name = self.rng.choice(("r0", "r1", "r2", "r3"))
        if self.rng.random() < 0.3:
            return Step(lambda state: state.commit_reservation(name, now_ns))
        hold = Hold(name, self.rng.randrange(1, 60) * MINUTE_NS)
        return Step(lambda state: state.take(owner, demands, stem, now_ns, hold))

    def _collect(self) -> Step:
        owner, stem, now_ns = self._owner(), self._stem(), self.now_ns
        name = self.rng.choice((stem, f"{stem}-0", f"{stem}-0/a"))
        event = Event(name, "display", now_ns, {}, self.rng.choice("ab"), "d", "web")
        item = IncomingEvent(owner, event, event_fingerprint(owner, event))
        return Step(lambda state: state.collect([item], now_ns))

    def _profile(self) -> Step:
        owner, now_ns = self._owner(), self.now_ns
        attributes = {"age": self.rng.randrange(5), "height": 3}
        return Step(lambda state: state.set_profile(owner, attributes, now_ns))

    def _link(self) -> Step:
        one, other, now_ns = self._owner(), self._owner(), self.now_ns
        return Step(lambda state: state.identities.link(one, [(one, other)], now_ns, now_ns))


def _together(state: State, steps: list[Step]) -> list[object]:
    """Does writes in one transaction, as far as one comes after the other."""
    free = threading.Event()
    state.writer.between(free.wait)  # type: ignore[arg-type]
    futures = [step.do(state) for step in steps]
    free.set()
    found = [_outcome(future) for future in futures]
    undone = [
        _outcome(step.undo(state, came_to))
        for step, came_to in zip(steps, found, strict=True)
        if step.undo is not None
    ]
    return found + undone


def _outcome(future: Future[Any]) -> object:
    error = future.exception()
    return future.result() if error is None else repr(error)


def _rows(state: State) -> dict[str, dict[bytes, object]]:
    """Returns all that is stored, but for the secret; profiles as records."""
    environment = state._environment

    def read(transaction: Any) -> dict[str, dict[bytes, object]]:
        return {
            table.value: {
                bytes(key): decode_record(value) if table is Table.PROFILES else bytes(value)
                for key, value in transaction.cursor(db=environment.database(table))
            }
            for table in Table
            if table is not Table.META
        }

    return environment.read(read)


def _history(path: Path, seed: str) -> list[object]:
    """Returns what a history came to, step by step."""
    script, found = Script(seed), list[object]()
    plan: FoldPlan = script.rng.choice((*PLANS, PLANS[0], PLANS[1], PLANS[4]))
    bounds = ProfileBounds(events=script.rng.choice((30, 200_000, 200_000)))
    with State.open(path, plan, durability=Durability.RELAXED, bounds=bounds) as state:
        state._watching.watch = script.rng.choice(WATCHES)
        for number in range(STEPS):
            found.extend(_together(state, script.steps()))
            if number % 8 == 0:
                found.append(_rows(state))
            plans = script.plans()
            if plans is not None:
                state.use(plans).result()
            gone = script.gone()
            if gone is not None:
                found.append(state.delete_profile(gone).result())
        known = state.tallies.known()
        found.extend((_rows(state), known.counts))
        for instants in (known.times, known.pending):
            found.append({name: [*one] for name, one in instants.items() if len(one)})
    return found


def test_the_same_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever shares a transaction, whoever is linked or deleted, and however plans change."""
    seed = random_seed()
    seen: Tally[bool] = Tally()

    def noted(workspace: Workspace, wanted: Wanted) -> Proposed | None:
        found = propose(workspace, wanted)
        seen[found is not None] += 1
        return found

    for number in range(HISTORIES):
        monkeypatch.setattr(reserving, "propose", noted)
        quick = _history(tmp_path / f"quick{number}", f"{seed}/{number}")
        monkeypatch.setattr(reserving, "propose", lambda *_: None)
        slow = _history(tmp_path / f"slow{number}", f"{seed}/{number}")
        for one, other in zip(quick, slow, strict=True):
            assert one == other, f"{seed}/{number}"
    print(dict(seen))
    assert min(seen[True], seen[False]) > HISTORIES


def test_as_many_times_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As caps need, however many propositions there were, and in whatever order they came."""
    owner = ProfileKey("device", "0")
    one = demand("a")
    limits = [limit for limit in one.limits if limit.counter.event == "decision"]
    far = one._replace(limits=tuple(limit._replace(limit=10_000) for limit in limits))
    kept: list[list[dict[str, list[int]]]] = []
    for name, way in (("quick", propose), ("slow", lambda *_: None)):
        monkeypatch.setattr(reserving, "propose", way)
        seen: list[dict[str, list[int]]] = []
        with State.open(tmp_path / name, PLANS[0], durability=Durability.RELAXED) as state:
            for number in range(40):
                now_ns = NOW_NS + number // 2 * 2 - number % 2
                assert state.take(owner, [far], f"s{number:02}", now_ns).result().granted
                record = state.profile(owner)
                assert record is not None
                seen.append(dict(record.counted))
        kept.append(seen)
    assert kept[0] == kept[1]
    lengths = [max(map(len, counted.values())) for counted in kept[0]]
    assert lengths[0] == 1
    assert lengths[-1] == max(lengths) < 40
