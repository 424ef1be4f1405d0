"""The Luma example: its definitions compile cleanly, its data fit, its story comes true."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from google.protobuf import json_format

from offerd.admission import admit_attributes, parse_instant
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.model.capping import CapSubject
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.content import ContentType
from offerd.model.place import Area, Circle, Corridor
from offerd.model.schema import AggregateFunction, event_types
from offerd.service.revisions import Loaded, Revisions, Standing
from offerd.store import State
from offerd.v1 import decision_service_pb2, event_service_pb2, identity_pb2, profile_service_pb2

LUMA = Path(__file__).parents[3] / "examples" / "luma"
CANONICAL_NS = parse_instant("2026-11-02T09:00:00Z")
STORY_END_NS = parse_instant("2026-11-05T00:00:00Z")
PERSON = identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED
SARAH = {
    "namespace": "email",
    "id": "sarah.rose@example.com",
    "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
}
ANSWERS = json.loads((LUMA / "answers.json").read_text(encoding="utf-8"))


def _lines(name: str) -> list[dict[str, Any]]:
    text = (LUMA / "data" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


MEMBERS = _lines("members.jsonl")
EVENTS = _lines("events.jsonl")


@pytest.fixture(scope="module")
def loaded() -> Any:
    """The definitions, compiled once."""
    return load([LUMA / "definitions"])


@pytest.fixture(scope="module")
def catalogue(loaded: Any) -> Catalogue:
    """The tables of the definitions."""
    found: Catalogue = loaded.catalogue
    return found


def test_compiles_without_a_warning(loaded: Any) -> None:
    """Nothing in the folder is suspicious, let alone wrong."""
    assert [str(warning) for warning in loaded.warnings] == []


def test_is_large_enough_to_be_real(catalogue: Catalogue) -> None:
    """There are at least 45 offers and 30 audiences, and the accessories come from the CSV file."""
    assert len(catalogue.offers) >= 45
    assert len(catalogue.audiences) >= 30
    assert sum("accessory" in offer.tags for offer in catalogue.offers) == 15


def test_every_placement_can_be_asked_for(catalogue: Catalogue) -> None:
    """Each placement is served, and each decision has a named scope for each of its placements."""
    placements = {placement.id for placement in catalogue.placements}
    served = {(d.id, placement) for d in catalogue.decisions for placement in d.placements}
    assert {placement for _, placement in served} == placements
    assert {(scope.decision, scope.placement) for scope in catalogue.scopes} == served


def test_every_strategy_can_fill_a_placement(catalogue: Catalogue) -> None:
    """No decision has a strategy whose offers have no content for any of its placements."""
    idle = [
        (decision.id, strategy.id)
        for decision in catalogue.decisions
        for group in decision.groups
        for strategy in (catalogue.strategies[number] for number in group.strategies)
        if not any(
            representation.placement in decision.placements
            for number in catalogue.collections[strategy.collection].offers
            for representation in catalogue.offers[number].representations
        )
    ]
    assert idle == []


def test_uses_every_content_type(catalogue: Catalogue) -> None:
    """Text, HTML, JSON, image links, redirects and key-value pairs all occur."""
    assert {content.type for content in catalogue.contents} == set(ContentType)


def test_uses_every_kind_of_cap(catalogue: Catalogue) -> None:
    """Caps per profile, rolling, by the calendar and of all time, and in total; own and shared."""
    caps = [cap for offer in catalogue.offers for cap in offer.caps]
    counters = [catalogue.counters[cap.counter] for cap in caps]
    windows = {
        (counter.subject, cap.within_ns is not None, cap.calendar is not None)
        for cap, counter in zip(caps, counters, strict=True)
    }
    assert windows == {
        (CapSubject.PROFILE, True, False),
        (CapSubject.PROFILE, False, True),
        (CapSubject.PROFILE, False, False),
        (CapSubject.TOTAL, False, False),
    }
    assert {cap.id for cap in caps} == {"", "seasons-weekly"}
    assert {counter.event for counter in counters} >= {
        *("display", "click", "conversion", "purchase", "class_check_in")
    }


def test_uses_what_selects(catalogue: Catalogue) -> None:
    """Rankings, exclusions, an experiment, an offer that replaces another, and placeholders."""
    assert [one.id for one in catalogue.rankings] == ["dressed-for-the-day", "nearby-first"]
    assert {exclusion.at_most for exclusion in catalogue.exclusions} == {0, 1}
    assert [experiment.id for experiment in catalogue.experiments] == ["at-the-door"]
    assert any(offer.replaces for offer in catalogue.offers)
    assert any(content.templates for content in catalogue.contents)


def test_uses_what_is_said_of_customers(catalogue: Catalogue) -> None:
    """Consent, channels with quiet hours and caps, policies about placements, kinds of figures."""
    assert catalogue.consent.values
    assert {channel.id for channel in catalogue.channels} == {"email", "push", "sms"}
    assert all(channel.quiet_periods and channel.caps for channel in catalogue.channels)
    actions = {action for one in catalogue.placements for action in one.marketing_actions}
    assert all(one.marketing_actions for one in catalogue.placements)
    assert actions >= {action for one in catalogue.policies for action in one.marketing_actions}
    figures = catalogue.schema.aggregates
    assert {one.function for one in figures} == set(AggregateFunction) - {AggregateFunction.FIRST}
    assert any(one.within_ns for one in figures)
    assert any(one.calendar for one in figures)


def test_offers_are_over_running_and_to_come(catalogue: Catalogue) -> None:
    """At the instant of all examples some offers have ended, some run, some have not begun."""
    ended = sorted(o.id for o in catalogue.offers if o.end_ns and o.end_ns <= CANONICAL_NS)
    begin = [o.id for o in catalogue.offers if o.start_ns and o.start_ns > CANONICAL_NS]
    assert ended == ["cap-sun", "summer-sale"]
    assert begin == ["black-week"]


def test_several_offers_speak_swedish_and_french(catalogue: Catalogue) -> None:
    """Many offers are translated, and whatever is translated has a default language, too."""
    for language, expected in (("sv", 10), ("fr", 8)):
        translated = [
            o for o in catalogue.offers if any(r.language == language for r in o.representations)
        ]
        assert len(translated) >= expected
    everything: list[Offer | FallbackOffer] = [*catalogue.offers, *catalogue.fallback_offers]
    for offer in everything:
        defaults = {r.placement for r in offer.representations if not r.language}
        assert {r.placement for r in offer.representations} == defaults, offer.id


class _Balance(HTMLParser):
    """Counts open elements; a wrong end tag is kept in `wrong`."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_html_is_balanced_and_small(catalogue: Catalogue) -> None:
    """Every HTML fragment closes what it opens, runs no script and stays under 300 characters."""
    for content in catalogue.contents:
        if content.type is ContentType.HTML:
            html = str(content.body)
            balance = _Balance()
            balance.feed(html)
            balance.close()
            assert (balance.open, balance.wrong) == ([], []), html
            assert "<script" not in html
            assert len(html) < 300, html


def test_data_are_what_the_script_writes(tmp_path: Path) -> None:
    """The files under data/ are those that generate_data.py writes, to the byte."""
    script = LUMA / "generate_data.py"
    subprocess.run([sys.executable, "-B", script, "--out", tmp_path], check=True)
    for name in ("members.jsonl", "events.jsonl"):
        assert (tmp_path / name).read_bytes() == (LUMA / "data" / name).read_bytes(), name


def test_members_fit_the_schema(catalogue: Catalogue) -> None:
    """Every attribute is declared and of its type, and no device carries person data."""
    declared = {attribute.path: attribute for attribute in catalogue.schema.profile}
    namespaces = {namespace.id: namespace.type for namespace in catalogue.schema.namespaces}
    for member in MEMBERS:
        record, _ = admit_attributes(member["attributes"], declared, field=member["id"])
        if not namespaces[member["namespace"]].names_person:
            assert not any(declared[path].person for path in record), member["id"]
    keys = {(member["namespace"], member["id"]) for member in MEMBERS}
    assert len(keys) == len(MEMBERS) == 60
    assert {namespace for namespace, _ in keys} == set(namespaces)


def test_events_fit_the_schema(catalogue: Catalogue) -> None:
    """Every property is declared and of its type; ids are unique; times lie in the stated span."""
    properties = {
        event.id: {attribute.path: attribute for attribute in event.properties}
        for event in event_types(catalogue.schema).values()
    }
    first, last = parse_instant("2025-06-01T00:00:00Z"), parse_instant("2026-11-01T00:00:00Z")
    for event in EVENTS:
        admit_attributes(event["properties"], properties[event["type"]], field=event["event_id"])
        assert first <= parse_instant(event["event_time"]) < last, event["event_id"]
    assert len({event["event_id"] for event in EVENTS}) == len(EVENTS) >= 500
    known = {(member["namespace"], member["id"]) for member in MEMBERS}
    assert {(event["namespace"], event["id"]) for event in EVENTS} <= known


def test_files_of_the_analysts_are_of_members_and_of_what_is_declared(
    catalogue: Catalogue,
) -> None:
    """Each is named as what it is loaded into, and its rows are of people who are known."""
    names = {"yoga-not-recently": "id", "upsell-propensity": "email"}
    loaded = {one.id for one in catalogue.audiences if one.rule is None}
    assert loaded | {score.id for score in catalogue.schema.scores} == set(names)
    known = {member["id"] for member in MEMBERS if member["namespace"] == "email"}
    for name, column in names.items():
        with (LUMA / "data" / f"{name}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) > 10
        assert {row[column] for row in rows} <= known
        for row in rows:
            assert 0 <= float(row.get("probability", 0)) <= 1
            assert 1 <= float(row.get("percentile", 1)) <= 100


def test_studios_are_those_that_members_go_to(catalogue: Catalogue) -> None:
    """Twelve studios are circles with opening hours, and the data name no other."""
    studios = {place.id: place for place in catalogue.places if place.category == "studio"}
    assert len(studios) == 12
    for studio in studios.values():
        assert isinstance(studio.fence, Circle)
        assert studio.opening_hours is not None
    properties = [event["properties"] for event in EVENTS]
    named = {each[key] for each in properties for key in ("studio_id", "place") if key in each}
    homes = {m["attributes"]["home"]["studio_id"] for m in MEMBERS if "home" in m["attributes"]}
    offered = {value for offer in catalogue.offers for key, value in offer.attributes.items()
               if key == "studio"}  # fmt: skip
    assert offered
    assert named | homes | offered <= set(studios)


def test_uses_every_kind_of_fence(catalogue: Catalogue) -> None:
    """Circles, a polygon with a hole, a corridor; and a studio lies in a mall."""
    fences = {place.id: place.fence for place in catalogue.places}
    assert {type(fence) for fence in fences.values()} == {Circle, Area, Corridor}
    assert any(p.holes for f in fences.values() if isinstance(f, Area) for p in f.polygons)
    inner = {place.id: place.parent for place in catalogue.places if place.parent}
    assert inner == {"stockholm-sodermalm": "sodra-galleria"}
    assert len({place.library for place in catalogue.places}) == len(catalogue.libraries) == 3


def test_nobody_real_is_named() -> None:
    """Addresses are of example.com, and phone numbers from the range kept free for fiction."""
    for path in sorted(LUMA.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            text = path.read_text(encoding="utf-8")
            domains = set(re.findall(r"[\w.]+@([\w.-]+\w)", text)) - {"example.com"}
            assert domains == set(), path
    phones = [member["id"] for member in MEMBERS if member["namespace"] == "phone"]
    assert phones
    assert all(re.fullmatch(r"\+447700900\d{3}", phone) for phone in phones)


def test_every_request_has_its_answer() -> None:
    """answers.json names each file of requests/ once, in the order in which events build up."""
    requests = {path.stem for path in (LUMA / "requests").glob("*.json")}
    steps = [answer["step"] for answer in ANSWERS]
    assert sorted(steps) == sorted(requests)
    assert {path.stem for path in (LUMA / "events").glob("*.json")} <= requests
    readme = (LUMA / "README.md").read_text(encoding="utf-8")
    assert [step for step in steps if f"`{step}`" not in readme] == []


class Luma(NamedTuple):
    """The service's three parts over a state that holds Luma's members and their events."""

    bundle: Bundle
    revisions: Revisions


@pytest.fixture
def luma(loaded: Any, tmp_path: Path) -> Iterator[Luma]:
    """An open bundle and an empty state."""
    write_bundle(loaded.catalogue, tmp_path / "bundle")
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
