"""The LMDB environment of a state: opening, reading, writing, growing.

Never open a state before a fork and use it on either side: LMDB's locks and the file lock
don't survive it. Start workers by spawn, or open in the worker.
"""

from __future__ import annotations

import errno
import tempfile
import threading
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

import lmdb

from offerd.errors import Exhausted, Reason, StateError, Unavailable
from offerd.store.layout import Table

T = TypeVar("T")

INITIAL_MAP_BYTES: Final = 2**30
MAXIMUM_MAP_BYTES: Final = 2**40
"""Address space, not disk: the file is as large as what was ever written at once."""

RESERVE_BYTES: Final = 64 * 2**20
"""Beyond the maximum, and only for removals, which need room to make room."""

READERS_CHECKED_EVERY_S: Final = 10.0
"""How often, while there are writes, readers are looked for that died."""

_PROBE_BYTES: Final = 16 * 2**20
_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Durability(Enum):
    """What an acknowledged write survives.

    FSYNC: a crash of the process, of the system and a loss of power.
    RELAXED: a crash of the process only. Nothing is forced to disk until the state is closed,
    so that a crash of the system loses the latest writes and may leave a state that can't be
    opened any more. For loading data that can be loaded again, and for tests.
    """

    FSYNC = "fsync"
    RELAXED = "relaxed"


class Environment:
    """Read transactions from any thread, write transactions one at a time, a map that grows."""

    def __init__(
        self, path: Path, map_size_bytes: int, maximum_bytes: int, durability: Durability
    ) -> None:
        self._path = path
        self._maximum_bytes = max(maximum_bytes, map_size_bytes)
        self._databases: dict[Table, Any] = {}
        # LMDB forbids to change the map while a transaction of this process uses it. Readers
        # hold this lock for a read, or a slice of reads, the writer only to change the map.
        self._map_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._closed = False
        self._lmdb = open_lmdb(
            path,
            map_size=map_size_bytes,
            sync=durability is Durability.FSYNC,
            metasync=durability is Durability.FSYNC,
        )
        self._checked_s = 0.0
        self._clear_dead_readers()

    @property
    def raw(self) -> Any:
        """The LMDB environment, for setting up."""
        return self._lmdb

    def open_databases(self, transaction: Any) -> None:
        """Opens all databases within a transaction, creating them if it can write."""
        for table in Table:
            self._databases[table] = self._lmdb.open_db(
                table.value.encode(), txn=transaction, create=True
            )

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database."""
        return self._databases[table]

    def read(self, work: Callable[..., T], *arguments: Any, buffers: bool = True) -> T:
        """Runs a function on a snapshot, which ends with it; keep nothing of its buffers.

        Short work only: a change of the map waits for it. `arguments` come after the snapshot;
        without `buffers` keys and values are copied, which is quicker where they are small.
        """
        with self._map_lock:
            if self._closed:
                raise closed()
            transaction = self._lmdb.begin(None, None, False, buffers)
            try:
                return work(transaction, *arguments)
            finally:
                transaction.abort()

    def write(
        self,
        work: Callable[[Any], T],
        *,
        frees: bool = False,
        settle: Callable[[T], None] | None = None,
    ) -> T:
        """Runs a function in a write transaction and commits, growing the map as needed.

        The function runs again from the start when the map was full, so what it does besides
        writing must not add up. With `frees` it may use the reserve. Raises Exhausted
        (STORE_FULL) at the maximum or when the disk is full; then nothing is written and the
        state lives on. `settle` gets what the function returned once it is committed, before
        any other write begins.
        """
        with self._write_lock:
            if self._closed:
                raise closed()
            if time.monotonic() - self._checked_s >= READERS_CHECKED_EVERY_S:
                self._clear_dead_readers()
            result = self._write(work, frees=frees)
            if settle is not None:
                settle(result)
            return result

    def _clear_dead_readers(self) -> None:
        """Has pages used again that processes were reading when they were killed."""
        self._lmdb.reader_check()
        self._checked_s = time.monotonic()

    def _write(self, work: Callable[[Any], T], *, frees: bool) -> T:
        while True:
            try:
                with self._lmdb.begin(write=True) as transaction:
                    return work(transaction)
            except lmdb.MapFullError:
                if not self._grow():
                    break
            except lmdb.Error as error:
                raise self._refusal(error) from error
        if not frees:
            raise _map_full(self._maximum_bytes)
        return self._write_with_reserve(work)

    def _grow(self) -> bool:
        size = self._lmdb.info()["map_size"]
        if size >= self._maximum_bytes:
            return False
        self._set_map_size(min(size * 2, self._maximum_bytes))
        return True

    def _write_with_reserve(self, work: Callable[[Any], T]) -> T:
        self._set_map_size(self._maximum_bytes + RESERVE_BYTES)
        try:
            with self._lmdb.begin(write=True) as transaction:
                return work(transaction)
        except lmdb.MapFullError as error:
            raise _map_full(self._maximum_bytes) from error
        except lmdb.Error as error:
            raise self._refusal(error) from error
        finally:
            # Never less than what is in use: LMDB sees to that.
            self._set_map_size(self._maximum_bytes)

    def _set_map_size(self, size_bytes: int) -> None:
        with self._map_lock:
            try:
                self._lmdb.set_mapsize(size_bytes)
            except lmdb.Error as error:
                raise self._refusal(error) from error

    def _refusal(self, error: lmdb.Error) -> Exhausted | Unavailable:
        """Tells a full disk from one that fails."""
        if getattr(error, "code", 0) in _FULL_ERRNOS or self._disk_is_full():
            return Exhausted(Reason.STORE_FULL, f"the store can't grow on its disk: {error}")
        return Unavailable(Reason.NOT_SERVING, f"the store can't write: {error}")

    def _disk_is_full(self) -> bool:
        """Asks for room and gives it back.

        LMDB calls it an input/output error when a disk takes a part of what it writes.
        """
        try:
            with tempfile.TemporaryFile(dir=self._path, buffering=0) as probe:
                written = probe.write(bytes(_PROBE_BYTES))
                probe.write(bytes(_PROBE_BYTES - written))
        except OSError as error:
            return error.errno in _FULL_ERRNOS
        return False

    def close(self) -> None:
        """Forces everything to disk and releases the map. Safe to call twice."""
        with self._write_lock, self._map_lock:
            if not self._closed:
                self._closed = True
                try:
                    self._lmdb.sync(True)
                finally:
                    self._lmdb.close()


def open_lmdb(path: Path, **options: Any) -> Any:
    """Opens the LMDB environment of a state with what any process needs; raises StateError."""
    try:
        return lmdb.open(
            str(path),
            max_dbs=len(Table) + 3,
            # One finished read transaction is kept for the next read, which halves the
            # price of beginning one; with the default of 0 each is made anew.
            max_spare_txns=1,
            # Reads are random: reading ahead would only evict what is needed.
            readahead=False,
            **options,
        )
    except (lmdb.Error, OSError) as error:
        raise StateError(f"the state in `{path}` can't be opened: {error}") from error


def closed() -> Unavailable:
    """The refusal of anything asked of a closed state."""
    return Unavailable(Reason.NOT_SERVING, "the state is closed")


def _map_full(maximum_bytes: int) -> Exhausted:
    return Exhausted(
        Reason.STORE_FULL,
        f"the store is full: it holds the {maximum_bytes:,} bytes that it may; "
        "remove profiles or allow a larger state",
    )
