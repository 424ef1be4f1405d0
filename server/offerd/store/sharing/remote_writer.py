"""Writes of a process that another process applies."""

from __future__ import annotations

import itertools
import pickle
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

from offerd.errors import Exhausted, Reason, Unavailable
from offerd.model.profile import ProfileKey
from offerd.store.environment import closed
from offerd.store.operations import Operation
from offerd.store.sharing.channel import Channel
from offerd.store.sharing.messages import Deleted, Done, Failed, Hello, Told, Write
from offerd.store.tallies import Tallies
from offerd.store.writer import QUEUE_LIMIT, QUEUE_LIMIT_BYTES, Writer

T = TypeVar("T")


class _UnderWay(NamedTuple):
    future: Future[Any]
    weight: int
    size_bytes: int


class RemoteWriter(Writer):
    """Sends operations to the writer, and keeps tallies as those of the writer are.

    This process may have a `share` of what may wait there altogether. `when_deleted` is told of
    profiles that were deleted, `when_lost` that the writer is gone, unless `close` was called.
    """

    def __init__(
        self,
        end: socket.socket,
        tallies: Tallies,
        when_lost: Callable[[], None],
        *,
        share: float = 1.0,
    ) -> None:
        self._tallies = tallies
        self._when_lost = when_lost
        self.when_deleted: Callable[[ProfileKey], None] | None = None
        self._limit = int(QUEUE_LIMIT * share)
        self._limit_bytes = int(QUEUE_LIMIT_BYTES * share)
        self._numbers = itertools.count()
        self._under_way: dict[int, _UnderWay] = {}
        self._weight = 0
        self._size_bytes = 0
        self._closing = False
        self._lost = False
        self._changed = threading.Condition()
        self._known = threading.Event()
        self._channel = Channel(end, self._receive, self._ended, bytes)
        self._channel.start()
        self._known.wait()
        if self._lost:
            raise self._gone()

    def submit(self, operation: Operation[T]) -> Future[T]:
        """Sends a write; the future is done once it is committed, or has failed.

        It can't be cancelled: the writer may have it. Raises Exhausted (OVERLOADED) if too much
        is under way, Unavailable after `close` or without a writer.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        number = next(self._numbers)
        message = pickle.dumps(Write(number, operation))
        with self._changed:
            if self._closing:
                raise closed()
            if self._lost:
                raise self._gone()
            if self._under_way and (
                self._weight + operation.weight > self._limit
                or self._size_bytes + operation.size_bytes > self._limit_bytes
            ):
                raise Exhausted(
                    Reason.OVERLOADED,
                    f"{self._weight:,} writes of {self._size_bytes:,} bytes wait for the store; "
                    "try again later",
                )
            self._under_way[number] = _UnderWay(future, operation.weight, operation.size_bytes)
            self._weight += operation.weight
            self._size_bytes += operation.size_bytes
            self._channel.send(message)
        return future

    def between(self, work: Callable[[], None]) -> Future[None]:
        """Is never asked for: what is between two transactions is the writer's."""
        raise NotImplementedError

    def close(self) -> None:
        """Waits for what is under way, and ends. Safe to call twice."""
        with self._changed:
            self._closing = True
            self._changed.wait_for(lambda: not self._under_way or self._lost)
        self._channel.close()

    def _receive(self, message: Any) -> None:
        match message:
            case Done(number, result):
                self._done(number).set_result(result)
            case Told(settled):
                self._tallies.settle(settled)
            case Failed(number, error):
                self._done(number).set_exception(error.revived())
            case Deleted(key):
                if self.when_deleted is not None:
                    self.when_deleted(key)
            case Hello(tallies):
                self._tallies.adopt(*tallies)
                self._known.set()

    def _done(self, number: int) -> Future[Any]:
        with self._changed:
            future, weight, size_bytes = self._under_way.pop(number)
            self._weight -= weight
            self._size_bytes -= size_bytes
            if self._closing:
                self._changed.notify_all()
        return future

    def _ended(self) -> None:
        with self._changed:
            self._lost = True
            left = list(self._under_way.values())
            self._under_way.clear()
            closing = self._closing
            self._changed.notify_all()
        self._known.set()
        for one in left:
            one.future.set_exception(self._gone())
        if not closing:
            self._when_lost()

    @staticmethod
    def _gone() -> Unavailable:
        return Unavailable(Reason.NOT_SERVING, "the process that writes has ended")
