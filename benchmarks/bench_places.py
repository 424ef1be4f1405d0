"""What it costs to find places, against h3 and shapely, and how that grows with their number.

Measured: `Places.within`, over records in LMDB, with a thousand fences to a million, of which one
in eleven is a polygon of 64 vertices in the mean, clustered in 300 towns; beside it, with as many
fences, what a careful programmer would write with h3 (a disk of resolution 8 around each circle
and the cells that each polygon overlaps in a dictionary, then exact tests) and with shapely's
STRtree (boxes of circles, then exact tests, and polygons by `within`). All answer the same points:
half of them near fences, half anywhere in the towns. Then the five nearest, of all and of a rare
category, what is in a box, and what is ahead. Times are CPU times of this thread, of many short
slices in turns the fastest counts, so that ratios are steadier than microseconds.

Not measured: opening LMDB and its first reads from disk, and the store's own cost around a read.
Rivals are left out beyond 100,000 circles.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from math import cos, radians, sin
from pathlib import Path

import lmdb

from offerd.model.place import EARTH_RADIUS_M, Area, Circle, Library, Place, Point, Polygon
from offerd.places.building import categories_of, index_records
from offerd.places.index import Places, Wanted

RESOLUTION = 8
MOST_FOR_RIVALS = 100_000
SLICE = 250
ROUNDS = 40
TOLD_EVERY = 1_000_000
GOAL_H3, GOAL_TREE, GOAL_GROWTH = 2.0, 4.0, 3.0

Ask = Callable[[float, float], object]


def world(circles: int, polygons: int, seed: int) -> tuple[list[Place], list[Point]]:
    """Returns places in 300 towns, and points to ask about."""
    chance = random.Random(seed)
    towns = [
        (math.degrees(math.asin(chance.uniform(-0.8, 0.9))), chance.uniform(-175, 175))
        for _ in range(300)
    ]

    def in_town() -> Point:
        latitude, longitude = chance.choice(towns)
        stretch = cos(radians(latitude))
        return Point(latitude + chance.gauss(0, 0.15), longitude + chance.gauss(0, 0.15) / stretch)

    places = []
    for number in range(circles + polygons):
        at = in_town()
        fence: Circle | Area = Circle(at, chance.choice((50.0, 100.0, 150.0, 200.0, 500.0)))
        if number >= circles:
            fence = Area((Polygon(_star(chance, at)),))
        category = "rare" if number % 997 == 0 else chance.choice(("cafe", "shop", "studio"))
        places.append(Place(f"p{number}", "all", "", fence, at, category))
    near = [chance.choice(places).centre for _ in range(5_000)]
    points = [
        Point(at.latitude + chance.gauss(0, 0.001), at.longitude + chance.gauss(0, 0.001))
        for at in near
    ]
    points += [in_town() for _ in range(5_000)]
    chance.shuffle(points)
    return places, points


def _star(chance: random.Random, at: Point) -> tuple[Point, ...]:
    count = 3 + int(chance.expovariate(1 / 61))
    size = 10 ** chance.uniform(-3, -1.5)
    points = []
    for n in range(count):
        far, turn = size * chance.uniform(0.6, 1), 2 * math.pi * n / count
        across = far * cos(turn) / cos(radians(at.latitude))
        points.append(Point(at.latitude + far * sin(turn), at.longitude + across))
    return tuple(points)


class Stored:
    """Places whose index is in LMDB."""

    libraries: Sequence[Library] = (Library("all", "All", 0),)

    def __init__(self, places: Sequence[Place], folder: str) -> None:
        import msgspec

        self.categories: Sequence[str] = categories_of(places)
        self.count = len(places)
        self.places = places
        self.encode = msgspec.msgpack.Encoder().encode
        environment = lmdb.open(folder, map_size=1 << 34, sync=False, metasync=False)
        self.bytes = self.records = 0
        started = time.process_time()
        with environment.begin(write=True) as transaction:
            for key, record in index_records(places, self.libraries, self.categories):
                transaction.put(key, record, append=True)
                self.records += 1
                self.bytes += len(record)
                if self.records % TOLD_EVERY == 0:
                    spent_s = time.process_time() - started
                    say(f"          {self.records:,} records written after {spent_s:.0f} s of CPU")
        self.index = environment.begin().get

    def record(self, number: int) -> bytes | None:
        """Returns a place."""
        return self.encode(self.places[number])

    def number_of(self, place_id: str) -> int | None:
        """Returns the number of a place."""
        return int(place_id[1:])


def spherical(at: Point) -> tuple[float, float, float]:
    """Returns a unit vector, the usual way."""
    across = cos(radians(at.latitude))
    around = radians(at.longitude)
    return across * cos(around), across * sin(around), sin(radians(at.latitude))


def chord2(radius_m: float) -> float:
    """Returns the square of the chord of a radius."""
    return (2 * sin(radius_m / (2 * EARTH_RADIUS_M))) ** 2


def inside(x: float, y: float, ring: Sequence[tuple[float, float]]) -> bool:
    """Returns whether a point is in a ring, by a ray to the east."""
    odd = False
    x1, y1 = ring[-1]
    for x2, y2 in ring:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
        x1, y1 = x2, y2
    return odd


def by_h3(places: Sequence[Place]) -> Ask:
    """Returns a lookup over h3 cells."""
    import h3

    cells: dict[str, tuple[list, list]] = {}
    edge_m = h3.average_hexagon_edge_length(RESOLUTION, "m")
    for number, place in enumerate(places):
        fence = place.fence
        if isinstance(fence, Circle):
            middle = h3.latlng_to_cell(fence.centre.latitude, fence.centre.longitude, RESOLUTION)
            entry = (number, *spherical(fence.centre), chord2(fence.radius_m))
            for cell in h3.grid_disk(middle, 1 + int(fence.radius_m / (1.2 * edge_m))):
                cells.setdefault(cell, ([], []))[0].append(entry)
        else:
            ring = [(at.longitude, at.latitude) for at in fence.polygons[0].outer]
            shape = h3.LatLngPoly([(y, x) for x, y in ring])
            for cell in h3.h3shape_to_cells_experimental(shape, RESOLUTION, "overlap"):
                cells.setdefault(cell, ([], []))[1].append((number, ring))
    cell_of = h3.latlng_to_cell

    def ask(latitude: float, longitude: float) -> list[int]:
        found = cells.get(cell_of(latitude, longitude, RESOLUTION))
        if found is None:
            return []
        across, around = cos(radians(latitude)), radians(longitude)
        x, y, z = across * cos(around), across * sin(around), sin(radians(latitude))
        answer = [
            number
            for number, a, b, c, most in found[0]
            if (x - a) * (x - a) + (y - b) * (y - b) + (z - c) * (z - c) <= most
        ]
        for number, ring in found[1]:
            if inside(longitude, latitude, ring):
                answer.append(number)
        return answer

    return ask


def by_tree(places: Sequence[Place]) -> Ask:
    """Returns a lookup over shapely's trees."""
    import shapely

    circles = [place.fence for place in places if isinstance(place.fence, Circle)]
    boxes = []
    for circle in circles:
        high = math.degrees(circle.radius_m / EARTH_RADIUS_M) * 1.001
        wide = high / cos(radians(abs(circle.centre.latitude) + high))
        x, y = circle.centre.longitude, circle.centre.latitude
        boxes.append(shapely.box(x - wide, y - high, x + wide, y + high))
    exact = [(*spherical(circle.centre), chord2(circle.radius_m)) for circle in circles]
    rings = [
        [(at.longitude, at.latitude) for at in place.fence.polygons[0].outer]
        for place in places[len(circles) :]
    ]
    of_circles = shapely.STRtree(boxes)
    of_polygons = shapely.STRtree([shapely.Polygon(ring) for ring in rings])

    def ask(latitude: float, longitude: float) -> list[int]:
        point = shapely.Point(longitude, latitude)
        answer = []
        found = of_circles.query(point)
        if len(found):
            x, y, z = spherical(Point(latitude, longitude))
            for number in found:
                a, b, c, most = exact[number]
                if (x - a) * (x - a) + (y - b) * (y - b) + (z - c) * (z - c) <= most:
                    answer.append(int(number))
        polygons = of_polygons.query(point, predicate="within")
        return answer + [len(circles) + int(number) for number in polygons]

    return ask


def fastest(asks: dict[str, Ask], points: Sequence[Point], rounds: int) -> dict[str, float]:
    """Returns microseconds for one point, of slices in turns the fastest of several passes."""
    pairs = [_pair(at) for at in points]
    slices = [pairs[n : n + SLICE] for n in range(0, len(points), SLICE)]
    totals = dict.fromkeys(asks, 0.0)
    for part in slices:
        best = dict.fromkeys(asks, math.inf)
        for _ in range(rounds):
            for name, ask in asks.items():
                start = time.thread_time_ns()
                for latitude, longitude in part:
                    ask(latitude, longitude)
                best[name] = min(best[name], (time.thread_time_ns() - start) / 1000)
        for name, least in best.items():
            totals[name] += least
    return {name: total / len(points) for name, total in totals.items()}


def say(line: str) -> None:
    """Prints a line at once, also into a file."""
    print(line, flush=True)


def measure(circles: int, seed: int, rounds: int) -> dict[str, float]:
    """Prints all about so many circles; returns microseconds by what was asked."""
    say(f"{circles:>9,} circles, {circles // 10:,} polygons:")
    started = time.process_time()
    places, points = world(circles, circles // 10, seed)
    made = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        stored = Stored(places, folder)
        ready = Places(stored)
        built = time.process_time()
        gc.collect()
        gc.freeze()
        say(
            f"          {stored.records:,} records, {stored.bytes / 1e6:.0f} MB, built in "
            f"{built - made:.0f} s of CPU (places made in {made - started:.0f} s), "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most"
        )
        asks: dict[str, Ask] = {"within": ready.within}
        if circles <= MOST_FOR_RIVALS:
            asks |= {"h3": by_h3(places), "STRtree": by_tree(places)}
        found = {
            name: sum(len(ask(*at)) for at in map(_pair, points)) for name, ask in asks.items()
        }
        say("          inside: " + ", ".join(f"{n} {count:,}" for n, count in found.items()))
        costs = fastest(asks, points[:2_000], rounds)
        for name, cost in costs.items():
            ratio = "" if name == "within" else f", {cost / costs['within']:.1f} times ours"
            say(f"          {name:<8} {cost:7.2f} us{ratio}")
        rare = Wanted(categories=frozenset((stored.categories.index("rare"),)))
        others: dict[str, Ask] = {
            "nearest 5": lambda y, x: ready.nearest(y, x, 5),
            "of a rare category": lambda y, x: ready.nearest(y, x, 5, rare),
            "20 in a box": lambda y, x: ready.in_box(y - 0.02, x - 0.02, y + 0.02, x + 0.02, 20),
            "5 ahead": lambda y, x: ready.ahead(y, x, 45.0, 5_000.0, 100.0, 5),
        }
        searches = fastest(others, points[:250], 2)
        for name, cost in searches.items():
            say(f"          {name:<19} {cost:8.0f} us")
        gc.unfreeze()
        return costs | searches


def _pair(at: Point) -> tuple[float, float]:
    return at.latitude, at.longitude


def main() -> None:
    """Measures each number of circles that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--circles", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000]
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write what was measured")
    given = parser.parse_args()
    print(f"seed {given.seed}; goals: h3 {GOAL_H3} times ours, STRtree {GOAL_TREE} times ours")
    found = {circles: measure(circles, given.seed, given.rounds) for circles in given.circles}
    costs = {circles: one["within"] for circles, one in found.items()}
    if given.json:
        given.json.write_text(json.dumps({"seed": given.seed, "us": found}, indent=1) + "\n")
    growth = max(costs.values()) / min(costs.values())
    print(f"from {min(costs):,} to {max(costs):,} circles: {growth:.1f} times, goal {GOAL_GROWTH}")


if __name__ == "__main__":
    main()
