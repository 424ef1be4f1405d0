"""Questions about places are answered beside decisions, one after the other."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.places.index import Found, Places
from offerd.service.places import PlaceCalls
from offerd.v1 import decision_service_pb2
from offerd.v1 import place_service_pb2 as pb
from unit.service.place_asking import DEFINITIONS, HERE, NOON_NS

LONG_S = 30.0


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Bundle]:
    """A bundle with places."""
    (tmp_path / "places.yaml").write_text(DEFINITIONS)
    write_bundle(load([tmp_path / "places.yaml"]).catalogue, tmp_path / "places.bundle")
    bundle = open_bundle(tmp_path / "places.bundle")
    yield bundle
    bundle.close()


async def test_who_asks_for_places_keeps_nobody_else_waiting(
    opened: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a search goes on the loop does other things, and a second search waits for it."""
    begun, others_went_on = threading.Event(), threading.Event()
    at_once: list[int] = []
    busy = 0
    search = Places.nearest

    def slow(*arguments: Any, **named: Any) -> list[Found]:
        nonlocal busy
        busy += 1
        at_once.append(busy)
        begun.set()
        assert others_went_on.wait(LONG_S), "the search kept the loop from going on"
        busy -= 1
        return search(*arguments, **named)

    monkeypatch.setattr(Places, "nearest", slow)
    calls = PlaceCalls(lambda: opened, lambda: NOON_NS)
    request = pb.NearbyRequest(location=decision_service_pb2.Location(**HERE), limit=2)
    asked = [asyncio.ensure_future(calls.nearby(request)) for _ in range(2)]
    await asyncio.to_thread(begun.wait, LONG_S)
    others_went_on.set()
    first, second = await asyncio.gather(*asked)
    assert [one.place.id for one in first.places] == ["studio", "mall"]
    assert first == second
    assert at_once == [1, 1]


async def test_a_search_that_nobody_waits_for_is_ended_before_the_next(
    opened: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many callers give up, no more than one thread is busy with places."""
    begun, may_end = threading.Event(), threading.Event()
    said: list[str] = []
    find = Places.number_of

    def slow(places: Places, place_id: str) -> int | None:
        said.append(f"begins {place_id}")
        begun.set()
        assert may_end.wait(LONG_S)
        said.append(f"ends {place_id}")
        return find(places, place_id)

    monkeypatch.setattr(Places, "number_of", slow)
    calls = PlaceCalls(lambda: opened, lambda: NOON_NS)
    gives_up, stays = (
        asyncio.ensure_future(calls.get_place(pb.GetPlaceRequest(place=place_id)))
        for place_id in ("mall", "studio")
    )
    await asyncio.to_thread(begun.wait, LONG_S)
    gives_up.cancel()
    await asyncio.wait([gives_up])
    for _ in range(3):
        await asyncio.to_thread(said.copy)  # a round through threads, in which nothing begins
    assert said == ["begins mall"]
    may_end.set()
    assert (await stays).place.id == "studio"
    assert said == ["begins mall", "ends mall", "begins studio", "ends studio"]


async def test_a_bundle_that_serves_no_more_is_not_kept_open(tmp_path: Path) -> None:
    """Even if nobody asks for places any more."""
    (tmp_path / "places.yaml").write_text(DEFINITIONS)
    catalogue = load([tmp_path / "places.yaml"]).catalogue
    for name in ("first", "second"):
        write_bundle(catalogue, tmp_path / name)
    serving = [open_bundle(tmp_path / "first")]
    calls = PlaceCalls(lambda: serving[0], lambda: NOON_NS)
    request = pb.GetPlaceRequest(place="mall")
    assert (await calls.get_place(request)).place.id == "mall"
    former = ref(serving[0])
    serving[0] = open_bundle(tmp_path / "second")
    # The thread that answered may not have put it away yet.
    async with asyncio.timeout(LONG_S):
        while former() is not None:
            await asyncio.sleep(0)
            gc.collect()
    assert (await calls.get_place(request)).place.id == "mall"
    serving[0].close()
