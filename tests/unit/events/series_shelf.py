"""Series in memory as a store keeps them: chunks as bytes, each event touching one of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from offerd.events import (
    Bucket,
    Chunk,
    Entry,
    Features,
    Read,
    Series,
    decode_buckets,
    encode_buckets,
)
from offerd.model.event import Event


class Shelf:
    """The series of one profile; with `in_bytes`, chunks are written and read at every entry."""

    def __init__(self, features: Features, *, in_bytes: bool = True) -> None:
        self.features = features
        self._in_bytes = in_bytes
        self._chunks: dict[str, list[Chunk]] = {}
        self._buckets: dict[str, bytes] = {}

    def take(self, event: Event, now_ns: int | None = None) -> None:
        """Takes an event in; `now_ns` lets go of what can't matter then or later."""
        for name, entry in self.features.taken(event):
            oldest = None if now_ns is None else self.features.oldest_ns(name, now_ns)
            if oldest is None or entry.time_ns >= oldest:
                chunks = self._chunks.setdefault(name, [])
                self._insert(chunks, entry)
                self._compact(name, chunks, event.time_ns if now_ns is None else now_ns)

    def series(self, name: str, oldest_ns: int | None) -> Series:
        """Returns a series from an instant on, and what else its first chunk holds."""
        chunks = [*self._chunks.get(name, ())]
        while oldest_ns is not None and len(chunks) > 1 and chunks[1].times[0] < oldest_ns:
            chunks.pop(0)
        return self.features.series(name, chunks, self._summed(name))

    def counts(self, name: str) -> list[int]:
        """Returns how many entries the chunks of a series hold."""
        return [len(chunk) for chunk in self._chunks[name]]

    def _insert(self, chunks: list[Chunk], entry: Entry) -> None:
        if not chunks:
            chunks.append(Chunk.of([]))
        place = bisect_right(chunks, (entry.time_ns, entry.tie), lo=1, key=_first) - 1
        upper = chunks[place].insert(entry)
        found = [chunks[place]] if upper is None else [chunks[place], upper]
        if self._in_bytes:
            found = [Chunk.decode(chunk.encode()) for chunk in found]
        chunks[place : place + 1] = found

    def _compact(self, name: str, chunks: list[Chunk], now_ns: int) -> None:
        kept = self.features.kept(name)
        left = sum(map(len, chunks))
        if left <= kept + kept // 8:
            return
        moved: list[Entry] = []
        while left - len(chunks[0]) >= kept:
            left -= len(chunks[0])
            moved.extend(chunks.pop(0))
        buckets = self.features.compacted(name, self._summed(name), moved, now_ns)
        self._buckets[name] = encode_buckets(buckets)

    def _summed(self, name: str) -> Sequence[Bucket]:
        return decode_buckets(self._buckets[name]) if name in self._buckets else ()


def _first(chunk: Chunk) -> tuple[int, int]:
    return chunk.first


def reading(shelves: Sequence[Shelf]) -> Read:
    """Returns what reads the series of several profiles as those of one."""
    features = shelves[0].features
    return lambda name, oldest_ns: features.together(
        name, [shelf.series(name, oldest_ns) for shelf in shelves]
    )
