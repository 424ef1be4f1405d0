"""The series of profiles in the file: what windows, sequences and the like are computed from.

    profile digest (16), aggregate digest (8)                       → buckets
    profile digest (16), aggregate digest (8), time (8), tie (8)    → chunk

The key of a chunk is its first entry: no entry of a chunk
is before its key, and none is at or after the key of the next. An event touches one chunk of each
series that takes it in. When a chunk had to be split, what can't matter any more is let go, and
what is beyond the entries that are kept one by one goes into the buckets.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping
from hashlib import blake2b
from struct import Struct
from typing import Any, Final, NamedTuple

from offerd.events import Features
from offerd.events.buckets import decode_buckets, encode_buckets
from offerd.events.series import CHUNK_ENTRIES, Chunk, Entry
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.layout import DIGEST_BYTES, Table, pack_time, unpack_time

PAST_NS: Final = 60 * 10**9
"""Whoever asks for an instant no longer ago than this has it exactly: so much more is kept."""

_NAME_BYTES: Final = 8
PREFIX_BYTES: Final = DIGEST_BYTES + _NAME_BYTES
"""How long the keys of buckets are; those of chunks are longer."""
_TIME_BYTES: Final = 8
_TIE: Final = Struct(">Q")


class StoredSeries(NamedTuple):
    """A series, or the end of one, as it is stored. `buckets` is empty if there are none."""

    chunks: tuple[bytes, ...] = ()
    buckets: bytes = b""

    @property
    def size_bytes(self) -> int:
        """What it takes."""
        return len(self.buckets) + sum(map(len, self.chunks))


NO_ENTRIES: Final = StoredSeries()


def series_name(name: str) -> bytes:
    """Returns what stands for an aggregate in keys."""
    return blake2b(name.encode(), digest_size=_NAME_BYTES).digest()


def series_prefix(digest: bytes, name: str) -> bytes:
    """Returns what the keys of a profile's series of an aggregate begin with."""
    return digest + series_name(name)


def _chunk_key(prefix: bytes, time_ns: int, tie: int) -> bytes:
    return prefix + pack_time(time_ns) + _TIE.pack(tie)


def _time_in(key: bytes) -> int:
    return unpack_time(key[PREFIX_BYTES : PREFIX_BYTES + _TIME_BYTES])


def read_series(
    environment: Environment, transaction: Any, digest: bytes, wanted: Mapping[str, int | None]
) -> dict[str, StoredSeries]:
    """Returns a profile's series by the ids of their aggregates, those that have anything.

    `wanted` says from which instant on an aggregate's series is wanted, None being the beginning;
    a little more may come.
    """
    found: dict[str, StoredSeries] = {}
    cursor = transaction.cursor(db=environment.database(Table.SERIES))
    for name, oldest_ns in wanted.items():
        prefix = series_prefix(digest, name)
        if cursor.set_range(prefix) and cursor.key()[:PREFIX_BYTES] == prefix:
            found[name] = read_one(cursor, prefix, oldest_ns)
    return found


def read_one(cursor: Any, prefix: bytes, oldest_ns: int | None) -> StoredSeries:
    """Returns a series as `read_series`, from its first key on, where the cursor is."""
    buckets = b""
    more = True
    if len(cursor.key()) == PREFIX_BYTES:
        buckets = bytes(cursor.value())
        more = cursor.next()
    if more and oldest_ns is not None:
        start = _chunk_key(prefix, oldest_ns, 0)
        if bytes(cursor.key()) < start:
            if not cursor.set_range(start):
                cursor.last()
            elif cursor.key() != start:
                cursor.prev()
    chunks = []
    while more and cursor.key()[:PREFIX_BYTES] == prefix:
        chunks.append(bytes(cursor.value()))
        more = cursor.next()
    return StoredSeries(tuple(chunks), buckets)


class _Series:
    """A series that the transaction has met: the keys of its chunks, and those looked into."""

    __slots__ = ("changed", "chunks", "has_buckets", "keys", "prefix")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.keys: list[bytes] = []
        self.chunks: dict[bytes, Chunk] = {}
        self.changed: set[bytes] = set()
        self.has_buckets = False


class SeriesWriter:
    """The series of one write transaction; changed chunks are gathered until `flush`."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._transaction = transaction
        self._database = environment.database(Table.SERIES)
        self._met: dict[bytes, dict[str, _Series]] = {}
        self._prefixes: dict[str, bytes] = {}

    def take(self, digest: bytes, features: Features, event: Event, now_ns: int) -> None:
        """Adds what an event adds to the series of its profile.

        What is too old to matter at `now_ns`, which never will again, isn't kept.
        """
        for name, entry in features.taken(event):
            oldest_ns = features.oldest_ns(name, now_ns - PAST_NS)
            if oldest_ns is not None and entry.time_ns < oldest_ns:
                continue
            series = self._series(digest, name)
            if self._insert(series, entry):
                self._drop(series, oldest_ns)
                self._compact(series, features, name, now_ns)

    def replace(self, digest: bytes, several: Mapping[str, StoredSeries]) -> None:
        """Puts other series in place of all that a profile has."""
        self.remove(digest)
        for name, stored in several.items():
            prefix = series_prefix(digest, name)
            if stored.buckets:
                self._transaction.put(prefix, stored.buckets, db=self._database)
            for encoded in stored.chunks:
                key = _chunk_key(prefix, *Chunk.decode(encoded).first)
                self._transaction.put(key, encoded, db=self._database)

    def remove(self, digest: bytes) -> None:
        """Removes all series of a profile."""
        self._met.pop(digest, None)
        with self._transaction.cursor(db=self._database) as cursor:
            found = cursor.set_range(digest)
            while found and cursor.key()[:DIGEST_BYTES] == digest:
                found = cursor.delete()  # moves on to the next

    def flush(self) -> None:
        """Hands all changes to the transaction, in key order."""
        if not self._met:
            return
        changes = [
            (key, series.chunks[key].encode())
            for several in self._met.values()
            for series in several.values()
            for key in series.changed
        ]
        changes.sort()
        with self._transaction.cursor(db=self._database) as cursor:
            cursor.putmulti(changes)
        for several in self._met.values():
            for series in several.values():
                series.changed.clear()

    def _series(self, digest: bytes, name: str) -> _Series:
        several = self._met.setdefault(digest, {})
        series = several.get(name)
        if series is None:
            end = self._prefixes.get(name)
            if end is None:
                end = self._prefixes[name] = series_name(name)
            prefix = digest + end
            series = several[name] = _Series(prefix)
            for key in self._keys(prefix):
                if len(key) == PREFIX_BYTES:
                    series.has_buckets = True
                else:
                    series.keys.append(key)
        return series

    def _keys(self, prefix: bytes) -> list[bytes]:
        found: list[bytes] = []
        with self._transaction.cursor(db=self._database) as cursor:
            more = cursor.set_range(prefix)
            while more and (key := bytes(cursor.key()))[:PREFIX_BYTES] == prefix:
                found.append(key)
                more = cursor.next()
        return found

    def _chunk(self, series: _Series, key: bytes) -> Chunk:
        chunk = series.chunks.get(key)
        if chunk is None:
            stored = self._transaction.get(key, db=self._database)
            chunk = series.chunks[key] = Chunk.decode(stored)
        return chunk

    def _insert(self, series: _Series, entry: Entry) -> bool:
        """Puts an entry into its chunk; returns whether that had to be split."""
        own_key = _chunk_key(series.prefix, entry.time_ns, entry.tie)
        if not series.keys:
            series.keys.append(own_key)
            series.chunks[own_key] = Chunk.of([entry])
            series.changed.add(own_key)
            return False
        place = bisect_right(series.keys, own_key) - 1
        key = series.keys[place] if place >= 0 else self._begin_earlier(series, own_key)
        upper = self._chunk(series, key).insert(entry)
        series.changed.add(key)
        if upper is None:
            return False
        upper_key = _chunk_key(series.prefix, *upper.first)
        insort(series.keys, upper_key)
        series.chunks[upper_key] = upper
        series.changed.add(upper_key)
        return True

    def _begin_earlier(self, series: _Series, key: bytes) -> bytes:
        """Gives the first chunk an earlier key."""
        former = series.keys[0]
        chunk = self._chunk(series, former)
        self._remove_first(series)
        series.keys.insert(0, key)
        series.chunks[key] = chunk
        return key

    def _drop(self, series: _Series, oldest_ns: int | None) -> None:
        """Lets go of chunks that lie before an instant wholly."""
        while oldest_ns is not None and len(series.keys) > 1:
            if _time_in(series.keys[1]) >= oldest_ns:
                return
            self._remove_first(series)

    def _compact(self, series: _Series, features: Features, name: str, now_ns: int) -> None:
        """Moves the oldest chunks into the buckets if there are an eighth too many entries."""
        kept = features.kept(name)
        most = kept + kept // 8
        if len(series.keys) * CHUNK_ENTRIES <= most:
            return
        lengths = [len(self._chunk(series, key)) for key in series.keys]
        left = sum(lengths)
        if left <= most:
            return
        moved: list[Entry] = []
        for key, length in zip(tuple(series.keys), lengths, strict=True):
            if left - length < kept:
                break
            left -= length
            moved.extend(self._chunk(series, key))
            self._remove_first(series)
        before = self._transaction.get(series.prefix, db=self._database)
        buckets = [] if before is None else decode_buckets(before)
        after = encode_buckets(features.compacted(name, buckets, moved, now_ns - PAST_NS))
        self._transaction.put(series.prefix, after, db=self._database)

    def _remove_first(self, series: _Series) -> None:
        key = series.keys.pop(0)
        series.chunks.pop(key, None)
        series.changed.discard(key)
        self._transaction.delete(key, db=self._database)
