"""Random customers on random ways between random fences, with all that goes wrong with GPS."""

from __future__ import annotations

import random
from collections.abc import Iterator

from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Fence,
    Fix,
    Library,
    LocationSettings,
    Place,
    Point,
    Polygon,
)
from offerd.places.crossings import ENTRY, EXIT, Region
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.sphere import destination

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
START_NS = 1_767_225_600 * SECOND_NS
SHORTEST_TTL_NS = 5 * MINUTE_NS
CENTRES = (Point(59.31, 18.07), Point(0.0, 180.0), Point(-89.9995, 10.0))


def settings(rng: random.Random) -> LocationSettings:
    """Returns how locations become crossings."""
    around_m = rng.choice([0.0, 0.0, 150.0, 400.0])
    return LocationSettings(
        worst_accuracy_m=rng.choice([80.0, 200.0]),
        highest_speed_mps=rng.choice([15.0, 60.0, 350.0]),
        exit_margin_m=rng.choice([0.0, 10.0, 25.0]),
        dwell_ns=rng.choice([(), (2 * MINUTE_NS,), (MINUTE_NS, 5 * MINUTE_NS)]),
        approach_m=around_m,
        ttl_ns=rng.choice([10, 60]) * MINUTE_NS,
        widest_approach_m=500.0,
    )


def places(rng: random.Random, centre: Point) -> Places:
    """Returns some places around a point, nested and overlapping ones among them."""
    found = [_place(rng, number, centre) for number in range(rng.randint(1, 6))]
    return Places(MemorySource(found, [Library("a", "A", 1), Library("b", "B", 2)]))


def walk(rng: random.Random, centre: Point, around: Places) -> Iterator[Fix | Region]:
    """Yields news as they come: late ones, the same once more, jumps, and a phone's own."""
    at, now_ns = centre, START_NS
    told: list[Fix | Region] = []
    held: list[Fix | Region] = []
    for _ in range(rng.randint(5, 60)):
        gap = rng.random() < 0.04
        now_ns += rng.randint(20, 90) * MINUTE_NS if gap else rng.randint(0, 90) * SECOND_NS
        still = rng.random() < 0.4
        at = _moved(rng, at, 0.0 if still else rng.choice([20.0, 60.0, 200.0]))
        if rng.random() < 0.1:
            at = _moved(rng, centre, 150.0)
        news = _region(rng, around, now_ns) if rng.random() < 0.15 else _fix(rng, at, now_ns)
        held.append(news)
        if rng.random() < 0.1:
            continue  # it waits, and comes after others
        rng.shuffle(held)
        for one in held:
            told.append(one)
            yield one
        held.clear()
        if rng.random() < 0.08:
            yield rng.choice(told)


def _fix(rng: random.Random, at: Point, now_ns: int) -> Fix:
    accuracy_m = rng.choice([None, 5.0, 12.0, 30.0, 65.0, 150.0, 500.0])
    noise_m = abs(rng.gauss(0, (accuracy_m or 8.0) / 2))
    if rng.random() < 0.04:
        noise_m = rng.choice([5_000.0, 90_000.0])
    shown = _moved(rng, at, noise_m)
    return Fix(now_ns, shown.latitude, shown.longitude, accuracy_m)


def _region(rng: random.Random, around: Places, now_ns: int) -> Region:
    place = around.place(rng.randrange(around.count))
    return Region(rng.choice([ENTRY, EXIT]), place.id, now_ns - rng.choice([0, 0, 5]) * SECOND_NS)


def _moved(rng: random.Random, at: Point, way_m: float) -> Point:
    return destination(at.latitude, at.longitude, rng.uniform(0, 360), way_m)


def _place(rng: random.Random, number: int, centre: Point) -> Place:
    at = _moved(rng, centre, rng.choice([0.0, 40.0, 150.0]))
    return Place(
        f"p{number}",
        rng.choice("ab"),
        f"P{number}",
        _fence(rng, at),
        at,
        category=rng.choice(["", "studio", "mall"]),
        dwell_ns=rng.choice([None, None, (), (3 * MINUTE_NS,)]),
        approach_m=rng.choice([None, 0.0, 120.0, 500.0]),
        ttl_ns=rng.choice([None, None, SHORTEST_TTL_NS, 120 * MINUTE_NS]),
    )


def _fence(rng: random.Random, at: Point) -> Fence:
    size_m = rng.choice([20.0, 50.0, 120.0])
    kind = rng.random()
    if kind < 0.6:
        return Circle(at, size_m)
    if kind < 0.8:
        end = _moved(rng, at, 3 * size_m)
        return Corridor((at, end), size_m)
    corners = [
        destination(at.latitude, at.longitude, bearing, size_m) for bearing in (10, 130, 250)
    ]
    return Area((Polygon(tuple(corners)),))
