"""What a customer has chosen: as a value, and as a message of offerd.v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from offerd.v1 import consent_pb2 as pb
from offerd_client.free import check_text, timestamp


class ConsentValue(Enum):
    """An answer to a question of consent, or the legal ground that stands for one."""

    YES = pb.CONSENT_VALUE_YES
    NO = pb.CONSENT_VALUE_NO
    PENDING = pb.CONSENT_VALUE_PENDING
    UNKNOWN = pb.CONSENT_VALUE_UNKNOWN
    LEGITIMATE_INTEREST = pb.CONSENT_VALUE_LEGITIMATE_INTEREST
    CONTRACT = pb.CONSENT_VALUE_CONTRACT
    COMPLIANCE = pb.CONSENT_VALUE_COMPLIANCE
    VITAL_INTEREST = pb.CONSENT_VALUE_VITAL_INTEREST
    PUBLIC_INTEREST = pb.CONSENT_VALUE_PUBLIC_INTEREST


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer has chosen; a question that is None, or missing, stays as it was.

    `marketing` is by channel, `any` being all of them; `id_specific` the same for one address,
    `<namespace>:<id>`. `general` answers all questions that aren't answered by themselves, and so
    does `tcf_string`, a consent string of IAB TCF 2. `choice_time` None is now.
    """

    collect: ConsentValue | None = None
    personalize: ConsentValue | None = None
    share: ConsentValue | None = None
    marketing: Mapping[str, ConsentValue] = field(default_factory=dict)
    id_specific: Mapping[str, Mapping[str, ConsentValue]] = field(default_factory=dict)
    general: ConsentValue | None = None
    tcf_string: str = ""
    choice_time: datetime | None = None
    precise_location: ConsentValue | None = None


def fill_consent(message: pb.Consent, consent: Consent) -> None:
    """Writes a choice into a message; raises InvalidArgument for what can't be written down."""
    message.SetInParent()
    for name in ("collect", "personalize", "share", "precise_location", "general"):
        value: ConsentValue | None = getattr(consent, name)
        if value is not None:
            setattr(message, name, value.value)
    for channel, chosen in consent.marketing.items():
        message.marketing[check_text(channel, "consent.marketing")] = chosen.value
    for address, channels in consent.id_specific.items():
        target = message.id_specific[check_text(address, "consent.id_specific")]
        for channel, chosen in channels.items():
            target.marketing[check_text(channel, "consent.id_specific")] = chosen.value
    message.tcf_string = check_text(consent.tcf_string, "consent.tcf_string")
    if consent.choice_time is not None:
        message.choice_time.CopyFrom(timestamp(consent.choice_time, "consent.choice_time"))


def read_consent(message: pb.Consent) -> Consent:
    """The choice in a message; a value that this client doesn't know is UNKNOWN."""
    return Consent(
        _value(message.collect),
        _value(message.personalize),
        _value(message.share),
        {channel: _known(value) for channel, value in message.marketing.items()},
        {
            address: {channel: _known(value) for channel, value in channels.marketing.items()}
            for address, channels in message.id_specific.items()
        },
        _value(message.general),
        message.tcf_string,
        message.choice_time.ToDatetime(UTC) if message.HasField("choice_time") else None,
        _value(message.precise_location),
    )


def _value(number: int) -> ConsentValue | None:
    return None if number == pb.CONSENT_VALUE_UNSPECIFIED else _known(number)


def _known(number: int) -> ConsentValue:
    known = {value.value for value in ConsentValue}
    return ConsentValue(number) if number in known else ConsentValue.UNKNOWN
