"""Places: where they are, when they are open, and what is known of a customer at them.

Coordinates are WGS 84 degrees: latitude -90 to 90, longitude -180 to 180. Distances are metres
along the sphere of `EARTH_RADIUS_M` seen from the centre of the Earth, as `offerd.places.sphere`
has it, which differ from the ellipsoid's by at most 0.23 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the Earth (IUGG)."""


class Library(msgspec.Struct, frozen=True, array_like=True):
    """A set of places that somebody keeps. The one of lower `rank` wins where fences overlap."""

    id: str
    name: str
    rank: int


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A point on the Earth, in degrees."""

    latitude: float
    longitude: float


class Circle(msgspec.Struct, frozen=True, array_like=True, tag="circle"):
    """All that is at most `radius_m` from the centre."""

    centre: Point
    radius_m: float


class Polygon(msgspec.Struct, frozen=True, array_like=True):
    """An outer ring and its holes; rings aren't closed: the last point isn't the first again.

    Edges are as RFC 7946 has them: straight in longitude and latitude, never across the
    antimeridian the long way: each edge goes the way that is less than 180 degrees of longitude.
    A ring that goes round a pole contains it. A point on an edge or a vertex is inside, also on
    the edge of a hole.
    """

    outer: tuple[Point, ...]
    holes: tuple[tuple[Point, ...], ...] = ()


class Area(msgspec.Struct, frozen=True, array_like=True, tag="area"):
    """One polygon or several, which may touch and overlap: inside is in any of them."""

    polygons: tuple[Polygon, ...]


class Corridor(msgspec.Struct, frozen=True, array_like=True, tag="corridor"):
    """All that is at most half of `width_m` from a line, whose edges are geodesics."""

    line: tuple[Point, ...]
    width_m: float


Fence = Circle | Area | Corridor


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a day, in minutes from its midnight by the wall clock: 0 to 2,880.

    `until_minute` is exclusive, greater than `from_minute`, and beyond 1,440 on the day after.
    """

    from_minute: int
    until_minute: int


class OpeningHours(msgspec.Struct, frozen=True, array_like=True):
    """When a place is open, in an IANA time zone.

    `weekdays` has seven entries, Monday first. `exceptions`, by ISO date (`2026-12-24`), stand
    for the weekday's on that date; () is closed.
    """

    time_zone: str
    weekdays: tuple[tuple[Opening, ...], ...]
    exceptions: Mapping[str, tuple[Opening, ...]] = {}


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A place with a fence around it.

    `library` is the id of its library, `category` "" for none. `parent` is the id of the place
    that it lies in, "" for none. `metadata` is text by key. `centre` is that of the circle, or a
    point of the fence chosen when it was compiled. `opening_hours` None is not known.

    `dwell_ns` are the lengths of stay that are events; `approach_m` is how near, from the edge, a
    customer who comes nearer approaches; `ttl_ns` how long it is believed that a customer is
    there when nothing is heard. None: as `LocationSettings` say.
    """

    id: str
    library: str
    name: str
    fence: Fence
    centre: Point
    category: str = ""
    parent: str = ""
    metadata: Mapping[str, str] = {}
    opening_hours: OpeningHours | None = None
    labels: tuple[str, ...] = ()
    dwell_ns: tuple[int, ...] | None = None
    approach_m: float | None = None
    ttl_ns: int | None = None


class LocationSettings(msgspec.Struct, frozen=True, array_like=True):
    """How locations become crossings, where a place doesn't say otherwise.

    A fix less accurate than `worst_accuracy_m` crosses nothing. One that would have needed more
    than `highest_speed_mps` since the one before isn't believed until a second agrees with it.
    An entry needs a fix inside; an exit one that is at least `exit_margin_m`, and the fix's own
    accuracy, outside. `dwell_ns` are the lengths of stay that are events. `approach_m` is how near
    is an approach, 0 for none. After `ttl_ns` without news nobody is believed to be anywhere.
    `widest_approach_m` is the greatest `approach_m` that any place has of its own, 0 for none.
    """

    worst_accuracy_m: float = 200.0
    highest_speed_mps: float = 350.0
    exit_margin_m: float = 25.0
    dwell_ns: tuple[int, ...] = (600_000_000_000,)
    approach_m: float = 0.0
    ttl_ns: int = 3_600_000_000_000
    widest_approach_m: float = 0.0


class PlaceFunction(StrEnum):
    """What a rule can ask of places, as `places.<function>(...)`."""

    INSIDE = "inside"
    APPROACHING = "approaching"
    DWELL = "dwell"
    NEAREST = "nearest"
    NEAREST_OPEN = "nearest_open"
    CURRENT = "current"
    LAST_ENTERED = "last_entered"
    LAST_EXITED = "last_exited"
    DISTANCES = "distances"


class PlaceSelector(msgspec.Struct, frozen=True, array_like=True):
    """Which places are meant: one of all three, by id, or all of them if every one is ""."""

    place: str = ""
    category: str = ""
    library: str = ""


class PlaceRead(msgspec.Struct, frozen=True, array_like=True):
    """Something that some rule asks of places.

    `path` is how it is written, after `places.`, in one form: the key in the record that rules
    read. `field` is which part of the answer, "" for a function that has one answer. `type` is as
    the rule language writes it: `bool`, `duration`, `map(string, double)`. `labels` are those of
    what it tells, S2 among them.
    """

    path: str
    function: PlaceFunction
    selector: PlaceSelector
    field: str
    type: str
    labels: tuple[str, ...] = ()


class Fix(msgspec.Struct, frozen=True, array_like=True):
    """Where a customer was, as a device told. None: it didn't say.

    `course_deg` is clockwise from north, 0 to below 360.
    """

    time_ns: int
    latitude: float
    longitude: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """A stay at a place: from `entered_ns` to `exited_ns`, None while it lasts.

    `seen_ns` is when the customer was last known to be there.
    """

    place: str
    entered_ns: int
    seen_ns: int
    exited_ns: int | None = None


class Whereabouts(msgspec.Struct, frozen=True, array_like=True):
    """What is known of where a customer is and was.

    `fix` is the last that was believed. `visits` are those that last, and of those that ended the
    last of each place, oldest entry first, bounded. `pending` is what is not sure yet, for
    `offerd.places.crossings` alone: place id to what it needs to know.
    """

    fix: Fix | None = None
    visits: tuple[Visit, ...] = ()
    pending: Mapping[str, tuple[float, ...]] = {}
    doubted: Fix | None = None


LOCATION_EVENT = "location"
"""The event type by which a device tells where it is."""

PLACE_EVENTS = ("place_entry", "place_exit", "place_dwell", "place_approach", "place_pass_by")
"""Event types of crossings. Devices may send the first two; the service makes all of them."""
