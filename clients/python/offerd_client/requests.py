"""What a client asks, as messages of offerd.v1."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2
from offerd.v1 import identity_pb2 as identities_pb2
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client.consents import Consent, fill_consent
from offerd_client.free import check_text, fill_struct, timestamp
from offerd_client.questions import (
    Arbitration,
    Deduplication,
    Event,
    Identity,
    Overrides,
    ReservedItem,
    Scope,
)

CONTEXT_FIELDS = ("attributes", "channel", "locales", "location", "time_zone")
LOCATION_FIELDS = ("accuracy_m", "cell", "course_deg", "latitude", "longitude", "speed_mps")
INT32 = range(-(2**31), 2**31)


def decide_request(
    scopes: Sequence[Scope],
    identities: Sequence[Identity],
    context: Mapping[str, Any] | None,
    *,
    dry_run: bool,
    explain: bool,
    decide_time: datetime | None,
    request_id: str,
    deduplication: Deduplication | None,
    arbitration: Arbitration | None,
    overrides: Overrides | None,
    preview_token: str,
    events: Sequence[Event],
    consent: Consent | None,
) -> decisions.DecideRequest:
    """A request to decide; raises InvalidArgument for what can't be written down."""
    request = decisions.DecideRequest(
        request_id=check_text(request_id, "request_id"),
        dry_run=dry_run,
        explain=explain,
        preview_token=check_text(preview_token, "preview_token"),
        deduplication=None if deduplication is None else deduplication.value,  # type: ignore[arg-type]
        arbitration=None if arbitration is None else arbitration.value,  # type: ignore[arg-type]
    )
    for index, scope in enumerate(scopes):
        _add_scope(request, scope, f"scopes[{index}]")
    for index, identity in enumerate(identities):
        request.identities.append(identity_message(identity, f"identities[{index}]"))
    if context is not None:
        _fill_context(request.context, context)
    if decide_time is not None:
        request.decide_time.CopyFrom(timestamp(decide_time, "decide_time"))
    if overrides is not None:
        _fill_overrides(request.overrides, overrides)
    for index, event in enumerate(events):
        _fill_event(request.events.add(), event, f"events[{index}]")
    if consent is not None:
        fill_consent(request.consent, consent)
    return request


def _fill_overrides(message: decisions.Overrides, overrides: Overrides) -> None:
    message.SetInParent()
    if overrides.attributes:
        fill_struct(message.attributes, overrides.attributes, "overrides.attributes")
    if overrides.aggregates:
        fill_struct(message.aggregates, overrides.aggregates, "overrides.aggregates")
    for name, member in overrides.memberships.items():
        path = "overrides.memberships"
        if not isinstance(member, bool):
            raise InvalidArgument(
                Reason.WRONG_TYPE,
                f"`{path}.{name}` must be true or false",
                field=f"{path}.{name}",
            )
        message.memberships[_text(name, path)] = member
    _fill_scores(message.scores, overrides.scores, "overrides.scores")


def _fill_scores(target: Any, scores: Mapping[str, float], path: str) -> None:
    for name, score in scores.items():
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise InvalidArgument(
                Reason.WRONG_TYPE, f"`{path}.{name}` must be a number", field=f"{path}.{name}"
            )
        target[_text(name, path)] = float(score)


def _add_scope(request: decisions.DecideRequest, scope: Scope, path: str) -> None:
    message = request.scopes.add(
        name=check_text(scope.name, f"{path}.name"),
        decision=check_text(scope.decision, f"{path}.decision"),
        placement=check_text(scope.placement, f"{path}.placement"),
    )
    if scope.item_count is not None:
        message.item_count = check_int32(scope.item_count, f"{path}.item_count")
    if scope.top_up is not None:
        message.top_up = scope.top_up


def identity_message(identity: Identity, path: str) -> identities_pb2.Identity:
    """An identity for the wire."""
    return identities_pb2.Identity(
        namespace=check_text(identity.namespace, f"{path}.namespace"),
        id=check_text(identity.id, f"{path}.id"),
        authentication_state=identity.authentication_state.value,  # type: ignore[arg-type]
    )


def check_int32(value: float, path: str) -> int:
    """The number itself, if it can be written down; raises InvalidArgument otherwise."""
    if value not in INT32:
        raise InvalidArgument(
            Reason.OUT_OF_RANGE, f"`{path}` must be a 32-bit number, found `{value}`", field=path
        )
    return int(value)


def _fill_context(message: decisions.Context, context: Mapping[str, Any]) -> None:
    _check_names(context, CONTEXT_FIELDS, "context")
    message.SetInParent()
    if context.get("attributes") is not None:
        attributes = _mapping(context["attributes"], "context.attributes")
        fill_struct(message.attributes, attributes, "context.attributes")
    if context.get("location") is not None:
        _fill_location(message.location, _mapping(context["location"], "context.location"))
    locales = context.get("locales") or ()
    if isinstance(locales, str):
        raise InvalidArgument(
            Reason.WRONG_TYPE,
            f"`context.locales` must be a list, found the text `{locales}`",
            field="context.locales",
        )
    for index, locale in enumerate(locales):
        message.locales.append(_text(locale, f"context.locales[{index}]"))
    for name in ("time_zone", "channel"):
        if context.get(name) is not None:
            setattr(message, name, _text(context[name], f"context.{name}"))


def _fill_location(message: decisions.Location, location: Mapping[str, Any]) -> None:
    _check_names(location, LOCATION_FIELDS, "context.location")
    message.SetInParent()
    for name, value in location.items():
        path = f"context.location.{name}"
        if name == "cell":
            message.cell = _text(value, path)
            continue
        if value is None and name not in ("latitude", "longitude"):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidArgument(Reason.WRONG_TYPE, f"`{path}` must be a number", field=path)
        setattr(message, name, float(value))


def _check_names(values: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = close[0] if close else None
            raise InvalidArgument(
                Reason.UNKNOWN_FIELD,
                f"`{path}.{name}` does not exist"
                + (f", did you mean `{hint}`?" if hint else f": expected {', '.join(known)}"),
                field=f"{path}.{name}",
            )


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise InvalidArgument(Reason.WRONG_TYPE, f"`{path}` must be a mapping", field=path)


def _text(value: Any, path: str) -> str:
    if isinstance(value, str):
        return check_text(value, path)
    raise InvalidArgument(Reason.WRONG_TYPE, f"`{path}` must be text", field=path)


def collect_request(
    happened: Sequence[Event], consent: Consent | None, identities: Sequence[Identity]
) -> event_service_pb2.CollectRequest:
    """A request to store events; raises InvalidArgument for what can't be written down."""
    request = event_service_pb2.CollectRequest()
    for index, event in enumerate(happened):
        _fill_event(request.events.add(), event, f"events[{index}]")
    if consent is not None:
        fill_consent(request.consent, consent)
    for index, identity in enumerate(identities):
        request.identities.append(identity_message(identity, f"identities[{index}]"))
    return request


def _fill_event(message: event_service_pb2.Event, event: Event, path: str) -> None:
    message.event_id = check_text(event.event_id, f"{path}.event_id")
    message.type = check_text(event.type, f"{path}.type")
    message.token = check_text(event.token, f"{path}.token")
    for position, identity in enumerate(event.identities):
        message.identities.append(identity_message(identity, f"{path}.identities[{position}]"))
    if event.event_time is not None:
        message.event_time.CopyFrom(timestamp(event.event_time, f"{path}.event_time"))
    if event.properties:
        fill_struct(message.properties, event.properties, f"{path}.properties")


def set_profile_request(
    namespace: str,
    id: str,
    attributes: Mapping[str, Any],
    scores: Mapping[str, float],
) -> profiles.SetProfileRequest:
    """A request to write a profile's attributes and scores."""
    request = profiles.SetProfileRequest(
        namespace=check_text(namespace, "namespace"), id=check_text(id, "id")
    )
    fill_struct(request.attributes, attributes, "attributes")
    _fill_scores(request.scores, scores, "scores")
    return request


def reserve_request(
    reservation_id: str,
    items: Sequence[ReservedItem],
    identities: Sequence[Identity],
    ttl: timedelta | None,
) -> caps.ReserveRequest:
    """A request to take room under caps; raises InvalidArgument for what can't be written down."""
    request = caps.ReserveRequest(reservation_id=check_text(reservation_id, "reservation_id"))
    for index, identity in enumerate(identities):
        request.identities.append(identity_message(identity, f"identities[{index}]"))
    for index, item in enumerate(items):
        path = f"items[{index}]"
        request.items.add(
            offer=check_text(item.offer, f"{path}.offer"),
            placement=check_text(item.placement, f"{path}.placement"),
            decision=check_text(item.decision, f"{path}.decision"),
        )
    if ttl is not None:
        request.ttl.FromTimedelta(ttl)
    return request
