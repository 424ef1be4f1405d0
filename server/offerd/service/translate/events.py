"""Events of a request, checked one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from offerd.admission import admit_attributes, admit_text, format_instant
from offerd.admission.wording import quote, suggestion
from offerd.customer.graph import pairs_of
from offerd.errors import InvalidArgument, Reason
from offerd.events import IncomingEvent, event_fingerprint
from offerd.model.capping import CounterChange
from offerd.model.event import Event
from offerd.model.identity import Identity, subject_of
from offerd.model.profile import ProfileKey
from offerd.model.schema import Attribute, Schema, event_types
from offerd.places.index import Places
from offerd.service.tokens import ItemReference, Tokens
from offerd.service.translate.identities import identities
from offerd.service.translate.movements import MADE_EVENTS, check_movement, made_by_service
from offerd.service.translate.structs import struct_to_data, timestamp_to_ns
from offerd.v1 import event_service_pb2 as pb
from offerd.v1 import identity_pb2

FIRST_YEAR, LAST_YEAR = 1970, 2261
_MAXIMUM_NAME = 128
AHEAD_NS = 24 * 3_600 * 1_000_000_000
"""How far ahead of the service's clock an event may be dated, for devices whose clock is off."""
_ABOUT_AN_ITEM = ("display", "click")


class AdmittedEvent(NamedTuple):
    """An event that passed every check. `timed` is whether its sender said when it happened.

    `who` are all identities that it names, `key` the one that it is kept under.
    """

    key: ProfileKey
    event: Event
    timed: bool
    who: tuple[Identity, ...]
    linked: tuple[tuple[ProfileKey, ProfileKey], ...]

    def incoming(self) -> IncomingEvent:
        """Returns the event as the store takes it."""
        fingerprint = event_fingerprint(self.key, self.event, time_given=self.timed)
        return IncomingEvent(self.key, self.event, fingerprint, self.linked)


class EventAdmission:
    """Checks events against one schema; tokens must be those that `tokens` makes.

    `places` are those of the same definitions, None if they have none.
    """

    def __init__(self, schema: Schema, tokens: Tokens, places: Places | None = None) -> None:
        self._tokens = tokens
        self._places = places
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._properties = {
            event.id: {p.path: p for p in event.properties}
            for event in event_types(schema).values()
            if event.id not in MADE_EVENTS
        }

    def admit(
        self,
        message: pb.Event,
        field: str,
        now_ns: int,
        whose: Sequence[identity_pb2.Identity] = (),
    ) -> AdmittedEvent:
        """Returns the event of a message; raises InvalidArgument at its first mistake.

        `whose` are the identities of the request, for an event that has none.
        """
        event_id = admit_text(message.event_id, f"{field}.event_id", _MAXIMUM_NAME, required=True)
        declared = self._declared(message.type, f"{field}.type")
        properties, _ = admit_attributes(
            struct_to_data(message.properties, f"{field}.properties"),
            declared,
            field=f"{field}.properties",
        )
        check_movement(message.type, properties, self._places, f"{field}.properties")
        timed = message.HasField("event_time")
        time_ns = self._time(message, f"{field}.event_time", now_ns) if timed else now_ns
        item = self._item(message, field)
        event = Event(
            event_id,
            message.type,
            time_ns,
            properties,
            offer=item.offer if item else None,
            decision=item.decision if item else None,
            placement=item.placement if item else None,
            proposition=item.proposition if item else None,
        )
        given = message.identities or whose
        of_request = bool(whose) and not message.identities
        who = self._who(given, "identities" if of_request else f"{field}.identities")
        key = self._subject(who, f"{field}.identities")
        return AdmittedEvent(key, event, timed, who, pairs_of(who, self._namespaces))

    @staticmethod
    def _time(message: pb.Event, field: str, now_ns: int) -> int:
        time_ns = timestamp_to_ns(message.event_time, field, FIRST_YEAR, LAST_YEAR)
        if time_ns > now_ns + AHEAD_NS:
            raise InvalidArgument(
                Reason.INVALID_TIME,
                f"{format_instant(time_ns)} is more than 24 hours from now, "
                f"and events are about what has happened",
                field=field,
            )
        return time_ns

    def _declared(self, name: str, field: str) -> dict[str, Attribute]:
        if not name:
            raise InvalidArgument(Reason.MISSING_FIELD, "an event needs its type", field=field)
        if name in MADE_EVENTS:
            raise made_by_service(name, field)
        declared = self._properties.get(name)
        if declared is None:
            message = f"unknown event type {quote(name)}{suggestion(name, self._properties)}"
            raise InvalidArgument(Reason.UNKNOWN_EVENT_TYPE, message, field=field)
        return declared

    def _item(self, message: pb.Event, field: str) -> ItemReference | None:
        if message.token:
            return self._tokens.read(message.token, f"{field}.token")
        if message.type in _ABOUT_AN_ITEM:
            raise InvalidArgument(
                Reason.MISSING_FIELD,
                f"a `{message.type}` event needs the token of the item it is about",
                field=f"{field}.token",
            )
        return None

    def _who(self, messages: Sequence[identity_pb2.Identity], field: str) -> tuple[Identity, ...]:
        if not messages:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "an event needs an identity, 1 to 20", field=field
            )
        return tuple(identities(messages, self._namespaces, field))

    def _subject(self, who: Sequence[Identity], field: str) -> ProfileKey:
        subject = subject_of(who, self._namespaces)
        if subject is None:
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED,
                "an event needs a device identity or an authenticated person identity",
                field=field,
            )
        return subject


def counter_change(change: CounterChange) -> pb.CounterChange:
    """Returns the message of what an event changed for a cap."""
    return pb.CounterChange(
        counter=change.counter,
        offer=change.offer,
        cap=change.cap.id,
        before=change.before,
        after=change.after,
        limit=change.cap.limit,
    )
