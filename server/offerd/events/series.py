"""What windows, averages, sequences and the like are computed from: entries, per aggregate.

A series holds, of one profile (or of several, merged) and one aggregate, an entry for each event
that the aggregate takes in, by time. It is stored as chunks of at most CHUNK_ENTRIES entries, so
that an event touches one of them; the key of a chunk is its `first`. What is older than the
newest entries that an aggregate keeps (`Features.kept`) is summed up in buckets.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

import msgspec

from offerd.events.buckets import Bucket, merge_buckets

CHUNK_ENTRIES: Final = 240
"""The most entries of a chunk: with their times and ties they fill a page of 4 KiB."""


class Entry(NamedTuple):
    """What an aggregate takes of an event.

    Entries are ordered by `time_ns`, the event's own time, then by `tie`, an unsigned number of
    64 bits that comes from the event's id. `group` is the value of the group's property, None
    for an aggregate without groups. `value` is what the aggregate reads: a bool, int, float or
    str, a hash of 64 bits for distinct, the set of matching steps as bits for a sequence, or None.
    """

    time_ns: int
    tie: int
    group: str | None = None
    value: Any = None


class _StoredChunk(msgspec.Struct, array_like=True):
    """Columns: times and ties in 8 bytes each; groups by number; None where all are None."""

    times: bytes
    ties: bytes
    names: list[str] | None
    numbers: list[int] | None
    values: list[Any] | None


class _StoredTimes(msgspec.Struct, array_like=True):
    """What comes first of `_StoredChunk`."""

    times: bytes


_BIG_FIRST: Final = array("H", (1,)).tobytes()[0] == 0
"""Whether this machine has the bytes of numbers in the other order than those that are stored."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_StoredChunk).decode
_decode_times = msgspec.msgpack.Decoder(_StoredTimes).decode


class Columns:
    """Entries in order, as lists of equal length; don't change them."""

    __slots__ = ("groups", "ties", "times", "values")

    def __init__(
        self,
        times: list[int],
        ties: list[int],
        groups: list[str | None],
        values: list[Any],
    ) -> None:
        self.times = times
        self.ties = ties
        self.groups = groups
        self.values = values

    @property
    def columns(self) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        """The four lists, in the order of `Entry`."""
        return self.times, self.ties, self.groups, self.values

    def part(self, low: int, high: int) -> Columns:
        """Returns the entries from one place up to another."""
        return Columns(
            self.times[low:high],
            self.ties[low:high],
            self.groups[low:high],
            self.values[low:high],
        )

    def chosen(self, places: Sequence[int]) -> Columns:
        """Returns the entries at some places, in their order."""
        return Columns(
            [self.times[place] for place in places],
            [self.ties[place] for place in places],
            [self.groups[place] for place in places],
            [self.values[place] for place in places],
        )

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Entry]:
        return map(Entry, self.times, self.ties, self.groups, self.values)


class Chunk(Columns):
    """At most CHUNK_ENTRIES entries in order: what one stored value holds."""

    __slots__ = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Chunk:
        """Returns a chunk of entries that are in order."""
        return cls(*_columns(entries))

    @classmethod
    def decode(cls, stored: bytes | memoryview) -> Chunk:
        """Returns the chunk that `encode` gave as bytes."""
        found = _decode(stored)
        count = len(found.times) // 8
        times, ties = _numbers("q", found.times), _numbers("Q", found.ties)
        groups: list[str | None] = [None] * count
        if found.names is not None:
            groups = [found.names[number] for number in found.numbers or ()]
        return cls(times, ties, groups, [None] * count if found.values is None else found.values)

    def encode(self) -> bytes:
        """Returns the chunk as bytes."""
        names = numbers = None
        if self.groups.count(None) < len(self.groups):
            known: dict[str, int] = {}
            numbers = [known.setdefault(group or "", len(known)) for group in self.groups]
            names = list(known)
        plain = self.values.count(None) == len(self.values)
        times, ties = _packed("q", self.times), _packed("Q", self.ties)
        return _encode(_StoredChunk(times, ties, names, numbers, None if plain else self.values))

    @property
    def first(self) -> tuple[int, int]:
        """Time and tie of the first entry; the chunk mustn't be empty."""
        return self.times[0], self.ties[0]

    @property
    def last(self) -> tuple[int, int]:
        """Time and tie of the last entry; the chunk mustn't be empty."""
        return self.times[-1], self.ties[-1]

    def insert(self, entry: Entry) -> Chunk | None:
        """Puts an entry in, in place; it belongs here if no later chunk's `first` is before it.

        Returns the chunk that comes after this one if it had to be split, else None. A full chunk
        that grows at its end stays full, so that histories which come in order fill their chunks.
        """
        low = bisect_left(self.times, entry.time_ns)
        high = bisect_right(self.times, entry.time_ns, low)
        place = bisect_right(self.ties, entry.tie, low, high)
        for column, value in zip(self.columns, entry, strict=True):
            column.insert(place, value)
        count = len(self.times)
        if count <= CHUNK_ENTRIES:
            return None
        return self._cut(count - 1 if place == count - 1 else count // 2)

    def _cut(self, place: int) -> Chunk:
        """Leaves the entries before a place here, and returns the others."""
        upper = Chunk(*self.part(place, len(self)).columns)
        for column in self.columns:
            del column[place:]
        return upper


def stored_times(stored: bytes | memoryview) -> Sequence[int]:
    """Returns the times of a chunk that `Chunk.encode` gave as bytes, and nothing else of it."""
    found = array("q", _decode_times(stored).times)
    if _BIG_FIRST:
        found.byteswap()
    return found


class Series(Columns):
    """The entries of an aggregate in order, and the buckets of what came before them.

    `buckets` are ordered by their start, then by group. Get one from `Features.series`.
    """

    __slots__ = ("buckets",)

    def __init__(
        self,
        times: list[int],
        ties: list[int],
        groups: list[str | None],
        values: list[Any],
        buckets: Sequence[Bucket] = (),
    ) -> None:
        super().__init__(times, ties, groups, values)
        self.buckets = buckets

    @classmethod
    def of(cls, entries: Iterable[Entry], buckets: Sequence[Bucket] = ()) -> Series:
        """Returns a series of entries in any order."""
        ordered = sorted(entries, key=_place)
        return cls(*_columns(ordered), buckets)

    @classmethod
    def joined(cls, chunks: Sequence[Columns], buckets: Sequence[Bucket] = ()) -> Series:
        """Returns a series of chunks that follow one another."""
        return cls(
            list(chain.from_iterable(one.times for one in chunks)),
            list(chain.from_iterable(one.ties for one in chunks)),
            list(chain.from_iterable(one.groups for one in chunks)),
            list(chain.from_iterable(one.values for one in chunks)),
            buckets,
        )

    @classmethod
    def merged(cls, several: Sequence[Series]) -> Series:
        """Returns several profiles' series of one aggregate as one."""
        found = [series for series in several if series.times or series.buckets]
        if len(found) < 2:
            return found[0] if found else EMPTY
        joined = Series.joined(found)
        # As one number each, and in runs that are in order: sorted some times faster than pairs.
        keys = [
            (time_ns << 64) + tie for time_ns, tie in zip(joined.times, joined.ties, strict=True)
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        return cls(
            *joined.chosen(order).columns,
            merge_buckets([series.buckets for series in found]),
        )


def _numbers(kind: Literal["q", "Q"], stored: bytes) -> list[int]:
    """Returns numbers of 64 bits from little-endian bytes; `kind` is as of `array`."""
    found = array(kind, stored)
    if _BIG_FIRST:
        found.byteswap()
    return found.tolist()


def _packed(kind: Literal["q", "Q"], numbers: list[int]) -> bytes:
    """Returns numbers of 64 bits as `_numbers` reads them."""
    found = array(kind, numbers)
    if _BIG_FIRST:
        found.byteswap()
    return found.tobytes()


def _place(entry: Entry) -> tuple[int, int]:
    return entry.time_ns, entry.tie


def _columns(
    entries: Iterable[Entry],
) -> tuple[list[int], list[int], list[str | None], list[Any]]:
    """Returns entries in order as columns."""
    columns = tuple(map(list, zip(*entries, strict=True)))
    times, ties, groups, values = columns or ([], [], [], [])
    return times, ties, groups, values


EMPTY: Final = Series([], [], [], [])
"""The series of a profile without any entries."""
