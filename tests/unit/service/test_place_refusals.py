"""PlaceService over real sockets: what a request must not say, and how much it may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from doors import Refused
from offerd.errors import InvalidArgument, Reason
from offerd.model.place import Circle, Library, Place, Point
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.service.translate.places import MAXIMUM_LOOKED_INTO, PlaceMessages
from offerd.v1 import place_service_pb2 as pb
from serving import Running
from unit.service.place_asking import HERE, NOON_NS, Asking, asking, four_places


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


@pytest.mark.parametrize(
    ("rpc", "asked", "reason", "field", "message"),
    [
        ("Within", {}, "MISSING_FIELD", "location", "`location` is missing"),
        (
            "Within", {"location": {}}, "MISSING_FIELD", "location.latitude",
            "a location needs its latitude, or a `cell`",
        ),
        (
            "Within", {"location": {"latitude": 1}}, "MISSING_FIELD", "location.longitude",
            "a location needs its longitude",
        ),
        (
            "Within", {"location": {"latitude": 91, "longitude": 0}}, "OUT_OF_RANGE",
            "location.latitude", "`location.latitude` is 91; expected -90 to 90",
        ),
        (
            "Within", {"location": {**HERE, "cell": "u6"}}, "CONFLICTING_FIELDS", "location.cell",
            "a location has a `cell` or coordinates, and this one has its latitude too",
        ),
        (
            "Within", {"location": {"cell": "ul"}}, "INVALID_TEXT", "location.cell",
            "`ul` is no geohash, such as `u6sce`: character 2 is 'l', which geohashes don't have: "
            "the digits, and the letters but for a, i, l and o",
        ),
        (
            "Within", {"location": {**HERE, "speedMps": -1}}, "OUT_OF_RANGE", "location.speed_mps",
            "`location.speed_mps` is -1; expected a number of 0 or more",
        ),
        (
            "Within", {"location": {**HERE, "courseDeg": 360}}, "OUT_OF_RANGE",
            "location.course_deg",
            "`location.course_deg` is 360; expected 0 to below 360, clockwise from north",
        ),
        (
            "Within", {"location": {**HERE, "accuracyM": -5}}, "OUT_OF_RANGE",
            "location.accuracy_m", "`location.accuracy_m` is -5; expected a number of 0 or more",
        ),
        (
            "Within", {"location": HERE, "limit": 0}, "OUT_OF_RANGE", "limit",
            "`limit` is 0; expected 1 to 1,000",
        ),
        (
            "Nearby", {"location": HERE, "limit": 1_001}, "OUT_OF_RANGE", "limit",
            "`limit` is 1001; expected 1 to 1,000",
        ),
        (
            "Nearby", {"location": HERE, "withinM": -1}, "OUT_OF_RANGE", "within_m",
            "`within_m` is -1; expected a number of 0 or more",
        ),
        (
            "Nearby", {"location": HERE, "filter": {"libraries": ["mall"]}}, "UNKNOWN_LIBRARY",
            "filter.libraries[0]", "no library of places `mall`; did you mean `malls`",
        ),
        (
            "Nearby", {"location": HERE, "filter": {"categories": ["mall", "studios"]}},
            "VALUE_NOT_ALLOWED", "filter.categories[1]",
            "no category of places `studios`; did you mean `studio`",
        ),
        (
            "Nearby", {"location": HERE, "filter": {"libraries": ["malls"] * 101}}, "TOO_LARGE",
            "filter.libraries", "101 names, at most 100 expected",
        ),
        (
            "Nearby", {"location": HERE, "filter": {"metadata": {f"k{n}": "" for n in range(21)}}},
            "TOO_LARGE", "filter.metadata", "21 keys, at most 20 expected",
        ),
        (
            "Nearby", {"location": HERE, "filter": {"time": "1969-12-31T00:00:00Z"}},
            "INVALID_TIME", "filter.time",
            "`-86400` seconds since 1970 lie outside the years 1970 to 2261",
        ),
        (
            "InBox", {"south": 1, "west": 0, "north": 2}, "MISSING_FIELD", "east",
            "a box needs its east, in degrees",
        ),
        (
            "InBox", {"south": 3, "west": 0, "north": 2, "east": 1}, "OUT_OF_RANGE", "south",
            "`south` is 3, which lies north of `north`, 2",
        ),
        (
            "InBox", {"south": 1, "west": -181, "north": 2, "east": 1}, "OUT_OF_RANGE", "west",
            "`west` is -181; expected -180 to 180",
        ),
        (
            "Ahead", {"location": HERE}, "MISSING_FIELD", "bearing_deg",
            "where to is missing: `bearing_deg`, or the `course_deg` of the location",
        ),
        (
            "Ahead", {"location": HERE, "bearingDeg": 1, "distanceM": 1e7}, "OUT_OF_RANGE",
            "distance_m", "`distance_m` is 1e+07; expected 0 to 1e+06",
        ),
        (
            "Regions", {"location": HERE}, "MISSING_FIELD", "limit",
            "how many is missing: `platform` or `limit`",
        ),
        (
            "Regions", {"location": HERE, "limit": 101}, "OUT_OF_RANGE", "limit",
            "`limit` is 101; expected 1 to 100",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_with_its_field(
    ask: Asking, rpc: str, asked: dict[str, Any], reason: str, field: str, message: str
) -> None:
    """By gRPC and HTTP alike: what was found, and what was expected."""
    with pytest.raises(Refused) as raised:
        await ask(rpc, asked)
    refused = raised.value
    assert (refused.reason, refused.field, refused.message) == (reason, field, message)


def test_so_many_places_are_looked_into_and_no_more() -> None:
    """Metadata and hours are looked at place by place, while others wait for their answers."""
    count = MAXIMUM_LOOKED_INTO + 1
    places = Places(MemorySource([_dot(number) for number in range(count)], [Library("a", "A", 1)]))
    messages = PlaceMessages(places)
    rare = messages.admit(pb.PlaceFilter(metadata={"number": "7"}), "filter", NOON_NS).wanted
    assert len(places.nearest(0.0, 0.0, 1, rare)) == 1
    none = messages.admit(pb.PlaceFilter(metadata={"number": "x"}), "filter", NOON_NS).wanted
    with pytest.raises(InvalidArgument) as raised:
        places.nearest(0.0, 0.0, 1, none)
    assert raised.value.reason is Reason.TOO_LARGE
    assert raised.value.message == (
        "more than 5,000 places would have to be looked into: "
        "ask for fewer by libraries, categories or distance"
    )


def _dot(number: int) -> Place:
    centre = Point(0.0, number / 1_000)
    metadata = {"number": str(number)}
    return Place(f"p{number}", "a", "A", Circle(centre, 1.0), centre, metadata=metadata)
