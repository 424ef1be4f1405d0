"""Where a customer is, as a request says it."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from offerd.admission import admit_location, quote
from offerd.errors import InvalidArgument, Reason
from offerd.places.cells import InvalidCellError, decode
from offerd.v1 import decision_service_pb2 as pb

FULL_CIRCLE_DEG: Final = 360.0


class Location(NamedTuple):
    """A position in degrees, how accurate it is, and how the customer moves. None: not known.

    `uncertain_m` is how far from it, in metres, the customer may be though the position is as it
    was told: 0, but for one that was told as a cell.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    uncertain_m: float = 0.0


def location(message: pb.Location, field: str) -> Location:
    """Returns the location of a message; raises InvalidArgument at its first mistake.

    A cell stands for its middle, and is no more accurate than its corners are far from there.
    """
    accuracy_m = (
        at_least_0(message.accuracy_m, f"{field}.accuracy_m")
        if message.HasField("accuracy_m")
        else None
    )
    latitude, longitude, uncertain_m = _position(message, field)
    if uncertain_m:
        accuracy_m = uncertain_m if accuracy_m is None else max(accuracy_m, uncertain_m)
    return Location(
        latitude,
        longitude,
        accuracy_m,
        at_least_0(message.speed_mps, f"{field}.speed_mps")
        if message.HasField("speed_mps")
        else None,
        course(message.course_deg, f"{field}.course_deg")
        if message.HasField("course_deg")
        else None,
        uncertain_m,
    )


def at_least_0(value: float, field: str) -> float:
    """Returns a finite number of 0 or more."""
    if math.isfinite(value) and value >= 0:
        return value + 0.0  # -0.0 becomes 0.0
    raise _out_of_range(value, field, "a number of 0 or more")


def within(value: float, field: str, lowest: float, highest: float) -> float:
    """Returns a number between two, both allowed."""
    if lowest <= value <= highest:
        return value + 0.0
    raise _out_of_range(value, field, f"{lowest:,g} to {highest:,g}")


def course(value: float, field: str) -> float:
    """Returns a direction, in degrees clockwise from north."""
    if 0 <= value < FULL_CIRCLE_DEG:
        return value + 0.0
    raise _out_of_range(value, field, "0 to below 360, clockwise from north")


def _position(message: pb.Location, field: str) -> tuple[float, float, float]:
    given = [name for name in ("latitude", "longitude") if message.HasField(name)]
    if message.cell:
        if given:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                f"a location has a `cell` or coordinates, and this one has its {given[0]} too",
                field=f"{field}.cell",
            )
        try:
            cell = decode(message.cell)
        except InvalidCellError as error:
            raise InvalidArgument(
                Reason.INVALID_TEXT,
                f"{quote(message.cell)} is no geohash, such as `u6sce`: {error}",
                field=f"{field}.cell",
            ) from error
        return cell.latitude, cell.longitude, cell.accuracy_m
    for name in ("latitude", "longitude"):
        if name not in given:
            other = "" if given else ", or a `cell`"
            raise InvalidArgument(
                Reason.MISSING_FIELD,
                f"a location needs its {name}{other}",
                field=f"{field}.{name}",
            )
    admitted = admit_location(message.latitude, message.longitude, None, field)
    return admitted["location.latitude"], admitted["location.longitude"], 0.0


def _out_of_range(value: float, field: str, expected: str) -> InvalidArgument:
    return InvalidArgument(
        Reason.OUT_OF_RANGE, f"{quote(field)} is {value:g}; expected {expected}", field=field
    )
