"""Taking a load in: aside first, then into the state in small transactions, then into force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from offerd.customer.loaded import Found, LoadTarget, Row
from offerd.customer.tracking import load_cause
from offerd.errors import Exhausted, FailedPrecondition, Reason, Unavailable
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.layout import profile_digest
from offerd.store.load_cleaning import Cleaner
from offerd.store.load_spool import Spool
from offerd.store.loads import Generation, LoadReader, TargetLoads, encode_row, keys_page
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace

T = TypeVar("T")

BATCH: Final = 2_000
"""Rows per transaction: some milliseconds, which is how long other writes wait for one."""

AT_ONCE: Final = 8
"""Loads under way at most: each takes memory for what it hasn't put aside yet."""

_DELTAS_UNTIL_CLEANING: Final = 8
_KEYS_AT_ONCE: Final = 500
_PAUSE_S: Final = 0.02
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Submit = Callable[[Operation[Any]], Future[Any]]
"""Queues a write."""


class LoadResult(NamedTuple):
    """What a load brought: rows in force, and rows left out because their subject was deleted."""

    stored: int
    tombstoned: int


class Loads:
    """The loads of a state. `submit` queues writes; `folder` takes what is put aside.

    Only who is `alone` in the state, or the one of several who loads, tidies up after loads.
    """

    def __init__(
        self, environment: Environment, submit: Submit, folder: Path, *, alone: bool = True
    ) -> None:
        self._environment = environment
        self._submit = submit
        self._folder = folder
        self._reader = LoadReader(environment)
        self._cleaner = Cleaner(environment, submit)
        self._under_way: set[LoadTarget] = set()
        self._lock = threading.Lock()
        if not alone:
            return  # what is staged may be another process's, and under way
        ledger = environment.read(self._reader.ledger)
        if ledger.staging:  # a process that had ended while loading
            submit(_Forget(ledger.staging)).result()
        if ledger.staging or ledger.unclean:
            self._cleaner.wake()

    def found(self, members: Sequence[ProfileKey]) -> Found:
        """Returns all that counts of what was loaded of some identities."""
        return self._environment.read(lambda transaction: self._reader.find(transaction, members))

    def in_force(self) -> list[TargetLoads]:
        """Returns the loads that are in force, by kind and id."""
        ledger = self._environment.read(self._reader.ledger)
        return sorted(ledger.loads, key=lambda loads: loads.target)

    def keys(self) -> Iterator[ProfileKey]:
        """Yields all identities of which something is loaded, in no meaningful order.

        Reads some at a time, so that a slow consumer pins no old pages.
        """
        start: bytes | None = b""
        while start is not None:
            page = self._environment.read(
                partial(keys_page, self._reader, start=start, limit=_KEYS_AT_ONCE)
            )
            yield from page.keys
            start = page.next_digest

    def begin(self, target: LoadTarget, as_of_ns: int, *, full: bool) -> Loading:
        """Returns a load to fill, which the caller must `close`.

        Raises FailedPrecondition if another one of the target is under way (LOAD_IN_PROGRESS),
        or one in force is as new (LOAD_OUTDATED); Exhausted (OVERLOADED) if too many are.
        """
        with self._lock:
            if target in self._under_way:
                raise FailedPrecondition(
                    Reason.LOAD_IN_PROGRESS,
                    f"another load of {target} is under way",
                    field="header.target",
                )
            if len(self._under_way) == AT_ONCE:
                raise Exhausted(
                    Reason.OVERLOADED,
                    f"{AT_ONCE} loads are under way; try again when one of them has ended",
                )
            known = self._environment.read(self._reader.ledger).of(target)
            _refuse_outdated(known, target, as_of_ns)
            loading = Loading(self._submit, self._folder, target, as_of_ns, full=full)
            self._under_way.add(target)
        loading.when_closed = lambda: self._closed(target)
        return loading

    def _closed(self, target: LoadTarget) -> None:
        with self._lock:
            self._under_way.discard(target)
        self._cleaner.wake()

    def wait_until_clean(self) -> None:
        """Returns once dead rows are dropped, or dropping them has been given up."""
        self._cleaner.wait()

    def close(self) -> None:
        """Stops dropping dead rows; the next one to open the state goes on with it."""
        self._cleaner.close()


class Loading:
    """One load. Fill it from one thread at a time, then `enforce` it."""

    def __init__(
        self, submit: Submit, folder: Path, target: LoadTarget, as_of_ns: int, *, full: bool
    ) -> None:
        self._submit = submit
        self._spool = Spool(folder)
        self._target = target
        self._as_of_ns = as_of_ns
        self._full = full
        self._broken_off = threading.Event()
        self._ended = threading.Lock()
        self.when_closed: Callable[[], None] = _do_nothing

    @property
    def is_full(self) -> bool:
        """Whether so much is in memory that it is time to `flush`."""
        return self._spool.is_full

    def add(self, key: ProfileKey, row: Row) -> None:
        """Takes a row. Of several of one identity the last counts."""
        self._spool.add(profile_digest(key), encode_row(key, row))

    def flush(self) -> None:
        """Puts what is in memory aside; raises Exhausted (STORE_FULL)."""
        self._spool.flush()

    def enforce(self, now_ns: int) -> LoadResult:
        """Writes all rows, and has them count all at once. Waits for the disk; for a thread.

        Raises Exhausted (STORE_FULL), FailedPrecondition (LOAD_OUTDATED), or Unavailable if the
        state is closed or the load `break_off`; then nothing has changed.
        """
        with self._ended:
            self._spool.flush()
            generation = self._written(_Begin())
            stored = tombstoned = 0
            try:
                for rows in self._spool.batches(BATCH):
                    left_out = self._written(_AddRows(generation, self._as_of_ns, now_ns, rows))
                    stored += len(rows) - left_out
                    tombstoned += left_out
                made = Generation(generation, self._as_of_ns, now_ns, stored, self._full)
                self._written(_Enforce(self._target, made))
            except BaseException:
                self._forget(generation)
                raise
            return LoadResult(stored, tombstoned)

    def break_off(self) -> None:
        """Has `enforce` give up, if it is under way and not through yet."""
        self._broken_off.set()

    def close(self) -> None:
        """Lets go of the load, in force or not; waits for an `enforce` under way to end."""
        self.break_off()
        with self._ended:
            self._spool.close()
            self.when_closed()
            self.when_closed = _do_nothing

    def _written(self, operation: Operation[T]) -> T:
        """Returns what a write returns; waits while the store has too much to do."""
        while not self._broken_off.is_set():
            try:
                future: Future[T] = self._submit(operation)
            except Exhausted:
                self._broken_off.wait(_PAUSE_S)
            else:
                return future.result()
        raise Unavailable(Reason.NOT_SERVING, f"the load of {self._target} was broken off")

    def _forget(self, generation: int) -> None:
        """Marks rows as dead. If even that fails, opening the state does it."""
        try:
            self._submit(_Forget([generation])).result()
        except (Exhausted, Unavailable):
            return


def _do_nothing() -> None:
    pass


def _refuse_outdated(known: TargetLoads | None, target: LoadTarget, as_of_ns: int) -> None:
    if known is None or not known.generations:
        return
    newest_ns = max(generation.as_of_ns for generation in known.generations)
    if as_of_ns <= newest_ns:
        raise FailedPrecondition(
            Reason.LOAD_OUTDATED,
            f"{target} is as of {_instant(newest_ns)} already; "
            f"a load as of {_instant(as_of_ns)} isn't newer",
            field="header.as_of",
            metadata={"as_of": _instant(newest_ns)},
        )


def _instant(time_ns: int) -> str:
    return (_EPOCH + timedelta(microseconds=time_ns // 1_000)).isoformat()


class _Begin(Operation[int]):
    """Gives out a generation."""

    def apply(self, workspace: Workspace) -> int:
        """Returns it."""
        ledger = workspace.loads.ledger()
        generation = ledger.next_generation
        ledger.next_generation += 1
        ledger.staging.append(generation)
        workspace.loads.store(ledger)
        return generation


class _AddRows(Operation[int]):
    """Writes rows of a generation that isn't in force yet."""

    def __init__(
        self, generation: int, as_of_ns: int, now_ns: int, rows: Sequence[tuple[bytes, bytes]]
    ) -> None:
        self._generation = generation
        self._as_of_ns = as_of_ns
        self._now_ns = now_ns
        self._rows = rows
        self.size_bytes = sum(len(value) for _, value in rows)

    def apply(self, workspace: Workspace) -> int:
        """Returns how many were left out because their subject was deleted since."""
        covers = workspace.tombstones.covers
        kept = [row for row in self._rows if not covers(row[0], self._as_of_ns, self._now_ns)]
        workspace.loads.add(self._generation, kept)
        return len(self._rows) - len(kept)


class _Enforce(Operation[None]):
    """Has the rows of a generation count, and if it is a full load those before it no longer."""

    def __init__(self, target: LoadTarget, generation: Generation) -> None:
        self._target = target
        self._generation = generation

    def apply(self, workspace: Workspace) -> None:
        """Refuses it if a load that is as new has come into force meanwhile."""
        ledger = workspace.loads.ledger()
        generation = self._generation
        loads = ledger.of(self._target)
        _refuse_outdated(loads, self._target, generation.as_of_ns)
        if loads is None:
            loads = TargetLoads(self._target.kind, self._target.id, [])
            ledger.loads.append(loads)
        if generation.full:
            ledger.unclean += bool(loads.generations)
            loads.generations = [generation]
        else:
            loads.generations.append(generation)
            ledger.deltas += 1
            ledger.unclean += ledger.deltas == _DELTAS_UNTIL_CLEANING
        ledger.staging.remove(generation.number)
        workspace.loads.store(ledger)
        workspace.marks.load(load_cause(self._target), generation.load_ns)


class _Forget(Operation[None]):
    """Gives up generations that never came into force."""

    frees = True

    def __init__(self, generations: Sequence[int]) -> None:
        self._generations = list(generations)

    def apply(self, workspace: Workspace) -> None:
        """Their rows are dropped later."""
        ledger = workspace.loads.ledger()
        ledger.staging = [one for one in ledger.staging if one not in self._generations]
        ledger.unclean += 1
        workspace.loads.store(ledger)
