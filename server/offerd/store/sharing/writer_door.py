"""Where other processes hand in their writes to the one that has the state open."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from offerd.errors import RequestError
from offerd.model.profile import ProfileKey
from offerd.store.journal import EncodedEntry
from offerd.store.journal_writer import Append
from offerd.store.layout import profile_digest
from offerd.store.reserving import Take
from offerd.store.sharing.channel import Channel
from offerd.store.sharing.messages import Deleted, Done, Failed, Hello, Raised, Told, Write
from offerd.store.state import State
from offerd.store.tallies import Settled

_REMEMBERED_NS: Final = 600 * 10**9
"""How long a decision may wait in a worker before it comes to be journalled; far too long."""

_BEING_DELETED: Final = 2**63


class WriterDoor:
    """Applies the writes of workers, and tells them all what every write changed.

    A state has one at most.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._workers: list[Channel] = []
        self._lock = threading.Lock()
        self._deleted: dict[bytes, int] = {}
        state.tallies.when_settled = self._tell_settled
        state.journal.when_deleting = self._deleting

    def connect(self, end: socket.socket) -> None:
        """Serves a worker at the other end of a socket, until that is closed."""
        worker = Channel(
            end,
            lambda message: self._take(worker, message),
            lambda: self._leave(worker),
            _encoded,
        )
        # Between two transactions: the worker is told of all that come after this moment.
        self._state.writer.between(partial(self._greet, worker)).result()
        worker.start()

    def close(self) -> None:
        """Ends what is left of the connections; what workers have sent is applied."""
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            worker.close()

    def _greet(self, worker: Channel) -> None:
        worker.send(Hello(self._state.tallies.known()))
        with self._lock:
            self._workers.append(worker)

    def _leave(self, worker: Channel) -> None:
        with self._lock:
            self._workers.remove(worker)

    def _take(self, worker: Channel, message: Write) -> None:
        number, operation = message
        if isinstance(operation, Append | Take):
            operation.leave_out(self._forgotten)
        try:
            future = self._state.writer.submit(operation)
        except RequestError as refusal:
            worker.send(Failed(number, Raised.of(refusal)))
        else:
            future.add_done_callback(lambda done: worker.send((number, done)))

    def _tell_settled(self, settled: Settled) -> None:
        if any(isinstance(part, Mapping) and part for part in settled):
            self._tell(Told(settled))

    def _tell(self, message: object) -> None:
        with self._lock:
            for worker in self._workers:
                worker.send(message)

    def _deleting(self, key: ProfileKey, future: Future[Any]) -> None:
        """Keeps what was decided before a profile was gone from being journalled after it."""
        digest = profile_digest(key)
        with self._lock:
            self._deleted[digest] = _BEING_DELETED

        def done(_: Future[Any]) -> None:
            now_ns = time.time_ns()
            with self._lock:
                self._deleted[digest] = now_ns
                outdated = now_ns - _REMEMBERED_NS
                self._deleted = {k: ns for k, ns in self._deleted.items() if ns > outdated}
            self._tell(Deleted(key))

        future.add_done_callback(done)

    def _forgotten(self, entry: EncodedEntry) -> bool:
        if entry.owner is None:
            return False
        with self._lock:
            deleted_ns = self._deleted.get(entry.owner)
        return deleted_ns is not None and entry.time_ns <= deleted_ns


def _encoded(item: Any) -> bytes:
    """Pickles a message; a result only now, in the thread that sends it, not in the writer's."""
    if type(item) is not tuple:
        return pickle.dumps(item)
    number, done = item
    error = done.exception()
    if error is not None:
        return pickle.dumps(Failed(number, Raised.of(error)))
    return pickle.dumps(Done(number, done.result()))
