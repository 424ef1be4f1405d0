"""The LMDB environment of a state as a process has it that only reads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from offerd.errors import StateError
from offerd.store.environment import Environment, closed, open_lmdb
from offerd.store.layout import Table

T = TypeVar("T")


class ReaderEnvironment(Environment):
    """Read transactions from any thread, on a map that another process makes larger."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._databases: dict[Table, Any] = {}
        self._map_lock = threading.Lock()
        self._closed = False
        self._lmdb = open_lmdb(path, readonly=True, create=False)
        try:
            # All at once: within a transaction none can be opened.
            for table in Table:
                self._databases[table] = self._opened(table)
        except BaseException:
            self._lmdb.close()
            raise

    def _opened(self, table: Table) -> Any:
        while True:
            try:
                return self._lmdb.open_db(table.value.encode(), create=False)
            except lmdb.MapResizedError:
                self._lmdb.set_mapsize(0)
            except lmdb.Error as error:
                raise StateError(f"the state in `{self._path}` can't be read: {error}") from error

    def read(self, work: Callable[..., T], *arguments: Any, buffers: bool = True) -> T:
        """As of Environment."""
        with self._map_lock:
            if self._closed:
                raise closed()
            while True:
                try:
                    with self._lmdb.begin(buffers=buffers) as transaction:
                        return work(transaction, *arguments)
                except lmdb.MapResizedError:
                    self._lmdb.set_mapsize(0)  # as large as the writer made it

    def write(self, *_: Any, **__: Any) -> Any:
        """Is never asked for: what is to be written is sent to the process that writes."""
        raise NotImplementedError

    def close(self) -> None:
        """Releases the map. Safe to call twice."""
        with self._map_lock:
            if not self._closed:
                self._closed = True
                self._lmdb.close()
