"""Events that tell where a customer is, checked; and what they crossed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from offerd.admission import admit_location, quote
from offerd.admission.wording import suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.events import MOVING_EVENTS, REGION_EVENTS, Movements
from offerd.model.place import LOCATION_EVENT, PLACE_EVENTS, Whereabouts
from offerd.places.index import Places
from offerd.service.translate.locations import at_least_0, course
from offerd.service.translate.structs import ns_to_timestamp
from offerd.store import Told
from offerd.v1 import event_service_pb2 as pb
from offerd.v1 import profile_service_pb2 as profiles

MADE_EVENTS: Final = frozenset(PLACE_EVENTS) - frozenset(REGION_EVENTS)
"""Event types of which all are made of locations: nobody can send them."""

_SUGGESTED: Final = 500


def check_movement(
    event_type: str, properties: Mapping[str, Any], places: Places | None, field: str
) -> None:
    """Refuses an event that says wrongly where a customer is; of other types it says nothing.

    `field` is that of the properties. Raises InvalidArgument: a region event needs a place that
    the definitions have, a location a position on the Earth.
    """
    if event_type == LOCATION_EVENT:
        _check_location(properties, field)
    elif event_type in MOVING_EVENTS:
        _check_place(event_type, properties.get("place", ""), places, f"{field}.place")


def made_by_service(event_type: str, field: str) -> InvalidArgument:
    """Returns the refusal of an event that only the service makes."""
    sent = ", ".join(f"`{name}`" for name in MOVING_EVENTS)
    message = f"a `{event_type}` is made by the service, and not sent; it is made of {sent}"
    return InvalidArgument(Reason.UNKNOWN_EVENT_TYPE, message, field=field)


def crossing_message(told: Told) -> pb.Crossing:
    """Returns the message of a crossing."""
    return pb.Crossing(
        type=told.type,
        place=told.place,
        event_time=ns_to_timestamp(told.time_ns),
        event_id=told.event_id,
    )


def whereabouts_message(
    known: Whereabouts, now_ns: int, movements: Movements | None
) -> profiles.Whereabouts:
    """Returns the message of where a customer is and was, and what of it counts now."""
    message = profiles.Whereabouts()
    here = () if movements is None else movements.visits(known, now_ns)
    for visit in known.visits:
        told = message.visits.add(place=visit.place, is_present=visit in here)
        told.entry_time.CopyFrom(ns_to_timestamp(visit.entered_ns))
        told.seen_time.CopyFrom(ns_to_timestamp(visit.seen_ns))
        if visit.exited_ns is not None:
            told.exit_time.CopyFrom(ns_to_timestamp(visit.exited_ns))
    fix = known.fix
    if fix is not None:
        message.location.latitude, message.location.longitude = fix.latitude, fix.longitude
        for name in ("accuracy_m", "speed_mps", "course_deg"):
            value = getattr(fix, name)
            if value is not None:
                setattr(message.location, name, value)
        message.location_time.CopyFrom(ns_to_timestamp(fix.time_ns))
        message.is_present = movements is not None and movements.is_present(fix, now_ns)
    return message


def _check_location(properties: Mapping[str, Any], field: str) -> None:
    for name in ("latitude", "longitude"):
        if name not in properties:
            message = f"a `{LOCATION_EVENT}` event needs its {name}"
            raise InvalidArgument(Reason.MISSING_FIELD, message, field=f"{field}.{name}")
    admit_location(properties["latitude"], properties["longitude"], None, field)
    for name in ("accuracy_m", "speed_mps"):
        if name in properties:
            at_least_0(properties[name], f"{field}.{name}")
    if "course_deg" in properties:
        course(properties["course_deg"], f"{field}.course_deg")


def _check_place(event_type: str, place: str, places: Places | None, field: str) -> None:
    if not place:
        message = f"a `{event_type}` event needs the id of its place"
        raise InvalidArgument(Reason.MISSING_FIELD, message, field=field)
    if places is None:
        message = f"no place {quote(place)}: the definitions have none at all"
        raise InvalidArgument(Reason.UNKNOWN_PLACE, message, field=field)
    if places.number_of(place) is None:
        # Terms are kept in memory, while fences may be of very many points.
        known = [places.terms(number).id for number in range(min(places.count, _SUGGESTED))]
        message = f"no place {quote(place)}{suggestion(place, known)}"
        raise InvalidArgument(Reason.UNKNOWN_PLACE, message, field=field)
