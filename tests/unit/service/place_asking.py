"""A service with four places, asked by gRPC and HTTP at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
from google.protobuf import json_format

from doors import NO_TLS, refused_call
from offerd.admission import parse_instant
from offerd.v1 import place_service_pb2 as pb
from offerd.v1 import place_service_pb2_grpc
from serving import Running, serving

HERE = {"latitude": 59.31, "longitude": 18.07}
NOON_NS = parse_instant("2026-06-01T10:00:00Z")  # a Monday, noon in Stockholm

DEFINITIONS = """
libraries: [{id: studios, name: Studios}, {id: malls, name: Malls}]
places:
- {id: studio, library: studios, name: Studio, category: studio, parent: mall,
   circle: {latitude: 59.31, longitude: 18.07, radius_m: 120},
   opening_hours: {time_zone: Europe/Stockholm, monday: ["09:00-21:00"]}}
- {id: mall, library: malls, name: Mall, category: mall, metadata: {city: Stockholm},
   geometry: {type: Polygon, coordinates:
     [[[18.06, 59.30], [18.08, 59.30], [18.08, 59.32], [18.06, 59.32], [18.06, 59.30]]]}}
- {id: kiosk, library: studios, name: Kiosk, category: studio, metadata: {city: Solna},
   circle: {latitude: 59.35, longitude: 18.07, radius_m: 50},
   opening_hours: {time_zone: Europe/Stockholm, tuesday: ["09:00-21:00"]}}
- {id: way, library: malls, name: Way,
   corridor: {line: [[18.07, 59.40], [18.07, 59.41]], width_m: 30}}
"""


@asynccontextmanager
async def four_places(folder: Path) -> AsyncIterator[Running]:
    """The service, at noon on a Monday."""
    definitions = folder / "definitions"
    definitions.mkdir()
    (definitions / "places.yaml").write_text(DEFINITIONS)
    async with serving(folder / "run", [definitions], lambda: NOON_NS) as service:
        yield service


class Asking:
    """Asks by gRPC and by HTTP, and sees to it that both say the same."""

    def __init__(self, channel: grpc.aio.Channel, http: httpx.AsyncClient) -> None:
        self._stub = place_service_pb2_grpc.PlaceServiceStub(channel)
        self._http = http

    async def __call__(self, rpc: str, ask: dict[str, Any]) -> Any:
        method = next(
            m for m in pb.DESCRIPTOR.services_by_name["PlaceService"].methods if m.name == rpc
        )
        request = getattr(pb, method.input_type.name)()
        json_format.ParseDict(ask, request)
        answer = await self._http.post(f"/v1/places:{rpc[0].lower()}{rpc[1:]}", json=ask)
        try:
            message = await getattr(self._stub, rpc)(request)
        except grpc.aio.AioRpcError as error:
            refused = refused_call(error)
            told = answer.json()
            assert told["reason"] == refused.reason
            assert told.get("field", "") == refused.field
            assert told["detail"] == refused.message
            raise refused from None
        assert answer.status_code == 200, answer.text
        expected = json_format.MessageToDict(message)
        assert (
            json_format.MessageToDict(json_format.Parse(answer.text, type(message)())) == expected
        )
        return message


@asynccontextmanager
async def asking(running: Running) -> AsyncIterator[Asking]:
    """Both doors of the service."""
    url = f"http://127.0.0.1:{running.http_port}"
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http,
    ):
        yield Asking(channel, http)


def ids(found: Any) -> list[str]:
    """The ids of the places of an answer."""
    return [one.place.id for one in found.places]
