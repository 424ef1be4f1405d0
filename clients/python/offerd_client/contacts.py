"""Whether a customer may be contacted: the question, the answer, and the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum

from offerd.v1 import contact_service_pb2 as pb
from offerd_client.calls import Call
from offerd_client.free import check_text, timestamp
from offerd_client.questions import Identity
from offerd_client.requests import identity_message
from offerd_client.settings import ClientSettings


class ContactCategory(Enum):
    """Why a customer is contacted; TRANSACTIONAL is exempt from all but the suppression list."""

    MARKETING = pb.CONTACT_CATEGORY_MARKETING
    TRANSACTIONAL = pb.CONTACT_CATEGORY_TRANSACTIONAL


class ContactOutcome(StrEnum):
    """Whether a customer may be contacted."""

    UNSPECIFIED = "UNSPECIFIED"
    """Something that a newer service says and this client doesn't know."""
    ALLOW = "ALLOW"
    """Now."""
    DEFER = "DEFER"
    """Not now; ask again later."""
    SUPPRESS = "SUPPRESS"
    """Not at all."""


OUTCOMES = {
    pb.CONTACT_OUTCOME_ALLOW: ContactOutcome.ALLOW,
    pb.CONTACT_OUTCOME_DEFER: ContactOutcome.DEFER,
    pb.CONTACT_OUTCOME_SUPPRESS: ContactOutcome.SUPPRESS,
}
REASONS = {
    pb.CONTACT_REASON_CONSENT: "CONSENT",
    pb.CONTACT_REASON_SUPPRESSION_LIST: "SUPPRESSION_LIST",
    pb.CONTACT_REASON_QUIET_HOURS: "QUIET_HOURS",
    pb.CONTACT_REASON_CAP: "CAP",
}


@dataclass(frozen=True, slots=True)
class ContactVerdict:
    """Whether a customer may be contacted.

    `reason` is CONSENT, SUPPRESSION_LIST, QUIET_HOURS or CAP, empty if they may; `defer_until` is
    when to ask again, given with DEFER. `reserved` says that room under caps is held.
    """

    outcome: ContactOutcome
    reason: str = ""
    message: str = ""
    defer_until: datetime | None = None
    reserved: bool = False


def check_contact(
    settings: ClientSettings,
    channel: str,
    identities: Sequence[Identity],
    *,
    category: ContactCategory,
    address: Identity | None,
    reservation_id: str,
    ttl: timedelta | None,
    at: datetime | None,
    time_zone: str,
    timeout_s: float | None,
) -> Call[ContactVerdict]:
    """ContactService.CheckContact."""
    request = pb.CheckContactRequest(
        channel=check_text(channel, "channel"),
        category=category.value,
        reservation_id=check_text(reservation_id, "reservation_id"),
        time_zone=check_text(time_zone, "time_zone"),
    )
    for index, identity in enumerate(identities):
        request.identities.append(identity_message(identity, f"identities[{index}]"))
    if address is not None:
        request.address.CopyFrom(identity_message(address, "address"))
    if ttl is not None:
        request.ttl.FromTimedelta(ttl)
    if at is not None:
        request.at.CopyFrom(timestamp(at, "at"))
    return Call(
        "/offerd.v1.ContactService/CheckContact",
        request,
        settings.timeout_s if timeout_s is None else timeout_s,
        _read_verdict,
    )


def commit_contact(
    settings: ClientSettings, reservation_id: str, timeout_s: float | None
) -> Call[None]:
    """ContactService.CommitContact."""
    return Call(
        "/offerd.v1.ContactService/CommitContact",
        pb.CommitContactRequest(reservation_id=check_text(reservation_id, "reservation_id")),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda _: None,
    )


def release_contact(
    settings: ClientSettings, reservation_id: str, timeout_s: float | None
) -> Call[bool]:
    """ContactService.ReleaseContact."""
    return Call(
        "/offerd.v1.ContactService/ReleaseContact",
        pb.ReleaseContactRequest(reservation_id=check_text(reservation_id, "reservation_id")),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: bool(answer.released),
    )


def _read_verdict(message: pb.CheckContactResponse) -> ContactVerdict:
    until = message.defer_until
    return ContactVerdict(
        OUTCOMES.get(message.outcome, ContactOutcome.UNSPECIFIED),
        REASONS.get(message.reason, ""),
        message.message,
        until.ToDatetime(UTC) if message.HasField("defer_until") else None,
        message.reserved,
    )
