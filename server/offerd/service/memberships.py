"""Memberships of one customer as messages: in or out, since when, and until when for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from offerd.audience.certainty import THOROUGH
from offerd.customer.timeline import CustomerTimeline
from offerd.customer.tracking import AudienceTracking
from offerd.customer.view import Known
from offerd.model.membership import Certainty, MembershipStatus, TrackedMembership
from offerd.service.translate.structs import ns_to_timestamp
from offerd.store.tracking import MembershipReader
from offerd.v1 import profile_service_pb2 as pb

_AT_ONCE = 20
"""So many audiences are looked at where nothing else can go on meanwhile, some milliseconds."""

_EFFORT = 200
"""Effort where many audiences are asked for."""

_STATUSES = {
    MembershipStatus.REALIZED: pb.MEMBERSHIP_STATUS_REALIZED,
    MembershipStatus.EXITED: pb.MEMBERSHIP_STATUS_EXITED,
}


def status_message(status: MembershipStatus) -> pb.MembershipStatus:
    """Returns a status as messages have it."""
    return _STATUSES[status]


class MembershipMessages:
    """Makes the messages, by what a revision tracks and what is tracked so far."""

    def __init__(self, tracking: AudienceTracking, reader: MembershipReader) -> None:
        self._tracking = tracking
        self._reader = reader

    def timeline(self, known: Known, at_ns: int) -> CustomerTimeline:
        """Returns what rules read of a customer from an instant on."""
        return self._tracking.timeline(known, at_ns)

    async def all(self, audiences: Sequence[str], known: Known, now_ns: int) -> list[pb.Membership]:
        """Returns audiences that a customer is in, or was in lately."""
        if len(audiences) <= _AT_ONCE:
            return self._all(audiences, known, now_ns)
        return await asyncio.to_thread(self._all, audiences, known, now_ns)

    def _all(self, audiences: Sequence[str], known: Known, now_ns: int) -> list[pb.Membership]:
        timeline = self.timeline(known, now_ns)
        tracked = self._tracked(known)
        return [
            self._message(audience, timeline, now_ns, tracked, _EFFORT)
            for audience in audiences
            if timeline.memberships[audience] is True or audience in tracked
        ]

    def one(
        self,
        audience: str,
        known: Known,
        timeline: CustomerTimeline,
        at_ns: int,
        *,
        is_present: bool,
    ) -> pb.Membership:
        """Returns one membership as of an instant, `since` only if that is the present."""
        tracked = self._tracked(known) if is_present else {}
        return self._message(audience, timeline, at_ns, tracked, THOROUGH)

    def _tracked(self, known: Known) -> Mapping[str, TrackedMembership]:
        stored = self._reader.row(known.subject.unit)
        return {} if stored is None else stored.row.memberships

    def _message(
        self,
        audience: str,
        timeline: CustomerTimeline,
        now_ns: int,
        tracked: Mapping[str, TrackedMembership],
        effort: int,
    ) -> pb.Membership:
        is_member = timeline.memberships[audience] is True
        status = MembershipStatus.REALIZED if is_member else MembershipStatus.EXITED
        message = pb.Membership(audience=audience, status=_STATUSES[status])
        before = tracked.get(audience)
        if before is not None and before.status is status:
            message.since.CopyFrom(ns_to_timestamp(before.since_ns))
        until_ns, exact = self._certainty(audience, timeline, now_ns, effort)
        if until_ns is not None:
            message.until.CopyFrom(ns_to_timestamp(until_ns))
            message.until_exact = exact
        return message

    def _certainty(
        self, audience: str, timeline: CustomerTimeline, now_ns: int, effort: int
    ) -> Certainty:
        return self._tracking.outlook(audience, timeline, now_ns, effort).certainty
