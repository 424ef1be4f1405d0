"""offerd_client asked about customers with messages and answering with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.v1 import consent_pb2, identity_pb2
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client import (
    AuthenticationState,
    Consent,
    ConsentValue,
    ContactCategory,
    ContactVerdict,
    Identity,
    LoadedScore,
    Membership,
)

TIMEOUT_S = 30.0


def ask_about_customer(client: Any, rpc: str, message: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Makes the call that a request stands for; returns its answer and what converts that."""
    match rpc:
        case "PatchProfile":
            attributes = json_format.MessageToDict(message.attributes)
            answer = client.patch_profile(
                message.namespace, message.id, attributes, timeout_s=TIMEOUT_S
            )
            return answer, lambda p: profiles.PatchProfileResponse(profile=profile_message(p))
        case "LinkIdentities":
            answer = client.link_identities(
                identities_of(message.identities),
                link_time=datetime_of(message, "link_time"),
                timeout_s=TIMEOUT_S,
            )
            return answer, lambda found: profiles.LinkIdentitiesResponse(
                identities=identity_messages(found)
            )
        case "UnlinkIdentity":
            (identity,) = identities_of([message.identity])
            answer = client.unlink_identity(identity, timeout_s=TIMEOUT_S)
            return answer, lambda linked: profiles.UnlinkIdentityResponse(was_linked=linked)
        case "SetConsent":
            answer = client.set_consent(
                identities_of(message.identities), consent_of(message.consent), timeout_s=TIMEOUT_S
            )
            return answer, lambda known: profiles.SetConsentResponse(consent=consent_message(known))
        case "DeleteSubject":
            answer = client.delete_subject(identities_of(message.identities), timeout_s=TIMEOUT_S)
            return answer, lambda found: profiles.DeleteSubjectResponse(
                identities=identity_messages(found)
            )
        case "CheckContact":
            return _check_contact(client, message), _verdict_message
        case "CommitContact":
            answer = client.commit_contact(message.reservation_id, timeout_s=TIMEOUT_S)
            return answer, lambda _: contacts.CommitContactResponse()
        case _:
            answer = client.release_contact(message.reservation_id, timeout_s=TIMEOUT_S)
            return answer, lambda done: contacts.ReleaseContactResponse(released=done)


def _check_contact(client: Any, message: Any) -> Any:
    category = message.category or ContactCategory.MARKETING.value
    address = identities_of([message.address])[0] if message.HasField("address") else None
    return client.check_contact(
        message.channel,
        identities_of(message.identities),
        category=ContactCategory(category),
        address=address,
        reservation_id=message.reservation_id,
        ttl=message.ttl.ToTimedelta() if message.HasField("ttl") else None,
        at=datetime_of(message, "at"),
        time_zone=message.time_zone,
        timeout_s=TIMEOUT_S,
    )


def _verdict_message(verdict: ContactVerdict) -> contacts.CheckContactResponse:
    return contacts.CheckContactResponse(
        outcome=f"CONTACT_OUTCOME_{verdict.outcome}",
        reason=f"CONTACT_REASON_{verdict.reason}" if verdict.reason else None,
        message=verdict.message,
        defer_until=timestamp_of(verdict.defer_until),
        reserved=verdict.reserved,
    )


def identities_of(messages: Sequence[identity_pb2.Identity]) -> list[Identity]:
    """Identities as the client takes them."""
    ambiguous = AuthenticationState.AMBIGUOUS.value
    return [
        Identity(m.namespace, m.id, AuthenticationState(m.authentication_state or ambiguous))
        for m in messages
    ]


def identity_messages(identities: Sequence[Identity]) -> list[identity_pb2.Identity]:
    """Identities that the client answered with."""
    return [identity_pb2.Identity(namespace=one.namespace, id=one.id) for one in identities]


def consent_of(message: consent_pb2.Consent) -> Consent:
    """A choice as the client takes it."""

    def value(number: int) -> ConsentValue | None:
        return ConsentValue(number) if number else None

    return Consent(
        value(message.collect),
        value(message.personalize),
        value(message.share),
        {channel: ConsentValue(number) for channel, number in message.marketing.items()},
        {
            address: {channel: ConsentValue(n) for channel, n in channels.marketing.items()}
            for address, channels in message.id_specific.items()
        },
        value(message.general),
        message.tcf_string,
        datetime_of(message, "choice_time"),
        value(message.precise_location),
    )


def consent_message(consent: Consent) -> consent_pb2.Consent:
    """A choice that the client answered with."""
    message = consent_pb2.Consent(tcf_string=consent.tcf_string)
    for name in ("collect", "personalize", "share", "precise_location", "general"):
        value = getattr(consent, name)
        if value is not None:
            setattr(message, name, value.value)
    for channel, value in consent.marketing.items():
        message.marketing[channel] = value.value
    for address, channels in consent.id_specific.items():
        for channel, value in channels.items():
            message.id_specific[address].marketing[channel] = value.value
    if consent.choice_time is not None:
        message.choice_time.FromDatetime(consent.choice_time)
    return message


def profile_message(profile: Any) -> profiles.Profile:
    """A profile that the client answered with."""
    message = profiles.Profile(
        namespace=profile.namespace,
        id=profile.id,
        event_count=profile.event_count,
        update_time=timestamp_of(profile.update_time),
        scores=profile.scores,
        identities=identity_messages(profile.identities),
        loaded_scores={name: _score(one) for name, one in profile.loaded_scores.items()},
        memberships=map(_membership, profile.memberships),
        withheld=[
            profiles.WithheldData(name=one.name, labels=one.labels, policy=one.policy)
            for one in profile.withheld
        ],
        approximations=profile.approximations,
    )
    if profile.consent is not None:
        message.consent.CopyFrom(consent_message(profile.consent))
    json_format.ParseDict(dict(profile.attributes), message.attributes)
    json_format.ParseDict(dict(profile.aggregates), message.aggregates)
    message.attributes.SetInParent()
    message.aggregates.SetInParent()
    return message


def _score(one: LoadedScore) -> profiles.LoadedScore:
    return profiles.LoadedScore(
        score=one.score,
        probability=one.probability,
        percentile=one.percentile,
        factors=[
            profiles.ScoreFactor(code=code, value=value, importance=importance)
            for code, value, importance in one.factors
        ],
        score_time=timestamp_of(one.score_time),
        expired=one.expired,
    )


def _membership(one: Membership) -> profiles.Membership:
    status = "REALIZED" if one.realized else "EXITED"
    return profiles.Membership(
        audience=one.audience,
        status=f"MEMBERSHIP_STATUS_{status}",
        since=timestamp_of(one.since),
        until=timestamp_of(one.until),
        until_exact=one.until_exact,
    )


def datetime_of(message: Any, name: str) -> datetime | None:
    """A field's time, None if it isn't set."""
    return getattr(message, name).ToDatetime(UTC) if message.HasField(name) else None


def timestamp_of(moment: datetime | None) -> Timestamp | None:
    """A time for the wire."""
    if moment is None:
        return None
    answer = Timestamp()
    answer.FromDatetime(moment)
    return answer
