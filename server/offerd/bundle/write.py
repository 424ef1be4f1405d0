"""Writing a catalogue as a bundle: all of it, or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import lmdb
import msgspec

from offerd.bundle.environment import pages_bytes
from offerd.bundle.seal import seal
from offerd.bundle.tables import (
    META,
    META_KEY,
    SCORE_TABLES,
    SINGLE,
    TABLES,
    Meta,
    Table,
    key,
    revision_of,
)
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue
from offerd.model.selection import ScoreTable

_SPARE_BYTES = 64 << 20


class Written(NamedTuple):
    """What was written: revision, records by table, and the file's size."""

    revision: str
    counts: dict[str, int]
    size_bytes: int


def write_bundle(catalogue: Catalogue, path: Path) -> Written:
    """Writes a bundle, replacing what is at `path` in one step.

    Whoever has the old file open keeps it. Raises BundleError if it can't be written; then
    `path` is as it was.
    """
    encoder = msgspec.msgpack.Encoder(order="deterministic")
    try:
        encoded = [(table, _records(catalogue, table, encoder)) for table in TABLES]
        meta = Meta(revision_of(encoded), {table.name: len(records) for table, records in encoded})
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            temporary = Path(folder) / "bundle"
            _write_environment(temporary, encoded, encoder.encode(meta))
            seal(temporary)
            _sync(temporary)
            size_bytes = temporary.stat().st_size
            temporary.replace(path)
            _sync(path.parent)
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise BundleError(f"`{path}` can't be written: {cause}") from error
    except (lmdb.Error, OverflowError) as error:
        raise BundleError(f"`{path}` can't be written: {error}") from error
    return Written(meta.revision, meta.counts, size_bytes)


def _records(catalogue: Catalogue, table: Table, encoder: msgspec.msgpack.Encoder) -> list[bytes]:
    if table in SINGLE:
        return [encoder.encode(getattr(catalogue, table.name))]
    if table is SCORE_TABLES:
        # The encoder sorts no keys that are numbers.
        return [msgspec.msgpack.encode(_sorted(one)) for one in catalogue.score_tables]
    return [encoder.encode(record) for record in getattr(catalogue, table.name)]


def _sorted(table: ScoreTable) -> ScoreTable:
    scores = {name: dict(sorted(one.items())) for name, one in sorted(table.scores.items())}
    return msgspec.structs.replace(table, scores=scores)


def _write_environment(path: Path, encoded: list[tuple[Table, list[bytes]]], meta: bytes) -> None:
    total_bytes = sum(len(record) + 64 for _, records in encoded for record in records)
    environment = lmdb.open(
        str(path),
        subdir=False,
        lock=False,
        max_dbs=len(TABLES) + 1,
        map_size=total_bytes * 3 + _SPARE_BYTES,
        sync=False,
    )
    try:
        databases = {table: environment.open_db(table.database) for table, _ in encoded}
        meta_database = environment.open_db(META)
        with environment.begin(write=True) as transaction:
            for table, records in encoded:
                for number, record in enumerate(records):
                    transaction.put(key(number), record, db=databases[table], append=True)
            transaction.put(META_KEY, meta, db=meta_database)
        # A page that was given out and freed again may never have been written. Whoever opens
        # the bundle requires all of them.
        expected = pages_bytes(environment)
    finally:
        environment.close()
    if path.stat().st_size < expected:
        os.truncate(path, expected)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
