"""What the service answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from offerd.errors import RequestError
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import error_pb2, identity_pb2
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client.answers import (
    Candidate,
    Content,
    CounterChange,
    Crossing,
    Decision,
    EventResult,
    EventStatus,
    Explanation,
    Exposure,
    ImageLink,
    Item,
    LoadedScore,
    Membership,
    Outcome,
    Profile,
    Proposition,
    ReachedCap,
    Refusal,
    Reservation,
    Selection,
    Withheld,
)
from offerd_client.consents import read_consent
from offerd_client.free import read_struct, read_value
from offerd_client.questions import AuthenticationState, Identity, Scope

Default = Content | Mapping[str, Content]
"""Content for every scope, or for each by its label; a scope that isn't named gets none."""

OUTCOMES = {
    decisions.OUTCOME_PROPOSED: Outcome.PROPOSED,
    decisions.OUTCOME_TOPPED_UP: Outcome.TOPPED_UP,
    decisions.OUTCOME_FALLBACK: Outcome.FALLBACK,
    decisions.OUTCOME_NOTHING: Outcome.NOTHING,
}
STATUSES = {
    events.EVENT_STATUS_ACCEPTED: EventStatus.ACCEPTED,
    events.EVENT_STATUS_DUPLICATE: EventStatus.DUPLICATE,
    events.EVENT_STATUS_REFUSED: EventStatus.REFUSED,
}


def read_decision(message: decisions.DecideResponse) -> Decision:
    """The answer to a request to decide."""
    return Decision(
        propositions=tuple(_proposition(proposition) for proposition in message.propositions),
        request_id=message.request_id,
        revision=message.revision,
        decide_time=_time(message.decide_time) if message.HasField("decide_time") else None,
        warnings=tuple(message.warnings),
        event_results=tuple(map(_result, message.event_results)),
    )


def default_decision(
    scopes: Sequence[Scope], default: Default, request_id: str, error: RequestError
) -> Decision:
    """What the caller shows when the service can't answer."""
    return Decision(
        propositions=tuple(_default_proposition(scope, default) for scope in scopes),
        request_id=request_id,
        error=error,
    )


def _default_proposition(scope: Scope, default: Default) -> Proposition:
    content = default if isinstance(default, Content) else default.get(scope.label)
    items = () if content is None else (Item(content, fallback=True),)
    return Proposition(scope, Outcome.DEFAULT, items)


def _proposition(message: decisions.Proposition) -> Proposition:
    scope = message.scope
    return Proposition(
        scope=Scope(
            scope.name,
            scope.decision,
            scope.placement,
            scope.item_count if scope.HasField("item_count") else None,
            scope.top_up if scope.HasField("top_up") else None,
        ),
        outcome=OUTCOMES.get(message.outcome, Outcome.UNSPECIFIED),
        items=tuple(_item(item) for item in message.items),
        proposition_id=message.proposition_id,
        explanation=(
            _explanation(message.explanation) if message.HasField("explanation") else None
        ),
        exposure=_exposure(message.exposure) if message.HasField("exposure") else None,
    )


def _exposure(message: decisions.Exposure) -> Exposure:
    return Exposure(message.experiment, message.arm, message.forced, message.holdout)


def _item(message: decisions.Item) -> Item:
    return Item(
        content=_content(message.content),
        offer=message.offer,
        token=message.token,
        fallback=message.fallback,
        attributes=read_struct(message.attributes),
        selection=_selection(message.selection) if message.HasField("selection") else None,
    )


def _content(message: decisions.Content) -> Content:
    language = message.language
    match message.WhichOneof("body"):
        case "text":
            return Content(text=message.text, language=language)
        case "html":
            return Content(html=message.html, language=language)
        case "image_link":
            link = message.image_link
            picture = ImageLink(link.url, link.link_url, link.alternative_text)
            return Content(image_link=picture, language=language)
        case "redirect_url":
            return Content(redirect_url=message.redirect_url, language=language)
        case "key_values":
            return Content(key_values=dict(message.key_values.values), language=language)
        case _:
            return Content(json=read_value(message.json), language=language)


def _selection(message: decisions.Selection) -> Selection:
    method = _name(decisions.RankingMethod, message.ranking_method, "RANKING_METHOD_")
    return Selection(
        strategy=message.strategy,
        constraint=message.constraint,
        eligibility=message.eligibility,
        ranking_method=method,
        score=message.score,
        ranking=message.ranking,
    )


def _explanation(message: decisions.Explanation) -> Explanation:
    return Explanation(
        funnel={_stage(count.stage): count.count for count in message.funnel},
        candidates=tuple(
            Candidate(
                offer=candidate.offer,
                strategy=candidate.strategy,
                chosen=candidate.chosen,
                fell_at=_stage(candidate.fell_at) if candidate.fell_at else "",
                reason=candidate.reason,
                score=candidate.score if candidate.HasField("score") else None,
            )
            for candidate in message.candidates
        ),
    )


def _stage(number: int) -> str:
    return _name(decisions.Stage, number, "STAGE_")


def _name(enum: object, number: int, prefix: str) -> str:
    """An enum value's name without its prefix; a number that this client doesn't know as text."""
    values: Mapping[int, object] = enum.DESCRIPTOR.values_by_number  # type: ignore[attr-defined]
    if number not in values:
        return str(number)
    return str(values[number].name).removeprefix(prefix)  # type: ignore[attr-defined]


def _time(message: Timestamp) -> datetime:
    return message.ToDatetime(tzinfo=UTC)


def read_results(message: events.CollectResponse) -> tuple[EventResult, ...]:
    """What became of each event."""
    return tuple(map(_result, message.results))


def _result(message: events.EventResult) -> EventResult:
    return EventResult(
        message.event_id,
        STATUSES.get(message.status, EventStatus.UNSPECIFIED),
        _refusal(message.refusal) if message.HasField("refusal") else None,
        tuple(_counter(change) for change in message.counters),
        tuple(
            Crossing(one.type, one.place, one.event_time.ToDatetime(UTC), one.event_id)
            for one in message.crossings
        ),
        message.not_crossed,
    )


def _refusal(message: events.Refusal) -> Refusal:
    reason = _name(error_pb2.ErrorReason, message.reason, "ERROR_REASON_")
    return Refusal(reason, message.message, message.field)


def _counter(message: events.CounterChange) -> CounterChange:
    return CounterChange(
        counter=message.counter,
        offer=message.offer,
        cap=message.cap,
        before=message.before,
        after=message.after,
        limit=message.limit,
    )


def read_reservation(message: caps.ReserveResponse) -> Reservation:
    """Whether there was room."""
    return Reservation(
        granted=message.granted,
        reached=tuple(
            ReachedCap(cap.item, cap.counter, cap.cap, cap.count, cap.limit)
            for cap in message.reached
        ),
        expire_time=_time(message.expire_time) if message.HasField("expire_time") else None,
        tokens=tuple(message.tokens),
    )


def read_profile(message: profiles.Profile) -> Profile:
    """A profile."""
    return Profile(
        namespace=message.namespace,
        id=message.id,
        attributes=read_struct(message.attributes),
        aggregates=read_struct(message.aggregates),
        event_count=message.event_count,
        update_time=_time(message.update_time) if message.HasField("update_time") else None,
        scores=dict(message.scores),
        identities=tuple(map(read_identity, message.identities)),
        consent=read_consent(message.consent) if message.HasField("consent") else None,
        loaded_scores={name: _score(score) for name, score in message.loaded_scores.items()},
        memberships=tuple(map(_membership, message.memberships)),
        withheld=tuple(Withheld(w.name, tuple(w.labels), w.policy) for w in message.withheld),
        approximations=dict(message.approximations),
    )


def read_identity(message: identity_pb2.Identity) -> Identity:
    """An identity, ambiguous unless the message says more."""
    known = {state.value: state for state in AuthenticationState}
    state = known.get(message.authentication_state, AuthenticationState.AMBIGUOUS)
    return Identity(message.namespace, message.id, state)


def _score(message: profiles.LoadedScore) -> LoadedScore:
    return LoadedScore(
        message.score,
        message.probability if message.HasField("probability") else None,
        message.percentile if message.HasField("percentile") else None,
        tuple((one.code, one.value, one.importance) for one in message.factors),
        _time(message.score_time) if message.HasField("score_time") else None,
        message.expired,
    )


def _membership(message: profiles.Membership) -> Membership:
    return Membership(
        message.audience,
        message.status == profiles.MEMBERSHIP_STATUS_REALIZED,
        _time(message.since) if message.HasField("since") else None,
        _time(message.until) if message.HasField("until") else None,
        message.until_exact,
    )
