"""Places asked of `offerd serve --workers`, by hand and as a phone does: all answer alike."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from offerd_client import Client, Location, NotFound, RegionPlatform
from processes import HOST, ServeProcess, serve_process
from serving import compile_to

DEFINITIONS = """
libraries: [{id: studios, name: Studios}]
places:
- {id: studio, library: studios, name: Studio, metadata: {city: Stockholm},
   circle: {latitude: 59.31, longitude: 18.07, radius_m: 120}}
- {id: field, library: studios, name: Field, geometry: {type: Polygon, coordinates:
   [[[18.2, 59.3], [18.3, 59.3], [18.3, 59.4], [18.2, 59.4], [18.2, 59.3]]]}}
"""
HERE = Location(59.31, 18.07)
CONNECTIONS = 8


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServeProcess]:
    """Two processes that answer at the same ports."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "places.yaml").write_text(DEFINITIONS)
    bundle = compile_to(tmp_path / "bundle", definitions)
    with serve_process(bundle, tmp_path / "state", "--workers", "2") as serving:
        yield serving


def curl(process: ServeProcess, path: str) -> str:
    """What a shell shows."""
    command = ["curl", "-sS", "--fail-with-body", f"http://{HOST}:{process.http_port}{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_process_answers_alike(process: ServeProcess) -> None:
    """Each connection is of one of the processes; all have the same places."""
    for _ in range(CONNECTIONS):
        with Client(f"{HOST}:{process.grpc_port}") as client:
            (found,) = client.places_within(HERE)
            assert (found.place.id, found.inside) == ("studio", True)
            assert [one.place.id for one in client.places_nearby(HERE)] == ["studio", "field"]
            regions = client.regions(HERE, platform=RegionPlatform.IOS)
            assert [one.exact for one in regions.regions] == [True, False]
            assert client.place("field").shape == "AREA"
            with pytest.raises(NotFound):
                client.place("nowhere")


def test_curl_asks_as_a_phone_does(process: ServeProcess) -> None:
    """With a slash at the end and without, over connections of their own."""
    for path in ("/placesedgequery", "/placesedgequery/") * (CONNECTIONS // 2):
        text = curl(process, f"{path}?latitude=59.31&longitude=18.07&limit=1&library=studios")
        assert json.loads(text) == {
            "places": {
                "userWithin": [
                    {
                        "p": ["studio", "Studio", "59.31", "18.07", 120, "studios", 1],
                        "x": {"city": "Stockholm"},
                    }
                ],
                "pois": [],
            }
        }
    assert json.loads(curl(process, "/v1/places/studio"))["place"]["radiusM"] == 120
