"""DecisionService: from message to message, around the pure engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from offerd.admission import admit_text
from offerd.bundle import Bundle
from offerd.decision.engine import decide
from offerd.errors import InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.model.identity import subject_of
from offerd.model.profile import ProfileKey, ProfileView
from offerd.service.tokens import Tokens
from offerd.service.translate.answers import Answers
from offerd.service.translate.context import context
from offerd.service.translate.identities import identities
from offerd.service.translate.scopes import scopes
from offerd.service.translate.structs import ns_to_timestamp, timestamp_to_ns
from offerd.store import State
from offerd.v1 import decision_service_pb2 as pb

MAXIMUM_REQUEST_ID = 128


class Decisions:
    """Answers Decide from one bundle and the state. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        self._bundle = bundle
        self._state = state
        self._now = now
        self._tokens = Tokens(state.secret)
        self._answers = Answers(bundle)
        self._aggregate_defaults = fold.defaults
        schema = bundle.catalogue.schema
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._declared_context = {attribute.path: attribute for attribute in schema.context}

    async def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """Decides each scope; raises InvalidArgument for a request that is wrong."""
        now_ns = self._instant(request)
        request_id = self._request_id(request)
        queries = scopes(request.scopes, self._bundle.prepared, explain=request.explain)
        who = identities(request.identities, self._namespaces, "identities")
        what, warnings = context(request.context, self._declared_context)
        view = self._view(subject_of(who, self._namespaces))
        answer = decide(
            self._bundle.prepared,
            view,
            what,
            now_ns,
            queries,
            total_count=self._state.total_count,
            explain=request.explain,
        )
        stem = secrets.token_hex(12)
        make_token = None if request.dry_run else self._tokens.make
        return pb.DecideResponse(
            request_id=request_id,
            revision=self._bundle.revision,
            decide_time=ns_to_timestamp(now_ns),
            propositions=[
                self._answers.proposition(proposition, f"{stem}-{position}", make_token)
                for position, proposition in enumerate(answer.propositions)
            ],
            warnings=[*warnings, *answer.diagnostics],
        )

    def _instant(self, request: pb.DecideRequest) -> int:
        if not request.HasField("decide_time"):
            return self._now()
        if not request.dry_run:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                "another instant than now must not change state: set `dry_run` too",
                field="decide_time",
            )
        return timestamp_to_ns(request.decide_time, "decide_time", 1, 9999)

    @staticmethod
    def _request_id(request: pb.DecideRequest) -> str:
        if not request.request_id:
            return secrets.token_hex(8)
        return admit_text(request.request_id, "request_id", MAXIMUM_REQUEST_ID)

    def _view(self, subject: ProfileKey | None) -> ProfileView:
        if subject is None:
            return ProfileView(None, {}, {}, {})
        record = self._state.profile(subject)
        if record is None:
            return ProfileView(subject, {}, self._aggregate_defaults, {})
        return ProfileView(
            subject,
            record.attributes,
            {**self._aggregate_defaults, **record.aggregates},
            record.cap_events,
        )
