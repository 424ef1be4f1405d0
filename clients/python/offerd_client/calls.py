"""Each call of the clients: what to send, how to read the answer, what to do without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from offerd.errors import Code, RequestError
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import place_service_pb2 as places
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client.answers import Decision, EventResult, Profile, Reservation
from offerd_client.consents import Consent
from offerd_client.free import check_text
from offerd_client.questions import (
    Arbitration,
    Deduplication,
    Event,
    Identity,
    Overrides,
    ReservedItem,
    Scope,
)
from offerd_client.requests import (
    collect_request,
    decide_request,
    reserve_request,
    set_profile_request,
)
from offerd_client.settings import ClientSettings
from offerd_client.translate import (
    Default,
    default_decision,
    read_decision,
    read_profile,
    read_reservation,
    read_results,
)

Answered = TypeVar("Answered")

CANNOT_ANSWER = frozenset(
    {Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED, Code.INTERNAL}
)
"""The service's failures, for which a caller's default content stands in; a wrong request
stays wrong, and its author must hear of it."""

RESPONSES: Mapping[str, type[Message]] = {
    "/offerd.v1.DecisionService/Decide": decisions.DecideResponse,
    "/offerd.v1.DecisionService/BatchDecide": decisions.BatchDecideResponse,
    "/offerd.v1.EventService/Collect": events.CollectResponse,
    "/offerd.v1.ProfileService/GetProfile": profiles.GetProfileResponse,
    "/offerd.v1.ProfileService/SetProfile": profiles.SetProfileResponse,
    "/offerd.v1.ProfileService/DeleteProfile": profiles.DeleteProfileResponse,
    "/offerd.v1.CapService/Reserve": caps.ReserveResponse,
    "/offerd.v1.CapService/Commit": caps.CommitResponse,
    "/offerd.v1.CapService/Release": caps.ReleaseResponse,
    "/offerd.v1.ProfileService/PatchProfile": profiles.PatchProfileResponse,
    "/offerd.v1.ProfileService/LinkIdentities": profiles.LinkIdentitiesResponse,
    "/offerd.v1.ProfileService/UnlinkIdentity": profiles.UnlinkIdentityResponse,
    "/offerd.v1.ProfileService/SetConsent": profiles.SetConsentResponse,
    "/offerd.v1.ProfileService/DeleteSubject": profiles.DeleteSubjectResponse,
    "/offerd.v1.ContactService/CheckContact": contacts.CheckContactResponse,
    "/offerd.v1.ContactService/CommitContact": contacts.CommitContactResponse,
    "/offerd.v1.ContactService/ReleaseContact": contacts.ReleaseContactResponse,
    "/offerd.v1.PlaceService/Within": places.WithinResponse,
    "/offerd.v1.PlaceService/Nearby": places.NearbyResponse,
    "/offerd.v1.PlaceService/InBox": places.InBoxResponse,
    "/offerd.v1.PlaceService/Ahead": places.AheadResponse,
    "/offerd.v1.PlaceService/Regions": places.RegionsResponse,
    "/offerd.v1.PlaceService/GetPlace": places.GetPlaceResponse,
}
"""The rpcs that the clients call, with the type of their answer."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Answered]):
    """One call, told apart from how it is made.

    `instead` makes an answer out of an error, or raises it.
    """

    method: str
    request: Message
    timeout_s: float
    read: Callable[[Any], Answered]
    instead: Callable[[RequestError], Answered] | None = None

    def failed(self, error: RequestError) -> Answered:
        """The answer that stands in for an error; raises the error if none does."""
        if self.instead is None or error.code not in CANNOT_ANSWER:
            raise error
        return self.instead(error)


def decide(
    settings: ClientSettings,
    scopes: Sequence[Scope | str],
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
    happened: Sequence[Event],
    consent: Consent | None,
    timeout_s: float | None,
    default: Default | None,
) -> Call[Decision]:
    """DecisionService.Decide; a scope given as text is one by name."""
    asked = [Scope(scope) if isinstance(scope, str) else scope for scope in scopes]
    return Call(
        "/offerd.v1.DecisionService/Decide",
        decide_request(
            asked,
            identities,
            context,
            dry_run=dry_run,
            explain=explain,
            decide_time=decide_time,
            request_id=request_id,
            deduplication=deduplication,
            arbitration=arbitration,
            overrides=overrides,
            preview_token=preview_token,
            events=happened,
            consent=consent,
        ),
        settings.decide_timeout_s if timeout_s is None else timeout_s,
        read_decision,
        None
        if default is None
        else lambda error: default_decision(asked, default, request_id, error),
    )


def collect(
    settings: ClientSettings,
    happened: Sequence[Event],
    consent: Consent | None,
    identities: Sequence[Identity],
    timeout_s: float | None,
) -> Call[tuple[EventResult, ...]]:
    """EventService.Collect."""
    return Call(
        "/offerd.v1.EventService/Collect",
        collect_request(happened, consent, identities),
        settings.timeout_s if timeout_s is None else timeout_s,
        read_results,
    )


def get_profile(
    settings: ClientSettings,
    namespace: str,
    id: str,
    *,
    linked: bool,
    memberships: bool,
    marketing_actions: Sequence[str],
    timeout_s: float | None,
) -> Call[Profile]:
    """ProfileService.GetProfile."""
    return Call(
        "/offerd.v1.ProfileService/GetProfile",
        profiles.GetProfileRequest(
            namespace=check_text(namespace, "namespace"),
            id=check_text(id, "id"),
            linked=linked,
            memberships=memberships,
            marketing_actions=[check_text(one, "marketing_actions") for one in marketing_actions],
        ),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: read_profile(answer.profile),
    )


def set_profile(
    settings: ClientSettings,
    namespace: str,
    id: str,
    attributes: Mapping[str, Any],
    scores: Mapping[str, float],
    *,
    timeout_s: float | None,
) -> Call[Profile]:
    """ProfileService.SetProfile."""
    return Call(
        "/offerd.v1.ProfileService/SetProfile",
        set_profile_request(namespace, id, attributes, scores),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: read_profile(answer.profile),
    )


def delete_profile(
    settings: ClientSettings,
    namespace: str,
    id: str,
    timeout_s: float | None,
) -> Call[bool]:
    """ProfileService.DeleteProfile."""
    return Call(
        "/offerd.v1.ProfileService/DeleteProfile",
        profiles.DeleteProfileRequest(
            namespace=check_text(namespace, "namespace"), id=check_text(id, "id")
        ),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: bool(answer.existed),
    )


def reserve(
    settings: ClientSettings,
    reservation_id: str,
    items: Sequence[ReservedItem],
    identities: Sequence[Identity],
    *,
    ttl: timedelta | None,
    timeout_s: float | None,
) -> Call[Reservation]:
    """CapService.Reserve."""
    return Call(
        "/offerd.v1.CapService/Reserve",
        reserve_request(reservation_id, items, identities, ttl),
        settings.timeout_s if timeout_s is None else timeout_s,
        read_reservation,
    )


def commit(settings: ClientSettings, reservation_id: str, timeout_s: float | None) -> Call[None]:
    """CapService.Commit."""
    return Call(
        "/offerd.v1.CapService/Commit",
        caps.CommitRequest(reservation_id=check_text(reservation_id, "reservation_id")),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda _: None,
    )


def release(settings: ClientSettings, reservation_id: str, timeout_s: float | None) -> Call[bool]:
    """CapService.Release."""
    return Call(
        "/offerd.v1.CapService/Release",
        caps.ReleaseRequest(reservation_id=check_text(reservation_id, "reservation_id")),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: bool(answer.released),
    )
