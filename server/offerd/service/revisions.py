"""Which revision of the definitions answers a request, and changing that under load.

Every request is answered by one revision from beginning to end. A canary answers for a share of
all profiles: those whose share of 10,000 under the salt `canary/<revision>` (see
offerd.decision.experiments) is less than it, so that whoever is in it stays in it while it
grows. A request about nobody is answered by the active revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

import structlog

from offerd.decision.experiments import share
from offerd.errors import InvalidArgument
from offerd.events import FoldPlan, FoldPlans
from offerd.model.identity import profile_key
from offerd.model.profile import ProfileKey
from offerd.model.shares import WHOLE
from offerd.service.audiences import AudienceCalls
from offerd.service.consents import Consents
from offerd.service.events import Events
from offerd.service.exclusive import Exclusive
from offerd.service.failures import RankingFailures
from offerd.service.followed import Followed
from offerd.service.places import PlaceCalls
from offerd.service.quick_decisions import QuickDecisions
from offerd.service.revision import Loaded, Revision
from offerd.service.serialized import Serialized
from offerd.service.serving import Serving
from offerd.service.streaming import EventStream
from offerd.service.subjects import subject_in
from offerd.service.tracking import Tracker
from offerd.service.translate.events import EventAdmission
from offerd.service.translate.identities import identities
from offerd.store import State
from offerd.v1 import (
    cap_service_pb2,
    contact_service_pb2,
    decision_service_pb2,
    event_service_pb2,
    identity_pb2,
    load_service_pb2,
    profile_service_pb2,
)


class Standing(NamedTuple):
    """What decides: the active revision, and a canary for so many ten-thousandths of profiles."""

    active: Loaded
    canary: Loaded | None = None
    share: int = 0

    def plans(self, *still_asked: FoldPlan) -> FoldPlans:
        """Returns what folds whose events, and counts for revisions that are `still_asked`."""
        canary = self.canary
        if canary is None:
            return FoldPlans(self.active.fold, still_asked)
        revision, limit = canary.bundle.revision, self.share

        def plan_of(key: ProfileKey) -> FoldPlan:
            inside = share(f"{key.namespace}:{key.id}", f"canary/{revision}", WHOLE) < limit
            return canary.fold if inside else self.active.fold

        return FoldPlans(self.active.fold, (canary.fold, *still_asked), plan_of)


class Revisions:
    """Answers every rpc by the revision whose turn it is. `now` is the clock, in nanoseconds.

    The state must have been opened with the plans of the same standing.
    """

    def __init__(
        self,
        standing: Standing,
        state: State,
        log: structlog.typing.FilteringBoundLogger,
        now: Callable[[], int],
    ) -> None:
        self._state = state
        self._log = log
        self._now = now
        self._failures = RankingFailures(log)
        # Doors decide in threads of their own; what revisions remember is for one at a time.
        self._deciding = Exclusive()
        self._events = Events(self._admission_of, self._consents_of, state, now)
        self._serving = self._prepared(standing, ())
        self._standing = standing
        self.tracker = Tracker(state, now, log)
        """Finds who enters and leaves audiences; `track` begins it."""
        self.audiences = AudienceCalls(
            state, self.tracker, lambda whose: self._asked_by(whose).audiences
        )
        """Answers the audience rpcs."""
        self.places = PlaceCalls(lambda: self.active.bundle, now)
        """Answers the place rpcs, by the active revision."""
        self.quick = QuickDecisions(lambda: self._serving, self._deciding)
        """Decides as `decide` does, what needn't be waited for."""

    @property
    def active(self) -> Loaded:
        """The active revision."""
        return self._serving.active.loaded

    @property
    def canary(self) -> Loaded | None:
        """The revision that answers for a share of all profiles, if any does."""
        canary = self._serving.canary
        return None if canary is None else canary.loaded

    async def use(self, standing: Standing) -> None:
        """Lets other revisions answer: every request that comes from then on.

        Requests under way are finished by the revision that they began with. Raises Unavailable
        if the state takes no more; then nothing has changed.
        """
        before = self._serving
        kept = [r for r in (before.active, before.canary) if r is not None]
        serving = self._prepared(standing, kept)
        still_asked = [revision.loaded.fold for revision in kept]
        await asyncio.wrap_future(self._state.use(standing.plans(*still_asked)))
        self._serving, self._standing = serving, standing
        if self.tracker.is_following:
            self.track()

    def track(self) -> None:
        """Has memberships of audiences tracked by what is served, from now on."""
        active, canary, plans = self._serving
        self.tracker.follow(
            Followed(
                active.tracking,
                None if canary is None else canary.tracking,
                plans,
                active.namespaces,
                self._standing.share,
            )
        )

    def _prepared(self, standing: Standing, kept: Sequence[Revision]) -> Serving:
        known = {id(revision.loaded.bundle): revision for revision in kept}

        def revision_of(loaded: Loaded) -> Revision:
            found = known.get(id(loaded.bundle))
            return found or Revision(
                loaded, self._state, self._log, self._now,
                failures=self._failures, events=self._events,
            )  # fmt: skip

        canary = None if standing.canary is None else revision_of(standing.canary)
        return Serving(revision_of(standing.active), canary, standing.plans())

    async def decide(self, request: decision_service_pb2.DecideRequest) -> Serialized:
        """As service.decisions."""
        revision = self._asked_by(request.identities)
        return await self._deciding.during(revision.decisions.decide(request))

    async def collect(
        self, request: event_service_pb2.CollectRequest
    ) -> event_service_pb2.CollectResponse:
        """As service.events; each event is checked by the revision of its own profile."""
        return await self._events.collect(request)

    async def get_profile(
        self, request: profile_service_pb2.GetProfileRequest
    ) -> profile_service_pb2.GetProfileResponse:
        """As service.profiles."""
        revision = self._named(request.namespace, request.id)
        return await revision.profiles.get_profile(request)

    async def set_profile(
        self, request: profile_service_pb2.SetProfileRequest
    ) -> profile_service_pb2.SetProfileResponse:
        """As service.profiles."""
        revision = self._named(request.namespace, request.id)
        return await revision.profiles.set_profile(request)

    async def delete_profile(
        self, request: profile_service_pb2.DeleteProfileRequest
    ) -> profile_service_pb2.DeleteProfileResponse:
        """As service.profiles."""
        revision = self._named(request.namespace, request.id)
        return await revision.profiles.delete_profile(request)

    async def patch_profile(
        self, request: profile_service_pb2.PatchProfileRequest
    ) -> profile_service_pb2.PatchProfileResponse:
        """As service.profiles."""
        revision = self._named(request.namespace, request.id)
        return await revision.profiles.patch_profile(request)

    async def link_identities(
        self, request: profile_service_pb2.LinkIdentitiesRequest
    ) -> profile_service_pb2.LinkIdentitiesResponse:
        """As service.linking, by the namespaces of the active revision."""
        return await self._serving.active.linking.link_identities(request)

    async def unlink_identity(
        self, request: profile_service_pb2.UnlinkIdentityRequest
    ) -> profile_service_pb2.UnlinkIdentityResponse:
        """As service.linking, by the namespaces of the active revision."""
        return await self._serving.active.linking.unlink_identity(request)

    def export_subject(
        self, request: profile_service_pb2.ExportSubjectRequest
    ) -> AsyncIterator[profile_service_pb2.ExportSubjectResponse]:
        """As service.subject_data, as the active revision has it."""
        return self._serving.active.subject_data.export_subject(request)

    async def delete_subject(
        self, request: profile_service_pb2.DeleteSubjectRequest
    ) -> profile_service_pb2.DeleteSubjectResponse:
        """As service.subject_data."""
        return await self._serving.active.subject_data.delete_subject(request)

    def collect_stream(
        self, requests: AsyncIterator[event_service_pb2.Event]
    ) -> AsyncIterator[event_service_pb2.EventResult]:
        """As service.streaming; each event is checked by the revision of its own profile."""
        return EventStream(self._events).answers(requests)

    async def reserve(
        self, request: cap_service_pb2.ReserveRequest
    ) -> cap_service_pb2.ReserveResponse:
        """As service.caps."""
        return await self._asked_by(request.identities).caps.reserve(request)

    async def commit(
        self, request: cap_service_pb2.CommitRequest
    ) -> cap_service_pb2.CommitResponse:
        """As service.caps; reservations are those of all revisions."""
        return await self._serving.active.caps.commit(request)

    async def release(
        self, request: cap_service_pb2.ReleaseRequest
    ) -> cap_service_pb2.ReleaseResponse:
        """As service.caps; reservations are those of all revisions."""
        return await self._serving.active.caps.release(request)

    async def set_consent(
        self, request: profile_service_pb2.SetConsentRequest
    ) -> profile_service_pb2.SetConsentResponse:
        """As service.consents."""
        return await self._asked_by(request.identities).consents.set_consent(request)

    async def check_contact(
        self, request: contact_service_pb2.CheckContactRequest
    ) -> contact_service_pb2.CheckContactResponse:
        """As service.contacts."""
        return await self._asked_by(request.identities).contacts.check_contact(request)

    async def commit_contact(
        self, request: contact_service_pb2.CommitContactRequest
    ) -> contact_service_pb2.CommitContactResponse:
        """As service.contacts; reservations are those of all revisions."""
        return await self._serving.active.contacts.commit_contact(request)

    async def release_contact(
        self, request: contact_service_pb2.ReleaseContactRequest
    ) -> contact_service_pb2.ReleaseContactResponse:
        """As service.contacts; reservations are those of all revisions."""
        return await self._serving.active.contacts.release_contact(request)

    async def set_suppression(
        self, request: contact_service_pb2.SetSuppressionRequest
    ) -> contact_service_pb2.SetSuppressionResponse:
        """As service.contacts; the suppression list is that of all revisions."""
        return await self._serving.active.contacts.set_suppression(request)

    async def get_suppression(
        self, request: contact_service_pb2.GetSuppressionRequest
    ) -> contact_service_pb2.GetSuppressionResponse:
        """As service.contacts; the suppression list is that of all revisions."""
        return await self._serving.active.contacts.get_suppression(request)

    def load(
        self, requests: AsyncIterator[load_service_pb2.LoadRequest]
    ) -> AsyncIterator[load_service_pb2.LoadProgress]:
        """As service.loads; rows are checked by the revision that is active as they begin."""
        return self._serving.active.loads.load(requests)

    async def list_loads(
        self, request: load_service_pb2.ListLoadsRequest
    ) -> load_service_pb2.ListLoadsResponse:
        """As service.loads; loads are those of all revisions."""
        return await self._serving.active.loads.list_loads(request)

    def _admission_of(self, whose: Sequence[identity_pb2.Identity]) -> EventAdmission:
        return self._asked_by(whose).admission

    def _consents_of(self, whose: Sequence[identity_pb2.Identity]) -> Consents:
        return self._asked_by(whose).consents

    def _asked_by(self, messages: Sequence[identity_pb2.Identity]) -> Revision:
        serving = self._serving
        if serving.canary is None:
            return serving.active
        namespaces = serving.active.namespaces
        try:
            who = identities(messages, namespaces, "identities")
        except InvalidArgument:
            return serving.active  # which refuses it, and says why
        subject = subject_in(self._state, who, namespaces)
        return serving.of(None if subject is None else subject.unit)

    def _named(self, namespace: str, identity_id: str) -> Revision:
        serving = self._serving
        active = serving.active
        declared = active.namespaces.get(namespace)
        if serving.canary is None or declared is None:
            return active
        return serving.of(profile_key(declared, identity_id))
