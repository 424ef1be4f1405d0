"""What room under caps and stored events cost, without doors, as ratios to decisions without.

Measured, in one process on a state that is on disk (fsync): decisions of three scopes of workload
W, of which nothing, or each item, takes room under a cap; the room alone; one event in a call, and
a hundred. As many callers as are given ask at once on one event loop, each the next as soon as it
has its answer, for customers taken in turn. Per call: processor time of the process, and of the
threads that ask and that write, and calls that share a commit. Alternately, the least of several
rounds. Not measured: doors, sockets, time on the clock, of which commits take most.

usage: python benchmarks/bench_caps.py [--callers 32] [--customers 500] [--calls 3000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from rich.console import Console
from rich.table import Table
from transport_world import CUSTOMERS, NAMESPACE, make_world, question

from offerd.bundle import Bundle, open_bundle
from offerd.decision.engine import Answer
from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.service.decisions import Decisions
from offerd.service.landing import landed
from offerd.service.views import view_of
from offerd.store import State

Call = Callable[[], Awaitable[object]]

TOGETHER = 100
"""Events in one call."""


class Cost(NamedTuple):
    """Per call: microseconds of the process, of the asking thread and of the writing one.

    `shared` is how many calls a commit holds, 0 if there was none.
    """

    process_us: float
    asking_us: float
    writing_us: float
    shared: float


class Served(NamedTuple):
    """What answers over one bundle and one state."""

    bundle: Bundle
    fold: FoldPlan
    state: State
    decisions: Decisions


@contextmanager
def served(folder: Path, *, capped: bool) -> Iterator[Served]:
    """Makes a world and opens it."""
    world = make_world(folder, capped=capped)
    bundle = open_bundle(world.bundle)
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(world.state, fold) as state:
        yield Served(bundle, fold, state, Decisions(bundle, state, fold, log, time.time_ns))
    bundle.close()


class Calls:
    """Calls of each kind, for customers taken in turn."""

    def __init__(self, plain: Served, capped: Served, customers: int) -> None:
        self._plain = plain
        self._capped = capped
        self._data = [question(number).SerializeToString() for number in range(customers)]
        self._requests = [question(number) for number in range(customers)]
        self._keys = [ProfileKey(NAMESPACE, f"c{number}") for number in range(customers)]
        self._numbers = itertools.count()
        self._demands = [asyncio.run(self._demanded(key)) for key in self._keys]

    async def plain(self) -> object:
        """Decides, and takes no room."""
        at_once = self._plain.decisions.at_once
        question = at_once.read(self._data[self._customer()])
        assert question is not None
        return at_once.answer(question)

    async def capped(self) -> object:
        """Decides, and takes room for three items."""
        return await self._capped.decisions.decide(self._requests[self._customer()])

    async def room(self) -> object:
        """Takes room for what a decision proposed."""
        number = next(self._numbers)
        customer = number % len(self._keys)
        key = self._keys[customer]
        taken = await landed(
            self._capped.state.take(
                key, self._demands[customer], f"{number:024x}", time.time_ns(), members=(key,)
            )
        )
        assert taken.granted
        return taken

    async def event(self) -> object:
        """Stores one event."""
        return await self._collect(1)

    async def events(self) -> object:
        """Stores a hundred events."""
        return await self._collect(TOGETHER)

    async def _collect(self, count: int) -> object:
        several = [self._event() for _ in range(count)]
        future = self._capped.state.collect(several, time.time_ns())
        return await landed(future)

    def _event(self) -> IncomingEvent:
        number = next(self._numbers)
        key = self._keys[number % len(self._keys)]
        event = Event(f"n{number}", "visit", time.time_ns(), {"amount": number % 100 / 2})
        return IncomingEvent(key, event, event_fingerprint(key, event))

    def _customer(self) -> int:
        return next(self._numbers) % len(self._keys)

    async def _demanded(self, key: ProfileKey) -> Any:
        answers: list[Answer] = []
        decisions = self._capped.decisions
        asked = decisions._admit(question(int(key.id[1:])))
        now_ns = time.time_ns()
        view = await view_of(self._capped.state, Subject(key, (key,)), self._capped.fold, now_ns)
        answers.append(decisions._decide(asked, view, self._capped.state.tallies))
        return answers[0].demands


async def made(call: Call, calls: int, callers: int) -> None:
    """Makes calls, so many of them under way at once."""
    left = iter(range(calls))

    async def ask() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(ask() for _ in range(callers)))


def thread_s(thread: threading.Thread) -> float:
    """Returns the processor time that a thread has taken."""
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def measured(state: State, call: Call, calls: int, callers: int) -> Cost:
    """Returns what calls cost, made by an event loop of their own."""
    writing = state.writer._thread
    environment = state._environment.raw
    commits = environment.info()["last_txnid"]
    writing_s, process_s = thread_s(writing), time.process_time()
    asking_s = time.thread_time()
    asyncio.run(made(call, calls, callers))
    asking_s = time.thread_time() - asking_s
    process_s = time.process_time() - process_s
    writing_s = thread_s(writing) - writing_s
    commits = environment.info()["last_txnid"] - commits
    times = (seconds * 1e6 / calls for seconds in (process_s, asking_s, writing_s))
    return Cost(*times, calls / commits if commits else 0)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=".")))
        plain = stack.enter_context(served(folder / "plain", capped=False))
        capped = stack.enter_context(served(folder / "capped", capped=True))
        calls = Calls(plain, capped, options.customers)
        # As the service does: what is loaded isn't looked through for garbage.
        gc.collect()
        gc.freeze()
        kinds: dict[str, tuple[Served, Call, int]] = {
            "decision": (plain, calls.plain, 1),
            "decision with caps": (capped, calls.capped, 1),
            "room alone": (capped, calls.room, 1),
            "event": (capped, calls.event, 1),
            f"{TOGETHER} events": (capped, calls.events, TOGETHER),
        }
        found: dict[str, list[Cost]] = {name: [] for name in kinds}
        for _ in range(options.rounds):
            for name, (where, call, size) in kinds.items():
                cost = measured(where.state, call, options.calls // size, options.callers)
                found[name].append(cost)
        show(found)


def show(found: dict[str, list[Cost]]) -> None:
    """Prints the table."""
    least = {name: Cost(*map(min, zip(*costs, strict=True))) for name, costs in found.items()}
    table = Table("", "µs of the process", "ratio", "asking", "writing", "calls a commit")
    for name, cost in least.items():
        table.add_row(
            name,
            f"{cost.process_us:,.0f}",
            f"{cost.process_us / least['decision'].process_us:.2f}",
            f"{cost.asking_us:,.0f}",
            f"{cost.writing_us:,.0f}",
            f"{cost.shared:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
