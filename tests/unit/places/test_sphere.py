"""Distances beside the ellipsoid's, and directions that lead where they say."""

from __future__ import annotations

import math
import os
import random

import pytest

from offerd.model.place import Point
from offerd.places.sphere import HALF_WAY_M, bearing_deg, destination, distance_m
from seeds import random_seed
from unit.places.fence_worlds import near, somewhere

SEED = random_seed()
PAIRS = int(os.environ.get("OFFERD_PLACE_PAIRS", "3000"))


def test_distances_are_those_along_the_ellipsoid() -> None:
    """Pairs near and far, anywhere: at most 0.25 % from GeographicLib's geodesic."""
    geographiclib = pytest.importorskip("geographiclib.geodesic")
    ellipsoid = geographiclib.Geodesic.WGS84
    chance = random.Random(SEED)
    worst = 0.0
    for _ in range(PAIRS):
        one = somewhere(chance)
        if chance.random() < 0.1:
            one = Point(chance.choice([-90.0, 90.0, 0.0, 89.99]), one.longitude)
        other = somewhere(chance)
        if chance.random() < 0.7:
            other = near(chance, one, 10 ** chance.uniform(-5, 1.5))
        expected = ellipsoid.Inverse(
            one.latitude, one.longitude, other.latitude, other.longitude, ellipsoid.DISTANCE
        )["s12"]
        if expected < 0.01:
            continue
        told = distance_m(one.latitude, one.longitude, other.latitude, other.longitude)
        worst = max(worst, abs(told / expected - 1))
        assert abs(told / expected - 1) <= 0.0025, f"OFFERD_SEED={SEED}: {one} to {other}"
    print(f"OFFERD_SEED={SEED}: {PAIRS} pairs, at worst {worst:.4%} from the ellipsoid")


def test_a_destination_is_as_far_and_in_the_direction_that_was_asked_for() -> None:
    """Going some way with a bearing ends at that distance, and looking there gives the bearing."""
    chance = random.Random(SEED)
    for _ in range(500):
        at = somewhere(chance)
        bearing = chance.uniform(0, 359.999)
        far_m = 10 ** chance.uniform(0, 7.2)
        there = destination(at.latitude, at.longitude, bearing, far_m)
        told_m = distance_m(at.latitude, at.longitude, there.latitude, there.longitude)
        assert told_m == pytest.approx(far_m, abs=1e-6, rel=1e-9), f"OFFERD_SEED={SEED}"
        told = bearing_deg(at.latitude, at.longitude, there.latitude, there.longitude)
        aside_deg = abs((told - bearing + 180) % 360 - 180)
        assert math.radians(aside_deg) * far_m < 1e-3 + far_m * 1e-9, f"OFFERD_SEED={SEED}"


@pytest.mark.parametrize(
    ("one", "other", "bearing", "distance"),
    [
        (Point(0.0, 0.0), Point(0.0, 1.0), 90.0, 111_195.1),
        (Point(0.0, 0.0), Point(0.0, -1.0), 270.0, 111_195.1),
        (Point(10.0, 180.0), Point(10.0, -180.0), 0.0, 0.0),
        (Point(0.0, 5.0), Point(90.0, 77.0), 0.0, HALF_WAY_M / 2),
        (Point(90.0, 12.0), Point(90.0, 99.0), 0.0, 0.0),
        (Point(90.0, 0.0), Point(-90.0, 0.0), 180.0, HALF_WAY_M),
        (Point(0.0, 0.0), Point(0.0, 180.0), None, HALF_WAY_M),
    ],
)
def test_the_easy_cases_are_as_everyone_knows_them(
    one: Point, other: Point, bearing: float | None, distance: float
) -> None:
    """Along the equator, to the poles, across the antimeridian, and to where one is."""
    pairs = (one.latitude, one.longitude, other.latitude, other.longitude)
    assert distance_m(*pairs) == pytest.approx(distance, abs=0.1)
    if bearing is not None and distance:
        assert bearing_deg(*pairs) == pytest.approx(bearing, abs=1e-6)
