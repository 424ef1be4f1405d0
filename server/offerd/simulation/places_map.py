"""What a map of places shows: fences, nearest neighbours, and which overlap."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from offerd.model.place import Area, Circle, Corridor, Place, Point
from offerd.places.geometry import overlaps
from offerd.places.index import Places, Wanted
from offerd.places.memory import MemorySource
from offerd.places.sphere import AXES_SQUARED
from offerd.simulation.opening_words import opening_lines
from offerd.simulation.outlines import Ring, area_outlines, corridor_line, is_simplified

MOST_OVERLAPS: Final = 2_000
"""So many pairs of fences that overlap are told."""


class DrawnPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place as the page draws it. `radius_m` is of circles, `width_m` of corridors.

    `nearest` is the nearest other place: its position on the map, and metres from the centre of
    this one to its edge. `overlaps` are positions on the map.
    """

    id: str
    name: str
    library: str
    group: int
    latitude: float
    longitude: float
    category: str = ""
    parent: str = ""
    radius_m: float = 0.0
    areas: list[list[Ring]] = []
    line: Ring = []
    width_m: float = 0.0
    simplified: bool = False
    hours: list[str] = []
    metadata: Mapping[str, str] = {}
    nearest: tuple[int, float] | None = None
    overlaps: list[int] = []


class Group(msgspec.Struct, frozen=True):
    """Places that are drawn in one colour."""

    name: str
    count: int


class Near(msgspec.Struct, frozen=True):
    """A point, and how far it is from the edge of each place on the map, 0 inside.

    `nearest` are the nearest of them: position on the map, and metres.
    """

    latitude: float
    longitude: float
    nearest: list[tuple[int, float]]
    distances_m: list[float]


class PlacesMap(msgspec.Struct, frozen=True):
    """All that a page shows. `left_out` places of `total` aren't in it, `overlaps` pairs are."""

    title: str
    total: int
    left_out: int
    left_out_why: str
    overlaps: int
    overlaps_left_out: bool
    groups: list[Group]
    places: list[DrawnPlace]
    near: Near | None = None
    axes_squared: float = AXES_SQUARED


class Wish(NamedTuple):
    """Which places are drawn: at most `limit` of those chosen, the nearest to `near` if given.

    Lines go from there to the nearest `lines` of them.
    """

    limit: int
    chooser: Callable[[Place], bool]
    near: Point | None = None
    lines: int = 5


def places_map(places: Places, wish: Wish, title: str) -> PlacesMap:
    """Returns the map of the places that are wished for."""
    numbers, total = _chosen(places, wish)
    if len(numbers) < places.count:  # what isn't drawn would only be in the way
        alone = [places.place(number) for number in numbers]
        places = Places(MemorySource(alone, places.libraries))
    drawing = _Drawing(places)
    groups = _groups(drawing.chosen)
    colours = {group.name: at for at, group in enumerate(groups)}
    drawn = [
        _drawn(
            place, colours[_group_of(place)], drawing.neighbours.get(at), drawing.beside.get(at, [])
        )
        for at, place in enumerate(drawing.chosen)
    ]
    return PlacesMap(
        title=title,
        total=total,
        left_out=total - len(drawn),
        left_out_why="the nearest are shown" if wish.near else "the first defined are shown",
        overlaps=drawing.overlaps,
        overlaps_left_out=drawing.overlaps == MOST_OVERLAPS,
        groups=groups,
        places=drawn,
        near=_near(places, wish),
    )


def _chosen(places: Places, wish: Wish) -> tuple[list[int], int]:
    """The numbers of the places to draw, and how many are wanted in all."""
    every = [number for number in range(places.count) if wish.chooser(places.place(number))]
    if wish.near is None or len(every) <= wish.limit:
        return every[: wish.limit], len(every)
    point, wanted = wish.near, Wanted(places=frozenset(every))
    found = places.nearest(point.latitude, point.longitude, wish.limit, wanted)
    return sorted(one.number for one in found), len(every)


def _group_of(place: Place) -> str:
    return place.category or place.library


def _groups(chosen: Sequence[Place]) -> list[Group]:
    counts = Counter(map(_group_of, chosen))
    return [Group(name, count) for name, count in counts.most_common()]


class _Drawing:
    """The places that are drawn, by their position on the map, and how they lie to each other.

    `neighbours` are the nearest others: position, and metres from the centre to the edge. `beside`
    are those that overlap each place. Places around or in another, by their parents, are neither.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.chosen = [places.place(number) for number in range(places.count)]
        self._parents = {place.id: place.parent for place in self.chosen}
        self.neighbours: dict[int, tuple[int, float]] = {}
        self.beside: dict[int, list[int]] = {}
        self.overlaps = 0
        for at in range(places.count):
            self._look_around(at)

    def _look_around(self, at: int) -> None:
        """Finds a place's neighbour, and those that come after it and overlap it."""
        reach_m = self._places.radius_m(at)
        one = self.chosen[at]
        for other, distance_m in self._nearest_first(one, at):
            if at not in self.neighbours:
                self.neighbours[at] = other, _metres(distance_m)
            if distance_m > reach_m or self.overlaps == MOST_OVERLAPS:
                return
            if other > at and overlaps(one.fence, self.chosen[other].fence):
                self.beside.setdefault(at, []).append(other)
                self.beside.setdefault(other, []).append(at)
                self.overlaps += 1

    def _nearest_first(self, one: Place, at: int) -> Iterator[tuple[int, float]]:
        """Yields unrelated places with their distances from the centre, the nearest first."""
        told, limit, count = 0, 8, self._places.count
        while told < count:
            found = self._places.nearest(one.centre.latitude, one.centre.longitude, limit)
            for other, distance_m in found[told:]:
                if other != at and not self._related(one, other):
                    yield other, distance_m
            told = len(found) if len(found) == limit else count
            limit *= 8

    def _related(self, one: Place, other: int) -> bool:
        another = self.chosen[other].id
        return another in self._lineage(one.id) or one.id in self._lineage(another)

    def _lineage(self, place: str) -> Iterator[str]:
        seen = {place}
        while (place := self._parents.get(place, "")) and place not in seen:
            seen.add(place)
            yield place


def _near(places: Places, wish: Wish) -> Near | None:
    if wish.near is None:
        return None
    latitude, longitude = wish.near.latitude, wish.near.longitude
    found = places.nearest(latitude, longitude, wish.lines)
    nearest = [(one.number, _metres(one.distance_m)) for one in found]
    every = range(places.count)
    distances = [_metres(places.distance_m(number, latitude, longitude)) for number in every]
    return Near(latitude, longitude, nearest, distances)


def _metres(distance_m: float) -> float:
    return round(distance_m, 1 if distance_m < 1_000 else None) if math.isfinite(distance_m) else 0


def _drawn(
    place: Place, group: int, nearest: tuple[int, float] | None, overlapping: list[int]
) -> DrawnPlace:
    fence = place.fence
    return DrawnPlace(
        id=place.id,
        name=place.name,
        library=place.library,
        group=group,
        latitude=place.centre.latitude,
        longitude=place.centre.longitude,
        category=place.category,
        parent=place.parent,
        radius_m=fence.radius_m if isinstance(fence, Circle) else 0.0,
        areas=area_outlines(fence) if isinstance(fence, Area) else [],
        line=corridor_line(fence) if isinstance(fence, Corridor) else [],
        width_m=fence.width_m if isinstance(fence, Corridor) else 0.0,
        simplified=isinstance(fence, Area) and is_simplified(fence),
        hours=list(opening_lines(place.opening_hours)) if place.opening_hours else [],
        metadata=place.metadata,
        nearest=nearest,
        overlaps=sorted(overlapping),
    )
