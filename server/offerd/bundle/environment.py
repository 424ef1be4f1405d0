"""A bundle's LMDB environment, opened only after its seal was found whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec

from offerd.bundle.seal import verify_seal
from offerd.bundle.tables import META, META_KEY, TABLES, Meta, Table, key
from offerd.errors import BundleError


class BundleEnvironment:
    """Raw records of a bundle by table and number.

    One read transaction is held for its whole life: the file never changes, so it pins
    nothing. Never open one before a fork: LMDB's state doesn't survive it.
    """

    def __init__(self, path: Path) -> None:
        sealed = verify_seal(path)
        try:
            self._environment = lmdb.open(
                str(path),
                subdir=False,
                lock=False,
                readonly=True,
                create=False,
                max_dbs=len(TABLES) + 1,
            )
        except lmdb.Error as error:
            raise BundleError(f"`{path}` can't be opened: {error}") from error
        try:
            if os.stat(path).st_ino != sealed.inode:
                raise BundleError(f"`{path}` was replaced while it was opened: open it again")
            self.format_version = sealed.format_version
            self.size_bytes = path.stat().st_size
            self._databases = {
                table: self._environment.open_db(table.database, create=False) for table in TABLES
            }
            meta_database = self._environment.open_db(META, create=False)
            self._transaction = self._environment.begin()
            self.meta = msgspec.msgpack.decode(
                self._transaction.get(META_KEY, b"", db=meta_database), type=Meta
            )
        except (lmdb.Error, msgspec.DecodeError, TypeError) as error:
            self._environment.close()
            raise BundleError(f"`{path}` is damaged: {error}") from error
        except BundleError:
            self._environment.close()
            raise

    def records(self, table: Table) -> Iterator[tuple[bytes, bytes]]:
        """Yields keys and values of a table in key order."""
        return iter(self._transaction.cursor(db=self._databases[table]))

    def record(self, table: Table, number: int) -> bytes | None:
        """Returns one record, or None if the table has none of that number."""
        value: bytes | None = self._transaction.get(key(number), db=self._databases[table])
        return value

    def close(self) -> None:
        """Releases the map. Safe to call twice."""
        self._transaction.abort()
        self._environment.close()
