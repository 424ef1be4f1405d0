"""Asking about places through the clients: what is sent, what comes back, what can't be sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import place_service_pb2 as pb
from offerd_client import (
    AsyncClient,
    Client,
    FenceShape,
    FoundPlace,
    Location,
    Place,
    PlaceFilter,
    Region,
    RegionPlatform,
)
from unit.client.canned_places import found, place
from unit.client.canned_service import CannedService

HERE = Location(59.3, 18.1, accuracy_m=0.0, speed_mps=1.5, course_deg=0.0)
STUDIO = Place(
    "studio-sodermalm", "Luma Södermalm", "studios", 1, "studio", "", {"city": "Stockholm"},
    59.31, 18.07, 120.0, FenceShape.CIRCLE,
)  # fmt: skip


def sent(service: CannedService) -> Any:
    """The request as the service saw it."""
    return service.seen[-1].request


async def test_what_is_given_is_sent_and_nothing_else(service: CannedService) -> None:
    """A 0 that is given is sent; what isn't given is for the service to choose."""
    chosen = PlaceFilter(["a"], ["b"], {"k": "v"}, open=True, time=datetime(2026, 6, 1, tzinfo=UTC))
    async with AsyncClient(service.target) as client:
        await client.places_nearby(HERE, chosen=chosen, limit=3, within_m=0.0)
        request = sent(service)
        assert request.location.HasField("accuracy_m")
        assert request.location.HasField("course_deg")
        assert request.location.speed_mps == 1.5
        assert request.HasField("within_m")
        assert (request.limit, request.filter.open) == (3, True)
        assert (list(request.filter.libraries), list(request.filter.categories)) == (["a"], ["b"])
        assert dict(request.filter.metadata) == {"k": "v"}
        assert request.filter.time.seconds == 1_780_272_000
        await client.places_nearby(Location(cell="u6sce"))
        request = sent(service)
        assert request.location.cell == "u6sce"
        assert not request.location.HasField("latitude")
        assert not request.HasField("limit")
        assert not request.filter.HasField("time")
        await client.regions(HERE, platform=RegionPlatform.IOS)
        assert sent(service).platform == pb.REGION_PLATFORM_IOS
        await client.places_in_box(1.0, 2.0, 3.0, 4.0)
        request = sent(service)
        assert (request.south, request.west, request.north, request.east) == (1, 2, 3, 4)
        await client.places_ahead(HERE, bearing_deg=0.0)
        assert sent(service).HasField("bearing_deg")
        assert not sent(service).HasField("distance_m")


def test_answers_are_plain_values(service: CannedService) -> None:
    """What isn't known is None; a shape of a newer service is told as not known."""
    told = found()
    told.open = False
    told.next_open_time.FromJsonString("2026-06-01T07:00:00Z")
    told.place.shape = 99
    service.answers["/offerd.v1.PlaceService/Within"] = lambda _: pb.WithinResponse(places=[told])
    with Client(service.target) as client:
        assert client.place("studio-sodermalm") == STUDIO
        assert client.places_nearby(HERE) == (FoundPlace(STUDIO, 0.0, 20.0, 90.0, True),)
        (one,) = client.places_within(HERE)
        assert one.place.shape is FenceShape.UNSPECIFIED
        assert (one.open, one.next_close_time) == (False, None)
        assert one.next_open_time == datetime(2026, 6, 1, 7, tzinfo=UTC)
        regions = client.regions(HERE, limit=5)
        assert regions.ask_again_m == 1_500.0
        assert regions.regions == (
            Region(FoundPlace(STUDIO, 0.0, 20.0, 90.0, True), 59.31, 18.07, 120.0, True),
        )
        assert client.places_in_box(1.0, 2.0, 3.0, 4.0).more is False
        assert [one.along_m for one in client.places_ahead(HERE)] == [20.0]
    assert place().id == STUDIO.id


@pytest.mark.parametrize(
    ("ask", "reason", "field"),
    [
        (lambda c: c.places_within(HERE, limit=2**31), Reason.OUT_OF_RANGE, "limit"),
        (lambda c: c.place("\ud800"), Reason.INVALID_TEXT, "place"),
        (
            lambda c: c.places_within(HERE, chosen=PlaceFilter(time=datetime(2026, 6, 1))),
            Reason.INVALID_TIME,
            "filter.time",
        ),
        (
            lambda c: c.decide(["s"], context={"location": {"cel": "u6"}}),
            Reason.UNKNOWN_FIELD,
            "context.location.cel",
        ),
        (
            lambda c: c.decide(["s"], context={"location": {"cell": 5}}),
            Reason.WRONG_TYPE,
            "context.location.cell",
        ),
    ],
)
def test_what_can_not_be_sent_is_told_with_its_field(
    service: CannedService, ask: Any, reason: Reason, field: str
) -> None:
    """Before anything is sent."""
    with Client(service.target) as client, pytest.raises(InvalidArgument) as raised:
        ask(client)
    assert (raised.value.reason, raised.value.field) == (reason, field)
    assert not service.seen
