"""Rings that go to a pole and back, as maps cut at the antimeridian have them."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.model.place import Point


def spare_vertices(ring: Sequence[Point]) -> frozenset[int]:
    """Returns the vertices of a ring that say nothing on the sphere, by their places in it.

    On a map that ends at 180 degrees, what lies around a pole is closed along the edges of the
    map: down the meridian to the pole, along it, and up the same meridian again. Equal points at a
    pole are one, and a way to it and back along one meridian is none. Nothing is spare of a ring
    of which less than three vertices would be left.
    """
    kept = [
        vertex
        for vertex, at in enumerate(ring)
        if abs(at.latitude) != 90.0 or not same_point(at, ring[vertex - 1])
    ]
    spare = set(range(len(ring))) - set(kept)
    for number, vertex in enumerate(kept):
        before, after = kept[number - 1], kept[(number + 1) % len(kept)]
        if abs(ring[vertex].latitude) == 90.0 and same_point(ring[before], ring[after]):
            spare |= {vertex, after}
    return frozenset(spare) if len(ring) - len(spare) >= 3 else frozenset()


def same_point(a: Point, b: Point) -> bool:
    """Returns whether two points are one; at the poles only those of one meridian are."""
    return a.latitude == b.latitude and (a.longitude - b.longitude) % 360.0 == 0.0
