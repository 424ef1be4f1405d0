"""Every case of tests/cases through every door: each gives the answer, and all the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message

from casebook import QUESTIONS, Case, cases
from doors import DOORS, DOORS_OF_ALL_RPCS, RPCS, Door, GrpcDoor, HttpDoor, Refused, door_to
from expectations import check_answer, check_refusal, comparable
from offerd.admission import parse_instant
from offerd.service.tokens import Tokens
from offerd.store import StateCounts
from offerd.v1.cap_service_pb2 import ReserveResponse
from offerd.v1.decision_service_pb2 import DecideResponse
from serving import Running, serving

Outcome = Message | Refused


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
async def test_case(case: Case, tmp_path: Path) -> None:
    """The case holds through every door, and no door answers otherwise than another."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "all.json").write_text(json.dumps(case.definitions), encoding="utf-8")
    names = DOORS if case.is_for_clients else DOORS_OF_ALL_RPCS
    if case.changes_state:
        told = [await _through([door], case, definitions, tmp_path / door) for door in names]
        answers = {door: answer[door] for door, answer in zip(names, told, strict=True)}
    else:
        answers = await _through(names, case, definitions, tmp_path / "all")
    for step in zip(*answers.values(), strict=True):
        _agree(dict(zip(names, step, strict=True)))


def _agree(answers: Mapping[str, Outcome | None]) -> None:
    """Asserts that doors agree; None is that of a door that can't say the question."""
    said = {door: answer for door, answer in answers.items() if answer is not None}
    first = next(iter(said.values()))
    for door, answer in said.items():
        if isinstance(answer, Message):
            assert answer == first, door
        else:
            assert isinstance(first, Refused), door
            assert (answer.code, answer.reason) == (first.code, first.reason), door
            if door == "grpc":
                assert (answer.field, answer.message) == (first.field, first.message)


async def _through(
    names: Sequence[str], case: Case, definitions: Path, folder: Path
) -> dict[str, list[Outcome | None]]:
    """Returns what each of the doors to one service answers to each step."""
    clock = Clock(parse_instant(case.now))
    answers: dict[str, list[Outcome | None]] = {}
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(folder, [definitions], clock.now))
        doors = [await stack.enter_async_context(door_to(running, name)) for name in names]
        secrets = Secrets(Tokens(running.state.secret), await _prepare(doors[-1], case.given))
        for door in doors:
            clock.now_ns = parse_instant(case.now)
            answers[door.name] = []
            for step in case.steps:
                clock.now_ns = parse_instant(step["now"]) if "now" in step else clock.now_ns
                answers[door.name].append(await _step(running, door, step, secrets))
            await _still_answers(door)
    return answers


@dataclass
class Clock:
    """The service's clock, which stands still until a step sets it."""

    now_ns: int

    def now(self) -> int:
        """The time, in nanoseconds since 1970."""
        return self.now_ns


class Secrets(NamedTuple):
    """What a case can only name: tokens of items, by offer, and what makes preview tokens."""

    signer: Tokens
    by_offer: dict[str, str]


async def _prepare(door: Door, given: Mapping[str, Any]) -> dict[str, str]:
    """Sets profiles, asks what was asked before, collects events; returns tokens by offer."""
    for profile in given.get("profiles", ()):
        await door.call(RPCS["SetProfile"], profile)
    tokens: dict[str, str] = {}
    for ask in given.get("asked", ()):
        answer: Any = await door.call(RPCS["Decide"], ask)
        for proposition in answer.propositions:
            tokens.update((item.offer, item.token) for item in proposition.items)
    events = [
        {"eventId": f"given-{number}", **event}
        for number, event in enumerate(given.get("events", ()))
    ]
    if events:
        given_tokens = Secrets(Tokens(bytes(16)), tokens)
        stored = await door.call(RPCS["Collect"], _with_tokens({"events": events}, given_tokens))
        check_answer(stored, ["ACCEPTED"] * len(events), [])
    return tokens


def _with_tokens(value: Any, secrets: Secrets) -> Any:
    """Returns a value with each `{token_of: …}` and `{preview: …, expires: …}` in it replaced."""
    if isinstance(value, dict):
        if value.keys() == {"token_of"}:
            return secrets.by_offer[value["token_of"]]
        if value.keys() == {"preview", "expires"}:
            expire_time_ns = parse_instant(value["expires"])
            return secrets.signer.make_preview(value["preview"], expire_time_ns)
        return {name: _with_tokens(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_tokens(item, secrets) for item in value]
    return value


def _remember_tokens(question: Any, answer: Any, secrets: Secrets) -> None:
    """Keeps the tokens of an answer, for later steps to name."""
    if isinstance(answer, DecideResponse):
        for proposition in answer.propositions:
            secrets.by_offer.update((i.offer, i.token) for i in proposition.items if i.token)
    elif isinstance(answer, ReserveResponse) and answer.granted:
        offers = (item["offer"] for item in question["items"])
        secrets.by_offer.update(zip(offers, answer.tokens, strict=True))


async def _step(
    running: Running, door: Door, step: Mapping[str, Any], secrets: Secrets
) -> Outcome | None:
    before = running.state.counts()
    try:
        answer = await _ask(door, step, secrets)
    except Refused as refusal:
        expected = step.get("refused")
        if expected is None:
            raise
        check_refusal(refusal, {**expected, **_own(expected, door)})
        assert running.state.counts() == before
        return refusal
    if answer is None:
        return None
    assert "refused" not in step, f"{door.name} answered: {answer}"
    check_answer(answer, step["answer"], step.get("warnings", []))
    if "same_as" in step:
        other = await door.call(RPCS["Decide"], step["same_as"])
        assert _bytes(other) == _bytes(answer)
    if "stored" in step:
        assert running.state.counts() == StateCounts(**step["stored"])
    return comparable(answer)


def _own(expected: Mapping[str, Any], door: Door) -> Mapping[str, Any]:
    """What a door says otherwise: HTTP by `http`, and clients may refuse in words of their own."""
    if door.name == "http":
        own: Mapping[str, Any] = expected.get("http", {})
        return own
    return {"message": ""} if "client" in door.name else {}


def _bytes(answer: Message) -> bytes:
    return comparable(answer).SerializeToString(deterministic=True)


async def _ask(door: Door, step: Mapping[str, Any], secrets: Secrets) -> Message | None:
    """Returns the answer to a step's question, or None if this door can't say it."""
    if "message" in step:
        ((name, text),) = step["message"].items()
        if door.name not in ("function", "grpc"):
            return None
        return await door.call(RPCS[name], text_format.Parse(text, RPCS[name].request()))
    if "bytes" in step:
        ((name, data),) = step["bytes"].items()
        if not isinstance(door, GrpcDoor):
            return None
        return await door.send_bytes(RPCS[name], bytes.fromhex(data))
    if "http" in step:
        if not isinstance(door, HttpDoor):
            return None
        verb, path, body = (step["http"].get(part) for part in ("verb", "path", "body"))
        data = body if isinstance(body, bytes) else (body or "").encode()
        await door.send(verb or "POST", path or "/v1/decisions:decide", data)
        raise AssertionError("only refusals are written as HTTP requests")
    question = next(question for question in QUESTIONS if question in step)
    asked = _with_tokens(step[question], secrets)
    answer = await door.call(RPCS[QUESTIONS[question]], asked)
    _remember_tokens(asked, answer, secrets)
    return answer


async def _still_answers(door: Door) -> None:
    """Whatever was asked, the next request is answered."""
    with pytest.raises(Refused, match="MISSING_FIELD"):
        await door.call(RPCS["Decide"], {})
