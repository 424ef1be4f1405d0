"""Luma's story comes true, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from google.protobuf import json_format

from offerd.admission import parse_instant
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.events import FoldPlan
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import State
from offerd.v1 import decision_service_pb2, event_service_pb2, identity_pb2, profile_service_pb2
from unit.examples.luma_files import ANSWERS, EVENTS, LUMA, MEMBERS, luma_definitions

STORY_END_NS = parse_instant("2026-11-05T00:00:00Z")
PERSON = identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED
SARAH = {
    "namespace": "email",
    "id": "sarah.rose@example.com",
    "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
}


class Luma(NamedTuple):
    """The service's three parts over a state that holds Luma's members and their events."""

    bundle: Bundle
    revisions: Revisions


@pytest.fixture
def luma(tmp_path: Path) -> Iterator[Luma]:
    """An open bundle and an empty state."""
    write_bundle(luma_definitions().catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)

    def now() -> int:
        return STORY_END_NS

    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(tmp_path / "state", fold) as state:
        yield Luma(
            bundle,
            Revisions(Standing(Loaded(bundle, fold)), state, log, now),
        )
    bundle.close()


async def test_the_story_comes_true(luma: Luma) -> None:
    """Each step, after its events, is answered with the offers that answers.json says."""
    await _load_data(luma)
    for expected in ANSWERS:
        if _events_path(expected["step"]).exists():
            await _collect_step(luma, expected["step"])
        request = _request(expected["step"])
        assert request.dry_run, expected["step"]
        response = (await luma.revisions.decide(request)).message()
        assert list(response.warnings) == [], expected["step"]
        assert _offers(response) == expected["answers"], expected["step"]


async def test_the_discount_and_the_free_class_are_capped_apart(luma: Luma) -> None:
    """Sarah's second basket gets no second discount, while the free class is still hers."""
    await _load_data(luma)
    await _collect_step(luma, "step-05-login")
    await _collect_step(luma, "step-07-checkout")
    request = _request("step-06-call")
    for field in ("dry_run", "decide_time", "explain"):
        request.ClearField(field)
    before = (await luma.revisions.decide(request)).message()
    assert _offers(before)["desk-cards"][:2] == ["free-class", "shorts-10-off"]

    purchase = {
        **{"eventId": "luma-paid", "type": "purchase", "eventTime": "2026-11-04T10:00:00Z"},
        **{"token": before.propositions[0].items[1].token, "identities": [SARAH]},
    }
    again = {
        **{"eventId": "luma-again", "type": "cart_add", "eventTime": "2026-11-04T12:00:00Z"},
        **{"properties": {"category": "shorts"}, "identities": [SARAH]},
    }
    await _collect(luma, {"events": [purchase, again]})
    request.explain = True
    after = (await luma.revisions.decide(request)).message()
    assert "free-class" in _offers(after)["desk-cards"]
    fell = {
        candidate.offer: candidate.fell_at
        for candidate in after.propositions[0].explanation.candidates
        if candidate.strategy == "answer-price"
    }
    assert fell["shorts-10-off"] == decision_service_pb2.STAGE_CAPS


async def _load_data(luma: Luma) -> None:
    for member in MEMBERS:
        profile = json_format.ParseDict(member, profile_service_pb2.SetProfileRequest())
        await luma.revisions.set_profile(profile)
    await _collect(luma, {"events": [_as_message(event) for event in EVENTS]})


def _events_path(step: str) -> Path:
    return LUMA / "events" / f"{step}.json"


async def _collect_step(luma: Luma, step: str) -> None:
    await _collect(luma, json.loads(_events_path(step).read_text(encoding="utf-8")))


def _as_message(event: dict[str, Any]) -> dict[str, Any]:
    identity = {"authentication_state": PERSON, **{k: event[k] for k in ("namespace", "id")}}
    kept = {key: event[key] for key in ("event_id", "type", "event_time", "properties")}
    return {**kept, "identities": [identity]}


async def _collect(luma: Luma, events: dict[str, Any]) -> None:
    request = json_format.ParseDict(events, event_service_pb2.CollectRequest())
    response = await luma.revisions.collect(request)
    refused = [r for r in response.results if r.status != event_service_pb2.EVENT_STATUS_ACCEPTED]
    assert refused == []


def _request(step: str) -> decision_service_pb2.DecideRequest:
    text = (LUMA / "requests" / f"{step}.json").read_text(encoding="utf-8")
    return json_format.Parse(text, decision_service_pb2.DecideRequest())


def _offers(response: decision_service_pb2.DecideResponse) -> dict[str, list[str]]:
    return {
        proposition.scope.name or proposition.scope.placement: [
            item.offer for item in proposition.items
        ]
        for proposition in response.propositions
    }
