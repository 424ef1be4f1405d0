"""A profile that holds as much as one may takes no more, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from offerd.admission import parse_instant
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.errors import Code, FailedPrecondition, Reason
from offerd.events import FoldPlan
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import Durability, State
from offerd.store.bounds import ProfileBounds
from offerd.v1 import cap_service_pb2, error_pb2, event_service_pb2
from offerd.v1 import decision_service_pb2 as pb

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text}]
events: [{id: view}]
offers:
- id: counted
  priority: 2
  caps: [{event: decision, limit: 100}]
  representations: [{placement: web, text: C}]
- {id: free, representations: [{placement: web, text: F}]}
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [counted, free]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
NOW_NS = parse_instant("2026-11-02T09:00:00Z")
ME = [{"namespace": "ecid", "id": "1"}]


class Opened:
    """What answers from a state whose profiles hold three events."""

    def __init__(self, bundle: Bundle, state: State, fold: FoldPlan) -> None:
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        self.revisions = Revisions(Standing(Loaded(bundle, fold)), state, log, lambda: NOW_NS)

    def collect(self, *names: str) -> list[event_service_pb2.EventResult]:
        """Returns what becomes of views."""
        events = [{"event_id": name, "type": "view", "identities": ME} for name in names]
        request = event_service_pb2.CollectRequest(events=events)
        return list(asyncio.run(self.revisions.collect(request)).results)

    def propose(self) -> str:
        """Returns the offer that is proposed."""
        request = pb.DecideRequest(scopes=[pb.Scope(decision="d", placement="web")], identities=ME)
        response: Any = asyncio.run(self.revisions.decide(request)).message()
        return str(response.propositions[0].items[0].offer)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """An offer whose propositions count, and one whose don't."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([folder]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    with State.open(
        tmp_path / "state", fold, durability=Durability.RELAXED, bounds=ProfileBounds(events=3)
    ) as state:
        yield Opened(bundle, state, fold)
    bundle.close()


def test_an_event_too_many_is_refused_by_itself(opened: Opened) -> None:
    """In its result, with the reason; those before it are stored."""
    results = opened.collect("e1", "e2", "e3", "e4")
    accepted, refused = event_service_pb2.EVENT_STATUS_ACCEPTED, results[3]
    assert [result.status for result in results[:3]] == [accepted] * 3
    assert refused.status == event_service_pb2.EVENT_STATUS_REFUSED
    assert refused.refusal.reason == error_pb2.ERROR_REASON_PROFILE_FULL
    assert refused.refusal.field == "events[3]"
    assert "at most 200,000 events" in refused.refusal.message


def test_a_full_profile_is_proposed_what_need_not_count(opened: Opened) -> None:
    """An offer whose propositions are capped can't be counted any more, so it isn't proposed."""
    assert opened.propose() == "counted"
    opened.collect("e1", "e2")
    assert opened.propose() == "free"


def test_no_room_is_reserved_for_a_full_profile(opened: Opened) -> None:
    """What is committed later must be stored."""
    opened.collect("e1", "e2", "e3")
    request = cap_service_pb2.ReserveRequest(
        reservation_id="r", identities=ME, items=[{"offer": "counted", "placement": "web"}]
    )
    with pytest.raises(FailedPrecondition) as refused:
        asyncio.run(opened.revisions.reserve(request))
    assert refused.value.reason is Reason.PROFILE_FULL
    assert refused.value.code is Code.FAILED_PRECONDITION
