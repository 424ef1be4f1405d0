"""AudienceService: which audiences there are, who is in them, why, and who comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence

from offerd.admission import quote
from offerd.admission.wording import suggestion
from offerd.audience.telling import Telling, result_of
from offerd.bundle import Bundle
from offerd.customer.tracking import AudienceTracking
from offerd.customer.view import Known
from offerd.errors import InvalidArgument, Reason
from offerd.service.memberships import MembershipMessages, status_message
from offerd.service.subjects import subject_in
from offerd.service.tracking import Tracker
from offerd.service.translate.identities import identities
from offerd.service.translate.structs import ns_to_timestamp, timestamp_to_ns
from offerd.service.views import known_of
from offerd.store import State
from offerd.v1 import audience_service_pb2 as pb
from offerd.v1 import identity_pb2, profile_service_pb2

USUAL_PAGE = 100
LONGEST_PAGE = 1_000
BEGINNING = "beginning"
_PAGE = 256
_LONGEST_POSITION = 20
_FIRST_YEAR, _LAST_YEAR = 1970, 9999


class Audiences:
    """Answers the audience rpcs of one revision. `now` is the clock, in nanoseconds.

    `hidden` are names whose values no explanation tells.
    """

    def __init__(
        self,
        bundle: Bundle,
        state: State,
        tracking: AudienceTracking,
        now: Callable[[], int],
        hidden: Collection[str] = frozenset(),
    ) -> None:
        catalogue = bundle.catalogue
        self._state = state
        self._reader = state.tracking
        self._now = now
        self._tracking = tracking
        self._audiences = {audience.id: audience for audience in catalogue.audiences}
        self._namespaces = {one.id: one for one in catalogue.schema.namespaces}
        prepared = bundle.prepared
        self._telling = Telling(
            prepared.audiences, prepared.environment, lambda name: name not in hidden
        )
        self.messages = MembershipMessages(tracking, state.tracking)

    async def list_audiences(self, request: pb.ListAudiencesRequest) -> pb.ListAudiencesResponse:
        """Returns all audiences, in the order of the definitions."""
        return pb.ListAudiencesResponse(
            audiences=[
                pb.AudienceSummary(
                    id=audience.id,
                    name=audience.name,
                    external=audience.rule is None,
                    tracked=audience.id in self._tracking.tracked,
                    members=self._reader.member_count(audience.id),
                )
                for audience in self._audiences.values()
            ]
        )

    async def list_members(self, request: pb.ListMembersRequest) -> pb.ListMembersResponse:
        """Returns a page of an audience's members."""
        self._require_tracked(request.audience, "audience")
        size = request.page_size or USUAL_PAGE
        if not 1 <= size <= LONGEST_PAGE:
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"`{size}` is not from 1 to {LONGEST_PAGE:,}",
                field="page_size",
            )
        after = _page_after(request.page_token)
        members = self._reader.members(request.audience, after, size + 1)
        page = members[:size]
        return pb.ListMembersResponse(
            members=[
                pb.Member(
                    identity=identity_pb2.Identity(namespace=one.key.namespace, id=one.key.id),
                    since=ns_to_timestamp(one.since_ns),
                )
                for one in page
            ],
            next_page_token=page[-1].digest.hex() if len(members) > size else "",
        )

    async def explain_membership(
        self, request: pb.ExplainMembershipRequest
    ) -> pb.ExplainMembershipResponse:
        """Returns whether and why somebody is in an audience."""
        self._require(request.audience, "audience")
        now_ns = self._now()
        at_ns = now_ns
        if request.HasField("as_of"):
            at_ns = timestamp_to_ns(request.as_of, "as_of", _FIRST_YEAR, _LAST_YEAR)
        if not request.identities:
            raise InvalidArgument(Reason.MISSING_FIELD, "say whose membership", field="identities")
        who = identities(request.identities, self._namespaces, "identities")
        subject = subject_in(self._state, who, self._namespaces)
        if subject is None:
            raise InvalidArgument(
                Reason.NOT_AUTHENTICATED,
                "an authenticated person or a device is expected",
                field="identities",
            )
        plan = self._tracking.plan
        earlier = at_ns < now_ns
        known = await known_of(self._state, subject, plan, at_ns, as_of=earlier)
        timeline = self.messages.timeline(known, at_ns)
        outcome = timeline.memberships[request.audience]
        return pb.ExplainMembershipResponse(
            membership=self.messages.one(
                request.audience, known, timeline, at_ns, is_present=not earlier
            ),
            result=result_of(outcome),
            reason=self._telling.why(request.audience, timeline.memberships),
        )

    async def memberships(self, known: Known, now_ns: int) -> list[profile_service_pb2.Membership]:
        """Returns all audiences that a customer is in, or was in lately."""
        return await self.messages.all(list(self._audiences), known, now_ns)

    def require_tracked(self, names: Collection[str]) -> None:
        """Refuses a name of none that is tracked."""
        for position, name in enumerate(names):
            self._require_tracked(name, f"audiences[{position}]")

    def _require(self, audience: str, field: str) -> None:
        if audience not in self._audiences:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"no audience {quote(audience)}{suggestion(audience, self._audiences)}",
                field=field,
            )

    def _require_tracked(self, audience: str, field: str) -> None:
        self._require(audience, field)
        if audience not in self._tracking.tracked:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"audience `{audience}` isn't tracked: its rule reads the context of a request",
                field=field,
            )


AudiencesOf = Callable[[Sequence[identity_pb2.Identity]], Audiences]
"""Gives what answers about a customer; about nobody, what answers for all."""


class AudienceCalls:
    """Answers the audience rpcs by the revision whose turn it is.

    Streams of transitions come from the store: a slow reader holds nothing up and nothing back.
    """

    def __init__(self, state: State, tracker: Tracker, audiences_of: AudiencesOf) -> None:
        self._reader = state.tracking
        self._tracker = tracker
        self._of = audiences_of

    async def list_audiences(self, request: pb.ListAudiencesRequest) -> pb.ListAudiencesResponse:
        """As Audiences, of the active revision."""
        return await self._of(()).list_audiences(request)

    async def list_members(self, request: pb.ListMembersRequest) -> pb.ListMembersResponse:
        """As Audiences, of the active revision."""
        return await self._of(()).list_members(request)

    async def explain_membership(
        self, request: pb.ExplainMembershipRequest
    ) -> pb.ExplainMembershipResponse:
        """As Audiences, of the revision that answers the customer."""
        return await self._of(request.identities).explain_membership(request)

    async def watch(
        self, request: pb.WatchAudiencesRequest
    ) -> AsyncIterator[pb.WatchAudiencesResponse]:
        """Yields who enters and leaves; goes on as long as the caller listens."""
        self._of(()).require_tracked(request.audiences)
        wanted = frozenset(request.audiences)
        position = self._position(request.after_position)
        loop, come = asyncio.get_running_loop(), asyncio.Event()
        stop = self._tracker.listen(lambda: loop.call_soon_threadsafe(come.set))
        try:
            while True:
                come.clear()
                page = self._reader.transitions(position, _PAGE)
                self._require_stored(position)
                for sequence, row in page:
                    position = sequence
                    if not wanted or row.audience in wanted:
                        yield pb.WatchAudiencesResponse(
                            position=str(sequence),
                            identity=identity_pb2.Identity(namespace=row.namespace, id=row.id),
                            audience=row.audience,
                            status=status_message(row.status),
                            time=ns_to_timestamp(row.time_ns),
                        )
                if page:
                    await asyncio.sleep(0)
                else:
                    await come.wait()
        finally:
            stop()

    def _position(self, text: str) -> int:
        last = self._reader.last_sequence()
        if not text:
            return last
        if text == BEGINNING:
            return self._reader.trimmed_sequence()
        is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_POSITION
        if not is_number or int(text) > last:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"{quote(text)} is no position: one that a transition had, or `{BEGINNING}`",
                field="after_position",
            )
        self._require_stored(int(text))
        return int(text)

    def _require_stored(self, position: int) -> None:
        """Refuses to go on where some would be left out, as to who reads for longer than that."""
        trimmed = self._reader.trimmed_sequence()
        if position < trimmed:
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"what followed position `{position}` is no longer stored; `{BEGINNING}` begins "
                f"with position `{trimmed + 1}`",
                field="after_position",
            )


def _page_after(token: str) -> bytes:
    try:
        after = bytes.fromhex(token)
    except ValueError:
        after = b"?"
    if token and len(after) != 16:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED, f"{quote(token)} is no page's token", field="page_token"
        )
    return after
