"""PlaceService over real sockets: what is here and around, and what a request may say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from doors import NO_TLS
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.places.cells import decode
from offerd.places.sphere import destination, distance_m
from offerd.service.revision import Loaded
from offerd.service.revisions import Standing
from offerd.v1 import place_service_pb2 as pb
from offerd_client import AsyncClient, Client, Location, NotFound, PlaceFilter, RegionPlatform
from serving import Running, compile_to, serving
from unit.service.place_asking import DEFINITIONS, HERE, Asking, asking, four_places, ids


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with four places, at noon on a Monday."""
    async with four_places(tmp_path) as service:
        yield service


@pytest.fixture
async def ask(running: Running) -> AsyncIterator[Asking]:
    """Both doors of it."""
    async with asking(running) as both:
        yield both


async def test_within_tells_what_contains_a_position_by_priority(ask: Asking) -> None:
    """The library of least rank first; each with all that is known of it."""
    found = await ask("Within", {"location": HERE})
    assert ids(found) == ["studio", "mall"]
    studio = found.places[0]
    assert (studio.place.library, studio.place.rank, studio.place.category) == (
        "studios",
        1,
        "studio",
    )
    assert (studio.place.parent, studio.place.shape) == ("mall", pb.FENCE_SHAPE_CIRCLE)
    assert studio.place.radius_m == pytest.approx(120)
    assert studio.inside
    assert studio.distance_m == 0
    assert studio.open
    assert studio.next_close_time.ToDatetime(UTC) == datetime(2026, 6, 1, 19, 0, tzinfo=UTC)
    assert studio.next_open_time.ToDatetime(UTC) == datetime(2026, 6, 8, 7, 0, tzinfo=UTC)
    mall = found.places[1]
    assert mall.place.shape == pb.FENCE_SHAPE_AREA
    assert mall.place.metadata == {"city": "Stockholm"}
    assert not mall.HasField("open")
    assert not mall.HasField("next_open_time")
    assert ids(await ask("Within", {"location": HERE, "limit": 1})) == ["studio"]
    assert ids(await ask("Within", {"location": {"latitude": 0, "longitude": 0}})) == []
    assert found.revision


async def test_nearby_tells_the_nearest_by_their_edge(ask: Asking) -> None:
    """Those that contain the position first, then by distance."""
    found = await ask("Nearby", {"location": HERE})
    assert ids(found) == ["studio", "mall", "kiosk", "way"]
    kiosk = found.places[2]
    apart_m = distance_m(59.31, 18.07, 59.35, 18.07)
    assert kiosk.center_distance_m == pytest.approx(apart_m)
    assert kiosk.distance_m == pytest.approx(apart_m - 50)
    assert kiosk.bearing_deg == pytest.approx(0, abs=1e-6)
    assert not kiosk.inside
    assert ids(await ask("Nearby", {"location": HERE, "limit": 3})) == ["studio", "mall", "kiosk"]
    near = {"location": HERE, "withinM": apart_m - 49}
    assert ids(await ask("Nearby", near)) == ["studio", "mall", "kiosk"]
    assert ids(await ask("Nearby", {**near, "withinM": apart_m - 51})) == ["studio", "mall"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["studio", "mall", "kiosk", "way"]),
        ({"libraries": ["malls"]}, ["mall", "way"]),
        ({"libraries": ["malls", "studios"]}, ["studio", "mall", "kiosk", "way"]),
        ({"categories": ["studio"]}, ["studio", "kiosk"]),
        ({"categories": ["mall", "studio"], "libraries": ["malls"]}, ["mall"]),
        ({"metadata": {"city": "Stockholm"}}, ["mall"]),
        ({"metadata": {"city": "Stockholm", "color": "red"}}, []),
        ({"open": True}, ["studio"]),
        ({"open": True, "time": "2026-06-02T10:00:00Z"}, ["kiosk"]),
        ({"open": True, "metadata": {"city": "Solna"}}, []),
    ],
)
async def test_a_filter_tells_which_places_are_meant(
    ask: Asking, chosen: dict[str, Any], expected: list[str]
) -> None:
    """All of it must be met; what isn't given excludes none."""
    assert ids(await ask("Nearby", {"location": HERE, "filter": chosen})) == expected


async def test_a_box_tells_what_it_touches(ask: Asking) -> None:
    """By id, and whether there is more."""
    box = {"south": 59, "west": 18, "north": 60, "east": 19}
    found = await ask("InBox", box)
    assert ids(found) == ["kiosk", "mall", "studio", "way"]
    assert not found.more
    some = await ask("InBox", {**box, "limit": 2})
    assert (len(some.places), some.more) == (2, True)
    assert ids(await ask("InBox", {**box, "west": 19, "east": 18})) == []


async def test_ahead_tells_what_comes_on_the_way(ask: Asking) -> None:
    """In the order in which it comes; the location's course is as good as a bearing."""
    north = {
        "location": HERE,
        "bearingDeg": 0,
        "distanceM": 20_000,
        "filter": {"libraries": ["studios"]},
    }
    found = await ask("Ahead", north)
    assert [one.place.place.id for one in found.places] == ["studio", "kiosk"]
    assert found.places[1].beside_m == 0
    course = {**north, "location": {**HERE, "courseDeg": 0}}
    del course["bearingDeg"]
    assert await ask("Ahead", course) == found
    assert not (
        await ask(
            "Ahead",
            {
                **north,
                "bearingDeg": 180,
                "distanceM": 10_000,
                "filter": {"categories": ["studio"]},
                "location": {"latitude": 59.2, "longitude": 18.07},
            },
        )
    ).places


async def test_regions_are_what_a_phone_watches(ask: Asking) -> None:
    """As many as its platform lets it, or as many as it says, with the circle to ask again."""
    found = await ask("Regions", {"location": HERE, "platform": "REGION_PLATFORM_IOS"})
    assert [one.place.place.id for one in found.regions] == ["studio", "mall", "kiosk", "way"]
    assert [one.exact for one in found.regions] == [True, False, True, False]
    assert found.regions[0].radius_m == pytest.approx(120)
    assert found.ask_again_m == 100_000
    few = await ask("Regions", {"location": HERE, "limit": 2})
    kiosk_m = distance_m(59.31, 18.07, 59.35, 18.07) - 50
    assert few.ask_again_m == pytest.approx(kiosk_m * 0.99)


async def test_a_cell_stands_for_all_of_itself(ask: Asking) -> None:
    """Distances are the least from it; the circle is right wherever in it a phone is."""
    cell = decode("u6sc")
    found = await ask("Nearby", {"location": {"cell": "u6sc"}})
    (kiosk,) = (one for one in found.places if one.place.id == "kiosk")
    from_middle_m = distance_m(cell.latitude, cell.longitude, 59.35, 18.07) - 50
    assert kiosk.distance_m == pytest.approx(max(from_middle_m - cell.accuracy_m, 0))
    regions = await ask("Regions", {"location": {"cell": "u6sce2"}, "limit": 2})
    fine = decode("u6sce2")
    watched = {one.place.place.id for one in regions.regions}
    assert regions.ask_again_m > 0
    for bearing in range(0, 360, 60):
        start = destination(fine.latitude, fine.longitude, bearing, fine.accuracy_m)
        for onward in range(0, 360, 60):
            at = destination(start.latitude, start.longitude, onward, regions.ask_again_m)
            there = {"latitude": at.latitude, "longitude": at.longitude}
            assert set(ids(await ask("Within", {"location": there}))) <= watched


async def test_one_place_by_its_id(running: Running) -> None:
    """Over HTTP its id is in the path; another one isn't found."""
    url = f"http://127.0.0.1:{running.http_port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
        told = await http.get("/v1/places/kiosk")
        assert told.json()["place"]["metadata"] == {"city": "Solna"}
        missing = await http.get("/v1/places/kiosks")
        assert missing.status_code == 404
        assert missing.json()["reason"] == "PLACE_NOT_FOUND"
        assert missing.json()["detail"] == "no place `kiosks`"


async def test_both_clients_ask_the_same(running: Running) -> None:
    """Each method, for asyncio and for threads."""
    target = f"127.0.0.1:{running.grpc_port}"
    here = Location(59.31, 18.07, accuracy_m=5.0, course_deg=0.0)
    studios = PlaceFilter(categories=["studio"], time=datetime(2026, 6, 2, 10, tzinfo=UTC))
    async with AsyncClient(target) as client:
        answers = [
            await client.places_within(here, limit=5),
            await client.places_nearby(here, chosen=studios, within_m=1e5),
            await client.places_in_box(59, 18, 60, 19, limit=2),
            await client.places_ahead(here, distance_m=20_000.0, beside_m=10.0),
            await client.regions(here, platform=RegionPlatform.ANDROID),
            await client.place("way"),
        ]
        with pytest.raises(NotFound):
            await client.place("nowhere")
    found = await _in_thread(target, here, studios)
    assert found == answers
    within, nearby, box, ahead, regions, way = answers
    assert [one.place.id for one in within] == ["studio", "mall"]
    assert [one.open for one in nearby] == [False, True]
    assert nearby[1].next_close_time == datetime(2026, 6, 2, 19, tzinfo=UTC)
    assert (len(box.places), box.more) == (2, True)
    assert ahead[0].place.inside
    assert len(regions.regions) == 4
    assert way.shape == "CORRIDOR"


async def _in_thread(target: str, here: Location, studios: PlaceFilter) -> list[Any]:
    def ask_all() -> list[Any]:
        with Client(target) as client:
            return [
                client.places_within(here, limit=5),
                client.places_nearby(here, chosen=studios, within_m=1e5),
                client.places_in_box(59, 18, 60, 19, limit=2),
                client.places_ahead(here, distance_m=20_000.0, beside_m=10.0),
                client.regions(here, platform=RegionPlatform.ANDROID),
                client.place("way"),
            ]

    return await asyncio.to_thread(ask_all)


async def test_health_and_reflection_know_the_service(running: Running) -> None:
    """It is served, and can be found by who has no proto."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="offerd.v1.PlaceService")
        assert (await health.Check(request)).status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        wanted = reflection_pb2.ServerReflectionRequest(list_services="")
        async for answer in stub.ServerReflectionInfo(iter([wanted])):
            names = {one.name for one in answer.list_services_response.service}
            assert "offerd.v1.PlaceService" in names


async def test_definitions_without_places_have_none_anywhere(tmp_path: Path) -> None:
    """Every question has an empty answer."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "none.yaml").write_text("namespaces: [{id: crm, type: cross_device}]")
    async with serving(tmp_path / "run", [definitions]) as service:
        target = f"127.0.0.1:{service.grpc_port}"
        async with AsyncClient(target) as client:
            here = Location(0.0, 0.0)
            assert await client.places_within(here) == ()
            assert await client.places_nearby(here) == ()
            regions = await client.regions(here, limit=1)
            assert (regions.regions, regions.ask_again_m) == ((), 100_000)


async def test_what_is_asked_is_answered_by_the_revision_that_is_active(
    running: Running, ask: Asking, tmp_path: Path
) -> None:
    """From the first request after it became that."""
    before = await ask("Within", {"location": HERE})
    (tmp_path / "other.yaml").write_text(DEFINITIONS.replace("59.31", "59.32"))
    bundle = open_bundle(compile_to(tmp_path / "other", tmp_path / "other.yaml"))
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
    await running.revisions.use(Standing(Loaded(bundle, fold)))
    after = await ask("Within", {"location": HERE})
    assert (ids(before), ids(after)) == (["studio", "mall"], ["mall"])
    assert before.revision != after.revision == bundle.revision
    bundle.close()
