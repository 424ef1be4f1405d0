"""GET /placesedgequery over real sockets, read as the reference's mobile SDKs read it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest

from doors import NO_TLS
from offerd_gateway.app import Gateway
from offerd_gateway.backend import RemoteBackend
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings
from serving import Running, serving
from unit.gateway.sdk_places import Point, android, current, ios

PATHS = ("/placesedgequery", "/placesedgequery/")
"""As Android and as iOS ask."""

DEFINITIONS = """
libraries: [{id: malls, name: Malls, rank: 5}, {id: studios, name: Studios, rank: 2}]
places:
- {id: hall, library: malls, name: Hall, circle: {latitude: 59.31, longitude: 18.07, radius_m: 60}}
- {id: big, library: studios, name: Big, circle: {latitude: 59.31, longitude: 18.07, radius_m: 500}}
- {id: small, library: studios, name: 'Smøl "1"', category: studio,
   metadata: {city: Stockholm, brand: Luma, empty: ''},
   circle: {latitude: 59.31, longitude: 18.07, radius_m: 99.4}}
- {id: park, library: malls, name: Park, geometry: {type: Polygon, coordinates:
   [[[18.065, 59.305], [18.075, 59.305], [18.075, 59.315], [18.065, 59.315], [18.065, 59.305]]]}}
- {id: wide, library: malls, name: Wide,
   circle: {latitude: 59.40, longitude: 18.07, radius_m: 9000}}
- {id: near, library: malls, name: Near, circle: {latitude: 59.33, longitude: 18.07, radius_m: 20}}
- {id: dot, library: malls, name: Dot,
   circle: {latitude: -0.00001, longitude: 179.9999999, radius_m: 0.4}}
"""


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with places of two libraries."""
    (tmp_path / "places.yaml").write_text(DEFINITIONS)
    async with serving(tmp_path / "run", [tmp_path / "places.yaml"]) as service:
        yield service


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Asks it."""
    url = f"http://127.0.0.1:{running.http_port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
        yield client


async def ask(http: httpx.AsyncClient, query: str, path: str = PATHS[0]) -> dict[str, Any]:
    """The answer, once both SDKs have read all of it alike."""
    answer = await http.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told: dict[str, Any] = answer.json()
    points = android(answer.status_code, answer.text)
    assert points == ios(answer.status_code, answer.text)
    assert len(points) == len(told["places"]["userWithin"]) + len(told["places"]["pois"])
    assert all(point.metadata is not None for point in points)
    assert current(points, first=True) == current(points, first=False)
    return told


def ids(told: dict[str, Any], name: str) -> list[str]:
    """The ids of one of the lists."""
    return [one["p"][0] for one in told["places"][name]]


@pytest.mark.parametrize("path", PATHS)
async def test_each_place_has_seven_elements_of_the_right_kinds(
    http: httpx.AsyncClient, path: str
) -> None:
    """Coordinates are strings, radius and weight integers, and `x` strings by name."""
    told = await ask(http, "latitude=59.31&longitude=18.07&limit=20", path)
    small = told["places"]["userWithin"][0]
    assert small == {
        "p": ["small", 'Smøl "1"', "59.31", "18.07", 100, "studios", 2],
        "x": {"city": "Stockholm", "brand": "Luma", "empty": "", "category": "studio"},
    }
    assert told["places"]["pois"][0]["x"] == {}


async def test_those_around_come_by_rank_and_then_the_smaller_first(
    http: httpx.AsyncClient,
) -> None:
    """Each is in one list; the others come by the distance to their edge, not to their middle."""
    told = await ask(http, "latitude=59.31&longitude=18.07")
    assert ids(told, "userWithin") == ["small", "big", "hall", "park"]
    assert ids(told, "pois") == ["wide", "near", "dot"]


async def test_a_polygon_is_told_as_a_circle_around_all_of_it(http: httpx.AsyncClient) -> None:
    """Rounded up, so that it is all inside."""
    told = await ask(http, "latitude=59.31&longitude=18.07&library=malls")
    (park,) = (one["p"] for one in told["places"]["userWithin"] if one["p"][0] == "park")
    assert isinstance(park[4], int)
    found = await http.get("/v1/places/park")
    radius_m = found.json()["place"]["radiusM"]
    assert radius_m <= park[4] < radius_m + 1


async def test_a_place_is_at_least_a_metre_wide_and_its_coordinates_plain(
    http: httpx.AsyncClient,
) -> None:
    """No exponents, no radius of 0."""
    told = await ask(http, "latitude=0&longitude=180&limit=1")
    assert told["places"]["pois"] == [
        {"p": ["dot", "Dot", "-0.00001", "179.9999999", 1, "malls", 5], "x": {}}
    ] or ids(told, "userWithin") == ["dot"]
    for one in (*told["places"]["pois"], *told["places"]["userWithin"]):
        assert re.fullmatch(r"-?\d+\.\d+", one["p"][2])
        assert one["p"][4] == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 7), ("&limit=", 7), ("&limit=1", 1), ("&limit=5", 5), ("&limit=2147483647", 7)],
)
async def test_the_limit_is_of_both_lists_together(
    http: httpx.AsyncClient, query: str, count: int
) -> None:
    """Without one it is 100; whoever asks for very many gets no more than 1,000."""
    told = await ask(http, f"latitude=59.31&longitude=18.07{query}")
    assert len(ids(told, "userWithin")) + len(ids(told, "pois")) == count


@pytest.mark.parametrize(
    ("query", "within", "pois"),
    [
        ("library=studios", ["small", "big"], []),
        ("library=studios&library=malls&limit=5", ["small", "big", "hall", "park"], ["wide"]),
        ("library=gone&library=studios&library=gone&library=left", ["small", "big"], []),
        ("library=gone", [], []),
        ("library=", ["small", "big", "hall", "park"], ["wide", "near", "dot"]),
        ("unknown=1", ["small", "big", "hall", "park"], ["wide", "near", "dot"]),
    ],
)
async def test_only_libraries_that_are_asked_for_are_told(
    http: httpx.AsyncClient, query: str, within: list[str], pois: list[str]
) -> None:
    """Those that there aren't, any more, have no places: apps out there go on to ask for them."""
    told = await ask(http, f"latitude=59.31&longitude=18.07&{query}")
    assert (ids(told, "userWithin"), ids(told, "pois")) == (within, pois)


async def test_nothing_around_is_two_empty_lists(http: httpx.AsyncClient) -> None:
    """Which Android takes for an answer too."""
    answer = await http.get(f"{PATHS[0]}?latitude=-60&longitude=18&library=gone")
    assert answer.text == '{"places":{"userWithin":[],"pois":[]}}'
    assert android(200, answer.text) == ios(200, answer.text) == []


@pytest.mark.parametrize(
    ("query", "reason", "field", "detail"),
    [
        ("", "MISSING_FIELD", "latitude", "query parameter `latitude` is missing"),
        ("latitude=1", "MISSING_FIELD", "longitude", "query parameter `longitude` is missing"),
        (
            "latitude=1&latitude=2&longitude=1", "CONFLICTING_FIELDS", "latitude",
            "query parameter `latitude` is given twice",
        ),
        (
            "latitude=north&longitude=1", "MALFORMED", "latitude",
            "query parameter `latitude` is `north`; expected a number of degrees",
        ),
        (
            "latitude=nan&longitude=1", "MALFORMED", "latitude",
            "query parameter `latitude` is `nan`; expected a number of degrees",
        ),
        (
            "latitude=90.5&longitude=1", "OUT_OF_RANGE", "latitude",
            "`latitude` is 90.5; expected -90 to 90",
        ),
        (
            "latitude=1&longitude=-181", "OUT_OF_RANGE", "longitude",
            "`longitude` is -181; expected -180 to 180",
        ),
        (
            "latitude=1&longitude=1&limit=0", "OUT_OF_RANGE", "limit",
            "query parameter `limit` is `0`; expected a whole number from 1",
        ),
        (
            "latitude=1&longitude=1&limit=-3", "OUT_OF_RANGE", "limit",
            "query parameter `limit` is `-3`; expected a whole number from 1",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_query_is_a_problem(
    http: httpx.AsyncClient, query: str, reason: str, field: str, detail: str
) -> None:
    """Status 400, which no SDK reads further, and in words what to write instead."""
    answer = await http.get(f"{PATHS[0]}?{query}")
    assert answer.status_code == 400
    told = answer.json()
    assert (told["reason"], told["field"], told["detail"]) == (reason, field, detail)


async def test_other_methods(http: httpx.AsyncClient) -> None:
    """HEAD is as GET without a body; POST isn't taken; OPTIONS says what is."""
    head = await http.head(f"{PATHS[0]}?latitude=59.31&longitude=18.07")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 100
    post = await http.post(f"{PATHS[1]}?latitude=59.31&longitude=18.07")
    assert post.status_code == 405
    assert post.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await http.options(PATHS[1])).status_code == 204


async def test_pages_may_ask_if_their_origin_may(running: Running) -> None:
    """And a gateway far from its service asks over the wire."""
    settings = GatewaySettings(cors=CorsSettings(allowed_origins=("https://shop.example",)))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        server = GatewayServer(Gateway(RemoteBackend(channel), settings), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{await server.start()}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
                query = f"{PATHS[0]}?latitude=59.31&longitude=18.07&library=gone&library=studios"
                answer = await http.get(query, headers={"Origin": "https://shop.example"})
                assert answer.headers["access-control-allow-origin"] == "https://shop.example"
                assert ids(answer.json(), "userWithin") == ["small", "big"]
                other = await http.get(query, headers={"Origin": "https://other.example"})
                assert "access-control-allow-origin" not in other.headers
        finally:
            await server.stop(1.0)


async def test_what_the_service_fails_with_is_no_answer(running: Running) -> None:
    """A caller's deadline that passes is 504, and no list that looks empty."""
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        server = GatewayServer(Gateway(RemoteBackend(channel)), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{await server.start()}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
                answer = await http.get(f"{PATHS[0]}?latitude=1&longitude=1")
                assert answer.status_code == 503
                with pytest.raises(ValueError, match="only 200"):
                    android(answer.status_code, answer.text)
        finally:
            await server.stop(1.0)


async def test_curl_reads_it_too(running: Running) -> None:
    """By hand, as the manual has it."""
    url = f"http://127.0.0.1:{running.http_port}{PATHS[1]}?latitude=59.31&longitude=18.07&limit=1"
    done = await asyncio.to_thread(
        subprocess.run, ["curl", "-sS", url], capture_output=True, text=True, check=True
    )
    points: list[Point] = ios(200, done.stdout)
    assert [point.id for point in points] == ["small"]
    assert json.loads(done.stdout)["places"]["pois"] == []
