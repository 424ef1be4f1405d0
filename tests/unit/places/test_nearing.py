"""The nearest one place is the first that a search for many gives."""

from __future__ import annotations

import os
import random

import pytest

from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Fence,
    Library,
    Place,
    PlaceSelector,
    Point,
    Polygon,
)
from offerd.places.index import Places, Wanted
from offerd.places.memory import MemorySource
from offerd.places.nearing import Nearing
from offerd.places.trees import BOX, ENTRY, HEAD, node_key

SEED = int(os.environ.get("OFFERD_SEED", "20261207"))


def _world(source: random.Random) -> Places:
    """Fences in towns and of all sizes; some at the poles and at the antimeridian, some twice."""
    middles = [(source.uniform(-90, 90), source.uniform(-180, 180)) for _ in range(5)]
    middles += [(89.99, 0.0), (-89.99, 90.0), (0.0, 179.99)]
    places = []
    for number in range(source.choice((1, 3, 40, 300))):
        latitude, longitude = source.choice(middles)
        spread = source.choice((0.0, 0.01, 0.1, 30.0))
        latitude = min(90.0, max(-90.0, latitude + source.gauss(0, 1) * spread))
        longitude = (longitude + source.gauss(0, 1) * spread + 180) % 360 - 180
        at = Point(latitude, longitude)
        category = source.choice(("studio", "shop", ""))
        places.append(Place(f"p{number}", "own", "", _fence(source, at), at, category))
    return Places(MemorySource(places, [Library("own", "Own", 1)]))


def _fence(source: random.Random, at: Point) -> Fence:
    """A fence at a point: mostly a circle, else a triangle or a way, unless a pole is near."""
    if abs(at.latitude) > 80 or abs(at.longitude) > 170 or source.random() < 0.7:
        return Circle(at, source.choice((10.0, 300.0, 5_000.0, 100_000.0)))
    far = source.choice((0.001, 0.1, 3.0))
    corners = [
        Point(at.latitude + far * north, at.longitude + far * east)
        for north, east in ((1, 0), (-1, 1), (-1, -1))
    ]
    if source.random() < 0.5:
        return Corridor(tuple(corners[:2]), 50.0)
    return Area((Polygon(tuple(corners)),))


def test_nearest_one_is_the_first_of_nearest() -> None:
    """Number and distance agree anywhere, for all places, a category, a place and a test."""
    source = random.Random(SEED)
    for number in range(10):
        places = _world(source)
        wanteds = (
            Wanted(),
            places.wanted(PlaceSelector(category="studio")),
            places.wanted(PlaceSelector(place="p1")),
            Wanted(test=lambda place: place.category == "shop"),
        )
        for _ in range(25):
            near = places.place(source.randrange(places.count)).centre
            at = source.choice((near, Point(source.uniform(-90, 90), source.uniform(-180, 180))))
            for wanted in wanteds:
                first = places.nearest(at.latitude, at.longitude, 1, wanted)
                found = places.nearest_one(at.latitude, at.longitude, wanted)
                assert found == (first[0] if first else None), (
                    f"OFFERD_SEED={SEED}, world {number}: {at}"
                )


@pytest.mark.parametrize("children", [(), (0, 5), (7, 6)])
def test_a_node_that_leads_to_no_leaf_is_damaged(children: tuple[int, ...]) -> None:
    """One without children, and one that is its own child or leads to a later one."""
    entries = b"".join(ENTRY.pack(child, 0, 1.0, 0.0, 0.0, 1.0) for child in children)
    boxes = b"".join(BOX.pack(child, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0) for child in children)
    records = {node_key(0, 5): HEAD.pack(0) + entries + boxes}
    with pytest.raises(LookupError, match="damaged in node 5 of tree 0"):
        Nearing(records.get).nearest([(0, 5)], (1.0, 0.0, 0.0), lambda _: 0.0)


def test_the_roots_of_very_many_trees_are_not_kept() -> None:
    """A filter of many libraries and categories takes the memory of none."""
    source = random.Random(SEED)
    libraries = [Library(f"l{number}", "L", number) for number in range(10)]
    places = []
    for number in range(300):
        at = Point(source.uniform(-60, 60), source.uniform(-180, 180))
        of, category = f"l{number % 10}", f"c{number // 10 % 10}"
        places.append(Place(f"p{number}", of, "", Circle(at, 100.0), at, category))
    found = Places(MemorySource(places, libraries))
    everything, one = frozenset(range(10)), frozenset((3,))
    for categories in (everything, one):
        wanted = Wanted(libraries=everything, categories=categories)
        first = found.nearest(10.0, 20.0, 1, wanted)
        assert found.nearest_one(10.0, 20.0, wanted) == first[0]
    assert list(found._starts) == [(everything, one)]
