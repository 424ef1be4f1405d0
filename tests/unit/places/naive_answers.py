"""The answers to questions about places, straight from their definition: the slow twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from offerd.model.place import (
    Circle,
    Library,
    LocationSettings,
    Place,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
    Visit,
    Whereabouts,
)
from offerd.places.sphere import distance_m

MINUTE_NS = 60 * 10**9
DAY_NS = 1_440 * MINUTE_NS


class World(NamedTuple):
    """Places, which are circles open daily by UTC, and what is known of one customer."""

    places: Sequence[Place]
    libraries: Sequence[Library]
    settings: LocationSettings
    whereabouts: Whereabouts | None
    location: Point | None
    now_ns: int


def apart_m(one: Point, other: Point) -> float:
    """The distance that places are measured by, which has tests of its own."""
    return distance_m(one.latitude, one.longitude, other.latitude, other.longitude)


def edge_m(place: Place, at: Point) -> float:
    """Metres to the edge of a circle, 0 inside."""
    assert isinstance(place.fence, Circle)
    return max(0.0, apart_m(place.fence.centre, at) - place.fence.radius_m)


def is_open(place: Place, now_ns: int) -> bool | None:
    """Whether a place is open that has the same hours each day, by UTC."""
    if place.opening_hours is None:
        return None
    minute = now_ns % DAY_NS / MINUTE_NS
    daily = place.opening_hours.weekdays[0]
    return any(one.from_minute <= minute < one.until_minute for one in daily)


def _edge_of_hours(place: Place, now_ns: int, *, opens: bool) -> int | None:
    if place.opening_hours is None:
        return None
    at = now_ns - now_ns % MINUTE_NS
    for _ in range(2 * 1_440):
        at += MINUTE_NS
        if is_open(place, at) is opens and is_open(place, at - 1) is not opens:
            return at
    return None


def answer(world: World, read: PlaceRead) -> Any:
    """What a question comes to; None where that isn't known."""
    match read.function:
        case PlaceFunction.INSIDE:
            if world.location is not None:
                return any(edge_m(one, world.location) == 0 for one in _meant(world, read.selector))
            return bool(_stays(world, read.selector))
        case PlaceFunction.DWELL:
            stays = _stays(world, read.selector)
            return max((world.now_ns - visit.entered_ns for _, visit in stays), default=0)
        case PlaceFunction.APPROACHING:
            return False
        case PlaceFunction.DISTANCES:
            at = _position(world)
            return None if at is None else {one.id: edge_m(one, at) for one in world.places}
    found = _place(world, read)
    return None if found is None else _field(world, read.field, *found)


def _meant(world: World, selector: PlaceSelector) -> list[Place]:
    wanted = {
        "id": selector.place, "category": selector.category, "library": selector.library
    }  # fmt: skip
    return [
        place
        for place in world.places
        if all(not value or getattr(place, name) == value for name, value in wanted.items())
    ]


def _ttl_ns(world: World, place: Place) -> int:
    return world.settings.ttl_ns if place.ttl_ns is None else place.ttl_ns


def _visits(world: World, selector: PlaceSelector) -> list[tuple[Place, Visit]]:
    known = () if world.whereabouts is None else world.whereabouts.visits
    return [(p, v) for v in known for p in _meant(world, selector) if p.id == v.place]


def _stays(world: World, selector: PlaceSelector) -> list[tuple[Place, Visit]]:
    return [
        (place, visit)
        for place, visit in _visits(world, selector)
        if visit.exited_ns is None
        and visit.entered_ns <= world.now_ns < visit.seen_ns + _ttl_ns(world, place)
        and (world.location is None or edge_m(place, world.location) == 0)
    ]


def _position(world: World) -> Point | None:
    if world.location is not None:
        return world.location
    fix = None if world.whereabouts is None else world.whereabouts.fix
    if fix is None or world.now_ns >= fix.time_ns + world.settings.ttl_ns:
        return None
    return Point(fix.latitude, fix.longitude)


def _priority(world: World, place: Place) -> tuple[int, float, int]:
    rank = next(one.rank for one in world.libraries if one.id == place.library)
    assert isinstance(place.fence, Circle)
    return rank, place.fence.radius_m, world.places.index(place)


def _place(world: World, read: PlaceRead) -> tuple[Place, Visit | None] | None:
    """The place that a question is about, and the stay if it is about one."""
    at, meant = _position(world), _meant(world, read.selector)
    match read.function:
        case PlaceFunction.NEAREST | PlaceFunction.NEAREST_OPEN:
            if read.function is PlaceFunction.NEAREST_OPEN:
                meant = [one for one in meant if is_open(one, world.now_ns)]
            if at is None or not meant:
                return None
            return min(meant, key=lambda one: (edge_m(one, at), _priority(world, one))), None
        case PlaceFunction.CURRENT:
            stays = {place.id: visit for place, visit in _stays(world, read.selector)}
            if world.location is not None:
                inside = [one for one in meant if edge_m(one, world.location) == 0]
            else:
                inside = [one for one in meant if one.id in stays]
            inside.sort(key=lambda one: _priority(world, one))
            return (inside[0], stays.get(inside[0].id)) if inside else None
        case PlaceFunction.LAST_ENTERED:
            return _latest(world, read.selector, lambda visit: visit.entered_ns)
        case _:
            return _latest(world, read.selector, lambda visit: visit.exited_ns)


def _latest(world: World, selector: PlaceSelector, time_of: Any) -> tuple[Place, Visit] | None:
    recent = [
        (place, visit)
        for place, visit in _visits(world, selector)
        if (at := time_of(visit)) is not None and at <= world.now_ns < at + _ttl_ns(world, place)
    ]
    return max(recent, key=lambda one: (time_of(one[1]), one[0].id), default=None)


def _field(world: World, field: str, place: Place, visit: Visit | None) -> Any:
    at, now_ns = _position(world), world.now_ns
    match field:
        case "id" | "name" | "library":
            return getattr(place, field)
        case "category":
            return place.category or None
        case "latitude" | "longitude":
            return getattr(place.centre, field)
        case "metadata":
            return dict(place.metadata)
        case "open":
            return is_open(place, now_ns)
        case "opens_at":
            return _edge_of_hours(place, now_ns, opens=True)
        case "closes_at":
            return _edge_of_hours(place, now_ns, opens=False)
        case "entered_at":
            return None if visit is None else visit.entered_ns
        case "exited_at":
            return None if visit is None else visit.exited_ns
        case "distance_m":
            return None if at is None else edge_m(place, at)
        case "center_distance_m":
            return None if at is None else apart_m(place.centre, at)
    return None
