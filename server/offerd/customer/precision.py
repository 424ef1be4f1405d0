"""Where a customer is, as far as it may be used of one who keeps the precise location private.

Positions are rounded, and nobody is known to be, or to have been, at any place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from offerd.customer.consent import may_locate, merged, prevailing
from offerd.events import FoldPlan
from offerd.model.decision import DecisionContext
from offerd.model.event import Event
from offerd.model.place import LocationSettings, Whereabouts
from offerd.model.profile import ProfileRecord
from offerd.places.believed import together
from offerd.places.coarse import coarse_accuracy_m, rounded


def whereabouts_of(records: Sequence[ProfileRecord], plan: FoldPlan) -> Whereabouts | None:
    """Returns what may be used of where a customer is known to be, of all their profiles.

    Roughly, if what was chosen under them says so; None if nothing is known.
    """
    several = (one.whereabouts for one in records if one.whereabouts is not None)
    found = together(several) if plan.movements is None else plan.movements.together(several)
    if found is None:
        return None
    known = [(one.namespace, one.consent) for one in records if one.consent is not None]
    own = merged(consent for namespace, consent in known if namespace in plan.people)
    consent = prevailing(own, merged(consent for _, consent in known))
    return found if may_locate(consent, plan.consent) else coarse_whereabouts(found)


def coarse_context(context: DecisionContext) -> DecisionContext:
    """Returns the context of a request with its position rounded, if it has one."""
    values = context.values
    latitude, longitude = values.get("location.latitude"), values.get("location.longitude")
    if latitude is None or longitude is None:
        return context
    at = rounded(latitude, longitude)
    coarse = {
        "location.latitude": at.latitude,
        "location.longitude": at.longitude,
        "location.accuracy_m": coarse_accuracy_m(values.get("location.accuracy_m")),
    }
    return context._replace(values={**values, **coarse})


def coarse_location(event: Event, settings: LocationSettings) -> Event:
    """Returns a location event with its position rounded, too inaccurate to cross any fence."""
    told: Mapping[str, Any] = event.properties
    at = rounded(told["latitude"], told["longitude"])
    accuracy_m = coarse_accuracy_m(told.get("accuracy_m"))
    if accuracy_m <= settings.worst_accuracy_m:
        accuracy_m = math.floor(settings.worst_accuracy_m) + 1.0
    coarse = {"latitude": at.latitude, "longitude": at.longitude, "accuracy_m": accuracy_m}
    return replace(event, properties={**told, **coarse})


def coarse_whereabouts(known: Whereabouts | None) -> Whereabouts | None:
    """Returns what may be used of where a customer is known to be: roughly where they were."""
    if known is None or known.fix is None:
        return None
    fix = known.fix
    at = rounded(fix.latitude, fix.longitude)
    accuracy_m = coarse_accuracy_m(fix.accuracy_m)
    return Whereabouts(
        replace(fix, latitude=at.latitude, longitude=at.longitude, accuracy_m=accuracy_m)
    )
