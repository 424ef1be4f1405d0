"""Borders of time zones, asked of a bundle: against the package that ships them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import tzfpy

from offerd.places.index import Places
from real_places.conftest import Zones

SEED = 20261122
POINTS = 3_000
NEAR_M = 2_000.0
"""So near to a border the package, which rounds, may see it elsewhere."""


def _points(zones: Zones) -> Iterator[tuple[float, float]]:
    """Points in and around the zones: each in a box about some vertex."""
    dice = random.Random(SEED)
    vertices = [
        vertex
        for name in zones.names.values()
        for rings in json.loads(tzfpy.get_tz_polygon_geojson(name))["features"][0]["geometry"][
            "coordinates"
        ]
        for vertex in rings[0]
    ]
    for _ in range(POINTS):
        longitude, latitude = dice.choice(vertices)
        latitude = max(-90.0, min(90.0, latitude + dice.uniform(-2, 2)))
        longitude = (longitude + dice.uniform(-3, 3) + 540) % 360 - 180
        yield latitude, longitude


def _is_near_border(places: Places, number: int, latitude: float, longitude: float) -> bool:
    """Whether a step to some side changes whether one is inside."""
    inside = places.contains(number, latitude, longitude)
    step = NEAR_M / 111_195
    around = [(up * step, across * 4 * step) for up in (-1, 0, 1) for across in (-1, 0, 1)]
    return any(
        places.contains(
            number,
            max(-90.0, min(90.0, latitude + up)),
            (longitude + across + 540) % 360 - 180,
        )
        is not inside
        for up, across in around
    )


def test_points_are_in_the_zones_that_the_package_says(zones: Zones) -> None:
    """Apart from points beside a border, a point is in just those zones."""
    assert len(zones.names) > 100
    numbers = {name: zones.places.number_of(zone) for zone, name in zones.names.items()}
    agreed = 0
    for latitude, longitude in _points(zones):
        expected = {numbers[name] for name in tzfpy.get_tzs(longitude, latitude) if name in numbers}
        found = set(zones.places.within(latitude, longitude))
        for number in expected ^ found:
            assert number is not None
            assert _is_near_border(zones.places, number, latitude, longitude), (
                f"seed {SEED}: {latitude}, {longitude} in {zones.places.place(number).id}"
            )
        agreed += expected == found
    assert agreed > 0.9 * POINTS


def test_distances_say_who_is_inside(zones: Zones) -> None:
    """The distance to a zone is 0 just where the zone holds the point."""
    for latitude, longitude in list(_points(zones))[:12]:
        within = set(zones.places.within(latitude, longitude))
        nearest = zones.places.nearest(latitude, longitude, 8)
        assert {one.number for one in nearest if one.distance_m == 0} == set(sorted(within)[:8])
        for one in nearest:
            told_m = zones.places.distance_m(one.number, latitude, longitude)
            assert abs(told_m - one.distance_m) <= 1e-6 * max(1.0, told_m)
