"""Questions about places are answered beside decisions, one after the other."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.places.index import Found, Places
from offerd.service.places import PlaceCalls
from offerd.v1 import decision_service_pb2
from offerd.v1 import place_service_pb2 as pb
from unit.service.place_asking import DEFINITIONS, HERE, NOON_NS

LONG_S = 30.0


async def test_who_asks_for_places_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a search goes on the loop does other things, and a second search waits for it."""
    (tmp_path / "places.yaml").write_text(DEFINITIONS)
    write_bundle(load([tmp_path / "places.yaml"]).catalogue, tmp_path / "places.bundle")
    bundle = open_bundle(tmp_path / "places.bundle")
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
    calls = PlaceCalls(lambda: bundle, lambda: NOON_NS)
    request = pb.NearbyRequest(location=decision_service_pb2.Location(**HERE), limit=2)
    asked = [asyncio.ensure_future(calls.nearby(request)) for _ in range(2)]
    await asyncio.to_thread(begun.wait, LONG_S)
    others_went_on.set()
    first, second = await asyncio.gather(*asked)
    assert [one.place.id for one in first.places] == ["studio", "mall"]
    assert first == second
    assert at_once == [1, 1]
    bundle.close()
