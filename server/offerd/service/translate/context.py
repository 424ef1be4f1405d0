"""The context of a request, checked, as the record that rules read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from offerd.admission import (
    admit_attributes,
    admit_locales,
    admit_location,
    admit_text,
    admit_time_zone,
    quote,
)
from offerd.errors import InvalidArgument, Reason
from offerd.model.decision import DecisionContext
from offerd.model.schema import Attribute
from offerd.service.translate.structs import struct_to_data
from offerd.v1 import decision_service_pb2 as pb

_MAXIMUM_NAME = 128


@cache
def known_zones() -> frozenset[str]:
    """Every IANA time zone, read once."""
    return frozenset(available_timezones())


def context(
    message: pb.Context, declared: Mapping[str, Attribute]
) -> tuple[DecisionContext, list[str]]:
    """Returns the context and warnings for attributes that no definition declares.

    Raises InvalidArgument at the first value that is out of range or of the wrong type.
    """
    values, undeclared = admit_attributes(
        struct_to_data(message.attributes, "context.attributes"),
        declared,
        field="context.attributes",
        unknown="collect",
    )
    locales = admit_locales(message.locales, "context.locales")
    if locales:
        values["locale"] = locales[0]
    if message.time_zone:
        values["time_zone"] = admit_time_zone(message.time_zone, "context.time_zone", known_zones())
    if message.channel:
        values["channel"] = admit_text(message.channel, "context.channel", _MAXIMUM_NAME)
    if message.HasField("location"):
        values.update(_location(message.location))
    warnings = [
        f"context attribute {quote(name)} is not declared, so no rule reads it"
        for name in sorted(undeclared)
    ]
    return DecisionContext(values, locales), warnings


def _location(location: pb.Location) -> dict[str, float]:
    for name in ("latitude", "longitude"):
        if not location.HasField(name):
            raise InvalidArgument(
                Reason.MISSING_FIELD,
                f"a location needs its {name}",
                field=f"context.location.{name}",
            )
    accuracy_m = location.accuracy_m if location.HasField("accuracy_m") else None
    return admit_location(location.latitude, location.longitude, accuracy_m, "context.location")
