"""A bundle's LMDB environment, opened only after its seal was found whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import lmdb
import msgspec

from offerd.bundle.damage import damage_at
from offerd.bundle.seal import SEAL_BYTES, Sealed, verify_seal
from offerd.bundle.tables import KEYED, META, META_KEY, TABLES, Meta, Table, key
from offerd.errors import BundleError

Pause = Callable[[], None]
"""Called every so many records, by whoever reads them all, to let others go first."""

_RECORDS: Final = 32
"""So many records are read between two pauses: some tenth of a millisecond's worth."""


def no_pause() -> None:
    """Goes on at once."""


class BundleEnvironment:
    """Raw records of a bundle by table and number.

    One read transaction is held for its whole life: the file never changes, so it pins
    nothing. Never open one before a fork: LMDB's state doesn't survive it.

    `pause` is called every so often while all records of a table are read. Raises BundleError
    unless the seal is whole, every page that LMDB counts is in the file, and each table is there
    with as many records as the bundle says.
    """

    def __init__(self, path: Path, pause: Pause = no_pause) -> None:
        sealed = verify_seal(path)
        self.path = path
        self.pause = pause
        self.format_version = sealed.format_version
        self.size_bytes = sealed.environment_bytes + SEAL_BYTES
        try:
            self._environment = lmdb.open(
                str(path),
                subdir=False,
                lock=False,
                readonly=True,
                create=False,
                max_dbs=len(TABLES) + len(KEYED) + 1,
            )
        except lmdb.Error as error:
            raise BundleError(f"`{path}` can't be opened: {error}") from error
        try:
            with damage_at(f"`{path}`"):
                self._require_what_was_sealed(sealed)
                self._databases = {
                    table: self._environment.open_db(table.database, create=False)
                    for table in TABLES
                }
                self._keyed = {
                    database: self._environment.open_db(database, create=False)
                    for database in KEYED
                }
                meta_database = self._environment.open_db(META, create=False)
                self._transaction = self._environment.begin()
                self.meta = msgspec.msgpack.decode(
                    self._transaction.get(META_KEY, b"", db=meta_database), type=Meta
                )
                self._require_counts()
        except BundleError:
            self._environment.close()
            raise

    def records(self, table: Table) -> Iterator[bytes]:
        """Yields the values of a table in the order of their numbers, which go from 0.

        Raises BundleError if one is missing. Each is looked up by itself, because LMDB ends the
        process where the next of a cursor lies on a page that isn't one.
        """
        get, database = self._transaction.get, self._databases[table]
        try:
            for number in range(self.meta.counts[table.name]):
                if not number % _RECORDS:
                    self.pause()
                value: bytes | None = get(key(number), None, database)
                if value is None:
                    raise _missing(table, number)
                yield value
        except lmdb.Error as error:
            raise BundleError(f"a record of `{table.name}`: {error}") from error

    def verify_numbers(self, table: Table) -> None:
        """Raises BundleError as `records` does, but leaves the values where they are."""
        cursor = self._transaction.cursor(db=self._databases[table])
        for number in range(self.meta.counts[table.name]):
            if not number % _RECORDS:
                self.pause()
            if not cursor.set_key(key(number)):
                raise _missing(table, number)

    def verify_ends(self, table: Table) -> None:
        """Raises BundleError if the first record of a table or the last isn't there.

        As many as there should be are there, so others can only be missing if something else is
        in their stead: who asks for one of these is told.
        """
        count = self.meta.counts[table.name]
        for number in {0, count - 1} if count else ():
            if self.record(table, number) is None:
                raise _missing(table, number)

    def keyed(self, database: bytes, key: bytes) -> bytes | None:
        """Returns a record of a table with keys of its own, or None if it has none of that key.

        Raises BundleError if its page can't be read.
        """
        try:
            value: bytes | None = self._transaction.get(key, db=self._keyed[database])
        except lmdb.Error as error:
            raise BundleError(f"`{database.decode()}` is damaged: {error}") from error
        return value

    def record(self, table: Table, number: int) -> bytes | None:
        """Returns one record, or None if the table has none of that number.

        Raises BundleError if its page can't be read.
        """
        try:
            value: bytes | None = self._transaction.get(key(number), db=self._databases[table])
        except lmdb.Error as error:
            raise BundleError(f"a record of `{table.name}`: {error}") from error
        return value

    def close(self) -> None:
        """Releases the map. Safe to call twice."""
        self._transaction.abort()
        self._environment.close()

    def _require_what_was_sealed(self, sealed: Sealed) -> None:
        try:
            inode = os.stat(self.path).st_ino
        except OSError:
            inode = None
        if inode != sealed.inode:
            raise BundleError("it was replaced while it was opened: open it again")
        # To touch a page beyond the end of the file would kill the process, and a file that
        # was cut off may have been sealed since.
        expected = pages_bytes(self._environment)
        if sealed.environment_bytes < expected:
            raise BundleError(
                f"it was cut short before it was sealed: {sealed.environment_bytes} bytes "
                f"of pages, {expected} expected"
            )

    def _require_counts(self) -> None:
        names = [*(table.name for table in TABLES), *(database.decode() for database in KEYED)]
        if sorted(self.meta.counts) != sorted(names):
            raise BundleError("what it says of its tables isn't about the tables of a bundle")
        databases = {table.name: database for table, database in self._databases.items()}
        databases.update((name.decode(), database) for name, database in self._keyed.items())
        for name, database in databases.items():
            found = self._transaction.stat(database)["entries"]
            expected = self.meta.counts[name]
            if found != expected:
                raise BundleError(f"`{name}` has {found} records, {expected} expected")


def pages_bytes(environment: lmdb.Environment) -> int:
    """Returns how long the file of an environment has to be, for all of its pages to be in it."""
    last_page: int = environment.info()["last_pgno"]
    page_bytes: int = environment.stat()["psize"]
    return (last_page + 1) * page_bytes


def _missing(table: Table, number: int) -> BundleError:
    return BundleError(f"`{table.name}` has no record {number}")
