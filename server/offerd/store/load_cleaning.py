"""Dropping rows of loads that count no more, a few at a time, while all else goes on.

Walks through all rows with reads of a page each, and has the writer drop what is dead: rows of
generations that aren't in force, and rows that a newer delta has made void. It begins anew if
it is interrupted; what is left undone costs room and nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from offerd.customer.loaded import LoadTarget
from offerd.errors import Exhausted, Unavailable
from offerd.store.environment import Environment
from offerd.store.layout import DIGEST_BYTES, Table
from offerd.store.loads import Ledger, LoadReader, generation_of
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace

_PAGE: Final = 1_000
"""Rows looked at in one read, about a millisecond."""

_PAUSE_S: Final = 0.002
_RETRY_S: Final = 0.5

Submit = Callable[[Operation[Any]], Future[Any]]


class Cleaner:
    """A thread that runs while there is something to drop."""

    def __init__(self, environment: Environment, submit: Submit) -> None:
        self._environment = environment
        self._submit = submit
        self._reader = LoadReader(environment)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked = False
        self._closing = threading.Event()

    def wake(self) -> None:
        """Has dead rows dropped, if there are any."""
        with self._lock:
            self._asked = True
            if self._closing.is_set() or self._thread is not None:
                return
            self._thread = threading.Thread(
                target=self._run, name="offerd-load-cleaner", daemon=True
            )
            self._thread.start()

    def wait(self) -> None:
        """Returns when nothing is being dropped."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Ends the thread. Safe to call twice."""
        self._closing.set()
        self.wait()

    def _run(self) -> None:
        while self._go_on():
            try:
                self._clean()
            except Exhausted:  # the store has too much to do, or is full
                self._closing.wait(_RETRY_S)
                self._asked = True
            except Unavailable:
                self._closing.set()

    def _go_on(self) -> bool:
        """Whether there is something to do; if not the thread is as good as gone."""
        with self._lock:
            if self._asked and not self._closing.is_set():
                self._asked = False
                return True
            self._thread = None
            return False

    def _clean(self) -> None:
        before = self._environment.read(self._reader.ledger)
        if not before.unclean:
            return
        rows: Counter[int] = Counter()
        after: bytes | None = b""
        while after is not None:
            if self._closing.is_set():
                return
            page = self._page(after)
            rows.update(page.live)
            if page.dead:
                self._submit(_Drop(page.dead)).result()
            after = page.next_digest
            self._closing.wait(_PAUSE_S)
        self._submit(_Cleaned(before, rows)).result()

    def _page(self, start: bytes) -> _Page:
        return self._environment.read(lambda transaction: self._read_page(transaction, start))

    def _read_page(self, transaction: Any, start: bytes) -> _Page:
        """Returns what lies at a digest and after it; a page holds all rows of each digest."""
        live = self._reader.live(transaction).generations
        staging = self._reader.ledger(transaction).staging
        counts: Counter[int] = Counter()
        dead: list[bytes] = []
        newest: dict[LoadTarget, bytes] = {}
        digest = b""
        seen = 0
        cursor = transaction.cursor(db=self._environment.database(Table.LOADED))
        more = cursor.set_range(start)
        while more:
            key = bytes(cursor.key())
            if key[:DIGEST_BYTES] != digest:
                if seen >= _PAGE:
                    return _Page(dead, counts, key[:DIGEST_BYTES])
                digest = key[:DIGEST_BYTES]
                newest = {}
            seen += 1
            generation = generation_of(key)
            found = live.get(generation)
            if found is not None:
                void = newest.get(found[0])
                if void is not None:
                    dead.append(void)
                    counts[generation_of(void)] -= 1
                newest[found[0]] = key
                counts[generation] += 1
            elif generation not in staging:
                dead.append(key)
            more = cursor.next()
        return _Page(dead, counts, None)


class _Page(NamedTuple):
    """Keys of dead rows, how many others there are by generation, and where to go on."""

    dead: list[bytes]
    live: Counter[int]
    next_digest: bytes | None


class _Drop(Operation[None]):
    """Removes dead rows."""

    frees = True

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def apply(self, workspace: Workspace) -> None:
        """A row once dead stays dead, whatever happened since it was found."""
        workspace.loads.drop(self._keys)


class _Cleaned(Operation[None]):
    """Notes that all rows were looked at, and lets go of deltas of which no row is left."""

    frees = True

    def __init__(self, before: Ledger, rows: Counter[int]) -> None:
        self._unclean = before.unclean
        self._deltas = before.deltas
        self._empty = {
            generation.number
            for loads in before.loads
            for generation in loads.generations[:-1]
            if not generation.full and rows[generation.number] <= 0
        }

    def apply(self, workspace: Workspace) -> None:
        """What came meanwhile is looked at next time."""
        ledger = workspace.loads.ledger()
        ledger.unclean -= self._unclean
        ledger.deltas -= self._deltas
        for loads in ledger.loads:
            loads.generations = [g for g in loads.generations if g.number not in self._empty]
        workspace.loads.store(ledger)
