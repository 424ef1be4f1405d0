"""What the canned service answers about places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from offerd.v1 import place_service_pb2 as pb


def place(place_id: str = "studio-sodermalm") -> pb.Place:
    """One round place."""
    return pb.Place(
        id=place_id,
        name="Luma Södermalm",
        library="studios",
        rank=1,
        category="studio",
        metadata={"city": "Stockholm"},
        latitude=59.31,
        longitude=18.07,
        radius_m=120,
        shape=pb.FENCE_SHAPE_CIRCLE,
    )


def found() -> pb.FoundPlace:
    """It, seen from inside."""
    return pb.FoundPlace(place=place(), center_distance_m=20.0, bearing_deg=90.0, inside=True)


CANNED_PLACES: Mapping[str, Callable[[Any], Any]] = {
    "/offerd.v1.PlaceService/Within": lambda asked: pb.WithinResponse(
        places=[found()], revision="r1"
    ),
    "/offerd.v1.PlaceService/Nearby": lambda asked: pb.NearbyResponse(
        places=[found()], revision="r1"
    ),
    "/offerd.v1.PlaceService/InBox": lambda asked: pb.InBoxResponse(
        places=[found()], revision="r1"
    ),
    "/offerd.v1.PlaceService/Ahead": lambda asked: pb.AheadResponse(
        places=[pb.PlaceAhead(place=found(), along_m=20.0)], revision="r1"
    ),
    "/offerd.v1.PlaceService/Regions": lambda asked: pb.RegionsResponse(
        regions=[
            pb.Region(place=found(), latitude=59.31, longitude=18.07, radius_m=120, exact=True)
        ],
        ask_again_m=1_500.0,
        revision="r1",
    ),
    "/offerd.v1.PlaceService/GetPlace": lambda asked: pb.GetPlaceResponse(
        place=place(asked.place), revision="r1"
    ),
}
