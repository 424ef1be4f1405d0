"""What is wrong with fences is named, and what is right isn't."""

from __future__ import annotations

import math

import pytest

from offerd.model.place import Area, Circle, Corridor, Fence, Point, Polygon
from offerd.places.geometry import area_m2, centre_of, faults, overlaps
from offerd.places.shapes import shape_of
from offerd.places.sphere import HALF_WAY_M


def _ring(*pairs: tuple[float, float]) -> tuple[Point, ...]:
    """Returns a ring of longitudes and latitudes, as GeoJSON has them."""
    return tuple(Point(latitude, longitude) for longitude, latitude in pairs)


def _area(*rings: tuple[Point, ...]) -> Area:
    return Area((Polygon(rings[0], rings[1:]),))


SQUARE = _ring((0, 0), (10, 0), (10, 10), (0, 10))
NOTCHED = _ring((0, 0), (10, 0), (10, 10), (6, 10), (6, 4), (4, 4), (4, 10), (0, 10))


@pytest.mark.parametrize(
    ("fence", "where", "words"),
    [
        (Circle(Point(0.0, 0.0), 0.0), "", "greater than 0"),
        (Circle(Point(0.0, 0.0), -5.0), "", "greater than 0"),
        (Circle(Point(0.0, 0.0), math.nan), "", "must be a number"),
        (Circle(Point(0.0, 0.0), HALF_WAY_M + 1), "", "half of the way"),
        (Circle(Point(91.0, 0.0), 5.0), "", "latitude must be -90 to 90"),
        (Circle(Point(0.0, math.nan), 5.0), "", "longitude must be -180 to 180"),
        (Corridor((Point(0.0, 0.0),), 5.0), "", "2 points"),
        (Corridor((Point(0.0, 0.0), Point(1.0, 0.0)), 0.0), "", "width must be greater"),
        (Corridor((Point(0.0, 0.0), Point(0.0, 0.0)), 5.0), "vertex 1", "repeats"),
        (Corridor((Point(0.0, 0.0), Point(0.0, 180.0)), 5.0), "vertex 1", "opposite"),
        (Corridor((Point(0.0, 0.0), Point(0.0, 181.0)), 5.0), "vertex 1", "-180 to 180"),
        (Area(()), "", "no polygon"),
        (_area(_ring((0, 0), (1, 1))), "polygon 0, ring 0", "3 vertices"),
        (
            _area(_ring((0, 0), (10, 0), (10, 95), (0, 10))),
            "polygon 0, ring 0, vertex 2",
            "latitude",
        ),
        (
            _area(_ring((0, 0), (10, 0), (10, 0), (0, 10))),
            "polygon 0, ring 0, vertex 2",
            "repeats the vertex before",
        ),
        (
            _area(_ring((0, 0), (10, 0), (10, 10), (0, 0))),
            "polygon 0, ring 0, vertex 3",
            "repeats the first vertex",
        ),
        (
            _area(_ring((0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10))),
            "polygon 0, ring 0, vertex 4",
            "repeats vertex 1",
        ),
        (
            _area(_ring((0, 0), (10, 10), (10, 0), (0, 10))),
            "polygon 0, ring 0, vertex 0",
            "crosses or touches the edge from vertex 2 to vertex 3",
        ),
        (
            _area(_ring((170, 0), (-170, 10), (-170, 0), (170, 10))),
            "polygon 0, ring 0, vertex 0",
            "crosses or touches",
        ),
        (
            _area(_ring((0, 0), (10, 0), (20, 0))),
            "polygon 0, ring 0, vertex 0",
            "crosses or touches",
        ),
        (
            _area(_ring((-180, 60), (180, 60), (180, 70), (-180, 70))),
            "polygon 0, ring 0, vertex 1",
            "is vertex 0 again, since 180 and -180 degrees are one meridian",
        ),
        (
            _area(_ring((-90, 0), (90, 0), (0, 10))),
            "polygon 0, ring 0, vertex 1",
            "180 degrees of longitude",
        ),
        (
            _area(SQUARE, _ring((20, 20), (21, 20), (21, 21))),
            "polygon 0, ring 1, vertex 0",
            "outside of the outer ring",
        ),
        (
            _area(SQUARE, _ring((5, 5), (15, 5), (5, 6))),
            "polygon 0, ring 1, vertex 0",
            "crosses the outer ring",
        ),
        (
            _area(SQUARE, _ring((1, 1), (5, 1), (5, 5), (1, 5)), _ring((4, 4), (8, 4), (8, 8))),
            "polygon 0, ring 2, vertex 0",
            "crosses that of ring 1",
        ),
        (
            _area(SQUARE, _ring((1, 1), (5, 1), (5, 5), (1, 5)), _ring((2, 2), (3, 2), (3, 3))),
            "polygon 0, ring 2, vertex 0",
            "overlaps the hole that is ring 1",
        ),
        (
            _area(NOTCHED, _ring((4, 6), (5, 4), (6, 6))),
            "polygon 0, ring 1, vertex 0",
            "outside of the outer ring",
        ),
        (
            _area(SQUARE, _ring((5, 5), (10, 5), (15, 6), (10, 7))),
            "polygon 0, ring 1, vertex 1",
            "outside of the outer ring",
        ),
        (
            _area(
                SQUARE, _ring((2, 5), (4, 3), (6, 5), (4, 7)), _ring((4, 3), (8, 3), (8, 7), (4, 7))
            ),
            "polygon 0, ring 2, vertex 3",
            "overlaps the hole that is ring 1",
        ),
        (
            _area(
                SQUARE, _ring((2, 2), (8, 2), (8, 8), (2, 8)), _ring((5, 2), (8, 5), (5, 8), (2, 5))
            ),
            "polygon 0, ring 2, vertex 0",
            "overlaps the hole that is ring 1",
        ),
        (
            Area((Polygon(SQUARE), Polygon(_ring((0, 0), (1, 1))))),
            "polygon 1, ring 0",
            "3 vertices",
        ),
    ],
)
def test_what_is_wrong_is_named(fence: Fence, where: str, words: str) -> None:
    """A fault tells polygon, ring and vertex, and what is wrong there."""
    found = list(faults(fence))
    assert found, "nothing was found"
    assert (found[0].where, words in found[0].message) == (where, True), found


@pytest.mark.parametrize(
    "fence",
    [
        Circle(Point(90.0, 0.0), HALF_WAY_M),
        Corridor((Point(0.0, 0.0), Point(0.0, 179.0)), 1.0),
        _area(SQUARE),
        _area(tuple(reversed(SQUARE))),
        _area(SQUARE, _ring((1, 1), (5, 1), (5, 5), (1, 5)), _ring((6, 6), (8, 6), (8, 8))),
        _area(SQUARE, _ring((0, 5), (5, 4), (5, 6))),
        _area(SQUARE, _ring((5, 0), (10, 5), (5, 10), (0, 5))),
        _area(SQUARE, _ring((0, 0), (5, 4), (10, 10), (4, 5))),
        _area(SQUARE, _ring((1, 1), (5, 1), (5, 5)), _ring((5, 5), (8, 6), (8, 8))),
        _area(_ring((170, 0), (-170, 0), (-170, 10), (170, 10))),
        _area(_ring((0, 80), (90, 80), (180, 80), (-90, 80))),
        _area(_ring((180, 80), (-90, 80), (0, 80), (90, 80))),
        _area(
            _ring((0, 60), (120, 60), (-120, 60)),
            _ring((0, 80), (120, 80), (-120, 80)),
        ),
        _area(_ring((0, 80), (40, 80), (20, 90))),
        _area(
            _ring((-180, 0), (-60, 0), (60, 0), (180, 0), (180, 9), (60, 9), (-60, 9), (-180, 9))
        ),
        Area((Polygon(SQUARE), Polygon(_ring((5, 5), (15, 5), (15, 15), (5, 15))))),
    ],
)
def test_what_is_right_has_no_faults(fence: Fence) -> None:
    """Touching holes, either direction, the antimeridian, poles and overlapping parts are fine."""
    assert list(faults(fence)) == []


def test_areas_are_those_of_the_ellipsoid_within_a_percent() -> None:
    """Known areas: a degree square at the equator and at 60 north, a hemisphere, a small circle."""
    degree = _area(_ring((0, 0), (1, 0), (1, 1), (0, 1)))
    assert area_m2(degree) == pytest.approx(12_308_778_361, rel=0.01)
    north = _area(_ring((0, 60), (1, 60), (1, 61), (0, 61)))
    assert area_m2(north) == pytest.approx(6_118_706_000, rel=0.01)
    half = _area(_ring((0, 0), (120, 0), (-120, 0)))
    assert area_m2(half) == pytest.approx(510_065_621_724_000 / 2, rel=0.01)
    assert area_m2(Circle(Point(10.0, 10.0), 100.0)) == pytest.approx(math.pi * 1e4, rel=1e-6)
    holed = _area(SQUARE, _ring((1, 1), (5, 1), (5, 5), (1, 5)))
    assert area_m2(holed) == pytest.approx(
        area_m2(_area(SQUARE)) - area_m2(_area(holed.polygons[0].holes[0]))
    )
    line = Corridor((Point(0.0, 0.0), Point(0.0, 1.0)), 1000.0)
    assert area_m2(line) == pytest.approx(111_195 * 1000 + math.pi * 500**2, rel=0.01)


@pytest.mark.parametrize(
    "fence",
    [
        _area(SQUARE),
        _area(SQUARE, _ring((1, 1), (9, 1), (9, 9), (1, 9))),
        _area(_ring((0, 0), (10, 0), (10, 1), (1, 1), (1, 9), (10, 9), (10, 10), (0, 10))),
        _area(_ring((175, 0), (-175, 0), (-175, 10), (175, 10))),
        _area(_ring((0, 80), (120, 80), (-120, 80))),
        _area(_ring((0, -80), (120, -80), (-120, -80))),
        Corridor((Point(0.0, 170.0), Point(10.0, -170.0), Point(20.0, -160.0)), 5.0),
    ],
)
def test_the_centre_is_in_the_fence(fence: Fence) -> None:
    """However a fence is shaped, the point that stands for it is in it."""
    at = centre_of(fence)
    assert shape_of(fence).contains(at.latitude, at.longitude)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Circle(Point(0.0, 0.0), 100.0), Circle(Point(0.0, 0.001), 100.0), True),
        (Circle(Point(0.0, 0.0), 10.0), Circle(Point(0.0, 0.001), 100.0), False),
        (Circle(Point(5.0, 5.0), 10.0), _area(SQUARE), True),
        (Circle(Point(5.0, 10.0001), 10.0), _area(SQUARE), False),
        (Circle(Point(5.0, 10.0001), 12.0), _area(SQUARE), True),
        (_area(SQUARE), _area(_ring((5, 5), (15, 5), (15, 15))), True),
        (_area(SQUARE), _area(_ring((1, 1), (2, 1), (2, 2))), True),
        (_area(SQUARE), _area(_ring((11, 1), (12, 1), (12, 2))), False),
        (_area(SQUARE), _area(_ring((10, 10), (12, 10), (12, 12))), True),
        (
            _area(SQUARE, _ring((1, 1), (9, 1), (9, 9), (1, 9))),
            _area(_ring((4, 4), (5, 4), (5, 5))),
            False,
        ),
        (
            _area(_ring((170, 0), (-170, 0), (-170, 10), (170, 10))),
            _area(_ring((-175, 5), (-160, 5), (-160, 6))),
            True,
        ),
        (
            _area(_ring((0, 60), (120, 60), (-120, 60))),
            _area(_ring((5, 80), (6, 80), (6, 81))),
            True,
        ),
        (_area(SQUARE), Corridor((Point(-5.0, 5.0), Point(15.0, 5.0)), 1.0), True),
        (_area(SQUARE), Corridor((Point(2.0, 2.0), Point(3.0, 3.0)), 1.0), True),
        (_area(SQUARE), Corridor((Point(-5.0, -1.0), Point(15.0, -1.0)), 1.0), False),
        (_area(SQUARE), Corridor((Point(5.0, -1.0), Point(5.0, -0.0001)), 24.0), True),
        (
            Corridor((Point(0.0, 0.0), Point(0.0, 2.0)), 1.0),
            Corridor((Point(-1.0, 1.0), Point(1.0, 1.0)), 1.0),
            True,
        ),
        (
            Corridor((Point(0.0, 0.0), Point(0.0, 2.0)), 1.0),
            Corridor((Point(1.0, 1.0), Point(2.0, 1.0)), 1.0),
            False,
        ),
    ],
)
def test_overlaps_are_found_both_ways(one: Fence, other: Fence, expected: bool) -> None:
    """Fences that have a point in common overlap, whichever is named first."""
    assert overlaps(one, other) is expected
    assert overlaps(other, one) is expected
