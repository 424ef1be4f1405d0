"""Consent of a request, checked; and as it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from offerd.admission import admit_identity, format_instant
from offerd.admission.wording import quote, suggestion
from offerd.customer.consent import (
    ANY_CHANNEL,
    COLLECT,
    PERSONALIZE,
    PRECISE_LOCATION,
    SHARE,
    address_of,
    channel_question,
)
from offerd.customer.tcf import InvalidConsentStringError, answers, decode
from offerd.errors import InvalidArgument, Reason
from offerd.model.consent import Choice, Consent, ConsentValue
from offerd.model.contact import Channel
from offerd.model.identity import AuthenticationState, profile_key
from offerd.model.schema import Namespace
from offerd.service.translate.structs import ns_to_timestamp, timestamp_to_ns
from offerd.v1 import consent_pb2 as pb

MAXIMUM_ADDRESSES: Final = 100
"""The most addresses that one request may choose for."""

_ANY: Final = "any"
_QUESTIONS: Final = (COLLECT, PERSONALIZE, SHARE, PRECISE_LOCATION)
"""Those that have a field of their own, of the same name."""
_FIRST_YEAR, _LAST_YEAR = 1970, 2261

_VALUES: Final[Mapping[int, ConsentValue | None]] = {
    pb.CONSENT_VALUE_UNSPECIFIED: None,
    pb.CONSENT_VALUE_YES: ConsentValue.YES,
    pb.CONSENT_VALUE_NO: ConsentValue.NO,
    pb.CONSENT_VALUE_PENDING: ConsentValue.PENDING,
    pb.CONSENT_VALUE_UNKNOWN: ConsentValue.UNKNOWN,
    pb.CONSENT_VALUE_LEGITIMATE_INTEREST: ConsentValue.LEGITIMATE_INTEREST,
    pb.CONSENT_VALUE_CONTRACT: ConsentValue.CONTRACT,
    pb.CONSENT_VALUE_COMPLIANCE: ConsentValue.COMPLIANCE,
    pb.CONSENT_VALUE_VITAL_INTEREST: ConsentValue.VITAL_INTEREST,
    pb.CONSENT_VALUE_PUBLIC_INTEREST: ConsentValue.PUBLIC_INTEREST,
}
_NUMBERS: Final[Mapping[ConsentValue, Any]] = {
    value: number for number, value in _VALUES.items() if value is not None
}


class ConsentAdmission:
    """Checks consent against what the definitions of one revision declare."""

    def __init__(self, channels: Iterable[Channel], namespaces: Mapping[str, Namespace]) -> None:
        self._channels = {_ANY, *(channel.consent for channel in channels)}
        self._namespaces = namespaces

    def admit(self, message: pb.Consent, field: str, now_ns: int) -> Consent:
        """Returns the choices of a message; raises InvalidArgument at its first mistake.

        What is given by itself has precedence over what a consent string says, and that over the
        general word.
        """
        values = self._general(message, field)
        said, said_ns = _of_string(message.tcf_string, f"{field}.tcf_string", now_ns)
        given: dict[str, ConsentValue] = {}
        for name in _QUESTIONS:
            value = _value(getattr(message, name), f"{field}.{name}")
            if value is not None:
                given[name] = value
        given |= self._marketing(message.marketing, f"{field}.marketing")
        time_ns = self._time(message, f"{field}.choice_time", now_ns)
        if message.HasField("choice_time"):
            said_ns = time_ns
        return Consent(
            _chosen_at(values, time_ns) | _chosen_at(said, said_ns) | _chosen_at(given, time_ns),
            self._addresses(message, f"{field}.id_specific", time_ns),
        )

    @staticmethod
    def _general(message: pb.Consent, field: str) -> dict[str, ConsentValue]:
        value = _value(message.general, f"{field}.general")
        if value is None:
            return {}
        return dict.fromkeys((*_QUESTIONS, ANY_CHANNEL), value)

    def _marketing(self, given: Mapping[str, int], field: str) -> dict[str, ConsentValue]:
        values: dict[str, ConsentValue] = {}
        for name in sorted(given):
            if name not in self._channels:
                raise InvalidArgument(
                    Reason.UNKNOWN_CHANNEL,
                    f"no channel asks for consent as {quote(name)}"
                    + suggestion(name, self._channels),
                    field=f"{field}.{name}" if name.isidentifier() else field,
                )
            value = _value(given[name], f"{field}.{name}")
            if value is not None:
                values[channel_question(name)] = value
        return values

    def _addresses(
        self, message: pb.Consent, field: str, time_ns: int
    ) -> dict[str, dict[str, Choice]]:
        if len(message.id_specific) > MAXIMUM_ADDRESSES:
            raise InvalidArgument(
                Reason.TOO_LARGE,
                f"{len(message.id_specific)} addresses, at most {MAXIMUM_ADDRESSES} expected",
                field=field,
            )
        found: dict[str, dict[str, Choice]] = {}
        for name in sorted(message.id_specific):
            values = self._marketing(message.id_specific[name].marketing, field)
            chosen = found.setdefault(self._address(name, field), {})
            chosen.update({one: Choice(value, time_ns) for one, value in values.items()})
        return {address: chosen for address, chosen in found.items() if chosen}

    def _address(self, name: str, field: str) -> str:
        namespace, colon, address = name.partition(":")
        if not colon:
            raise InvalidArgument(
                Reason.INVALID_TEXT,
                f"{quote(name)} names no address, such as `email:ada@example.com`",
                field=field,
            )
        state = AuthenticationState.AMBIGUOUS
        admitted = admit_identity(namespace, address, state, self._namespaces, field)
        return address_of(profile_key(self._namespaces[namespace], admitted.id))

    @staticmethod
    def _time(message: pb.Consent, field: str, now_ns: int) -> int:
        if not message.HasField("choice_time"):
            return now_ns
        time_ns = timestamp_to_ns(message.choice_time, field, _FIRST_YEAR, _LAST_YEAR)
        if time_ns > now_ns:
            raise InvalidArgument(
                Reason.INVALID_TIME,
                f"{format_instant(time_ns)} is later than now, and nobody has chosen then yet",
                field=field,
            )
        return time_ns


def consent_message(consent: Consent) -> pb.Consent:
    """Returns the message of what is known; its time is that of the newest choice."""
    message = pb.Consent()
    times: list[int] = []
    for question, choice in consent.choices.items():
        times.append(choice.time_ns)
        number = _NUMBERS[choice.value]
        if question in _QUESTIONS:
            setattr(message, question, number)
        else:
            message.marketing[question.removeprefix(channel_question(""))] = number
    for address, choices in consent.id_specific.items():
        for question, choice in choices.items():
            times.append(choice.time_ns)
            name = question.removeprefix(channel_question(""))
            message.id_specific[address].marketing[name] = _NUMBERS[choice.value]
    if times:
        message.choice_time.CopyFrom(ns_to_timestamp(max(times)))
    return message


def _chosen_at(values: Mapping[str, ConsentValue], time_ns: int) -> dict[str, Choice]:
    return {question: Choice(value, time_ns) for question, value in values.items()}


def _of_string(text: str, field: str, now_ns: int) -> tuple[dict[str, ConsentValue], int]:
    """Returns what a consent string answers, and when that was chosen, as far as it says."""
    if not text:
        return {}, now_ns
    try:
        said = decode(text)
        return answers(said), min(said.latest_ns, now_ns)
    except InvalidConsentStringError as error:
        message = f"no consent string of version 2: {error}"
        raise InvalidArgument(Reason.INVALID_CONSENT_STRING, message, field=field) from error


def _value(number: int, field: str) -> ConsentValue | None:
    if number not in _VALUES:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED, f"`{number}` is no consent value", field=field
        )
    return _VALUES[number]
