"""What a case expects, against what a door answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from doors import Refused
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events

STAGE = "STAGE_"


def comparable(answer: Message) -> Message:
    """Returns an answer without what is random in it.

    The instant is cut to microseconds, because the clients' datetime has no more. No attributes
    and none given are the same.
    """
    copy = type(answer)()
    copy.CopyFrom(answer)
    if isinstance(copy, decisions.DecideResponse):
        for proposition in copy.propositions:
            assert proposition.proposition_id
            proposition.proposition_id = ""
            for item in proposition.items:
                item.token = "made" if item.token else ""
                if not item.attributes.fields:
                    item.ClearField("attributes")
        copy.decide_time.nanos -= copy.decide_time.nanos % 1_000
        copy.request_id = copy.request_id if len(copy.request_id) != 16 else "made"
    if isinstance(copy, caps.ReserveResponse):
        assert all(copy.tokens)
        copy.tokens[:] = ["made"] * len(copy.tokens)
        copy.expire_time.nanos -= copy.expire_time.nanos % 1_000
    return copy


def check_answer(answer: Message, expected: Any, warnings: list[str]) -> None:
    """Asserts that an answer is as a case writes it."""
    if isinstance(answer, decisions.DecideResponse):
        proposed = {
            label: _proposed(proposition, expected.get(label))
            for label, proposition in _labelled(answer)
        }
        assert proposed == expected
        assert list(answer.warnings) == warnings
    elif isinstance(answer, events.CollectResponse):
        written = [
            _result(result, wanted) for result, wanted in zip(answer.results, expected, strict=True)
        ]
        assert written == expected
    elif isinstance(answer, caps.ReserveResponse):
        assert _part(_reservation(answer), expected) == expected
    else:
        found = json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)
        assert _part(found, expected) == expected


def check_refusal(refusal: Refused, expected: Mapping[str, Any]) -> None:
    """Asserts code, reason and field, and that the message holds what is expected of it."""
    found = {"code": refusal.code, "reason": refusal.reason, "field": refusal.field}
    wanted = {"code": "INVALID_ARGUMENT", "field": "", **expected}
    assert found == {name: wanted[name] for name in found}
    _check_message(refusal.message)
    assert wanted.get("message", "") in refusal.message


def _check_message(message: str) -> None:
    assert message
    assert not message.endswith(".")
    assert not message[0].isupper()


def _labelled(answer: decisions.DecideResponse) -> list[tuple[str, decisions.Proposition]]:
    labelled: list[tuple[str, decisions.Proposition]] = []
    for proposition in answer.propositions:
        scope = proposition.scope
        label = scope.name or f"{scope.decision}/{scope.placement}"
        same = sum(known.partition("#")[0] == label for known, _ in labelled)
        labelled.append((f"{label}#{same + 1}" if same else label, proposition))
    return labelled


def _proposed(proposition: decisions.Proposition, expected: Any) -> Any:
    """Returns a proposition in the form and detail that the case has written."""
    offers = [item.offer for item in proposition.items]
    short: Any
    match proposition.outcome:
        case decisions.OUTCOME_PROPOSED:
            assert not any(item.fallback for item in proposition.items)
            outcome, short = "offers", offers
        case decisions.OUTCOME_TOPPED_UP:
            short = _topped_up(proposition)
            if not isinstance(expected, dict):
                return short
            return short | _details(proposition, expected)
        case decisions.OUTCOME_FALLBACK:
            assert all(item.fallback for item in proposition.items)
            assert not any(item.HasField("selection") for item in proposition.items)
            outcome, short = "fallback", {"fallback": offers}
        case _:
            assert offers == []
            outcome, short = "nothing", "nothing"
    if not isinstance(expected, dict) or expected.keys() == {"fallback"}:
        return short
    return {outcome: offers} | _details(proposition, expected)


def _topped_up(proposition: decisions.Proposition) -> dict[str, Any]:
    """Returns the offers and the fallbacks, which follow them."""
    items = proposition.items
    assert [item.fallback for item in items] == sorted(item.fallback for item in items)
    assert all(item.HasField("selection") != item.fallback for item in items)
    return {
        "offers": [item.offer for item in items if not item.fallback],
        "fallback": [item.offer for item in items if item.fallback],
    }


def _details(proposition: decisions.Proposition, expected: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _detail(proposition, name, expected[name])
        for name in expected.keys() - {"offers", "fallback", "nothing"}
    }


def _detail(proposition: decisions.Proposition, name: str, expected: Any) -> Any:
    items = proposition.items
    match name:
        case "content":
            return [_body(item.content) for item in items]
        case "languages":
            return [item.content.language for item in items]
        case "attributes":
            return [json_format.MessageToDict(item.attributes) for item in items]
        case "tokens":
            return [bool(item.token) for item in items]
        case "funnel":
            return [stage.count for stage in proposition.explanation.funnel]
        case "candidates":
            return {
                candidate.offer: _fate(candidate, expected.get(candidate.offer, ""))
                for candidate in proposition.explanation.candidates
            }
        case "scores":
            return {
                candidate.offer: candidate.score if candidate.HasField("score") else None
                for candidate in proposition.explanation.candidates
            }
        case "top_up":
            scope = proposition.scope
            return scope.top_up if scope.HasField("top_up") else None
        case "exposure":
            present = proposition.HasField("exposure")
            return json_format.MessageToDict(proposition.exposure) if present else None
        case "method":
            names = [decisions.RankingMethod.Name(i.selection.ranking_method) for i in items]
            return [name.removeprefix("RANKING_METHOD_") for name in names]
        case "order":
            return [candidate.offer for candidate in proposition.explanation.candidates]
        case "item_count":
            return proposition.scope.item_count
        case _:
            return [getattr(item.selection, name) for item in items]


def _body(content: decisions.Content) -> Any:
    written = json_format.MessageToDict(content)
    written.pop("language", None)
    (body,) = written.values()
    return body["values"] if content.HasField("key_values") else body


def _fate(candidate: decisions.Candidate, expected: str) -> str:
    """Returns `chosen`, or the stage and as much of the reason as the case has written."""
    if candidate.chosen:
        assert not candidate.fell_at
        return "chosen"
    stage = decisions.Stage.Name(candidate.fell_at).removeprefix(STAGE)
    _, colon, part = expected.partition(": ")
    if colon and part in candidate.reason:
        return f"{stage}: {part}"
    return f"{stage}: {candidate.reason}" if colon else stage


def _result(result: events.EventResult, expected: Any) -> Any:
    status = events.EventStatus.Name(result.status).removeprefix("EVENT_STATUS_")
    if not result.HasField("refusal"):
        if not isinstance(expected, dict):
            return status
        counters = [_counter(change) for change in result.counters]
        return {"status": status, "counters": _part(counters, expected["counters"])}
    assert status == "REFUSED"
    refusal = json_format.MessageToDict(result.refusal)
    _check_message(refusal["message"])
    refusal["reason"] = refusal["reason"].removeprefix("ERROR_REASON_")
    if not isinstance(expected, dict):
        return refusal
    if expected.get("message", "") in refusal["message"]:
        refusal["message"] = expected.get("message", "")
    return {name: refusal.get(name, "") for name in expected}


def _counter(change: events.CounterChange) -> dict[str, Any]:
    assert change.counter
    return {name: getattr(change, name) for name in ("offer", "cap", "before", "after", "limit")}


def _reservation(answer: caps.ReserveResponse) -> dict[str, Any]:
    reached = [
        {name: getattr(cap, name) for name in ("item", "cap", "count", "limit")}
        for cap in answer.reached
    ]
    assert answer.granted == bool(answer.tokens) == answer.HasField("expire_time")
    expires = answer.expire_time.ToJsonString() if answer.granted else None
    return {"granted": answer.granted, "reached": reached, "expires": expires}


def _part(found: Any, expected: Any) -> Any:
    """Returns as much of what was found as the case has written."""
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [_part(item, wanted) for item, wanted in zip(found, expected, strict=True)]
    if isinstance(found, dict) and isinstance(expected, dict):
        return {
            name: _part(found[name], wanted) for name, wanted in expected.items() if name in found
        }
    return found
