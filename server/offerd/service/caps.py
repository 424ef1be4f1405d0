"""CapService: room under caps for channels that send later."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from offerd.admission.wording import quote
from offerd.bundle import Bundle
from offerd.decision.capping import limit_in
from offerd.decision.engine import PLAIN
from offerd.decision.request import RequestState
from offerd.errors import InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.model.capping import Demand, Limit
from offerd.model.decision import DecisionContext
from offerd.model.identity import Subject
from offerd.service.consents import Consents
from offerd.service.fullness import full_profile
from offerd.service.landing import landed
from offerd.service.reservations import commit_reservation, release_reservation
from offerd.service.subjects import MemberCounts, subject_in
from offerd.service.tokens import ItemReference, Tokens
from offerd.service.translate.identities import identities
from offerd.service.translate.reservations import (
    ReservationAdmission,
    WantedItem,
    reached_cap,
    reservation_id,
    ttl_ns,
)
from offerd.service.translate.structs import ns_to_timestamp
from offerd.service.views import view_of
from offerd.store import Hold, State
from offerd.v1 import cap_service_pb2 as pb


class Caps:
    """Answers the cap rpcs. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        self._prepared = bundle.prepared
        self._state = state
        self._now = now
        self._fold = fold
        self._tokens = Tokens(state.secret)
        self._admission = ReservationAdmission(bundle.catalogue)
        self._consents = Consents(bundle, state, now)
        schema = bundle.catalogue.schema
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}

    async def reserve(self, request: pb.ReserveRequest) -> pb.ReserveResponse:
        """Holds room for all items, or for none; durable once it is answered.

        All caps of an offer that hold at the placement are asked. Those that count propositions
        lose room: until the reservation is committed, which counts as of then, is released or
        expires. An id is free again once its reservation has expired or was released.
        Raises InvalidArgument if the reservation is there for something else.
        """
        now_ns = self._now()
        name = reservation_id(request.reservation_id)
        items = self._admission.items(request.items)
        hold = Hold(name, ttl_ns(request))
        subject = self._subject(request)
        self._consents.check(subject)
        demands = await self._demands(subject, items, now_ns)
        stem = secrets.token_hex(12)
        taken = await landed(
            self._state.take(subject.key, demands, stem, now_ns, hold, members=subject.members)
        )
        if taken.differs:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                f"the reservation {quote(name)} is there, for another customer or other items",
                field="reservation_id",
            )
        if taken.full:
            raise full_profile(subject.key)
        if not taken.granted or taken.expire_ns is None:
            return pb.ReserveResponse(reached=map(reached_cap, taken.reached))
        return pb.ReserveResponse(
            granted=True,
            expire_time=ns_to_timestamp(taken.expire_ns),
            tokens=[
                self._tokens.make(
                    ItemReference(
                        f"{taken.stem}-{demand.scope}",
                        demand.decision,
                        demand.placement,
                        demand.offer,
                    )
                )
                for demand in demands
            ],
        )

    async def commit(self, request: pb.CommitRequest) -> pb.CommitResponse:
        """Makes a reservation count for good, as of now; raises NotFound if it is gone."""
        await commit_reservation(self._state, request.reservation_id, self._now())
        return pb.CommitResponse()

    async def release(self, request: pb.ReleaseRequest) -> pb.ReleaseResponse:
        """Gives room back; raises FailedPrecondition if it is committed."""
        released = await release_reservation(self._state, request.reservation_id, self._now())
        return pb.ReleaseResponse(released=released)

    def _subject(self, request: pb.ReserveRequest) -> Subject:
        if not request.identities:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "a reservation needs an identity, 1 to 20", field="identities"
            )
        who = identities(request.identities, self._namespaces, "identities")
        subject = subject_in(self._state, who, self._namespaces)
        if subject is None:
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED,
                "a reservation needs a device identity or an authenticated person identity",
                field="identities",
            )
        return subject

    async def _demands(
        self, subject: Subject, items: Sequence[WantedItem], now_ns: int
    ) -> list[Demand]:
        """Returns the items with all caps that hold for them; there is no context to rules."""
        view = await view_of(self._state, subject, self._fold, now_ns)
        request = RequestState(
            self._prepared,
            view,
            DecisionContext({}),
            now_ns,
            counts=MemberCounts(self._state.tallies, subject),
            options=PLAIN,
        )
        catalogue = self._prepared.catalogue
        demands: list[Demand] = []
        proposed: set[tuple[str, int]] = set()
        for place, item in enumerate(items):
            offer = catalogue.offers[item.offer]
            limit_of = request.at(item.placement).limit_of(item.offer)
            limits = tuple(
                Limit(catalogue.counters[cap.counter], cap, limit_in(cap, limit_of) or 0)
                for cap in offer.caps
                if cap.holds(now_ns, item.placement)
            )
            repeated = bool(item.decision) and (item.decision, item.offer) in proposed
            proposed.add((item.decision, item.offer))
            demands.append(Demand(place, offer.id, item.decision, item.placement, limits, repeated))
        return demands
