"""Buckets: what is left of entries beyond those that an aggregate keeps one by one.

Each bucket sums up the entries of one group and one stretch of time (`start_ns`, aligned; see
`windows`). Filling and merging buckets gives the same whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import Any, Final

import msgspec

from offerd.events.sums import exact_terms

SKETCH_HASHES: Final = 1_024
"""The most hashes a bucket keeps of different values: the least ones. Their number is estimated
from those if there were more, with a standard error of 1 in the root of so many, 3 %."""

BUCKET_LIMIT: Final = 10_000
"""The most buckets of a series: the newest, of equally old ones those of the groups that sort
first. So a customer with ever new groups costs no more; which ones stay depends on all of them
alone, since what is newer never goes before what is older."""


class Bucket(msgspec.Struct, array_like=True):
    """The entries of one group in one stretch of time, summed up; fields the function needs.

    `start_ns` tells the stretch. `count` entries lie between `first_time_ns` and `last_time_ns`,
    inclusive; their values had the exact sum `terms` (largest first), `least`, `most`; `first` and
    `last` are time, tie and value of the first and the last of them; `hashes` the
    least ones of different values, ascending (see SKETCH_HASHES), `saturated` if there were more.
    """

    start_ns: int
    group: str | None
    count: int
    first_time_ns: int
    last_time_ns: int
    terms: list[int | float] = []
    least: Any = None
    most: Any = None
    first: tuple[int, int, Any] | None = None
    last: tuple[int, int, Any] | None = None
    hashes: list[int] = []
    saturated: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Bucket]).decode


def encode_buckets(buckets: Sequence[Bucket]) -> bytes:
    """Returns buckets as bytes."""
    return _encode(buckets)


def decode_buckets(stored: bytes | memoryview) -> list[Bucket]:
    """Returns the buckets that `encode_buckets` gave as bytes."""
    return _decode(stored)


def merge_buckets(several: Iterable[Iterable[Bucket]]) -> list[Bucket]:
    """Returns the buckets of several series as those of one, ordered by start and group.

    No more than BUCKET_LIMIT of them.
    """
    found: dict[tuple[int, str], list[Bucket]] = {}
    for buckets in several:
        for bucket in buckets:
            found.setdefault((bucket.start_ns, bucket.group or ""), []).append(bucket)
    kept: Iterable[tuple[int, str]] = found
    if len(found) > BUCKET_LIMIT:
        kept = nsmallest(BUCKET_LIMIT, found, key=_newest_first)
    return [_merged(found[key]) for key in sorted(kept)]


def _newest_first(key: tuple[int, str]) -> tuple[int, str]:
    start_ns, group = key
    return -start_ns, group


def _merged(parts: list[Bucket]) -> Bucket:
    if len(parts) == 1:
        return parts[0]
    hashes, saturated = sketch(
        (value for part in parts for value in part.hashes), any(part.saturated for part in parts)
    )
    return Bucket(
        parts[0].start_ns,
        parts[0].group,
        sum(part.count for part in parts),
        min(part.first_time_ns for part in parts),
        max(part.last_time_ns for part in parts),
        exact_terms([term for part in parts for term in part.terms]),
        min((part.least for part in parts if part.least is not None), default=None),
        max((part.most for part in parts if part.most is not None), default=None),
        min((part.first for part in parts if part.first is not None), key=_place, default=None),
        max((part.last for part in parts if part.last is not None), key=_place, default=None),
        hashes,
        saturated,
    )


def is_crowded(buckets: Sequence[Bucket], oldest_ns: int | None) -> bool:
    """Whether buckets that start at an instant or later may have had to go; None is at any."""
    if len(buckets) < BUCKET_LIMIT:
        return False
    return oldest_ns is None or buckets[-BUCKET_LIMIT].start_ns >= oldest_ns


def sketch(hashes: Iterable[int], saturated: bool = False) -> tuple[list[int], bool]:
    """Returns the least of different hashes, ascending, and whether there were more of them."""
    different = set(hashes)
    if len(different) <= SKETCH_HASHES:
        return sorted(different), saturated
    return nsmallest(SKETCH_HASHES, different), True


def _place(found: tuple[int, int, Any]) -> tuple[int, int]:
    return found[:2]
