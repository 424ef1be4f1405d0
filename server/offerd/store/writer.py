"""The one thread that writes, committing whatever has gathered meanwhile as one transaction.

While a commit waits for the disk the next batch gathers: the busier the state, the more writes
share one wait. A commit costs as much work as several writes, whether it holds one or a hundred.
So while several ask at once the thread waits for others to come, about as long as a commit lasts,
but not once as many have come as there were before; whoever asks alone never waits for that.
A write's future is done only after the commit that holds it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

import lmdb

from offerd.errors import Exhausted, Reason
from offerd.store.environment import Environment, closed
from offerd.store.operations import Operation
from offerd.store.workspace import BeginWorkspace, Workspace

T = TypeVar("T")

QUEUE_LIMIT: Final = 20_000
"""The most events and other writes that wait; more are refused as OVERLOADED."""

QUEUE_LIMIT_BYTES: Final = 64 * 2**20
"""The most bytes that wait, encoded; more are refused likewise. In memory they take more."""

BATCH_LIMIT: Final = 5_000
"""About how many events and other writes share a transaction."""

BATCH_LIMIT_BYTES: Final = 16 * 2**20
"""About how many bytes share a transaction."""

LONGEST_WAIT_S: Final = 0.005
"""The longest that writes wait for others to come, however long a commit lasts."""


class _Pending(NamedTuple):
    operation: Operation[Any]
    future: Future[Any]


class _Between(Operation[None]):
    """Work that no transaction may be open for; a batch of its own, and the next one."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work


class _Failed(Exception):
    """One operation of a batch failed; the batch is done again without it."""

    def __init__(self, operation: Operation[Any], cause: Exception) -> None:
        self.operation = operation
        self.cause = cause


class Writer:
    """A bounded queue of operations and the thread that applies them."""

    def __init__(self, environment: Environment, begin: BeginWorkspace) -> None:
        self._environment = environment
        self._begin = begin
        self._queue: deque[_Pending] = deque()
        self._between: deque[_Pending] = deque()
        self._weight = 0
        self._size_bytes = 0
        self._closing = False
        self._wake = threading.Condition()
        self._company = 1  # how many ask at once, as far as the last batch could tell
        self._commit_s = 0.0
        self._wanted = 1  # how many writes have to wait for the thread to be woken
        # A daemon: a process that ends without closing must not hang. What it had not been
        # told is stored may then be missing, as after any crash.
        self._thread = threading.Thread(target=self._run, name="offerd-store-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[T]) -> Future[T]:
        """Queues a write; the future is done once it is committed, or has failed.

        Raises Exhausted (OVERLOADED) if too much waits, Unavailable after `close`; a write that
        is too large by itself is taken when nothing waits. A write whose future is cancelled
        before its batch begins isn't done.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise closed()
            if self._queue and (
                self._weight + operation.weight > QUEUE_LIMIT
                or self._size_bytes + operation.size_bytes > QUEUE_LIMIT_BYTES
            ):
                raise Exhausted(
                    Reason.OVERLOADED,
                    f"{self._weight:,} writes of {self._size_bytes:,} bytes wait for the store; "
                    "try again later",
                )
            self._queue.append(_Pending(operation, future))
            self._weight += operation.weight
            self._size_bytes += operation.size_bytes
            if len(self._queue) >= self._wanted:
                self._wake.notify()
        return future

    def between(self, work: Callable[[], None]) -> Future[None]:
        """Has something done while no transaction is open, before all that waits.

        It is taken however much waits: what is asked for once must not be lost to a busy moment.
        Raises Unavailable after `close`.
        """
        future: Future[None] = Future()
        with self._wake:
            if self._closing:
                raise closed()
            self._between.append(_Pending(_Between(work), future))
            self._wake.notify()
        return future

    def close(self) -> None:
        """Finishes what is queued and ends the thread. Safe to call twice."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            running = [p for p in batch if p.future.set_running_or_notify_cancel()]
            if not running:
                continue
            operation, future = running[0]
            if isinstance(operation, _Between):
                _do(operation, future)
            else:
                self._timed(running)
            # Who waited isn't held until somebody writes again.
            del batch, running, operation, future

    def _next_batch(self) -> list[_Pending]:
        """Waits for work; an empty batch means that there will be none."""
        batch: list[_Pending] = []
        weight = size_bytes = 0
        with self._wake:
            self._wake.wait_for(lambda: self._between or self._queue or self._closing)
            self._let_gather()
            if self._between:
                return [self._between.popleft()]
            while self._queue and weight < BATCH_LIMIT and size_bytes < BATCH_LIMIT_BYTES:
                pending = self._queue.popleft()
                weight += pending.operation.weight
                size_bytes += pending.operation.size_bytes
                batch.append(pending)
            self._weight -= weight
            self._size_bytes -= size_bytes
        return batch

    def _let_gather(self) -> None:
        """Waits a little while fewer writes wait than were asked for at once before."""
        if len(self._queue) < self._company:
            self._wanted = self._company
            self._wake.wait_for(
                lambda: self._between or self._closing or len(self._queue) >= self._wanted,
                min(self._commit_s, LONGEST_WAIT_S),
            )
            self._wanted = 1

    def _timed(self, batch: list[_Pending]) -> None:
        """Commits a batch, and notes how long that lasts and how many ask at once."""
        began_s, count = time.monotonic(), len(batch)
        self._commit(batch)
        self._commit_s = time.monotonic() - began_s
        with self._wake:
            self._company = count + len(self._queue) if count > 1 else 1

    def _commit(self, batch: list[_Pending]) -> None:
        """Applies a batch in one transaction, then resolves its futures.

        An error has the frames in which it was raised: none of them may have the future that gets
        it, or whoever waited for that would be held until a search for cycles.
        """
        while batch:
            try:
                results = self._write(batch)
            except _Failed as failed:
                place = [pending.operation for pending in batch].index(failed.operation)
                batch.pop(place).future.set_exception(failed.cause)
            except Exhausted as refusal:
                if len(batch) == 1:
                    batch.pop().future.set_exception(refusal)
                    return
                # One by one, what fits is still stored, and what makes room does so.
                for pending in batch:
                    self._commit([pending])
                return
            except Exception as error:
                while batch:
                    batch.pop(0).future.set_exception(error)
            else:
                for pending, result in zip(batch, results, strict=True):
                    pending.future.set_result(result)
                return

    def _write(self, batch: list[_Pending]) -> list[Any]:
        operations = [pending.operation for pending in batch]

        def work(transaction: Any) -> tuple[list[Any], Workspace]:
            workspace = self._begin(transaction)
            results = [_applied(operation, workspace) for operation in operations]
            workspace.flush()
            return results, workspace

        frees = all(operation.frees for operation in operations)
        results, _ = self._environment.write(
            work, frees=frees, settle=lambda written: written[1].settle()
        )
        return results


def _do(operation: _Between, future: Future[Any]) -> None:
    try:
        operation.work()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(None)


def _applied(operation: Operation[Any], workspace: Workspace) -> Any:
    try:
        return operation.apply(workspace)
    except lmdb.Error:
        raise
    except Exception as error:
        raise _Failed(operation, error) from error
