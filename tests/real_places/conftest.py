"""Places that packages ship, as bundles: airports of the world, and its smaller time zones.

The packages are for tests alone: airportsdata is under the MIT licence, tzfpy's code too, and the
borders that it has within are © OpenStreetMap contributors, under the ODbL.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import airportsdata
import pytest
import tzfpy

from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.places.index import Places

AIRPORT_RADIUS_M = 1_500.0
MOST_VERTICES = 300
"""Zones with more are left out: the others have the same shapes, and compile in seconds."""

FAULTY = ("Antarctica/McMurdo",)
"""Zones whose borders the compiler refuses: this one goes along the pole, one point twice."""


class Airport(NamedTuple):
    """An airport as the package has it."""

    id: str
    latitude: float
    longitude: float
    country: str


class Airports(NamedTuple):
    """All airports, and a bundle of circles around them."""

    listed: list[Airport]
    places: Places


class Zones(NamedTuple):
    """Time zones by id, with the name that the package has, and a bundle of their borders."""

    names: dict[str, str]
    places: Places


@pytest.fixture(scope="session")
def airports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airports]:
    """Every airport of airportsdata, through a CSV file."""
    folder = tmp_path_factory.mktemp("airports")
    (folder / "libraries.yaml").write_text("libraries: [{id: airports, name: Airports}]\n")
    listed = []
    with (folder / "airports.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        columns = ("id", "library", "name", "category", "latitude", "longitude", "radius_m")
        rows.writerow([*columns, "metadata.country"])
        for code, found in airportsdata.load("ICAO").items():
            one = Airport(
                code.lower().replace("_", "x-"), found["lat"], found["lon"], found["country"]
            )
            category = "airport" if found["iata"] else "airfield"
            listed.append(one)
            rows.writerow(
                [one.id, "airports", found["name"], category, one.latitude, one.longitude,
                 AIRPORT_RADIUS_M, one.country]
            )  # fmt: skip
    yield from _opened(folder, lambda places: Airports(listed, places))


@pytest.fixture(scope="session")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zones]:
    """The time zones of tzfpy that have few vertices, through a GeoJSON file."""
    folder = tmp_path_factory.mktemp("zones")
    (folder / "libraries.yaml").write_text("libraries: [{id: zones, name: Time zones}]\n")
    names, features = {}, []
    for name in sorted(tzfpy.timezonenames()):
        (feature,) = json.loads(tzfpy.get_tz_polygon_geojson(name))["features"]
        geometry = feature["geometry"]
        rings = [ring for polygon in geometry["coordinates"] for ring in polygon]
        if sum(map(len, rings)) > MOST_VERTICES or name in FAULTY:
            continue
        zone = name.lower().replace("/", ".").replace("+", "plus-")
        names[zone] = name
        about = {"name": name}
        features.append({"type": "Feature", "id": zone, "properties": about, "geometry": geometry})
    collection = {"type": "FeatureCollection", "library": "zones", "features": features}
    (folder / "zones.geojson").write_text(json.dumps(collection), encoding="utf-8")
    yield from _opened(folder, lambda places: Zones(names, places))


def _opened(folder: Path, made: Any) -> Iterator[Any]:
    write_bundle(load([folder]).catalogue, folder / "bundle")
    bundle = open_bundle(folder / "bundle")
    try:
        yield made(bundle.places)
    finally:
        bundle.close()
