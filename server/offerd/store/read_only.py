"""Reading a state that a server may have open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import lmdb

from offerd.errors import StateError
from offerd.store.directory import DATA_FILE, checked_secret
from offerd.store.journal_reader import JournalReader
from offerd.store.layout import Table

T = TypeVar("T")


class ReadOnlyState:
    """A state as it is at each moment, beside any process that uses it; nothing is written.

    For one thread, and never in a process that has the state open otherwise. Raises StateError
    if there is no state, also at any later read.
    """

    def __init__(self, path: Path) -> None:
        if not (path / DATA_FILE).is_file():
            raise StateError(f"there is no state in `{path}`")
        self._path = path
        try:
            self._lmdb = lmdb.open(
                str(path), readonly=True, create=False, max_dbs=len(Table), readahead=False
            )
        except (lmdb.Error, OSError) as error:
            raise self._unreadable(error) from error
        try:
            # All at once: within a transaction none can be opened.
            self._databases = {table: self._opened(table) for table in Table}
            self.secret = checked_secret(self._meta(), path)
            """The 32 bytes that the state signs with."""
        except BaseException:
            self._lmdb.close()
            raise
        self.journal = JournalReader(self)
        """Decisions that were made, and events that were collected."""

    def __enter__(self) -> ReadOnlyState:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lmdb.close()

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database; StateError if the state didn't have it at first."""
        found = self._databases[table]
        if found is None:
            raise StateError(
                f"the state in `{self._path}` has no `{table.value}`: "
                "no server of this version has opened it yet"
            )
        return found

    def _opened(self, table: Table) -> Any:
        """Returns a database; None if the state doesn't have it yet."""
        while True:
            try:
                return self._lmdb.open_db(table.value.encode(), create=False)
            except lmdb.MapResizedError:
                self._lmdb.set_mapsize(0)
            except (lmdb.NotFoundError, lmdb.ReadonlyError):
                return None
            except lmdb.Error as error:
                raise self._unreadable(error) from error

    def read(self, work: Callable[[Any], T]) -> T:
        """Runs a function on a snapshot, which ends with it; keep nothing of its buffers."""
        while True:
            try:
                with self._lmdb.begin(buffers=True) as transaction:
                    return work(transaction)
            except lmdb.MapResizedError:
                self._lmdb.set_mapsize(0)  # as large as the server made it
            except lmdb.Error as error:
                raise self._unreadable(error) from error

    def copy(self, descriptor: int) -> None:
        """Writes the state as it is at one moment to a file, without the pages it doesn't use.

        Raises StateError, also if there is no room for the file.
        """
        while True:
            try:
                self._lmdb.copyfd(descriptor, compact=True)
            except lmdb.MapResizedError:
                self._lmdb.set_mapsize(0)
            except lmdb.Error as error:
                raise self._unreadable(error, "copied") from error
            else:
                return

    def _meta(self) -> dict[bytes, bytes]:
        meta = self._databases[Table.META]
        if meta is None:
            return {}
        return self.read(lambda txn: {bytes(k): bytes(v) for k, v in txn.cursor(db=meta)})

    def _unreadable(self, error: Exception, done: str = "read") -> StateError:
        return StateError(f"the state in `{self._path}` can't be {done}: {error}")


def read_secret(path: Path) -> bytes:
    """Returns the 32 bytes that a state signs with.

    Only reads, beside any process that uses the state. Raises StateError if there is no state.
    """
    with ReadOnlyState(path) as state:
        return state.secret
