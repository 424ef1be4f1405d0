"""What the index says a point is in, beside a naive twin that looks at every fence."""

from __future__ import annotations

import os
import random

import pytest

from offerd.model.place import Area, Library, Place, Point, Polygon
from offerd.places.geometry import area_m2, centre_of
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from seeds import random_seed
from unit.places import naive_fences
from unit.places.fence_worlds import LIBRARIES, RANKS, World

SEED = random_seed()
POINTS = int(os.environ.get("OFFERD_PLACE_POINTS", "3000"))
"""OFFERD_PLACE_POINTS=2000000 is the long run."""
POINTS_EACH = 1_000 if POINTS < 100_000 else 50_000
FENCES = 30


def test_within_is_what_a_naive_twin_says() -> None:
    """At random points, on edges and beside them, poles and seams, the index and the twin agree."""
    asked = found = unsure = 0
    world_number = 0
    while asked < POINTS:
        seed = SEED + world_number
        largest_m = (2e3, 1e5, 2e7)[world_number % 3]
        world = World(random.Random(seed), FENCES, largest_m)
        places = Places(MemorySource(world.places, LIBRARIES))
        twins = [naive_fences.NaiveFence(place.fence) for place in world.places]
        for at in world.points(POINTS_EACH):
            answer = places.within(at.latitude, at.longitude)
            p = naive_fences.vector(at.latitude, at.longitude)
            picked = world.random.randrange(FENCES)
            for number, place in enumerate(world.places):
                expected = twins[number].contains(at.latitude, at.longitude, p)
                if expected is None:
                    unsure += 1
                    continue
                where = f"seed {seed}: {at} and {place.fence}"
                assert (number in answer) == expected, where
                if expected or number == picked:
                    assert places.contains(number, at.latitude, at.longitude) == expected, where
            order = [
                (RANKS[world.places[n].library], area_m2(world.places[n].fence), n) for n in answer
            ]
            assert order == sorted(order), f"seed {seed}: {at}"
            found += len(answer)
        asked += POINTS_EACH
        world_number += 1
    print(f"OFFERD_SEED={SEED}: {asked * FENCES} answers, {found} inside, {unsure} unsure")
    assert found
    assert unsure < asked * FENCES / 100


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.5), (float("nan"), 0.0)]
)
def test_what_is_no_point_is_refused(latitude: float, longitude: float) -> None:
    """Coordinates out of range aren't silently nowhere."""
    places = Places(MemorySource([], LIBRARIES))
    with pytest.raises(ValueError, match="must be"):
        places.within(latitude, longitude)


def test_no_places_are_nowhere() -> None:
    """Without places there is nothing to find, and nothing fails."""
    places = Places(MemorySource([], LIBRARIES))
    assert places.within(59.0, 18.0) == []
    assert places.within(90.0, 0.0) == []
    assert places.nearest(59.0, 18.0, 5) == []
    assert places.in_box(-90.0, -180.0, 90.0, 180.0, 5) == []
    assert places.ahead(59.0, 18.0, 0.0, 1000.0, 10.0, 5) == []


def test_rings_round_a_pole_close_without_a_seam() -> None:
    """Due south of the vertex at which such a ring closes it is as inside as beside it."""
    longitude = 16.480680271868295
    others = (106.4806802718683, -163.51931972813168, -73.51931972813168)
    outer = _ring(longitude, others, (-40.18333638112824, -37.75, -37.4, -36.97))
    hole = _ring(longitude, others, (-89.59959206062415, -89.8, -89.77, -89.86))
    for holes in ((), (hole,)):
        area = Area((Polygon(outer, holes),))
        place = Place("cap", "first", "Cap", area, centre_of(area))
        places = Places(MemorySource([place], [Library("first", "First", 1)]))
        for below in (1e-9, 1e-6, 1e-3, 1.0, 40.0, 49.0, 49.416):
            for beside in (-1e-6, 0.0, 1e-6):
                assert places.within(outer[0].latitude - below, longitude + beside) == [0]


def _ring(
    first: float, others: tuple[float, ...], latitudes: tuple[float, ...]
) -> tuple[Point, ...]:
    pairs = zip(latitudes, (first, *others), strict=True)
    return tuple(Point(latitude, longitude) for latitude, longitude in pairs)
