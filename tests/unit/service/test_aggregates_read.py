"""Decisions fetch the aggregates that rules read, wherever a rule stands, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from doors import RPCS, FunctionDoor
from offerd.admission import parse_instant
from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.expression import (
    INT,
    STRING,
    Attribute,
    Environment,
    Record,
    compile_expression,
    map_of,
)
from offerd.model.journal import DecisionEntry
from offerd.replay import Definitions, Replay
from offerd.service.reading import attributes_read, read_by
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalMode, JournalSettings, State
from offerd_client import AsyncClient, Event, Identity
from serving import Running, compile_to, serving

NOON_NS = parse_instant("2026-06-01T10:00:00Z")
HERE = {"latitude": 59.3123, "longitude": 18.0745, "accuracy_m": 5.0}
SIGNED_IN = {"authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED"}
READ = {"bought", "shown", "written", "limiting", "ranked"} | {
    'places.visits("studio", duration("24h"))'
}
WHO = [Identity.authenticated("crm", "ada")]
DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
libraries: [{id: studios, name: Studios}]
places:
- {id: studio, library: studios, name: Studio,
   circle: {latitude: 59.3123, longitude: 18.0745, radius_m: 50}}
events: [{id: purchase, properties: [{name: amount, type: double}]}]
aggregates:
- {id: bought, events: [purchase], function: count, window: 24h}
- {id: shown, events: [purchase], function: count, window: 48h}
- {id: written, events: [purchase], function: count, window: 72h}
- {id: limiting, events: [purchase], function: count, window: 96h}
- {id: ranked, events: [purchase], function: count, window: 120h}
- {id: unread, events: [purchase], function: count, window: 144h}
audiences: [{id: buyers, name: Buyers, rule: aggregate.bought > 0}]
placements: [{id: web, channel: web, content_type: text}]
offers:
- {id: visitors, priority: 9, eligibility: 'places.visits("studio", duration("24h")) >= 1',
   representations: [{placement: web, text: visited}]}
- {id: writing, priority: 5, representations:
   [{placement: web, text: "written {{ aggregate.written | 'never' }}"}]}
- {id: buying, priority: 4, eligibility: audience("buyers"),
   caps: [{event: display, limit: aggregate.limiting + 5}],
   representations: [{placement: web, text: buying}]}
rankings: [{id: by-formula, formula: offer.priority + aggregate.ranked}]
collections: [{id: all, offers: [visitors, writing, buying]}]
strategies:
- {id: all, collection: all, constraint: aggregate.shown >= 0, ranking: by-formula}
fallback_offers: [{id: none, representations: [{placement: web, text: none}]}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: web, decision: d, placement: web, item_count: 3}]
"""


ATTRIBUTES = """
profile:
- {name: asked, type: int}
- {name: deep.asked, type: int}
- {name: constraining, type: int}
- {name: limiting, type: int}
- {name: written, type: int}
- {name: ranked, type: int}
- {name: unread, type: int}
audiences: [{id: adults, rule: has(profile.deep.asked)}]
placements: [{id: web, channel: web, content_type: text}]
offers:
- {id: a, eligibility: profile.asked > 1 && audience("adults"),
   caps: [{event: display, limit: profile.limiting}],
   representations: [{placement: web, text: "it is {{ profile.written | 'x' }}"}]}
rankings: [{id: by-formula, formula: double(profile.ranked)}]
collections: [{id: all, offers: [a]}]
strategies:
- {id: all, collection: all, constraint: profile.constraining > 0, ranking: by-formula}
fallback_offers: [{id: none, representations: [{placement: web, text: none}]}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""


def test_attributes_are_read_wherever_a_rule_stands(tmp_path: Path) -> None:
    """Eligibility, audiences, constraints, limits of caps, formulas and templates; no others."""
    (tmp_path / "all.yaml").write_text(ATTRIBUTES)
    with closing(open_bundle(compile_to(tmp_path / "bundles", tmp_path / "all.yaml"))) as bundle:
        assert attributes_read(bundle.prepared) == {
            "asked", "deep.asked", "constraining", "limiting", "written", "ranked",
        }  # fmt: skip


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A service whose rules read aggregates in every way."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "all.yaml").write_text(DEFINITIONS)
    async with serving(tmp_path / "run", [definitions], lambda: NOON_NS) as service:
        yield service


async def _come_and_buy(client: AsyncClient) -> None:
    (come, _) = await client.collect(
        [Event("location", WHO, properties=HERE), Event("purchase", WHO)]
    )
    assert [one.type for one in come.crossings] == ["place_entry"]


async def test_each_rule_has_what_it_reads(running: Running) -> None:
    """Visits of places, audiences, templates, formulas and constraints among them."""
    async with AsyncClient(f"127.0.0.1:{running.grpc_port}") as client:
        await _come_and_buy(client)
        (proposition,) = (await client.decide(["web"], identities=WHO)).propositions
    found = {item.offer: item.content.text for item in proposition.items}
    assert found == {"visitors": "visited", "writing": "written 1", "buying": "buying"}
    scores = [item.selection.score for item in proposition.items if item.selection is not None]
    assert scores == [10.0, 6.0, 5.0]


async def test_what_was_read_is_journalled_and_decides_the_same_again(tmp_path: Path) -> None:
    """What no rule reads isn't in the journal, and isn't missed."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS)
    with closing(open_bundle(compile_to(tmp_path / "bundles", tmp_path / "all.yaml"))) as bundle:
        fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
        journal = JournalSettings(JournalMode.BEFORE_ANSWER)
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        with State.open(tmp_path / "state", fold, journal=journal) as state:
            standing = Standing(Loaded(bundle, fold))
            dispatcher = dispatcher_for(Revisions(standing, state, log, lambda: NOON_NS), log)
            ask = {
                "scopes": [{"name": "web"}],
                "identities": [{"namespace": "crm", "id": "ada", **SIGNED_IN}],
                "events": [
                    {"eventId": "a", "type": "location", "properties": HERE},
                    {"eventId": "b", "type": "purchase"},
                ],
            }
            for explain in (False, True):  # the events are repeats, then
                await FunctionDoor(dispatcher).call(RPCS["Decide"], {**ask, "explain": explain})
            reader = state.journal.reader
            decided = [one.entry for one in reader.entries()]
            entries = [one for one in decided if isinstance(one, DecisionEntry)]
            assert len(entries) == 2
            replay = Replay(Definitions(bundle.prepared, bundle.revision, fold.defaults))
            for entry in entries:
                view = reader.view(entry.view)
                assert view is not None
                assert {*view.aggregates} == READ
                assert len(entry.scopes[0].items) == 3
                assert replay.replay(entry, view) == ()


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([], set()),
        (["profile.age > 3"], set()),
        (["aggregate.visits > 3 && has(aggregate . spend)"], {"visits", "spend"}),
        (['"yoga" in aggregate.last_by_category', "aggregate.visits < 1"],
         {"last_by_category", "visits"}),
        (["aggregate.?visits.orValue(0) > 3"], {"visits"}),
        (['"aggregate.spend" == profile.name'], set()),
    ],
)  # fmt: skip
def test_the_aggregates_that_rules_read(rules: list[str], found: set[str]) -> None:
    """All that any of them can read, whether its presence or its value, and nothing else."""
    environment = Environment(
        variables={
            "aggregate": Record(
                {
                    "visits": Attribute(INT),
                    "spend": Attribute(INT),
                    "last_by_category": Attribute(map_of(STRING, INT)),
                }
            ),
            "profile": Record({"age": Attribute(INT), "name": Attribute(STRING)}),
        }
    )
    assert read_by(compile_expression(rule, environment) for rule in rules) == found
