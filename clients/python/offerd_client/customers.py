"""Calls about who a customer is and what they have chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from offerd.v1 import identity_pb2
from offerd.v1 import profile_service_pb2 as pb
from offerd_client.answers import Profile
from offerd_client.calls import Call
from offerd_client.consents import Consent, fill_consent, read_consent
from offerd_client.free import check_text, fill_struct, timestamp
from offerd_client.questions import Identity
from offerd_client.requests import identity_message
from offerd_client.settings import ClientSettings
from offerd_client.translate import read_identity, read_profile


def patch_profile(
    settings: ClientSettings,
    namespace: str,
    id: str,
    attributes: Mapping[str, Any],
    timeout_s: float | None,
) -> Call[Profile]:
    """ProfileService.PatchProfile."""
    request = pb.PatchProfileRequest(
        namespace=check_text(namespace, "namespace"), id=check_text(id, "id")
    )
    fill_struct(request.attributes, attributes, "attributes")
    return Call(
        "/offerd.v1.ProfileService/PatchProfile",
        request,
        _timeout(settings, timeout_s),
        lambda answer: read_profile(answer.profile),
    )


def link_identities(
    settings: ClientSettings,
    identities: Sequence[Identity],
    link_time: datetime | None,
    timeout_s: float | None,
) -> Call[tuple[Identity, ...]]:
    """ProfileService.LinkIdentities."""
    request = pb.LinkIdentitiesRequest(identities=_identities(identities))
    if link_time is not None:
        request.link_time.CopyFrom(timestamp(link_time, "link_time"))
    return Call(
        "/offerd.v1.ProfileService/LinkIdentities",
        request,
        _timeout(settings, timeout_s),
        lambda answer: tuple(map(read_identity, answer.identities)),
    )


def unlink_identity(
    settings: ClientSettings, identity: Identity, timeout_s: float | None
) -> Call[bool]:
    """ProfileService.UnlinkIdentity."""
    return Call(
        "/offerd.v1.ProfileService/UnlinkIdentity",
        pb.UnlinkIdentityRequest(identity=identity_message(identity, "identity")),
        _timeout(settings, timeout_s),
        lambda answer: bool(answer.was_linked),
    )


def set_consent(
    settings: ClientSettings,
    identities: Sequence[Identity],
    consent: Consent,
    timeout_s: float | None,
) -> Call[Consent]:
    """ProfileService.SetConsent."""
    request = pb.SetConsentRequest(identities=_identities(identities))
    fill_consent(request.consent, consent)
    return Call(
        "/offerd.v1.ProfileService/SetConsent",
        request,
        _timeout(settings, timeout_s),
        lambda answer: read_consent(answer.consent),
    )


def delete_subject(
    settings: ClientSettings, identities: Sequence[Identity], timeout_s: float | None
) -> Call[tuple[Identity, ...]]:
    """ProfileService.DeleteSubject."""
    return Call(
        "/offerd.v1.ProfileService/DeleteSubject",
        pb.DeleteSubjectRequest(identities=_identities(identities)),
        _timeout(settings, timeout_s),
        lambda answer: tuple(map(read_identity, answer.identities)),
    )


def _identities(identities: Sequence[Identity]) -> list[identity_pb2.Identity]:
    return [
        identity_message(identity, f"identities[{index}]")
        for index, identity in enumerate(identities)
    ]


def _timeout(settings: ClientSettings, timeout_s: float | None) -> float:
    return settings.timeout_s if timeout_s is None else timeout_s
