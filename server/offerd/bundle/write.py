"""Writing a catalogue as a bundle: all of it, or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import lmdb
import msgspec

from offerd.bundle.filling import Filling
from offerd.bundle.seal import seal
from offerd.bundle.tables import (
    CATEGORIES,
    KEYED,
    META,
    META_KEY,
    PLACE_IDS,
    PLACE_INDEX,
    PLACES,
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
from offerd.model.packed_places import PackedPlaces
from offerd.model.progress import UNTOLD, Progress, counted
from offerd.model.selection import ScoreTable
from offerd.places.building import categories_of, index_records


class Written(NamedTuple):
    """What was written: revision, records by table, and the file's size."""

    revision: str
    counts: dict[str, int]
    size_bytes: int


class _Named(msgspec.Struct, array_like=True):
    """The id of a place, which is the first of what its record says."""

    id: str


def write_bundle(catalogue: Catalogue, path: Path, progress: Progress = UNTOLD) -> Written:
    """Writes a bundle, replacing what is at `path` in one step; records count as done.

    Whoever has the old file open keeps it. Raises BundleError if it can't be written; then
    `path` is as it was.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            temporary = Path(folder) / "bundle"
            meta = _write_environment(temporary, catalogue, progress)
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


def _write_environment(path: Path, catalogue: Catalogue, progress: Progress) -> Meta:
    places = catalogue.places
    packed = places if isinstance(places, PackedPlaces) else PackedPlaces(places)
    categories = categories_of(packed)
    encoder = msgspec.msgpack.Encoder(order="deterministic")
    encoded = {table: _records(catalogue, table, encoder) for table in TABLES}
    encoded[PLACES] = packed.records
    encoded[CATEGORIES] = [encoder.encode(category) for category in categories]
    counts = {table.name: len(records) for table, records in encoded.items()}
    keyed = {
        PLACE_IDS: numbers_by_id(packed),
        PLACE_INDEX: index_records(packed, catalogue.libraries, categories, progress),
    }
    progress.begin("writing", sum(counts.values()))
    filling = Filling(path, len(TABLES) + len(KEYED) + 1)
    try:
        for table, records in encoded.items():
            numbered = ((key(n), one) for n, one in enumerate(records))
            filling.fill(table.database, counted(numbered, progress))
        for database in KEYED:
            counts[database.decode()] = filling.fill(database, keyed[database])
        meta = Meta(revision_of(encoded.items()), counts)
        filling.fill(META, [(META_KEY, encoder.encode(meta))])
    except BaseException:
        filling.abandon()
        raise
    filling.close()
    return meta


def numbers_by_id(places: PackedPlaces) -> Iterable[tuple[bytes, bytes]]:
    """Returns the records of the table of ids, in ascending order."""
    decode = msgspec.msgpack.Decoder(_Named).decode
    named = ((decode(record).id.encode(), number) for number, record in enumerate(places.records))
    return ((place_id, key(number)) for place_id, number in sorted(named))


def _records(catalogue: Catalogue, table: Table, encoder: msgspec.msgpack.Encoder) -> list[bytes]:
    if table in (PLACES, CATEGORIES):
        return []
    if table in SINGLE:
        return [encoder.encode(getattr(catalogue, table.name))]
    if table is SCORE_TABLES:
        # The encoder sorts no keys that are numbers.
        return [msgspec.msgpack.encode(_sorted(one)) for one in catalogue.score_tables]
    return [encoder.encode(record) for record in getattr(catalogue, table.name)]


def _sorted(table: ScoreTable) -> ScoreTable:
    scores = {name: dict(sorted(one.items())) for name, one in sorted(table.scores.items())}
    return msgspec.structs.replace(table, scores=scores)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
