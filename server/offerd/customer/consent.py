"""What a customer has allowed: choices brought together, and what follows from them.

What holds for a question is the newest choice, of all identities of the customer; of choices made
at one time the one that allows less; if there is none, what the definitions say holds for those
who never chose, and if they say nothing, yes.

Contact is asked by channel:

- `marketing.any` denied beats everything.
- `marketing.any` granted grants every channel but those that are denied by themselves.
- Otherwise each channel speaks for itself, and one that says nothing isn't granted.
- A choice for one address denies or grants it, whatever its channel says short of a denial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from offerd.model.consent import Choice, Consent, ConsentDefaults, ConsentValue
from offerd.model.profile import ProfileKey

COLLECT: Final = "collect"
PERSONALIZE: Final = "personalize"
SHARE: Final = "share"
PRECISE_LOCATION: Final = "precise_location"
ANY_CHANNEL: Final = "marketing.any"

NO_CONSENT: Final = Consent()
"""Of somebody who never chose."""

_ALLOWING_LEAST_FIRST: Final = (
    ConsentValue.NO,
    ConsentValue.UNKNOWN,
    ConsentValue.PENDING,
    ConsentValue.PUBLIC_INTEREST,
    ConsentValue.VITAL_INTEREST,
    ConsentValue.COMPLIANCE,
    ConsentValue.CONTRACT,
    ConsentValue.LEGITIMATE_INTEREST,
    ConsentValue.YES,
)
_RANK: Final = {value: rank for rank, value in enumerate(_ALLOWING_LEAST_FIRST)}


class ContactConsent(NamedTuple):
    """Whether a customer may be contacted, and which question decided it, with its value."""

    granted: bool
    question: str
    value: ConsentValue


def channel_question(name: str) -> str:
    """Returns the question that asks about a channel by its name in consent."""
    return f"marketing.{name}"


def address_of(key: ProfileKey) -> str:
    """Returns how choices for one address name it."""
    return f"{key.namespace}:{key.id}"


def merged(consents: Iterable[Consent]) -> Consent:
    """Returns several consents as one: of each question the choice that holds.

    In whatever order and grouping they are merged, and however often: it is the same.
    """
    found = [consent for consent in consents if consent.choices or consent.id_specific]
    if len(found) < 2:
        return found[0] if found else NO_CONSENT
    choices: dict[str, Choice] = {}
    id_specific: dict[str, dict[str, Choice]] = {}
    for consent in found:
        _add(choices, consent.choices)
        for address, chosen in consent.id_specific.items():
            _add(id_specific.setdefault(address, {}), chosen)
    return Consent(choices, id_specific)


def granted_by(own: Consent, everyones: Consent) -> Consent:
    """Returns the choices of all identities, of which only some may grant anything: `own`.

    Whoever sits at a device may say no for whom it is linked to, but not yes.
    """
    choices = {
        question: own.choices.get(question) if choice.value.grants else choice
        for question, choice in everyones.choices.items()
    }
    kept = {question: choice for question, choice in choices.items() if choice is not None}
    return Consent(kept, everyones.id_specific)


def prevailing(own: Consent, everyones: Consent) -> Consent:
    """Returns the choices of all identities of a person, whose `own` are those made as the person.

    What was granted at a device doesn't override what the person has answered: it may be somebody
    else who sits there. Where the person hasn't answered, and where less is allowed, it counts.
    """
    choices = {
        question: own.choices.get(question, choice) if choice.value.grants else choice
        for question, choice in everyones.choices.items()
    }
    return Consent(choices, everyones.id_specific)


def since(consent: Consent, time_ns: int) -> Consent:
    """Returns only the choices made after an instant."""
    kept = {
        address: _after(chosen, time_ns)
        for address, chosen in consent.id_specific.items()
        if _after(chosen, time_ns)
    }
    return Consent(_after(consent.choices, time_ns), kept)


def has_opted_out(consent: Consent) -> bool:
    """Whether the customer has said, not only left open, that nothing may be collected."""
    return _chosen(COLLECT, consent.choices) is ConsentValue.NO


def may_collect(consent: Consent, defaults: ConsentDefaults) -> bool:
    """Whether anything may be stored of the customer."""
    return _effective(COLLECT, consent, defaults).grants


def may_personalize(consent: Consent, defaults: ConsentDefaults) -> bool:
    """Whether content may be chosen for the customer."""
    return _effective(PERSONALIZE, consent, defaults).grants


def may_locate(consent: Consent, defaults: ConsentDefaults) -> bool:
    """Whether it may be used precisely where the customer is."""
    return _effective(PRECISE_LOCATION, consent, defaults).grants


def may_contact(
    consent: Consent, defaults: ConsentDefaults, channel: str, address: ProfileKey | None = None
) -> ContactConsent:
    """Whether a customer may be written to, on a channel by its name in consent.

    Without an address only what was chosen for the whole channel counts.
    """
    any_channel = _effective(ANY_CHANNEL, consent, defaults)
    if any_channel is ConsentValue.NO:
        return ContactConsent(False, ANY_CHANNEL, any_channel)
    question = channel_question(channel)
    own = _chosen(question, consent.choices) or defaults.values.get(question)
    if own is ConsentValue.NO:
        return ContactConsent(False, question, own)
    if address is not None:
        of_address = _of_address(question, consent, address)
        if of_address is not None:
            return of_address
    if any_channel.grants:
        return ContactConsent(True, ANY_CHANNEL, any_channel)
    if own is None:
        return ContactConsent(False, ANY_CHANNEL, any_channel)
    return ContactConsent(own.grants, question, own)


def _of_address(question: str, consent: Consent, address: ProfileKey) -> ContactConsent | None:
    """Returns what was chosen for one address, or None if that decides nothing.

    Within it `marketing.any` and the channel stand to each other as they do outside.
    """
    name = address_of(address)
    choices = consent.id_specific.get(name, {})
    any_channel = _chosen(ANY_CHANNEL, choices)
    own = _chosen(question, choices)
    for asked, value in ((ANY_CHANNEL, any_channel), (question, own)):
        if value is ConsentValue.NO:
            return ContactConsent(False, f"{name} {asked}", value)
    for asked, value in ((ANY_CHANNEL, any_channel), (question, own)):
        if value is not None and value.grants:
            return ContactConsent(True, f"{name} {asked}", value)
    return None


def _effective(question: str, consent: Consent, defaults: ConsentDefaults) -> ConsentValue:
    chosen = _chosen(question, consent.choices)
    return defaults.values.get(question, ConsentValue.YES) if chosen is None else chosen


def _chosen(question: str, choices: Mapping[str, Choice]) -> ConsentValue | None:
    choice = choices.get(question)
    return None if choice is None else choice.value


def _add(choices: dict[str, Choice], added: Mapping[str, Choice]) -> None:
    for question, choice in added.items():
        known = choices.get(question)
        if known is None or _precedence(choice) > _precedence(known):
            choices[question] = choice


def _precedence(choice: Choice) -> tuple[int, int]:
    return choice.time_ns, -_RANK[choice.value]


def _after(choices: Mapping[str, Choice], time_ns: int) -> dict[str, Choice]:
    return {name: choice for name, choice in choices.items() if choice.time_ns > time_ns}
