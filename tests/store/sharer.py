"""A process that works on a state that another one has open, as its standard input says."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from offerd.errors import RequestError
from offerd.events import FoldPlans
from offerd.model.capping import Cap, Demand, Limit
from offerd.store import Hold, JournalMode, JournalSettings
from offerd.store.sharing import WorkerState
from store.capped import COUNTERS, MINUTE_NS, capped_plan
from store.given import NOW_NS, incoming, key
from store.test_journal import draft

CAP = Cap(0, 10_000)
WINDOW = Cap(0, 10_000, within_ns=20 * MINUTE_NS)
PLAN = capped_plan({"a": (CAP, WINDOW), "b": (Cap(1, 10_000),)})
WANTED = (Demand(0, "a", "d", "web", (Limit(COUNTERS[0], CAP, 10_000),)),)
_begun: list[Future[Any]] = []


def tallies_of(state: Any) -> list[int]:
    """What is counted and held over all profiles."""
    found = []
    for counter in COUNTERS[:2]:
        found.append(state.tallies.total(counter.key, None, None))
        found.append(state.tallies.total(counter.key, NOW_NS - 1, NOW_NS + 10**12))
        found.append(state.tallies.pending(counter.key, None, NOW_NS))
        found.append(state.tallies.pending(counter.key, key(1), NOW_NS))
    return found


def take(state: Any, name: str) -> bool:
    """Takes room for good."""
    return bool(state.take(key(1), WANTED, name, NOW_NS).result().granted)


def hold(state: Any, name: str) -> bool:
    """Holds room for an hour."""
    held = Hold(name, 60 * MINUTE_NS)
    return bool(state.take(key(1), WANTED, name, NOW_NS, held).result().granted)


def release(state: Any, name: str) -> str:
    """Gives held room back."""
    return str(state.release_reservation(name, NOW_NS).result())


def commit(state: Any, name: str) -> bool:
    """Uses held room."""
    return bool(state.commit_reservation(name, NOW_NS).result())


def collect(state: Any, name: str, size: int = 0, profile: int = 1) -> str:
    """Collects an event, of some size."""
    item = incoming(name, profile=key(profile), note="x" * size)
    return str(state.collect([item], NOW_NS).result()[0].result.value)


def many(state: Any, count: int) -> int:
    """Begins to collect many events, until one is refused; `settle` waits for them."""
    _begun.extend(state.collect([incoming(f"many{number}")], NOW_NS) for number in range(count))
    return count


def settle(_: Any) -> int:
    """Waits for what was begun; returns how many events it was."""
    for future in _begun:
        future.result()
    return len(_begun)


def events(state: Any, profile: int) -> int:
    """How many events a profile has."""
    return len(state.events(key(profile)))


def journal(state: Any, number: int) -> None:
    """Appends a decision for a profile."""
    state.journal.append(draft(number, key(number))).result()


ACTIONS: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (take, hold, release, commit, collect, many, settle, events, journal)
}


def main(path: Path, descriptor: int, share: float) -> None:
    """Answers each line, an action and its arguments, with a line: what came of it, and tallies."""

    def lost() -> None:
        print(json.dumps("lost"), flush=True)

    end = socket.socket(fileno=descriptor)
    settings = JournalSettings(JournalMode.BEFORE_ANSWER)
    with WorkerState(path, end, FoldPlans(PLAN), settings, lost, share=share) as state:
        print(json.dumps(["ready", tallies_of(state)]), flush=True)
        for line in sys.stdin:
            action, *arguments = json.loads(line)
            try:
                result = ACTIONS[action](state, *arguments)
            except RequestError as error:
                result = [error.code.name, error.reason.value, error.message]
            print(json.dumps([result, tallies_of(state)]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
