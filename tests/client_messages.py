"""offerd_client asked with messages and answering with them, to compare it with other doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf import json_format

from client_customers import (
    TIMEOUT_S,
    ask_about_customer,
    consent_of,
    datetime_of,
    identities_of,
    profile_message,
    timestamp_of,
)
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client import (
    Arbitration,
    AsyncClient,
    Candidate,
    Client,
    Content,
    Decision,
    Deduplication,
    Event,
    EventResult,
    Item,
    Overrides,
    Proposition,
    Reservation,
    ReservedItem,
    Scope,
)


def call_client(client: AsyncClient | Client, rpc: str, message: Any) -> Any:
    """Makes the call that a request message stands for; returns the response message.

    With an AsyncClient it is an awaitable of that.
    """
    answer: Any
    match rpc:
        case "Decide":
            answer = client.decide(**_question(message))
            return _then(answer, _decide_response)
        case "Collect":
            answer = client.collect(
                [_event(e) for e in message.events],
                consent=consent_of(message.consent) if message.HasField("consent") else None,
                identities=identities_of(message.identities),
                timeout_s=TIMEOUT_S,
            )
            return _then(answer, _collect_response)
        case "GetProfile":
            answer = client.get_profile(
                message.namespace,
                message.id,
                linked=message.linked,
                memberships=message.memberships,
                marketing_actions=message.marketing_actions,
                timeout_s=TIMEOUT_S,
            )
            return _then(answer, lambda p: profiles.GetProfileResponse(profile=profile_message(p)))
        case "SetProfile":
            attributes = json_format.MessageToDict(message.attributes)
            answer = client.set_profile(
                message.namespace,
                message.id,
                attributes,
                scores=dict(message.scores),
                timeout_s=TIMEOUT_S,
            )
            return _then(answer, lambda p: profiles.SetProfileResponse(profile=profile_message(p)))
        case "Reserve":
            answer = client.reserve(
                message.reservation_id,
                [ReservedItem(i.offer, i.placement, i.decision) for i in message.items],
                identities_of(message.identities),
                ttl=message.ttl.ToTimedelta() if message.HasField("ttl") else None,
                timeout_s=TIMEOUT_S,
            )
            return _then(answer, _reserve_response)
        case "Commit":
            answer = client.commit(message.reservation_id, timeout_s=TIMEOUT_S)
            return _then(answer, lambda _: caps.CommitResponse())
        case "Release":
            answer = client.release(message.reservation_id, timeout_s=TIMEOUT_S)
            return _then(answer, lambda released: caps.ReleaseResponse(released=released))
        case "DeleteProfile":
            answer = client.delete_profile(message.namespace, message.id, timeout_s=TIMEOUT_S)
            return _then(answer, lambda existed: profiles.DeleteProfileResponse(existed=existed))
        case _:
            return _then(*ask_about_customer(client, rpc, message))


def _then(answer: Any, convert: Callable[[Any], Any]) -> Any:
    if not isinstance(answer, Awaitable):
        return convert(answer)

    async def awaited() -> Any:
        return convert(await answer)

    return awaited()


def _question(request: decisions.DecideRequest) -> dict[str, Any]:
    context = None
    if request.HasField("context"):
        context = json_format.MessageToDict(request.context, preserving_proto_field_name=True)
        if request.context.HasField("location"):
            location = request.context.location
            context["location"] = {d.name: value for d, value in location.ListFields()}
    return {
        "scopes": [_scope(scope) for scope in request.scopes],
        "identities": identities_of(request.identities),
        "context": context,
        "dry_run": request.dry_run,
        "explain": request.explain,
        "decide_time": datetime_of(request, "decide_time"),
        "request_id": request.request_id,
        "deduplication": (Deduplication(request.deduplication) if request.deduplication else None),
        "arbitration": Arbitration(request.arbitration) if request.arbitration else None,
        "overrides": _overrides(request.overrides) if request.HasField("overrides") else None,
        "preview_token": request.preview_token,
        "events": [_event(event) for event in request.events],
        "consent": consent_of(request.consent) if request.HasField("consent") else None,
        "timeout_s": TIMEOUT_S,
    }


def _scope(scope: decisions.Scope) -> Scope:
    count = scope.item_count if scope.HasField("item_count") else None
    top_up = scope.top_up if scope.HasField("top_up") else None
    return Scope(scope.name, scope.decision, scope.placement, count, top_up)


def _overrides(message: decisions.Overrides) -> Overrides:
    return Overrides(
        json_format.MessageToDict(message.attributes),
        json_format.MessageToDict(message.aggregates),
        dict(message.memberships),
        dict(message.scores),
    )


def _event(message: events.Event) -> Event:
    return Event(
        message.type,
        identities_of(message.identities),
        message.token,
        json_format.MessageToDict(message.properties),
        datetime_of(message, "event_time"),
        message.event_id,
    )


def _decide_response(decision: Decision) -> decisions.DecideResponse:
    assert decision.error is None
    return decisions.DecideResponse(
        request_id=decision.request_id,
        revision=decision.revision,
        decide_time=timestamp_of(decision.decide_time),
        propositions=[_proposition(proposition) for proposition in decision.propositions],
        warnings=decision.warnings,
        event_results=map(_result, decision.event_results),
    )


def _proposition(proposition: Proposition) -> decisions.Proposition:
    scope = proposition.scope
    message = decisions.Proposition(
        proposition_id=proposition.proposition_id,
        scope=decisions.Scope(
            name=scope.name,
            decision=scope.decision,
            placement=scope.placement,
            item_count=scope.item_count,
            top_up=scope.top_up,
        ),
        outcome=f"OUTCOME_{proposition.outcome}",
        items=[_item(item) for item in proposition.items],
    )
    explanation = proposition.explanation
    if explanation is not None:
        message.explanation.CopyFrom(
            decisions.Explanation(
                funnel=[
                    decisions.StageCount(stage=f"STAGE_{stage}", count=count)
                    for stage, count in explanation.funnel.items()
                ],
                candidates=[_candidate(candidate) for candidate in explanation.candidates],
            )
        )
    exposure = proposition.exposure
    if exposure is not None:
        message.exposure.CopyFrom(
            decisions.Exposure(
                experiment=exposure.experiment,
                arm=exposure.arm,
                forced=exposure.forced,
                holdout=exposure.holdout,
            )
        )
    return message


def _candidate(candidate: Candidate) -> decisions.Candidate:
    return decisions.Candidate(
        offer=candidate.offer,
        strategy=candidate.strategy,
        chosen=candidate.chosen,
        fell_at=f"STAGE_{candidate.fell_at}" if candidate.fell_at else None,
        reason=candidate.reason,
        score=candidate.score,
    )


def _item(item: Item) -> decisions.Item:
    message = decisions.Item(
        offer=item.offer, token=item.token, fallback=item.fallback, content=_content(item.content)
    )
    json_format.ParseDict(dict(item.attributes), message.attributes)
    message.attributes.SetInParent()
    if item.selection is not None:
        chosen = item.selection
        message.selection.CopyFrom(
            decisions.Selection(
                strategy=chosen.strategy,
                constraint=chosen.constraint,
                eligibility=chosen.eligibility,
                ranking_method=f"RANKING_METHOD_{chosen.ranking_method}",
                score=chosen.score,
                ranking=chosen.ranking,
            )
        )
    return message


def _content(content: Content) -> decisions.Content:
    message = decisions.Content(language=content.language)
    match content.kind:
        case "json":
            json_format.ParseDict(content.json, message.json)
        case "image_link":
            picture = content.image_link
            assert picture is not None
            message.image_link.CopyFrom(
                decisions.ImageLink(
                    url=picture.url,
                    link_url=picture.link_url,
                    alternative_text=picture.alternative_text,
                )
            )
        case "key_values":
            message.key_values.values.update(content.key_values or {})
        case kind:
            setattr(message, kind, getattr(content, kind))
    return message


def _collect_response(results: Sequence[EventResult]) -> events.CollectResponse:
    return events.CollectResponse(results=map(_result, results))


def _result(result: EventResult) -> events.EventResult:
    message = events.EventResult(event_id=result.event_id, status=f"EVENT_STATUS_{result.status}")
    if result.refusal is not None:
        message.refusal.CopyFrom(
            events.Refusal(
                reason=f"ERROR_REASON_{result.refusal.reason}",
                message=result.refusal.message,
                field=result.refusal.field,
            )
        )
    for change in result.counters:
        message.counters.add(
            counter=change.counter,
            offer=change.offer,
            cap=change.cap,
            before=change.before,
            after=change.after,
            limit=change.limit,
        )
    for crossing in result.crossings:
        message.crossings.add(
            type=crossing.type,
            place=crossing.place,
            event_time=timestamp_of(crossing.event_time),
            event_id=crossing.event_id,
        )
    message.not_crossed = result.not_crossed
    return message


def _reserve_response(reservation: Reservation) -> caps.ReserveResponse:
    return caps.ReserveResponse(
        granted=reservation.granted,
        reached=[
            caps.ReachedCap(
                item=cap.item,
                counter=cap.counter,
                cap=cap.cap,
                count=cap.count,
                limit=cap.limit,
            )
            for cap in reservation.reached
        ],
        expire_time=timestamp_of(reservation.expire_time),
        tokens=reservation.tokens,
    )
