"""The context of a request, checked, as the record that rules read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from offerd.admission import (
    admit_attributes,
    admit_locales,
    admit_text,
    admit_time_zone,
    quote,
)
from offerd.model.decision import DecisionContext
from offerd.model.schema import Attribute
from offerd.service.translate.locations import location
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


def _location(message: pb.Location) -> dict[str, float]:
    where = location(message, "context.location")
    values = {"location.latitude": where.latitude, "location.longitude": where.longitude}
    for name in ("accuracy_m", "speed_mps", "course_deg"):
        value = getattr(where, name)
        if value is not None:
            values[f"location.{name}"] = value
    return values
