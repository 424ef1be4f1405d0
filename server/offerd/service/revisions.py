"""Which revision of the definitions answers a request, and changing that under load.

Every request is answered by one revision from beginning to end. A canary answers for a share of
all profiles: those whose share of 10,000 under the salt `canary/<revision>` (see
offerd.decision.experiments) is less than it, so that whoever is in it stays in it while it
grows. A request about nobody is answered by the active revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from offerd.bundle import Bundle
from offerd.decision.experiments import WHOLE, share
from offerd.errors import InvalidArgument
from offerd.events import FoldPlan, FoldPlans
from offerd.model.identity import profile_key, subject_of
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.service.caps import Caps
from offerd.service.decisions import Decisions
from offerd.service.events import Events
from offerd.service.failures import RankingFailures
from offerd.service.profiles import Profiles
from offerd.service.tokens import Tokens
from offerd.service.translate.events import EventAdmission
from offerd.service.translate.identities import identities
from offerd.store import State
from offerd.v1 import (
    cap_service_pb2,
    decision_service_pb2,
    event_service_pb2,
    identity_pb2,
    profile_service_pb2,
)


class Loaded(NamedTuple):
    """An open bundle and what it folds: all of a revision that needs no state.

    `hidden` are names whose values no explanation tells (see offerd.decision.hiding).
    """

    bundle: Bundle
    fold: FoldPlan
    hidden: frozenset[str] = frozenset()


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


class _Revision:
    """The handlers of one revision."""

    def __init__(
        self,
        loaded: Loaded,
        state: State,
        log: structlog.typing.FilteringBoundLogger,
        now: Callable[[], int],
        failures: RankingFailures,
    ) -> None:
        bundle, fold, hidden = loaded
        self.loaded = loaded
        self.decisions = Decisions(bundle, state, fold, log, now, hidden=hidden, failures=failures)
        self.profiles = Profiles(bundle, state, fold, now)
        self.caps = Caps(bundle, state, fold, now)
        self.admission = EventAdmission(bundle.catalogue.schema, Tokens(state.secret))
        schema = bundle.catalogue.schema
        self.namespaces: dict[str, Namespace] = {n.id: n for n in schema.namespaces}


class _Serving(NamedTuple):
    """What answers now; replaced as a whole."""

    active: _Revision
    canary: _Revision | None
    plans: FoldPlans


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
        self._serving = self._prepared(standing, ())
        self._events = Events(self._admission_of, state, now)

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
        self._serving = serving

    def _prepared(self, standing: Standing, kept: Sequence[_Revision]) -> _Serving:
        known = {id(revision.loaded.bundle): revision for revision in kept}

        def revision_of(loaded: Loaded) -> _Revision:
            found = known.get(id(loaded.bundle))
            return found or _Revision(loaded, self._state, self._log, self._now, self._failures)

        canary = None if standing.canary is None else revision_of(standing.canary)
        return _Serving(revision_of(standing.active), canary, standing.plans())

    async def decide(
        self, request: decision_service_pb2.DecideRequest
    ) -> decision_service_pb2.DecideResponse:
        """As service.decisions."""
        return await self._asked_by(request.identities).decisions.decide(request)

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

    def _admission_of(self, event: event_service_pb2.Event) -> EventAdmission:
        return self._asked_by(event.identities).admission

    def _asked_by(self, messages: Sequence[identity_pb2.Identity]) -> _Revision:
        serving = self._serving
        if serving.canary is None:
            return serving.active
        namespaces = serving.active.namespaces
        try:
            subject = subject_of(identities(messages, namespaces, "identities"), namespaces)
        except InvalidArgument:
            return serving.active  # which refuses it, and says why
        return self._of(subject)

    def _named(self, namespace: str, identity_id: str) -> _Revision:
        active = self._serving.active
        declared = active.namespaces.get(namespace)
        if self._serving.canary is None or declared is None:
            return active
        return self._of(profile_key(declared, identity_id))

    def _of(self, subject: ProfileKey | None) -> _Revision:
        active, canary, plans = self._serving
        if subject is None or canary is None:
            return active
        return canary if plans.of(subject) is canary.loaded.fold else active
