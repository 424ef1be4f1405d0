"""DecisionService: from message to message, around the pure engine."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from offerd.admission import admit_text
from offerd.bundle import Bundle
from offerd.customer.precision import coarse_whereabouts
from offerd.customer.view import NOBODY
from offerd.decision.capping import Counts
from offerd.decision.engine import Answer, decide
from offerd.errors import InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.model.journal import Draft
from offerd.model.profile import ProfileView
from offerd.service.asked import Asked
from offerd.service.at_once import REQUEST_ID_BYTES, AtOnce
from offerd.service.consents import NOTHING, Chosen, Consents
from offerd.service.events import Events
from offerd.service.failures import RankingFailures
from offerd.service.journalling import Journalling
from offerd.service.naming import Names
from offerd.service.prompt import Prompt, refuse_late
from offerd.service.reading import aggregates_read
from offerd.service.rendering import Customer
from offerd.service.room import Room
from offerd.service.serialized import Serialized
from offerd.service.subjects import MemberCounts, subject_in
from offerd.service.tokens import Tokens
from offerd.service.translate.answers import Answers
from offerd.service.translate.events import EventAdmission
from offerd.service.translate.heads import Heads
from offerd.service.translate.identities import identities
from offerd.service.translate.options import check_arms, options
from offerd.service.translate.overrides import NO_OVERRIDES, OverrideAdmission, Overrides
from offerd.service.translate.remembered import Remembered
from offerd.service.translate.serial import SerialAnswers
from offerd.service.translate.structs import timestamp_to_ns
from offerd.service.views import view_of
from offerd.store import State
from offerd.v1 import decision_service_pb2 as pb

MAXIMUM_REQUEST_ID = 128
MAXIMUM_EVENTS = 100


class Decisions:
    """Answers Decide from one bundle and the state. `now` is the clock, in nanoseconds.

    `failures` counts the offers whose ranking failed; given, it goes on with what it has counted.
    """

    def __init__(
        self,
        bundle: Bundle,
        state: State,
        fold: FoldPlan,
        log: structlog.typing.FilteringBoundLogger,
        now: Callable[[], int],
        *,
        hidden: frozenset[str] = frozenset(),
        failures: RankingFailures | None = None,
        events: Events | None = None,
    ) -> None:
        self._bundle = bundle
        self._hidden = hidden
        self._state = state
        self._now = now
        self._room = Room(state, now)
        self._journalling = Journalling(bundle, state.journal)
        self._tokens = Tokens(state.secret)
        self._answers = SerialAnswers(bundle, Answers(bundle))
        self._fold = fold
        self._aggregates = aggregates_read(bundle.prepared)
        schema = bundle.catalogue.schema
        audiences = [audience.id for audience in bundle.catalogue.audiences]
        self._overrides = OverrideAdmission(schema, audiences)
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        admission = EventAdmission(schema, self._tokens, fold.places)
        consents = self._consents = Consents(bundle, state, now)
        self._events = events or Events(lambda _: admission, lambda _: consents, state, now)
        declared = {attribute.path: attribute for attribute in schema.context}
        self._remembered = Remembered(bundle.prepared, declared)
        self._names = Names()
        self.failures = failures or RankingFailures(log)
        self.at_once = AtOnce(
            bundle, state, fold, now,
            heads=Heads(self._remembered, hidden),
            consents=consents,
            journalling=self._journalling,
            answers=self._answers,
            tokens=self._tokens,
            names=self._names,
            failures=self.failures,
            names_read=self._aggregates,
        )  # fmt: skip
        """Answers what needn't wait."""
        self.prompt = Prompt(self.at_once, self._room, self._journalling, self._names)
        """Answers what waits for the disk alone."""

    async def decide(self, request: pb.DecideRequest) -> Serialized:
        """Decides each scope; raises InvalidArgument for a request that is wrong."""
        answered = await self.prompt.decide(request.SerializeToString())
        return await self.decide_in_full(request) if answered is None else answered

    async def decide_in_full(self, request: pb.DecideRequest) -> Serialized:
        """As `decide`, whatever is asked."""
        asked = await self._permitted(self._admit(request), request)
        stem = self._names.stem(self._now())
        if asked.options.fallbacks_only and not request.dry_run:
            answer = self._decide(asked, NOBODY, self._state.tallies)
            return self._response(asked, NOBODY, answer, stem, self._tokens)
        if request.dry_run:
            past = request.HasField("decide_time") and asked.now_ns < self._now()
            view = await self._view(asked, as_of=past)
            counts = MemberCounts(self._state.tallies, asked.subject)
            answer = self._decide(asked, view, counts)
            return self._response(asked, view, answer, stem, None)
        made: list[tuple[ProfileView, Counts]] = []

        async def ask(counts: Counts) -> Answer:
            # Read anew each time: what is counted of the customer may have changed meanwhile.
            made.append((await self._view(asked), self._journalling.recording(counts)))
            return self._decide(asked, *made[-1])

        def draft(answer: Answer) -> Draft | None:
            view, counts = made[-1]
            return self._journalling.draft(asked, stem, view, answer, counts)

        decided = await self._room.decide(ask, asked.subject, stem, asked.now_ns, draft)
        try:
            response = self._response(asked, made[-1][0], decided.answer, stem, self._tokens)
            if decided.taken is None:
                await self._journalling.append(draft(decided.answer))
            refuse_late(decided)
        except BaseException:
            self._room.give_back(decided)
            raise
        return response

    def _decide(self, asked: Asked, view: ProfileView, counts: Counts) -> Answer:
        return decide(
            self._bundle.prepared,
            view,
            asked.context,
            asked.now_ns,
            asked.queries,
            asked.options,
            counts=counts,
        )

    def _response(
        self,
        asked: Asked,
        view: ProfileView,
        answer: Answer,
        stem: str,
        tokens: Tokens | None,
    ) -> Serialized:
        if answer.failures:
            self.failures.count(answer.failures)
        customer = Customer(self._bundle.prepared, view, asked.context, asked.now_ns, asked.options)
        return self._answers.response(
            answer,
            customer,
            request_id=asked.request_id,
            stem=stem,
            now_ns=asked.now_ns,
            tokens=tokens,
            warnings=asked.warnings,
            event_results=asked.results,
        )

    async def _view(self, asked: Asked, *, as_of: bool = False) -> ProfileView:
        view = await view_of(
            self._state,
            asked.subject,
            self._fold,
            asked.now_ns,
            extra=asked.extra,
            as_of=as_of,
            names=self._aggregates,
        )
        if not asked.locates:
            view = view._replace(whereabouts=coarse_whereabouts(view.whereabouts))
        if asked.overrides is NO_OVERRIDES:
            return view
        return asked.overrides.over(view, self._fold.defaults)

    def _admit(self, request: pb.DecideRequest) -> Asked:
        now_ns = self._instant(request)
        request_id = self._request_id(request)
        queries = self._remembered.scopes(request)
        who = identities(request.identities, self._namespaces, "identities")
        what, warnings = self._remembered.context(request)
        overrides = self._overridden(request)
        chosen = options(request, overrides.memberships, self._forced(request))
        chosen = chosen._replace(hidden=self._hidden)
        return Asked(request_id, now_ns, queries, who, None, overrides, what, chosen, warnings)

    async def _permitted(self, asked: Asked, request: pb.DecideRequest) -> Asked:
        """Stores the consent and the events of a request; says what may be decided then.

        With `dry_run` all of it is taken as if it had happened.
        """
        chosen = NOTHING
        if request.HasField("consent"):
            chosen = await self._consents.chosen_in(
                request.consent, asked.who, asked.now_ns, assumed=request.dry_run
            )
        return self._consents.gated(await self._after_events(asked, request, chosen), chosen)

    async def _after_events(self, asked: Asked, request: pb.DecideRequest, chosen: Chosen) -> Asked:
        """Stores the events of a request and says whom it is about then."""
        if len(request.events) > MAXIMUM_EVENTS:
            raise InvalidArgument(
                Reason.TOO_LARGE,
                f"{len(request.events)} events, at most {MAXIMUM_EVENTS} expected",
                field="events",
            )
        now_ns, whose = asked.now_ns, request.identities
        if request.dry_run:
            results, events = self._events.assume(request.events, whose, now_ns, chosen)
            linked = [pair for event in events for pair in event.linked]
            subject = subject_in(
                self._state, asked.who, self._namespaces, assumed=linked, now_ns=now_ns
            )
            members = () if subject is None else subject.members
            extra = tuple(event.event for event in events if event.key in members)
            return asked._replace(subject=subject, results=results, extra=extra)
        if request.events:
            stored = await self._events.store(request.events, whose, now_ns, chosen)
            asked = asked._replace(results=stored)
        return asked._replace(subject=subject_in(self._state, asked.who, self._namespaces))

    def _overridden(self, request: pb.DecideRequest) -> Overrides:
        if not request.HasField("overrides"):
            return NO_OVERRIDES
        if not request.dry_run:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                "what would be if the customer were another must not change state: "
                "set `dry_run` too",
                field="overrides",
            )
        return self._overrides.admit(request.overrides)

    def _forced(self, request: pb.DecideRequest) -> dict[str, str]:
        if not request.preview_token:
            return {}
        arms = self._tokens.read_preview(request.preview_token, "preview_token", self._now())
        check_arms(arms, self._bundle.catalogue.experiments)
        return arms

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

    def _request_id(self, request: pb.DecideRequest) -> str:
        if not request.request_id:
            return self._names.hexadecimal(REQUEST_ID_BYTES)
        return admit_text(request.request_id, "request_id", MAXIMUM_REQUEST_ID)
