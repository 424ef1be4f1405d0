"""Filling an LMDB environment of unknown size, in pieces, so that none of it piles up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lmdb

from offerd.bundle.environment import pages_bytes

_PIECE_BYTES = 16 << 20
_SPARE_BYTES = 64 << 20
_RECORD_BYTES = 64
"""What a record takes beside its key and value, at most and about."""


class Filling:
    """A new environment, to which records are added table by table, in ascending order of keys.

    The file is complete after `close`; the same records make the same file.
    """

    def __init__(self, path: Path, databases: int) -> None:
        self._path = path
        self._map_bytes = _SPARE_BYTES
        self._environment: Any = lmdb.open(
            str(path),
            subdir=False,
            lock=False,
            max_dbs=databases,
            map_size=self._map_bytes,
            sync=False,
        )

    def fill(self, database: bytes, records: Iterable[tuple[bytes, bytes]]) -> int:
        """Adds a table; returns how many records it has."""
        handle = self._environment.open_db(database)
        count = piece_bytes = 0
        piece: list[tuple[bytes, bytes]] = []
        for record in records:
            piece.append(record)
            piece_bytes += len(record[0]) + len(record[1]) + _RECORD_BYTES
            if piece_bytes >= _PIECE_BYTES:
                self._put(handle, piece, piece_bytes)
                count += len(piece)
                piece, piece_bytes = [], 0
        self._put(handle, piece, piece_bytes)
        return count + len(piece)

    def close(self) -> None:
        """Closes the environment, every page of which is in the file then."""
        # A page that was given out and freed again may never have been written. Whoever opens
        # the bundle requires all of them.
        expected = pages_bytes(self._environment)
        self._environment.close()
        if self._path.stat().st_size < expected:
            os.truncate(self._path, expected)

    def abandon(self) -> None:
        """Closes the environment, whatever is in it."""
        self._environment.close()

    def _put(self, handle: Any, piece: list[tuple[bytes, bytes]], piece_bytes: int) -> None:
        needed = pages_bytes(self._environment) + piece_bytes * 3 + _SPARE_BYTES // 2
        if needed > self._map_bytes:
            self._map_bytes = 2 * needed
            self._environment.set_mapsize(self._map_bytes)
        with self._environment.begin(write=True) as transaction:
            cursor = transaction.cursor(db=handle)
            consumed, added = cursor.putmulti(piece, append=True)
            if added < consumed:
                raise lmdb.Error("keys that don't ascend")
