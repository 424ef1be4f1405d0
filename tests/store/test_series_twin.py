"""What a state says of a customer against the naive twin, which recomputes it from raw events.

A big run, of some 100,000 comparisons, takes some minutes on one core:

    OFFERD_TWIN_HISTORIES=300 python -m pytest tests/store/test_series_twin.py -s
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.events import kind as kind_module
from offerd.events import series as events_series
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.model.schema import Aggregate
from offerd.store import CollectResult, Durability, State
from offerd.store import folding as folding_module
from offerd.store import series as series_module
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace
from seeds import random_seed
from store.given import outcomes
from unit.events import naive_features, random_features

HISTORIES = int(os.environ.get("OFFERD_TWIN_HISTORIES", "4"))
"""How many random histories to compare on: of each, 10 aggregates at 6 instants, several times."""

SEED = random_seed()

START_NS = random_features.START_NS
FILTERS = random_features.FILTERS
LATE_NS = START_NS + 1_000 * random_features.GRID_NS
"""After everything that happens."""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are split from the fifth entry on."""
    for module in (events_series, series_module, folding_module):
        monkeypatch.setattr(module, "CHUNK_ENTRIES", 4)


class TakeBack(Operation[bool]):
    """Removes an event as if it had never been."""

    def __init__(self, key: ProfileKey, event_id: str) -> None:
        self._key = key
        self._event_id = event_id

    def apply(self, workspace: Workspace) -> bool:
        """Returns whether it was there."""
        return workspace.take_back(self._key, {self._event_id: ()}, LATE_NS)


class History:
    """Random events of a customer of one to three profiles, and random aggregates over them."""

    def __init__(self, name: str, most: int = 40) -> None:
        self.source = random.Random(name)
        self.name = name
        self.aggregates = [random_features.aggregate(self.source, n) for n in range(10)]
        self.plan = plan_of(self.aggregates)
        keys = [ProfileKey("crm", str(number)) for number in range(self.source.choice([1, 2, 3]))]
        self.subject = Subject(self.source.choice(keys), tuple(keys))
        self.events = random_features.history(self.source, most)
        self.owners = {event.id: self.source.choice(keys) for event in self.events}

    def shuffled(self) -> list[Event]:
        """Returns the events in another order."""
        return self.source.sample(self.events, len(self.events))

    def incoming(self, event: Event) -> IncomingEvent:
        """Returns an event on its way in."""
        key = self.owners[event.id]
        return IncomingEvent(key, event, event_fingerprint(key, event))

    def collect(self, state: State, events: Sequence[Event], now_ns: int) -> None:
        """Stores events, some at a time."""
        left = list(events)
        while left:
            count = self.source.choice([1, 2, 5, 20])
            some, left = left[:count], left[count:]
            results = outcomes(state.collect([self.incoming(one) for one in some], now_ns))
            assert results == [CollectResult.ACCEPTED] * len(some)

    def check(
        self, state: State, least_ns: int, *, extra: Sequence[Event] = (), said: str = ""
    ) -> None:
        """Compares at instants from one on; `extra` events are those that aren't stored."""
        for aggregate, now_ns in self.questions(least_ns):
            view = state.view(self.subject, self.plan, now_ns, extra=extra)
            self.compare(aggregate, view.aggregates, self.events, now_ns, said)

    def questions(self, least_ns: int) -> Iterator[tuple[Aggregate, int]]:
        """Yields aggregates and instants, many at the edges of windows."""
        last_ns = max((event.time_ns for event in self.events), default=START_NS)
        for aggregate in self.aggregates:
            for instant in random_features.instants(self.source, aggregate, self.events, 6):
                # What records hold doesn't wait for events that are dated later.
                folded = aggregate.id not in self.plan.features.names
                yield aggregate, max(instant, least_ns, last_ns if folded else instant)

    def compare(
        self,
        aggregate: Aggregate,
        values: dict[str, Any],
        events: list[Event],
        now_ns: int,
        said: str,
    ) -> None:
        """Compares one value."""
        expected = naive_features.value_at(aggregate, events, FILTERS, now_ns)
        value = values.get(aggregate.id)
        place = f"seed {self.name}, {said}: {aggregate} at {now_ns}"
        assert value == expected, place


def plan_of(aggregates: Sequence[Aggregate]) -> FoldPlan:
    """Returns a plan of aggregates."""
    return FoldPlan.build(random_features.catalogue(*aggregates), random_features.planned())


def histories(most: int = 40) -> list[History]:
    """Returns random histories."""
    return [History(f"{SEED}/{number}", most) for number in range(HISTORIES)]


def opened(path: Path, plan: FoldPlan) -> State:
    """Returns a state that need not survive a loss of power."""
    return State.open(path, plan, durability=Durability.RELAXED)


def test_a_state_agrees_with_the_naive_twin(tmp_path: Path) -> None:
    """However events come, after a restart, refolded by another plan, and after taking back."""
    for number, history in enumerate(histories()):
        path = tmp_path / str(number)
        taken_back = [event for event in history.events if history.source.random() < 0.2]
        with opened(path, history.plan) as state:
            history.collect(state, history.shuffled(), START_NS)
            history.check(state, START_NS, said="collected")
            for event in taken_back:
                key = history.owners[event.id]
                assert state._writer.submit(TakeBack(key, event.id)).result()
        history.events = [event for event in history.events if event not in taken_back]
        with opened(path, history.plan) as state:
            history.check(state, START_NS, said="taken back and restarted")
            history.collect(state, taken_back, START_NS)
            history.events += taken_back
            history.check(state, START_NS, said="and collected again")
        with opened(path, plan_of(history.aggregates[:5])) as state:
            # Read by a plan that folds no profile, once folded and once remembered.
            history.check(state, START_NS, said="folded for this once")
            for key in history.subject.members:
                state.set_profile(key, {}, START_NS).result()
        with opened(path, history.plan) as state:
            history.check(state, START_NS, said="refolded")
        with opened(path, history.plan) as state:
            history.check(state, START_NS, said="and stored")


def test_what_is_let_go_of_does_not_matter(tmp_path: Path) -> None:
    """Writes that come late prune what no later instant asks for."""
    for number, history in enumerate(histories()):
        now_ns = START_NS + history.source.randrange(400) * random_features.GRID_NS
        with opened(tmp_path / str(number), history.plan) as state:
            history.collect(state, history.shuffled(), now_ns)
            history.check(state, now_ns - series_module.PAST_NS, said="pruned")
            for event in history.events[:3]:
                key = history.owners[event.id]
                assert state._writer.submit(TakeBack(key, event.id)).result()
                history.collect(state, [event], now_ns)
            history.check(state, now_ns - series_module.PAST_NS, said="rebuilt")


def test_an_earlier_instant_sees_nothing_that_came_later(tmp_path: Path) -> None:
    """The raw events tell; what had been dated later than it came counted as of when it came."""
    for number, history in enumerate(histories()):
        with opened(tmp_path / str(number), history.plan) as state:
            history.collect(state, history.shuffled(), LATE_NS)
            for aggregate, now_ns in history.questions(0):
                events = [event for event in history.events if event.time_ns <= now_ns]
                known = state.views.known_as_of(history.subject, history.plan, now_ns)
                history.compare(aggregate, known.aggregates(now_ns), events, now_ns, "as of")


def test_events_on_top_count_as_if_they_had_happened(tmp_path: Path) -> None:
    """Also those of a profile that there isn't, and each once, though one is stored already."""
    for number, history in enumerate(histories()):
        with opened(tmp_path / str(number), history.plan) as state:
            later = [event for event in history.events if history.source.random() < 0.5]
            history.collect(state, [e for e in history.events if e not in later], START_NS)
            before = sorted(map(repr, state.profiles()))
            extra = history.source.sample(history.events, len(history.events))
            history.check(state, START_NS, extra=extra, said="on top")
            assert sorted(map(repr, state.profiles())) == before


def test_approximate_values_do_not_depend_on_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what is kept one by one: as events came, refolded, or for this once."""
    monkeypatch.setattr(kind_module, "KEPT", 10)
    for number, history in enumerate(histories(most=120)):
        instants = sorted({now_ns for _, now_ns in history.questions(START_NS)})
        history.plan = plan_of(history.aggregates)
        found: list[list[dict[str, Any]]] = []
        for turn in range(2):
            with opened(tmp_path / f"{number}-{turn}", history.plan) as state:
                history.collect(state, history.shuffled(), START_NS)
                found.append(_values(state, history, instants))
        with opened(tmp_path / f"{number}-0", plan_of([])) as state:
            found.append(_values(state, history, instants))
        for other in found[1:]:
            for now_ns, one, two in zip(instants, found[0], other, strict=True):
                assert one == two, f"seed {history.name} at {now_ns}"


def _values(state: State, history: History, instants: Sequence[int]) -> list[dict[str, Any]]:
    return [state.view(history.subject, history.plan, now).aggregates for now in instants]
