"""What customers allow: stored when they choose, asked before anything is stored or chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from offerd.admission import quote
from offerd.bundle import Bundle
from offerd.customer.consent import (
    NO_CONSENT,
    may_collect,
    may_locate,
    may_personalize,
    merged,
    prevailing,
)
from offerd.customer.precision import coarse_context, coarse_location
from offerd.errors import FailedPrecondition, InvalidArgument, Reason
from offerd.events import MOVING_EVENTS
from offerd.model.consent import Consent, ConsentDefaults
from offerd.model.event import Event
from offerd.model.identity import Identity, Subject
from offerd.model.place import LOCATION_EVENT
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.service.asked import Asked
from offerd.service.subjects import deleted_subject, subject_in
from offerd.service.translate.consents import ConsentAdmission, consent_message
from offerd.service.translate.identities import identities
from offerd.store import State
from offerd.v1 import consent_pb2, identity_pb2
from offerd.v1 import profile_service_pb2 as pb

NOT_COLLECTED: Final = "collecting is not allowed"
"""Why nothing is chosen for a customer of whom nothing may be stored."""

NOT_PERSONALIZED: Final = "`personalize` isn't granted: decided as for nobody"


class Chosen(NamedTuple):
    """What a request says that its customer has chosen, None for a customer who is nobody."""

    key: ProfileKey | None = None
    consent: Consent = NO_CONSENT


NOTHING: Final = Chosen()


class Consents:
    """Stores and asks consent by the definitions of one revision. `now` is in nanoseconds."""

    def __init__(self, bundle: Bundle, state: State, now: Callable[[], int]) -> None:
        catalogue = bundle.catalogue
        self._state = state
        self._now = now
        self._defaults = catalogue.consent
        self._namespaces = {one.id: one for one in catalogue.schema.namespaces}
        self._admission = ConsentAdmission(catalogue.channels, self._namespaces)
        self.location = catalogue.location
        """How locations become crossings."""
        self._free = _allows_all(NO_CONSENT, self._defaults)

    async def set_consent(self, request: pb.SetConsentRequest) -> pb.SetConsentResponse:
        """Stores what a customer has chosen; returns what is known of them, once durable."""
        if not request.HasField("consent"):
            raise InvalidArgument(
                Reason.MISSING_FIELD, "what was chosen is missing", field="consent"
            )
        chosen = await self.store(request.consent, request.identities, self._now())
        if not chosen.consent.choices and not chosen.consent.id_specific:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "a choice is missing, such as `collect`", field="consent"
            )
        known = self._state.consents.of(self._subject(request.identities))
        return pb.SetConsentResponse(consent=consent_message(known))

    async def store(
        self,
        message: consent_pb2.Consent,
        whose: Sequence[identity_pb2.Identity],
        now_ns: int,
    ) -> Chosen:
        """Stores consent under the best identity of a request; returns it once durable.

        Raises InvalidArgument for consent that is wrong, or nobody's; FailedPrecondition if there
        are too many addresses.
        """
        consent = self._admission.admit(message, "consent", now_ns)
        if not whose:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "consent needs an identity, 1 to 20", field="identities"
            )
        subject = self._subject(whose)
        if subject is None:
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED,
                "consent needs a device identity or an authenticated person identity",
                field="identities",
            )
        self._check_addresses(subject, consent)
        return await self._add(subject, consent, now_ns)

    async def chosen_in(
        self,
        message: consent_pb2.Consent,
        who: Sequence[Identity],
        now_ns: int,
        *,
        assumed: bool,
    ) -> Chosen:
        """Returns what a request to decide says was chosen; stores it unless it is `assumed`.

        That of a request about nobody holds for the request alone.
        """
        consent = self._admission.admit(message, "consent", now_ns)
        subject = subject_in(self._state, who, self._namespaces)
        self._check_addresses(subject, consent)
        if assumed or subject is None:
            return Chosen(None if subject is None else subject.key, consent)
        return await self._add(subject, consent, now_ns)

    def _check_addresses(self, subject: Subject | None, consent: Consent) -> None:
        """Refuses people's addresses of who isn't authenticated: they aren't kept of a device."""
        if subject is not None and self._namespaces[subject.key.namespace].type.names_person:
            return
        for address in consent.id_specific:
            namespace = address.partition(":")[0]
            if self._namespaces[namespace].type.names_person:
                raise InvalidArgument(
                    Reason.PERSON_DATA_ON_DEVICE,
                    f"an address in `{namespace}` is person data: "
                    "choosing for it needs an authenticated person identity",
                    field="consent.id_specific",
                )

    async def _add(self, subject: Subject, consent: Consent, now_ns: int) -> Chosen:
        if consent.choices or consent.id_specific:
            stored = self._state.consents.add(subject.key, consent, now_ns)
            if await asyncio.wrap_future(stored) is None:
                raise deleted_subject(subject.key, "consent.choice_time")
        return Chosen(subject.key, consent)

    def allows_all(self, known: Consent | None) -> bool:
        """Whether `gated` would leave as it is what is asked of whom this is all that is known."""
        return self._free if known is None else _allows_all(known, self._defaults)

    def gated(self, asked: Asked, chosen: Chosen) -> Asked:
        """Returns what may be decided of what is asked: all of it, as for nobody, or fallbacks.

        Where the customer is, is made coarse if it may not be used precisely. `chosen` is what
        the request itself says.
        """
        if self._is_free(chosen):
            return asked
        consent = merged((self._known(asked.subject), chosen.consent))
        if not may_locate(consent, self._defaults):
            asked = asked._replace(context=coarse_context(asked.context), locates=False)
        if not may_collect(consent, self._defaults):
            options = asked.options._replace(fallbacks_only=NOT_COLLECTED)
            return asked._replace(subject=None, extra=(), options=options)
        if may_personalize(consent, self._defaults):
            return asked
        warnings = [*asked.warnings, NOT_PERSONALIZED]
        return asked._replace(subject=None, extra=(), warnings=warnings)

    def gate(self, chosen: Chosen = NOTHING) -> Gate:
        """Returns what asks for several customers of one request whether they may be stored."""
        return Gate(None if self._is_free(chosen) else self, chosen)

    def allowed(self, who: tuple[Identity, ...], chosen: Chosen) -> Allowed:
        """Returns what may be stored of whom some identities name."""
        subject = subject_in(self._state, who, self._namespaces)
        consent = self._known(subject)
        if subject is not None and subject.key == chosen.key:
            consent = merged((consent, chosen.consent))
        defaults = self._defaults
        return Allowed(may_collect(consent, defaults), may_locate(consent, defaults))

    def check(self, subject: Subject) -> None:
        """Raises FailedPrecondition if nothing may be stored of a customer."""
        if self._is_free(NOTHING):
            return
        if not may_collect(self._known(subject), self._defaults):
            raise not_collected(subject.key, "identities")

    def _known(self, subject: Subject | None) -> Consent:
        return consent_of(self._state, subject, self._namespaces)

    def _is_free(self, chosen: Chosen) -> bool:
        """Whether nobody needs to be asked: nobody ever chose, and by default all is allowed."""
        return self._free and chosen.consent is NO_CONSENT and not self._state.consents.given

    def _subject(self, whose: Sequence[identity_pb2.Identity]) -> Subject | None:
        who = identities(whose, self._namespaces, "identities")
        return subject_in(self._state, who, self._namespaces)


def _allows_all(consent: Consent, defaults: ConsentDefaults) -> bool:
    return all(may(consent, defaults) for may in (may_collect, may_personalize, may_locate))


def consent_of(
    state: State, subject: Subject | None, namespaces: Mapping[str, Namespace]
) -> Consent:
    """Returns what holds of what was chosen under any identity of a customer."""
    everyones = state.consents.of(subject)
    if subject is None or len(subject.members) < 2:
        return everyones
    people = tuple(key for key in subject.members if namespaces[key.namespace].type.names_person)
    return prevailing(state.consents.of(subject._replace(members=people)), everyones)


class Allowed(NamedTuple):
    """Whether anything may be stored of a customer, and precisely where they are."""

    collects: bool
    locates: bool


class Gate:
    """Asks about each customer of a request once."""

    def __init__(self, consents: Consents | None, chosen: Chosen) -> None:
        self._consents = consents
        self._chosen = chosen
        self._known: dict[tuple[Identity, ...], Allowed] = {}

    def admit(self, event: Event, who: tuple[Identity, ...], key: ProfileKey, field: str) -> Event:
        """Returns an event as it may be stored of whom it is about.

        Raises FailedPrecondition if it may not: if nothing may, or if it is a phone's own region
        event, which tells precisely where the customer is, and that may not be used.
        """
        if self._consents is None:
            return event
        allowed = self._known.get(who)
        if allowed is None:
            allowed = self._known[who] = self._consents.allowed(who, self._chosen)
        if not allowed.collects:
            raise not_collected(key, field)
        if allowed.locates or event.type not in MOVING_EVENTS:
            return event
        if event.type == LOCATION_EVENT:
            return coarse_location(event, self._consents.location)
        raise FailedPrecondition(
            Reason.CONSENT_NOT_GRANTED,
            f"{quote(key.id)} in `{key.namespace}` hasn't allowed that it is used "
            "precisely where they are",
            field=field,
        )


def not_collected(key: ProfileKey, field: str) -> FailedPrecondition:
    """Returns the refusal of what may not be stored."""
    return FailedPrecondition(
        Reason.CONSENT_NOT_GRANTED,
        f"{quote(key.id)} in `{key.namespace}` hasn't allowed that anything is collected",
        field=field,
    )
