"""Simulating another instant: what happened later isn't seen, and what is said to happen is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from offerd.admission import parse_instant
from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.service.translate.structs import ns_to_timestamp
from offerd.store import Durability, State
from offerd.v1 import decision_service_pb2 as pb

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text}]
events: [{id: view}]
aggregates:
- {id: views, events: [view], function: count}
- {id: recent_views, events: [view], function: count, window: 1h}
offers:
- id: recent
  priority: 2
  eligibility: aggregate.recent_views >= 2
  representations: [{placement: web, text: R}]
- id: ever
  priority: 1
  eligibility: aggregate.views >= 2
  representations: [{placement: web, text: E}]
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [recent, ever]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
NOW_NS = parse_instant("2026-11-02T09:00:00Z")
ME = ProfileKey("ecid", "1")


class Opened(NamedTuple):
    """A state, and what decides from it at NOW_NS."""

    state: State
    revisions: Revisions

    def propose(self, **fields: object) -> str:
        """Decides, and returns the offer."""
        request = pb.DecideRequest(
            scopes=[pb.Scope(decision="d", placement="web")],
            identities=[{"namespace": "ecid", "id": "1"}],
            **fields,
        )
        response: Any = asyncio.run(self.revisions.decide(request)).message()
        return str(response.propositions[0].items[0].offer)

    def propose_at(self, now_ns: int, **fields: object) -> str:
        """Simulates an instant."""
        return self.propose(dry_run=True, decide_time=ns_to_timestamp(now_ns), **fields)

    def view(self, *times_ns: int) -> None:
        """Collects views."""
        events = [Event(f"v{time_ns}", "view", time_ns) for time_ns in times_ns]
        items = [IncomingEvent(ME, event, event_fingerprint(ME, event)) for event in events]
        self.state.collect(items, NOW_NS).result()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Two offers that look at what a customer has viewed."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([folder]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(tmp_path / "state", fold, durability=Durability.RELAXED) as state:
        revisions = Revisions(Standing(Loaded(bundle, fold)), state, log, lambda: NOW_NS)
        yield Opened(state, revisions)
    bundle.close()


def test_what_happened_later_is_not_seen(opened: Opened) -> None:
    """At each instant it is as it was then, to the nanosecond; and later as it will be."""
    second_ns = NOW_NS - HOUR_NS // 2
    opened.view(second_ns - HOUR_NS // 4, second_ns)
    assert opened.propose() == opened.propose(dry_run=True) == "recent"
    assert opened.propose_at(second_ns - 1) == "none"
    assert opened.propose_at(second_ns) == "recent"
    last_ns = second_ns + HOUR_NS * 3 // 4
    assert opened.propose_at(last_ns - 1) == "recent"
    assert opened.propose_at(last_ns) == "ever"
    assert opened.propose_at(NOW_NS) == "recent"


def test_what_is_said_to_happen_counts(opened: Opened) -> None:
    """Beside what has happened by then; nothing is stored."""
    opened.view(NOW_NS - HOUR_NS // 2)

    def view(name: str, time_ns: int) -> dict[str, object]:
        return {"event_id": name, "type": "view", "event_time": ns_to_timestamp(time_ns)}

    assert opened.propose(dry_run=True) == "none"
    assert opened.propose(dry_run=True, events=[view("new", NOW_NS)]) == "recent"
    assert opened.propose(dry_run=True, events=[view("new", NOW_NS - 2 * HOUR_NS)]) == "ever"
    past_ns = NOW_NS - HOUR_NS
    two = [view("new1", past_ns), view("new2", past_ns - 1)]
    assert opened.propose_at(past_ns, events=two[:1]) == "none"
    assert opened.propose_at(past_ns, events=two) == "recent"
    assert opened.propose(dry_run=True) == "none"
    assert opened.state.counts().events == 1
