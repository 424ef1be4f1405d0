"""Random fences, with a taste for where geometry goes wrong, and points to ask about them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from offerd.model.place import Area, Circle, Corridor, Fence, Library, Place, Point, Polygon
from offerd.places.geometry import centre_of, faults

LIBRARIES = (Library("hills", "Hills", 1), Library("streets", "Streets", 0))
RANKS = {library.id: library.rank for library in LIBRARIES}


def wrapped(longitude: float) -> float:
    """Returns a longitude from -180 to 180."""
    return (longitude + 180) % 360 - 180 if not -180 <= longitude <= 180 else longitude


def somewhere(random: random.Random) -> Point:
    """Returns a point, anywhere on the Earth alike."""
    return Point(math.degrees(math.asin(random.uniform(-1, 1))), random.uniform(-180, 180))


def near(random: random.Random, at: Point, spread_deg: float) -> Point:
    """Returns a point some way from another."""
    latitude = max(-90.0, min(90.0, at.latitude + random.gauss(0, spread_deg)))
    stretch = max(0.01, math.cos(math.radians(at.latitude)))
    return Point(latitude, wrapped(at.longitude + random.gauss(0, spread_deg) / stretch))


class World:
    """Places around some towns, several of them at the poles and the antimeridian."""

    def __init__(self, random: random.Random, count: int, largest_m: float = 2e7) -> None:
        self.random = random
        self.largest_m = largest_m
        self.towns = [somewhere(random) for _ in range(5)]
        self.towns += [Point(89.9, 0.0), Point(-89.95, 20.0), Point(90.0, 0.0), Point(0.0, 0.0)]
        self.towns += [Point(10.0, 179.99), Point(-20.0, -179.99)]
        self.places: list[Place] = []
        while len(self.places) < count:
            fence = self._fence()
            if any(True for _ in faults(fence)):
                continue
            number = len(self.places)
            self.places.append(
                Place(
                    f"place-{number}",
                    random.choice(LIBRARIES).id,
                    "",
                    fence,
                    centre_of(fence),
                    random.choice(
                        ["", "cafe", "studio", "studio", "rare"] if not number % 9 else ["", "cafe"]
                    ),
                )
            )

    def _fence(self) -> Fence:
        at = near(self.random, self.random.choice(self.towns), 0.3)
        kind = self.random.random()
        if kind < 0.45:
            return Circle(at, 10 ** self.random.uniform(0, math.log10(self.largest_m)))
        if kind < 0.6:
            line = [at]
            for _ in range(self.random.randrange(1, 6)):
                line.append(near(self.random, line[-1], 10 ** self.random.uniform(-4, 0.3)))
            return Corridor(tuple(line), 10 ** self.random.uniform(-1, 4))
        if kind < 0.65 and self.largest_m > 1e6:
            return Area((self._around_pole(),))
        largest = math.degrees(min(self.largest_m, 3e6) / 6.4e6)
        return Area(tuple(self._star(at, largest) for _ in range(self.random.choice([1, 1, 1, 2]))))

    def _star(self, at: Point, largest_deg: float) -> Polygon:
        size = 10 ** self.random.uniform(-4, math.log10(largest_deg))
        size = min(size, (90 - abs(at.latitude)) * 0.9 + 1e-6)
        count = self.random.choice([3, 4, 10, 64])
        snapped = self.random.random() < 0.3
        middle = Point(round(at.latitude, 2), round(at.longitude, 2)) if snapped else at

        def ring(scale: float) -> tuple[Point, ...]:
            points = []
            for n in range(count):
                turn = 2 * math.pi * n / count
                far = size * scale * self.random.uniform(0.5, 1)
                high = middle.latitude + far * math.sin(turn)
                across = middle.longitude + far * math.cos(turn)
                if snapped:
                    high, across = round(high * 4) / 4, round(across * 4) / 4
                points.append(Point(max(-90.0, min(90.0, high)), wrapped(across)))
            return tuple(points)

        holes = (ring(0.4),) if count > 3 and self.random.random() < 0.4 else ()
        return Polygon(ring(1.0), holes)

    def _around_pole(self) -> Polygon:
        side = self.random.choice([-1, 1])
        count = self.random.choice([4, 5, 30])
        edge = 90 - 10 ** self.random.uniform(-1, 1.9)
        begin = self.random.uniform(-180, 180)
        turn = self.random.choice([-1, 1])

        def ring(low: float, high: float) -> tuple[Point, ...]:
            return tuple(
                Point(
                    side * self.random.uniform(low, high), wrapped(begin + turn * 360 * n / count)
                )
                for n in range(count)
            )

        holes = (ring((edge + 90) / 2, 89.95),) if self.random.random() < 0.3 else ()
        return Polygon(ring(max(1.0, edge - 5), edge), holes)

    def points(self, count: int) -> Iterator[Point]:
        """Yields points in towns, anywhere, on the seams of the grid, and at edges of fences."""
        for _ in range(count):
            kind = self.random.random()
            if kind < 0.35:
                spread = self.random.choice([0.01, 0.3, 3])
                yield near(self.random, self.random.choice(self.towns), spread)
            elif kind < 0.45:
                yield somewhere(self.random)
            elif kind < 0.55:
                yield self._on_seam()
            else:
                yield self._at_edge(self.random.choice(self.places).fence)

    def _on_seam(self) -> Point:
        latitude, longitude = self.random.uniform(-90, 90), self.random.uniform(-180, 180)
        rows = 2 ** self.random.randrange(20)
        return self.random.choice(
            [
                Point(90.0, longitude),
                Point(-90.0, longitude),
                Point(latitude, 180.0),
                Point(latitude, -180.0),
                Point(latitude, 179.99999999999997),
                Point(89.99999999999999, longitude),
                Point(-89.99999999999999, longitude),
                Point(180 / rows * self.random.randrange(rows + 1) - 90, longitude),
                Point(latitude, 360 / rows * self.random.randrange(rows + 1) - 180),
            ]
        )

    def _at_edge(self, fence: Fence) -> Point:
        """Returns a point on an edge, or a billionth of a degree or so beside it."""
        if isinstance(fence, Circle):
            from offerd.places.sphere import destination

            at = destination(
                fence.centre.latitude,
                fence.centre.longitude,
                self.random.uniform(0, 360),
                fence.radius_m,
            )
        elif isinstance(fence, Corridor):
            at = near(self.random, self.random.choice(fence.line), fence.width_m / 1e5)
        else:
            polygon = self.random.choice(fence.polygons)
            ring = self.random.choice((polygon.outer, *polygon.holes))
            number = self.random.randrange(len(ring))
            a, b = ring[number - 1], ring[number]
            share = self.random.choice([0.0, 1.0, 0.5, self.random.random()])
            step = (b.longitude - a.longitude + 180) % 360 - 180
            at = Point(
                a.latitude + share * (b.latitude - a.latitude),
                wrapped(a.longitude + share * step),
            )
        aside = [0.0, 0.0, 1e-9, -1e-9, 1e-6, -1e-6]
        return Point(
            max(-90.0, min(90.0, at.latitude + self.random.choice(aside))),
            wrapped(at.longitude + self.random.choice(aside)),
        )
