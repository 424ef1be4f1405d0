"""Nearest, in a box and ahead, beside looking at every fence."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable

import pytest

from offerd.model.place import Area, Circle, Corridor, Place, PlaceSelector, Point, Polygon
from offerd.places.geometry import area_m2
from offerd.places.index import ALL, Places, Wanted
from offerd.places.memory import MemorySource
from offerd.places.sphere import destination
from seeds import random_seed
from unit.places import naive_fences
from unit.places.fence_worlds import LIBRARIES, RANKS, World, near, somewhere

SEED = random_seed()
SEARCHES = int(os.environ.get("OFFERD_PLACE_SEARCHES", "3"))
"""How many points, boxes and ways are asked about in each world; 100 is a long run."""


def _world(largest_m: float, count: int = 40) -> tuple[World, Places]:
    world = World(random.Random(SEED), count, largest_m)
    return world, Places(MemorySource(world.places, LIBRARIES))


def _priority(world: World, number: int) -> tuple[int, float, int]:
    place = world.places[number]
    return RANKS[place.library], area_m2(place.fence), number


@pytest.mark.parametrize("largest_m", [2e3, 1e5, 2e7])
def test_nearest_are_those_of_least_distance(largest_m: float) -> None:
    """What is nearest is what a look at all distances finds, in order, whatever the filter."""
    world, places = _world(largest_m)
    cafes = places.wanted(PlaceSelector(category="cafe"))
    filters: list[tuple[Wanted, Callable[[Place], bool]]] = [
        (ALL, lambda place: True),
        (cafes, lambda place: place.category == "cafe"),
        (places.wanted(PlaceSelector(library="hills")), lambda place: place.library == "hills"),
        (
            cafes._replace(libraries=frozenset((1,))),
            lambda place: place.category == "cafe" and place.library == "streets",
        ),
        (Wanted(test=lambda place: place.id.endswith("7")), lambda place: place.id.endswith("7")),
        (Wanted(places=frozenset((3, 5, 8))), lambda place: place.id[6:] in ("3", "5", "8")),
    ]
    for at in world.points(SEARCHES):
        distances = [
            places.distance_m(n, at.latitude, at.longitude) for n in range(len(world.places))
        ]
        for wanted, matches in filters:
            expected = sorted(
                (n for n, place in enumerate(world.places) if matches(place)),
                key=lambda n: (distances[n], _priority(world, n)),
            )
            found = places.nearest(at.latitude, at.longitude, 7, wanted)
            assert [one.number for one in found] == expected[:7], f"OFFERD_SEED={SEED}: {at}"
            assert [one.distance_m for one in found] == [distances[n] for n in expected[:7]]
            within_m = distances[expected[3]] if len(expected) > 3 else 1e4
            found = places.nearest(at.latitude, at.longitude, 99, wanted, within_m)
            assert [one.number for one in found] == [
                n for n in expected if distances[n] <= within_m
            ]


@pytest.mark.parametrize("largest_m", [2e3, 1e5, 2e7])
def test_distances_are_those_to_the_edge(largest_m: float) -> None:
    """A distance is that of the nearest point of the fence, within 0.2 m, and 0 only inside."""
    world, places = _world(largest_m, 24)
    for at in world.points(SEARCHES):
        inside = set(places.within(at.latitude, at.longitude))
        for number, place in enumerate(world.places):
            distance_m = places.distance_m(number, at.latitude, at.longitude)
            assert (distance_m == 0.0) == (number in inside), (
                f"OFFERD_SEED={SEED}: {at}, {place.fence}"
            )
            if number not in inside:
                expected = naive_fences.distance_m(place.fence, at.latitude, at.longitude)
                assert distance_m == pytest.approx(expected, abs=0.2), (
                    f"OFFERD_SEED={SEED}: {at}, {place.fence}"
                )


def test_a_place_is_within_its_radius() -> None:
    """No point of a fence is farther from the centre than the radius, which isn't far too large."""
    world, places = _world(1e5, 24)
    for number, place in enumerate(world.places):
        radius_m = places.radius_m(number)
        fence = place.fence
        if isinstance(fence, Area):
            corners = [at for polygon in fence.polygons for at in polygon.outer]
        elif isinstance(fence, Circle):
            corners = [destination(*_pair(fence.centre), 77.0, fence.radius_m)]
        else:
            corners = list(fence.line)
        farthest = max(
            naive_fences.distance_m(Circle(place.centre, 0.0), *_pair(at)) for at in corners
        )
        assert farthest <= radius_m + 1e-6, f"OFFERD_SEED={SEED}: {fence}"


def _pair(at: Point) -> tuple[float, float]:
    return at.latitude, at.longitude


@pytest.mark.parametrize("largest_m", [2e3, 1e5, 2e7])
def test_what_is_in_a_box_has_a_point_in_it(largest_m: float) -> None:
    """Fences that have one of many points of a box are found; those far from all aren't."""
    world, places = _world(largest_m)
    chance = world.random
    for _ in range(SEARCHES):
        at = near(chance, chance.choice(world.towns), 0.3)
        high, wide = 10 ** chance.uniform(-3, 1.5), 10 ** chance.uniform(-3, 2)
        south, north = max(-90.0, at.latitude - high), min(90.0, at.latitude + high)
        west = at.longitude
        east = (west + wide + 180) % 360 - 180
        found = places.in_box(south, west, north, east, 1000)
        assert found == sorted(found, key=lambda n: _priority(world, n))
        assert places.in_box(south, west, north, east, 3) == found[:3]
        for _ in range(60):
            share = chance.choice([0.0, 1.0, chance.random()])
            inside = Point(
                chance.choice([south, north, chance.uniform(south, north)]),
                (west + wide * share + 180) % 360 - 180,
            )
            here = places.within(*_pair(inside))
            assert set(here) <= set(found), (
                f"OFFERD_SEED={SEED}: {inside} in {south, west, north, east}"
            )
        for number, place in enumerate(world.places):
            corner = place.centre
            within = south <= corner.latitude <= north and (corner.longitude - west) % 360 <= wide
            if within and places.contains(number, *_pair(corner)):
                assert number in found, f"OFFERD_SEED={SEED}: {place.fence}"
            elif number in found:
                middle = Point((south + north) / 2, (west + wide / 2 + 180) % 360 - 180)
                half_m = 111_700 * math.hypot(high, wide / 2)
                assert places.distance_m(number, *_pair(middle)) <= half_m + 1, (
                    f"OFFERD_SEED={SEED}: {place.fence}"
                )


@pytest.mark.parametrize("largest_m", [2e3, 1e5, 2e6])
def test_what_is_ahead_comes_as_near_as_told(largest_m: float) -> None:
    """Fences ahead are as near as points along the way are, and come in order."""
    world, places = _world(largest_m, 24)
    chance = world.random
    for _ in range(SEARCHES):
        at = near(chance, chance.choice(world.towns), 0.3)
        bearing = chance.uniform(0, 360)
        length_m = 10 ** chance.uniform(2, 6)
        beside_m = 10 ** chance.uniform(0, 4)
        found = places.ahead(*_pair(at), bearing, length_m, beside_m, 1000)
        assert [one.along_m for one in found] == sorted(one.along_m for one in found)
        told = {one.number: one for one in found}
        steps = 30
        way = [destination(*_pair(at), bearing, length_m * n / steps) for n in range(steps + 1)]
        for number in range(len(world.places)):
            nearest = min(places.distance_m(number, *_pair(step)) for step in way)
            if number not in told:
                assert nearest > beside_m - 0.3, f"OFFERD_SEED={SEED}: {world.places[number].fence}"
                continue
            one = told[number]
            there = destination(*_pair(at), bearing, one.along_m)
            assert places.distance_m(number, *_pair(there)) == pytest.approx(one.beside_m, abs=0.3)
            assert one.beside_m <= nearest + 0.3, (
                f"OFFERD_SEED={SEED}: {world.places[number].fence}"
            )


def test_rare_places_are_found_without_passing_by_the_others() -> None:
    """The nearest of a category that few have needs a handful of reads."""
    chance = random.Random(1)
    places = []
    for number in range(4_000):
        fence = Circle(somewhere(chance), 100.0)
        category = "rare" if number % 1000 == 0 else "common"
        places.append(Place(f"p{number}", "hills", "", fence, fence.centre, category))
    source = MemorySource(places, LIBRARIES)
    reads = 0

    class Counting(MemorySource):
        def __init__(self) -> None:
            self.__dict__ = source.__dict__

        def index(self, key: bytes) -> bytes | None:
            nonlocal reads
            reads += 1
            return super().index(key)

    ready = Places(Counting())
    assert len(ready.nearest(59.0, 18.0, 2, ready.wanted(PlaceSelector(category="rare")))) == 2
    assert reads <= 4


def test_a_selector_that_names_nothing_selects_nothing() -> None:
    """What doesn't exist isn't taken for everything."""
    _, places = _world(2e3, 5)
    for selector in (
        PlaceSelector(place="nowhere"),
        PlaceSelector(category="nothing"),
        PlaceSelector(library="nobody"),
    ):
        assert places.nearest(59.0, 18.0, 5, places.wanted(selector)) == []
    assert places.wanted(PlaceSelector()) == ALL
    assert places.wanted(PlaceSelector(place="place-2")).places == {2}


def test_a_box_may_be_a_line_or_a_point_or_the_world() -> None:
    """Boxes without width or height, and that of everything, are boxes."""
    square = Area((Polygon((Point(0.0, 0.0), Point(0.0, 1.0), Point(1.0, 1.0), Point(1.0, 0.0))),))
    road = Corridor((Point(0.5, 2.0), Point(0.5, 3.0)), 100.0)
    far = Circle(Point(-60.0, 179.999), 1000.0)
    fences = (square, road, far)
    places = Places(
        MemorySource(
            [Place(f"p{n}", "hills", "", f, Point(0.0, 0.0)) for n, f in enumerate(fences)],
            LIBRARIES,
        )
    )
    assert places.in_box(0.5, 0.5, 0.5, 0.5, 9) == [0]
    assert sorted(places.in_box(0.5, -1.0, 0.5, 2.5, 9)) == [0, 1]
    assert places.in_box(0.7, 2.5, 0.7, 2.5, 9) == []
    assert sorted(places.in_box(-90.0, -180.0, 90.0, 180.0, 9)) == [0, 1, 2]
    assert places.in_box(-61.0, 179.0, -59.0, -179.0, 9) == [2]
    assert places.in_box(-61.0, -180.0, -59.0, -179.0, 9) == [2]
    with pytest.raises(ValueError, match="must not be north"):
        places.in_box(1.0, 0.0, 0.0, 1.0, 9)
