"""What of a place is needed without where its fence runs, which may be long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from offerd.model.place import Circle, Corridor, OpeningHours, Place, Point


class Terms(NamedTuple):
    """What a place is called and how news of it are taken: as in `Place`.

    `size_m` is how large the fence is: the radius of a circle, half the width of a corridor, the
    radius of the circle around another fence.
    """

    id: str
    category: str
    library: str
    dwell_ns: tuple[int, ...] | None
    approach_m: float | None
    ttl_ns: int | None
    size_m: float


class Description(NamedTuple):
    """What rules are told of a place itself: as in `Place`."""

    id: str
    library: str
    name: str
    centre: Point
    category: str
    metadata: Mapping[str, str]
    opening_hours: OpeningHours | None


class _Record(msgspec.Struct, array_like=True):
    """A place's record, of which the fence is passed over."""

    id: str
    library: str
    name: str
    fence: msgspec.Raw
    centre: Point
    category: str = ""
    parent: str = ""
    metadata: Mapping[str, str] = {}
    opening_hours: OpeningHours | None = None


_DECODER: Final = msgspec.msgpack.Decoder(_Record)


def described(record: bytes) -> Description:
    """Returns the description of a place by its record."""
    read = _DECODER.decode(record)
    return Description(
        read.id,
        read.library,
        read.name,
        read.centre,
        read.category,
        read.metadata,
        read.opening_hours,
    )


def terms_of(place: Place, radius_m: Callable[[], float]) -> Terms:
    """Returns the terms of a place; `radius_m` gives that of the circle around its fence."""
    match place.fence:
        case Circle(radius_m=size_m):
            pass
        case Corridor(width_m=width_m):
            size_m = width_m / 2
        case _:
            size_m = radius_m()
    return Terms(
        place.id,
        place.category,
        place.library,
        place.dwell_ns,
        place.approach_m,
        place.ttl_ns,
        size_m,
    )
