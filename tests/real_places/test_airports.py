"""28,000 circles on the whole Earth, asked of a bundle: against brute force and GeographicLib."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import pytest
from geographiclib.geodesic import Geodesic

from offerd.places.index import Wanted
from real_places.conftest import AIRPORT_RADIUS_M, Airport, Airports

SEED = 20261122
ALLOWED = 0.005
"""How far a distance may be from the ellipsoid's, as a share of it."""


def _points() -> Iterator[tuple[float, float]]:
    """Points all over the sphere, and where longitudes and latitudes end."""
    dice = random.Random(SEED)
    for _ in range(20):
        yield math.degrees(math.asin(dice.uniform(-1, 1))), dice.uniform(-180, 180)
    yield from [(90.0, 0.0), (-90.0, 12.0), (-17.0, 180.0), (-17.0, -180.0), (52.0, 179.99), (0, 0)]


def _true_m(latitude: float, longitude: float, airport: Airport) -> float:
    """The length of the geodesic on the ellipsoid, to the edge of the circle."""
    found = Geodesic.WGS84.Inverse(latitude, longitude, airport.latitude, airport.longitude)
    return max(0.0, float(found["s12"]) - AIRPORT_RADIUS_M)


def _roughly_m(latitude: float, longitude: float, airport: Airport) -> float:
    up = math.sin(math.radians(airport.latitude - latitude) / 2) ** 2
    across = math.sin(math.radians(airport.longitude - longitude) / 2) ** 2
    cosines = math.cos(math.radians(latitude)) * math.cos(math.radians(airport.latitude))
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(up + cosines * across)))


def test_every_airport_is_there(airports: Airports) -> None:
    """All of them are compiled, found by their ids, and inside of their own circles."""
    assert airports.places.count == len(airports.listed) > 28_000
    for airport in airports.listed[::97]:
        number = airports.places.number_of(airport.id)
        assert number is not None
        assert number in airports.places.within(airport.latitude, airport.longitude)


def test_the_nearest_is_the_nearest(airports: Airports) -> None:
    """No airport is nearer than the one that is told, and distances are the ellipsoid's."""
    by_id = {airport.id: airport for airport in airports.listed}
    for latitude, longitude in _points():
        candidates = sorted(airports.listed, key=lambda one: _roughly_m(latitude, longitude, one))[
            :20
        ]
        least_m = min(_true_m(latitude, longitude, one) for one in candidates)
        found = airports.places.nearest(latitude, longitude, 5)
        assert len(found) == 5
        assert [one.distance_m for one in found] == sorted(one.distance_m for one in found)
        for one in found:
            airport = by_id[airports.places.place(one.number).id]
            true_m = _true_m(latitude, longitude, airport)
            slack_m = ALLOWED * (true_m + AIRPORT_RADIUS_M)
            assert one.distance_m == pytest.approx(true_m, abs=slack_m), (latitude, longitude)
        slack_m = ALLOWED * (least_m + AIRPORT_RADIUS_M)
        assert found[0].distance_m <= least_m + slack_m, (latitude, longitude)


def test_the_nearest_of_some_is_one_of_them(airports: Airports) -> None:
    """Of a country's airports the nearest is found from far away, across the antimeridian too."""
    in_fiji = [one for one in airports.listed if one.country == "FJ"]
    wanted = Wanted(test=lambda place: place.metadata["country"] == "FJ")
    for latitude, longitude in [(-16.7, -179.9), (-18.0, 179.9)]:
        (found,) = airports.places.nearest(latitude, longitude, 1, wanted)
        nearest = min(in_fiji, key=lambda one: _roughly_m(latitude, longitude, one))
        assert airports.places.place(found.number).id == nearest.id
