"""Reading a customer holds up nobody else.

With more events than a profile may have now, as states of before may hold, some half a minute:

    OFFERD_MANY_EVENTS=300000 python -m pytest tests/unit/service/test_reading_views.py -s
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from offerd.customer.subject import alone
from offerd.customer.view import Known
from offerd.events import FoldPlan
from offerd.model.catalogue import Catalogue
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import Aggregate, AggregateFunction, Schema, ValueType
from offerd.service.views import view_of
from offerd.store import Durability, State
from offerd.store.bounds import ProfileBounds

NOW_NS = 1_767_225_600 * 10**9
SECOND_NS = 10**9
EVENTS = int(os.environ.get("OFFERD_MANY_EVENTS", "50000"))
BUSY = ProfileKey("ecid", "busy")
QUIET = ProfileKey("ecid", "quiet")

VISITS = Aggregate("visits", ("view",), AggregateFunction.COUNT, ValueType.INT)
RECENT = Aggregate(
    "recent", ("view",), AggregateFunction.COUNT, ValueType.INT, within_ns=EVENTS // 2 * SECOND_NS
)


class Watched(FoldPlan):
    """A plan that says when a refold began."""

    began: asyncio.Event
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread | None = None

    def refold(self, record: ProfileRecord, events: Iterable[Event]) -> None:
        """Says so."""
        self.thread = threading.current_thread()
        self.loop.call_soon_threadsafe(self.began.set)
        super().refold(record, events)


def catalogue(*aggregates: Aggregate) -> Catalogue:
    """Returns a catalogue of aggregates."""
    return Catalogue(Schema(aggregates=aggregates), (), (), *((),) * 9)


def watched(loop: asyncio.AbstractEventLoop) -> Watched:
    """Returns a plan that has folded nothing yet."""
    plan = Watched.build(catalogue(VISITS, RECENT), [])
    plan.began, plan.loop = asyncio.Event(), loop
    return plan


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state with a profile of very many events and one of few."""
    path = tmp_path_factory.mktemp("views") / "state"
    plan = FoldPlan.build(catalogue(), [])
    bounds = ProfileBounds(events=EVENTS)
    with State.open(path, plan, durability=Durability.RELAXED, bounds=bounds) as state:
        busy = ((BUSY, Event(f"b{n}", "view", NOW_NS - n * SECOND_NS)) for n in range(EVENTS))
        quiet = ((QUIET, Event(f"q{n}", "view", NOW_NS - n * SECOND_NS)) for n in range(500))
        for events in (busy, quiet):
            *_, last = state.load_events(events, NOW_NS)
            assert last.full == 0
    return path


async def test_folding_many_events_holds_up_nobody(path: Path) -> None:
    """Others are answered meanwhile, and the loop goes on; what was folded is remembered."""
    plan = watched(asyncio.get_running_loop())
    with State.open(path, FoldPlan.build(catalogue(), []), durability=Durability.RELAXED) as state:
        reading = asyncio.create_task(view_of(state, alone(BUSY), plan, NOW_NS))
        await plan.began.wait()
        answered, longest_s = 0, 0.0
        while not reading.done():
            started = time.perf_counter()
            view = await view_of(state, alone(ProfileKey("ecid", "new")), plan, NOW_NS)
            assert view.aggregates == {"visits": 0, "recent": 0}
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.perf_counter() - started)
            answered += 1
        assert answered > 10
        print(f"{answered} answers meanwhile, the slowest took {longest_s * 1_000:.1f} ms")
        view = await reading
        assert view.aggregates["visits"] == EVENTS
        assert view.aggregates["recent"] == pytest.approx(EVENTS // 2, rel=0.01)
        assert plan.thread is not threading.current_thread()
        plan.thread = None
        assert await view_of(state, alone(BUSY), plan, NOW_NS) == view
        assert plan.thread is None


async def test_many_events_of_several_identities_are_brought_together_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time, also when nothing has to be folded; those of few are where they are asked for."""
    threads: list[threading.Thread] = []
    original = Known.read_all

    def read_all(known: Known) -> None:
        threads.append(threading.current_thread())
        original(known)

    monkeypatch.setattr(Known, "read_all", read_all)
    new = ProfileKey("ecid", "new")
    plan = watched(asyncio.get_running_loop())
    with State.open(path, FoldPlan.build(catalogue(), []), durability=Durability.RELAXED) as state:
        for count in (1, 2):
            view = await view_of(state, Subject(BUSY, (BUSY, QUIET)), plan, NOW_NS)
            assert view.aggregates["visits"] == EVENTS + 500
            assert len(threads) == count
        assert threading.current_thread() not in threads
        await view_of(state, Subject(QUIET, (QUIET, new)), plan, NOW_NS)
        assert len(threads) == 2


async def test_as_of_an_instant_many_events_hold_up_nobody(path: Path) -> None:
    """They are folded in a thread, those up to then."""
    plan = watched(asyncio.get_running_loop())
    with State.open(path, FoldPlan.build(catalogue(), []), durability=Durability.RELAXED) as state:
        as_of_ns = NOW_NS - EVENTS // 2 * SECOND_NS
        view = await view_of(state, alone(BUSY), plan, as_of_ns, as_of=True)
        assert view.aggregates["visits"] == EVENTS // 2
        assert plan.thread is not threading.current_thread()


async def test_few_events_are_folded_at_once(path: Path) -> None:
    """Handing them to a thread would take longer."""
    plan = watched(asyncio.get_running_loop())
    with State.open(path, FoldPlan.build(catalogue(), []), durability=Durability.RELAXED) as state:
        for as_of in (False, True):
            plan.thread = None
            view = await view_of(state, alone(QUIET), plan, NOW_NS, as_of=as_of)
            assert view.aggregates == {"visits": 500, "recent": 500}
            assert plan.thread is threading.current_thread()
