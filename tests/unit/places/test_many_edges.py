"""Fences of very many points: what is skipped for speed changes no answer."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest

from offerd.model.place import Area, Corridor, Place, Point, Polygon
from offerd.places import index, lookup
from offerd.places.crossing import meet, meetings
from offerd.places.edges import to_edge_chord2
from offerd.places.geometry import centre_of
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.rings import Edge, inside, outline
from offerd.places.shapes import AreaShape, shape_of
from offerd.places.sphere import along_m, destination, vector
from seeds import random_seed
from unit.places.fence_worlds import LIBRARIES, World, near, wrapped

SEED = random_seed()


def _coast(chance: random.Random, at: Point, size: float, count: int) -> tuple[Point, ...]:
    points = []
    for number in range(count):
        turn = 2 * math.pi * number / count
        far = size * chance.uniform(0.9, 1.0)
        latitude = at.latitude + far * math.sin(turn)
        points.append(Point(latitude, wrapped(at.longitude + far * math.cos(turn))))
    return tuple(points)


@pytest.mark.parametrize("at", [Point(50.0, 10.0), Point(-20.0, 179.9), Point(79.0, 0.0)])
def test_answers_are_those_of_all_edges(at: Point) -> None:
    """Inside and distances of a long coast with a lake are what every edge together says."""
    chance = random.Random(SEED)
    polygon = Polygon(_coast(chance, at, 8.0, 900), (_coast(chance, at, 3.0, 300),))
    shape, whole = AreaShape(Area((polygon,))), outline(polygon)
    corners = polygon.outer + polygon.holes[0]
    for _ in range(60):
        around = chance.choice([at, chance.choice(corners)])
        asked = near(chance, around, chance.choice([0.0, 1e-4, 0.1, 4.0, 40.0]))
        expected = inside(whole, asked.latitude, asked.longitude)
        where = f"OFFERD_SEED={SEED}: {asked}"
        assert shape.contains(asked.latitude, asked.longitude) == expected, where
        if not expected:
            p = vector(asked.latitude, asked.longitude)
            nearest = 4.0
            for edge in whole.edges:
                ends = vector(edge[1], edge[0]), vector(edge[3], edge[2])
                nearest = to_edge_chord2(p, edge, *ends, nearest)
            found_m = shape.distance_m(asked.latitude, asked.longitude)
            assert found_m == pytest.approx(along_m(nearest), abs=1e-3), where


def test_edges_that_meet_are_found_whatever_their_shape() -> None:
    """Long and short, steep and flat, on a lattice so that many touch: all pairs, each once."""
    chance = random.Random(SEED)
    for _ in range(30):
        edges: list[Edge] = []
        while len(edges) < 60:
            x, y = chance.randrange(12), chance.randrange(12)
            wide, high = chance.choice([(1, 1), (12, 0), (0, 12), (12, 12)])
            end = (x + chance.randint(0, wide), y + chance.randint(-high, high))
            if end > (x, y):
                edges.append((float(x), float(y), *map(float, end)))
        expected = {pair for pair in combinations(range(60), 2) if _meet(edges, *pair)}
        found = [(min(met[:2]), max(met[:2])) for met in meetings(edges)]
        assert sorted(found) == sorted(expected), f"OFFERD_SEED={SEED}"
        one, other = edges[:20], edges[20:]
        both = {(met.one, met.other) for met in meetings(one, other)}
        assert both == {(a, b - 20) for a, b in expected if a < 20 <= b}, f"OFFERD_SEED={SEED}"


def _meet(edges: list[Edge], one: int, other: int) -> bool:
    return meet(edges[one], edges[other]) is not None


@pytest.mark.parametrize(
    "fence",
    [
        Corridor((Point(0.0, 0.0), Point(10.0, 10.0)), 2e6),
        Corridor((Point(80.0, 0.0), Point(85.0, 179.0), Point(60.0, -100.0)), 3e5),
        Corridor((Point(0.0, 179.0), Point(5.0, -179.0)), 1.99e7),
    ],
)
def test_a_wide_corridor_holds_what_is_near_its_line(fence: Corridor) -> None:
    """Over a pole, across the antimeridian, wider than half of the Earth."""
    chance = random.Random(SEED)
    place = Place("p", "hills", "", fence, centre_of(fence))
    places = Places(MemorySource([place], LIBRARIES))
    shape = shape_of(fence)
    for _ in range(600):
        end = chance.choice(fence.line)
        away_m = fence.width_m / 2 * chance.choice([1 - 1e-7, 1 + 1e-7, chance.uniform(0.0, 1.2)])
        asked = destination(end.latitude, end.longitude, chance.uniform(0, 360), away_m)
        expected = shape.contains(asked.latitude, asked.longitude)
        found = places.within(asked.latitude, asked.longitude)
        assert (found == [0]) == expected, f"OFFERD_SEED={SEED}: {asked}"


def test_several_threads_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their answers are those of one alone, while what is kept is thrown away all the time."""
    monkeypatch.setattr(lookup, "_KEPT", 2)
    monkeypatch.setattr(index, "_SHAPES_KEPT", 2)
    world = World(random.Random(SEED), 25, 1e5)
    source = MemorySource(world.places, LIBRARIES)
    asked = list(world.points(40))
    alone, shared = Places(source), Places(source)

    def answers(places: Places) -> list[object]:
        return [
            (
                places.within(at.latitude, at.longitude),
                places.nearest(at.latitude, at.longitude, 3),
                places.nearest_one(at.latitude, at.longitude),
            )
            for at in asked
        ]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: answers(shared), range(4)))
    assert all(one == answers(alone) for one in found), f"OFFERD_SEED={SEED}"
