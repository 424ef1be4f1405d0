"""ContactService: whether customers may be contacted, room under caps, the suppression list."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from offerd.admission.wording import quote
from offerd.bundle import Bundle
from offerd.customer.consent import ContactConsent, granted_by, may_contact
from offerd.customer.contact import ALLOWED, Standing, Use, cap_verdict, verdict
from offerd.errors import InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.model.capping import Demand, Limit
from offerd.model.contact import (
    CONTACT_EVENT,
    Channel,
    ContactCategory,
    ContactOutcome,
    ContactVerdict,
)
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey, ProfileView
from offerd.service.fullness import full_profile
from offerd.service.reservations import commit_reservation, release_reservation
from offerd.service.subjects import subject_in
from offerd.service.translate.contacts import (
    ContactAdmission,
    WantedContact,
    suppression_reason,
    verdict_message,
)
from offerd.service.translate.context import known_zones
from offerd.service.translate.structs import ns_to_timestamp
from offerd.service.views import view_of
from offerd.store import Hold, State, Taken
from offerd.v1 import contact_service_pb2 as pb
from offerd.v1 import identity_pb2

_ROUNDS: Final = 5
"""How often room is asked for that had come back by the time that it was looked for."""


class Contacts:
    """Answers the contact rpcs by one revision. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        catalogue = bundle.catalogue
        self._state = state
        self._fold = fold
        self._now = now
        self._counters = catalogue.counters
        self._defaults = catalogue.consent
        self._namespaces = {one.id: one for one in catalogue.schema.namespaces}
        self._admission = ContactAdmission(catalogue.channels, self._namespaces)
        self._zones = {
            channel.id: channel.time_zone_attribute
            for channel in catalogue.channels
            if f"profile.{channel.time_zone_attribute}"
            not in bundle.prepared.withholdings.from_reader(channel.marketing_actions)
        }
        """By channel the attribute with the customer's zone, if policies let it be read."""

    async def check_contact(self, request: pb.CheckContactRequest) -> pb.CheckContactResponse:
        """Says whether a customer may be contacted; with a reservation id takes room if so.

        Asked again with the id of a reservation that is there, it is as the first time. Raises
        InvalidArgument if that reservation is for something else.
        """
        wanted = self._admission.wanted(request)
        subject = subject_in(self._state, wanted.who, self._namespaces)
        if subject is None:
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED, "a contact needs a person", field="identities"
            )
        if wanted.reservation:
            return await self._reserve(wanted, subject)
        now_ns = self._now() if wanted.at_ns is None else wanted.at_ns
        standing = await self._standing(wanted, subject)
        found = verdict(wanted.channel, wanted.category, standing, now_ns)
        return verdict_message(found, reserved=False)

    async def commit_contact(self, request: pb.CommitContactRequest) -> pb.CommitContactResponse:
        """Makes a contact count for good, as of now; raises NotFound if nothing is reserved."""
        await commit_reservation(self._state, request.reservation_id, self._now())
        return pb.CommitContactResponse()

    async def release_contact(self, request: pb.ReleaseContactRequest) -> pb.ReleaseContactResponse:
        """Gives room back; raises FailedPrecondition if the contact was made."""
        released = await release_reservation(self._state, request.reservation_id, self._now())
        return pb.ReleaseContactResponse(released=released)

    async def set_suppression(self, request: pb.SetSuppressionRequest) -> pb.SetSuppressionResponse:
        """Puts addresses on the suppression list or takes them off; returns once durable."""
        addresses = self._admission.addresses(request.addresses)
        if request.lift:
            changing = self._state.suppressions.lift(addresses)
        else:
            reason = suppression_reason(request.reason)
            changing = self._state.suppressions.add(addresses, reason, self._now())
        changed = await asyncio.wrap_future(changing)
        return pb.SetSuppressionResponse(changed=changed)

    async def get_suppression(self, request: pb.GetSuppressionRequest) -> pb.GetSuppressionResponse:
        """Tells which addresses are on the suppression list."""
        found = self._state.suppressions.find(self._admission.addresses(request.addresses))
        return pb.GetSuppressionResponse(
            suppressions=[
                pb.Suppression(
                    address=identity_pb2.Identity(namespace=address.namespace, id=address.id),
                    reason=suppression.reason,
                    since=ns_to_timestamp(suppression.since_ns),
                )
                for address, suppression in found.items()
            ]
        )

    async def _reserve(self, wanted: WantedContact, subject: Subject) -> pb.CheckContactResponse:
        """Takes room if nothing else is in the way; then looks why there was none."""
        for _ in range(_ROUNDS):
            now_ns = self._now()
            standing = await self._standing(wanted, subject)
            unlimited = standing._replace(uses=())
            found = verdict(wanted.channel, wanted.category, unlimited, now_ns)
            if found.outcome is ContactOutcome.SUPPRESS:
                return verdict_message(found, reserved=False)
            if found.outcome is ContactOutcome.DEFER:
                found = verdict(wanted.channel, wanted.category, standing, now_ns)
                return verdict_message(found, reserved=False)
            taken = await self._take(wanted, subject, now_ns)
            if taken.granted:
                return verdict_message(ALLOWED, reserved=taken.expire_ns is not None)
            standing = await self._standing(wanted, subject)
            found = verdict(wanted.channel, wanted.category, standing, now_ns)
            if found.outcome is not ContactOutcome.ALLOW:
                return verdict_message(found, reserved=False)
        return verdict_message(_again(wanted.channel, standing, taken, now_ns), reserved=False)

    async def _take(self, wanted: WantedContact, subject: Subject, now_ns: int) -> Taken:
        exempt = wanted.category is ContactCategory.TRANSACTIONAL
        limits = tuple(
            Limit(self._counters[cap.counter], cap, cap.limit)
            for cap in wanted.channel.caps
            if not exempt and cap.holds(now_ns, wanted.channel.id)
        )
        demand = Demand(0, "", "", wanted.channel.id, limits, event=CONTACT_EVENT, exempt=exempt)
        hold = Hold(wanted.reservation, wanted.ttl_ns)
        stem = secrets.token_hex(12)
        taken = await asyncio.wrap_future(
            self._state.take(subject.key, [demand], stem, now_ns, hold, members=subject.members)
        )
        if taken.differs:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                f"the reservation {quote(wanted.reservation)} is there, for something else",
                field="reservation_id",
            )
        if taken.full:
            raise full_profile(subject.key)
        return taken

    async def _standing(self, wanted: WantedContact, subject: Subject) -> Standing:
        channel = wanted.channel
        view = await view_of(self._state, subject, self._fold, self._now())
        if wanted.address is not None:
            addresses: Sequence[ProfileKey] = (wanted.address,)
        else:
            addresses = [key for key in subject.members if key.namespace in channel.namespaces]
        suppressed = next(iter(self._state.suppressions.find(addresses)), None)
        return Standing(
            self._consent(subject, channel, addresses),
            "" if suppressed is None else f"{quote(suppressed.id)} in `{suppressed.namespace}`",
            self._zone(wanted, view),
            self._uses(subject, channel, view),
        )

    def _consent(
        self, subject: Subject, channel: Channel, addresses: Sequence[ProfileKey]
    ) -> ContactConsent:
        """Returns whether any of the addresses may be used: if one may not, none may.

        A device grants only what is sent to devices like it.
        """
        consents = self._state.consents
        granting = tuple(
            key
            for key in subject.members
            if key.namespace in channel.namespaces
            or self._namespaces[key.namespace].type.names_person
        )
        own = consents.of(subject._replace(members=granting))
        consent = granted_by(own, consents.of(subject))
        found = [
            may_contact(consent, self._defaults, channel.consent, address)
            for address in addresses or (None,)
        ]
        return next((one for one in found if not one.granted), found[0])

    def _zone(self, wanted: WantedContact, view: ProfileView) -> ZoneInfo | None:
        if wanted.time_zone:
            return ZoneInfo(wanted.time_zone)
        own = view.attributes.get(self._zones.get(wanted.channel.id) or "")
        name = own if own in known_zones() else wanted.channel.time_zone
        return None if name is None else ZoneInfo(name)

    def _uses(self, subject: Subject, channel: Channel, view: ProfileView) -> list[Use]:
        uses: list[Use] = []
        now_ns = self._now()
        for cap in channel.caps:
            counter = self._counters[cap.counter].key
            held: list[int] = []
            for member in subject.members:
                held += self._state.tallies.expiries(counter, member, now_ns)
            uses.append(Use(cap, view.counted.get(counter, ()), held))
        return uses


def _again(channel: Channel, standing: Standing, taken: Taken, now_ns: int) -> ContactVerdict:
    """Returns the verdict if others took the room each time that there was some."""
    reached = taken.reached[0].limit.cap
    full = next(use for use in standing.uses if use.cap == reached)
    return cap_verdict(channel, standing, full, now_ns)
