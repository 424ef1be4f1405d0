"""Questions about contacts, checked, and verdicts as they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from offerd.admission import admit_identity, admit_text, admit_time_zone
from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.contact import (
    Channel,
    ContactCategory,
    ContactOutcome,
    ContactReason,
    ContactVerdict,
)
from offerd.model.identity import AuthenticationState, Identity, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.service.translate.context import known_zones
from offerd.service.translate.identities import identities
from offerd.service.translate.reservations import reservation_id, ttl_ns
from offerd.service.translate.structs import ns_to_timestamp, timestamp_to_ns
from offerd.v1 import contact_service_pb2 as pb
from offerd.v1 import identity_pb2

MAXIMUM_ADDRESSES: Final = 1_000
MAXIMUM_REASON: Final = 256
_FIRST_YEAR, _LAST_YEAR = 1970, 2261

_CATEGORIES: Final[Mapping[int, ContactCategory]] = {
    pb.CONTACT_CATEGORY_UNSPECIFIED: ContactCategory.MARKETING,
    pb.CONTACT_CATEGORY_MARKETING: ContactCategory.MARKETING,
    pb.CONTACT_CATEGORY_TRANSACTIONAL: ContactCategory.TRANSACTIONAL,
}
_OUTCOMES: Final[Mapping[ContactOutcome, pb.ContactOutcome]] = {
    ContactOutcome.ALLOW: pb.CONTACT_OUTCOME_ALLOW,
    ContactOutcome.DEFER: pb.CONTACT_OUTCOME_DEFER,
    ContactOutcome.SUPPRESS: pb.CONTACT_OUTCOME_SUPPRESS,
}
_REASONS: Final[Mapping[ContactReason | None, pb.ContactReason]] = {
    None: pb.CONTACT_REASON_UNSPECIFIED,
    ContactReason.CONSENT: pb.CONTACT_REASON_CONSENT,
    ContactReason.SUPPRESSION_LIST: pb.CONTACT_REASON_SUPPRESSION_LIST,
    ContactReason.QUIET_HOURS: pb.CONTACT_REASON_QUIET_HOURS,
    ContactReason.CAP: pb.CONTACT_REASON_CAP,
}


class WantedContact(NamedTuple):
    """A contact that is asked for.

    `who` has an authenticated person. `address` None is any of the customer's. `reservation` ""
    reserves nothing. `at_ns` None is now, `time_zone` "" as the channel finds it.
    """

    who: list[Identity]
    channel: Channel
    category: ContactCategory
    address: ProfileKey | None
    reservation: str
    ttl_ns: int
    at_ns: int | None
    time_zone: str


class ContactAdmission:
    """Checks questions about contacts against the definitions of one revision."""

    def __init__(self, channels: Iterable[Channel], namespaces: Mapping[str, Namespace]) -> None:
        self._channels = {channel.id: channel for channel in channels}
        self._namespaces = namespaces

    def wanted(self, request: pb.CheckContactRequest) -> WantedContact:
        """Returns what a request asks; raises InvalidArgument at its first mistake."""
        who = self._who(request)
        channel = self._channel(request.channel)
        category = _CATEGORIES.get(request.category)
        if category is None:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"`{request.category}` is no category of contacts",
                field="category",
            )
        name = reservation_id(request.reservation_id) if request.reservation_id else ""
        zone = request.time_zone
        return WantedContact(
            who,
            channel,
            category,
            self._address_on(channel, request) if request.HasField("address") else None,
            name,
            ttl_ns(request),
            self._instant(request, name),
            admit_time_zone(zone, "time_zone", known_zones()) if zone else "",
        )

    def addresses(self, messages: Sequence[identity_pb2.Identity]) -> list[ProfileKey]:
        """Returns addresses, normalised; raises InvalidArgument at the first wrong one."""
        if not 1 <= len(messages) <= MAXIMUM_ADDRESSES:
            raise InvalidArgument(
                Reason.TOO_LARGE if messages else Reason.MISSING_FIELD,
                f"{len(messages)} addresses, 1 to {MAXIMUM_ADDRESSES} expected",
                field="addresses",
            )
        return [
            self._address(message, f"addresses[{place}]") for place, message in enumerate(messages)
        ]

    def _who(self, request: pb.CheckContactRequest) -> list[Identity]:
        if not request.identities:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "a contact needs an identity, 1 to 20", field="identities"
            )
        who = identities(request.identities, self._namespaces, "identities")
        if not any(self._is_authenticated_person(identity) for identity in who):
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED,
                "a contact needs an authenticated person identity",
                field="identities",
            )
        return who

    def _is_authenticated_person(self, identity: Identity) -> bool:
        is_person = self._namespaces[identity.namespace].type.names_person
        return is_person and identity.state is AuthenticationState.AUTHENTICATED

    def _channel(self, name: str) -> Channel:
        if not name:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "a contact needs its channel", field="channel"
            )
        channel = self._channels.get(name)
        if channel is None:
            message = f"unknown channel {quote(name)}{suggestion(name, self._channels)}"
            raise InvalidArgument(Reason.UNKNOWN_CHANNEL, message, field="channel")
        return channel

    def _address_on(self, channel: Channel, request: pb.CheckContactRequest) -> ProfileKey:
        address = self._address(request.address, "address")
        if address.namespace not in channel.namespaces:
            expected = " or ".join(f"`{name}`" for name in channel.namespaces)
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"`{address.namespace}` has no addresses of `{channel.id}`"
                + (f": {expected} expected" if expected else ", which declares none"),
                field="address.namespace",
            )
        return address

    def _address(self, message: identity_pb2.Identity, field: str) -> ProfileKey:
        state = AuthenticationState.AMBIGUOUS
        admitted = admit_identity(message.namespace, message.id, state, self._namespaces, field)
        return profile_key(self._namespaces[admitted.namespace], admitted.id)

    @staticmethod
    def _instant(request: pb.CheckContactRequest, reservation: str) -> int | None:
        if not request.HasField("at"):
            return None
        if reservation:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                "room is reserved as of now: leave out `at` or `reservation_id`",
                field="at",
            )
        return timestamp_to_ns(request.at, "at", _FIRST_YEAR, _LAST_YEAR)


def suppression_reason(text: str) -> str:
    """Returns why an address is suppressed; raises InvalidArgument if it can't be kept."""
    return admit_text(text, "reason", MAXIMUM_REASON) if text else ""


def verdict_message(verdict: ContactVerdict, *, reserved: bool) -> pb.CheckContactResponse:
    """Returns the message of a verdict."""
    message = pb.CheckContactResponse(
        outcome=_OUTCOMES[verdict.outcome],
        reason=_REASONS[verdict.reason],
        message=verdict.message,
        reserved=reserved,
    )
    if verdict.until_ns is not None:
        message.defer_until.CopyFrom(ns_to_timestamp(verdict.until_ns))
    return message
