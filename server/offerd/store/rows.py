"""Rows of tables of which nothing is kept in memory, as one transaction sees and changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from offerd.store.environment import Environment
from offerd.store.layout import Table


class Rows:
    """The rows of any table, in one write transaction."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._environment = environment
        self._transaction = transaction

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Returns a row of a table whose changes wait for nothing."""
        value = self._transaction.get(key, db=self._environment.database(table))
        return None if value is None else bytes(value)

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Stores a row of a table whose changes wait for nothing."""
        self._transaction.put(key, value, db=self._environment.database(table))

    def rows(self, table: Table, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yields rows of such a table by their keys, as long as nothing of it is changed."""
        with self._transaction.cursor(db=self._environment.database(table)) as cursor:
            found = cursor.set_range(prefix) if prefix else cursor.first()
            while found and bytes(cursor.key()).startswith(prefix):
                yield bytes(cursor.key()), bytes(cursor.value())
                found = cursor.next()

    def delete(self, table: Table, key: bytes) -> bool:
        """Removes such a row; tells whether it was there."""
        return bool(self._transaction.delete(key, db=self._environment.database(table)))
