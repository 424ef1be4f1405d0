"""Rings around poles, as maps have them that are cut at the antimeridian."""

from __future__ import annotations

import pytest

from offerd.model.place import Area, Place, Point, Polygon
from offerd.places.geometry import centre_of, faults
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.poles import spare_vertices
from unit.places.fence_worlds import LIBRARIES

COAST = ((-180.0, -84.0), (-90.0, -75.0), (0.0, -70.0), (90.0, -68.0), (180.0, -84.0))


def _ring(*pairs: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(Point(latitude, longitude) for longitude, latitude in pairs)


@pytest.mark.parametrize(
    "end",
    [
        ((180.0, -90.0), (-180.0, -90.0)),
        ((180.0, -90.0), (180.0, -90.0), (-180.0, -90.0)),
        ((180.0, -90.0), (60.0, -90.0), (-60.0, -90.0), (-180.0, -90.0)),
    ],
)
@pytest.mark.parametrize("begin", range(6))
@pytest.mark.parametrize("is_reversed", [False, True])
def test_what_is_cut_at_the_antimeridian_is_whole(
    end: tuple[tuple[float, float], ...], begin: int, is_reversed: bool
) -> None:
    """However the ring goes by the pole, wherever it begins: the pole is inside, with no seam."""
    ring = _ring(*COAST, *end)
    ring = ring[begin:] + ring[:begin]
    ring = ring[::-1] if is_reversed else ring
    spare = spare_vertices(ring)
    fence = Area((Polygon(tuple(at for n, at in enumerate(ring) if n not in spare)),))
    assert list(faults(fence)) == []
    place = Place("antarctica", "hills", "", fence, centre_of(fence))
    places = Places(MemorySource([place], LIBRARIES))
    for at in [(-90.0, 0.0), (-90.0, 77.0), (-87.0, 180.0), (-84.0, -180.0), (-80.0, 1.0)]:
        assert places.within(*at) == [0], at
        assert places.distance_m(0, *at) == 0.0
    for at in [(-83.9, 180.0), (-83.9, -180.0), (-69.0, 0.0), (90.0, 0.0)]:
        assert places.within(*at) == [], at
        assert places.distance_m(0, *at) > 1_000.0


def test_other_vertices_are_none_too_many() -> None:
    """A pole that is a corner stays, and so does a ring of which nothing would be left."""
    assert spare_vertices(_ring((0, 80), (40, 80), (20, 90))) == frozenset()
    assert spare_vertices(_ring((0, 80), (40, 80), (40, 90), (0, 90))) == frozenset()
    assert spare_vertices(_ring((-180, -90), (180, -90), (180, 90), (-180, 90))) == frozenset()
    assert spare_vertices(_ring((0, 0), (0, 0), (1, 0), (1, 1))) == frozenset()
