"""Where exactly a customer is isn't used, stored or told of one who keeps it private."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from doors import DOORS, RPCS, FunctionDoor, door_to
from offerd.admission import parse_instant
from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.model.identity import Subject
from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileKey
from offerd.places.cells import encode
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalMode, JournalSettings, State
from offerd.v1 import identity_pb2
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client import (
    AsyncClient,
    Consent,
    ConsentValue,
    Event,
    EventResult,
    EventStatus,
    Identity,
)
from serving import Running, compile_to, serving
from unit.customer.test_consent_strings import made

NOON_NS = parse_instant("2026-06-01T10:00:00Z")
MINUTE_NS = 60 * 10**9
PHONE = [Identity.device("ecid", "1")]
ADA = [Identity.authenticated("crm", "ada"), *PHONE]
AT_STUDIO = {"latitude": 59.3123, "longitude": 18.0745, "accuracy_m": 5.0}
NO = Consent(precise_location=ConsentValue.NO)
YES = Consent(precise_location=ConsentValue.YES)

DEFINITIONS = """
namespaces: [{{id: crm, type: cross_device}}, {{id: ecid, type: cookie}}]
{more}
libraries: [{{id: studios, name: Studios}}]
places:
- {{id: studio, library: studios, name: Studio,
   circle: {{latitude: 59.3123, longitude: 18.0745, radius_m: 50}}}}
placements: [{{id: app, channel: app, content_type: text}}]
offers:
- {{id: there, priority: 3, eligibility: 'places.inside("studio")',
   representations: [{{placement: app, text: there}}]}}
- {{id: near, priority: 2, eligibility: 'places.nearest("studio").distance_m < 100.0',
   representations: [{{placement: app, text: near}}]}}
- {{id: around, priority: 1, eligibility: 'places.nearest("studio").distance_m < 2000.0',
   representations: [{{placement: app, text: around}}]}}
- {{id: any, representations: [{{placement: app, text: any}}]}}
collections: [{{id: all, offers: [there, near, around, any]}}]
strategies: [{{id: all, collection: all, ranking: priority}}]
fallback_offers: [{{id: none, representations: [{{placement: app, text: none}}]}}]
decisions: [{{id: d, placements: [app], strategies: [all], fallbacks: [none]}}]
scopes: [{{id: app, decision: d, placement: app}}]
"""


class Clock:
    """The service's clock, which tests turn on."""

    def __init__(self) -> None:
        self.now_ns = NOON_NS

    def __call__(self) -> int:
        return self.now_ns


async def _running(folder: Path, clock: Clock, more: str) -> AsyncIterator[Running]:
    definitions = folder / "definitions"
    definitions.mkdir()
    (definitions / "all.yaml").write_text(DEFINITIONS.format(more=more))
    async with serving(folder / "run", [definitions], clock) as service:
        yield service


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


@pytest.fixture
async def running(tmp_path: Path, clock: Clock) -> AsyncIterator[Running]:
    """A service in which all is allowed by default."""
    async for service in _running(tmp_path, clock, ""):
        yield service


@pytest.fixture
async def client(running: Running) -> AsyncIterator[AsyncClient]:
    """A client of it."""
    async with AsyncClient(f"127.0.0.1:{running.grpc_port}") as one:
        yield one


async def offer(client: AsyncClient, who: list[Identity], **more: Any) -> str:
    """What is proposed."""
    decision = await client.decide(["app"], identities=who, **more)
    return decision.propositions[0].items[0].content.text or ""


async def come(client: AsyncClient, who: list[Identity], name: str) -> EventResult:
    """Sends that a phone is at the studio."""
    return (await client.collect([Event("location", who, properties=AT_STUDIO, event_id=name)]))[0]


def whereabouts(running: Running, namespace: str = "ecid", id: str = "1") -> Any:
    """What is stored of where a customer is."""
    record = running.state.views.record(ProfileKey(namespace, id))
    return None if record is None else record.whereabouts


async def stored(running: Running) -> list[Any]:
    """All that is stored of the phone, event by event."""
    request = profiles.ExportSubjectRequest(
        identities=[identity_pb2.Identity(namespace="ecid", id="1")]
    )
    method = "/offerd.v1.ProfileService/ExportSubject"
    return [str(one) async for one in running.dispatcher.stream(method, request, "test")]


async def test_coordinates_of_a_request_are_rounded_before_anything_is_asked(
    client: AsyncClient, clock: Clock
) -> None:
    """At once if the request itself says so; afterwards because it was said."""
    context = {"location": AT_STUDIO}
    assert await offer(client, PHONE, context=context) == "there"
    assert await offer(client, PHONE, context=context, consent=NO, dry_run=True) == "around"
    assert await offer(client, PHONE, context=context) == "there"
    assert await offer(client, PHONE, context=context, consent=NO) == "around"
    assert await offer(client, PHONE, context=context) == "around"
    clock.now_ns += MINUTE_NS
    assert await offer(client, PHONE, context=context, consent=YES) == "there"
    assert await offer(client, [], context=context, consent=NO) == "around"
    assert await offer(client, [], context=context) == "there"


async def test_a_cell_is_as_good_as_coordinates(client: AsyncClient) -> None:
    """It stands for its middle."""
    for length, expected in ((10, "there"), (4, "any")):
        cell = encode(59.3123, 18.0745, length)
        assert await offer(client, PHONE, context={"location": {"cell": cell}}) == expected


async def test_locations_are_rounded_before_they_are_stored(
    client: AsyncClient, running: Running
) -> None:
    """And cross nothing; nothing that is stored or exported tells the exact place."""
    await client.set_consent(PHONE, NO)
    result = await come(client, PHONE, "a")
    assert result.status is EventStatus.ACCEPTED
    assert result.crossings == ()
    assert result.not_crossed
    exported = await stored(running)
    assert any("59.31" in line for line in exported)
    assert not any("59.3123" in line or "18.0745" in line for line in exported)
    assert whereabouts(running) is None
    assert await offer(client, PHONE) == "any"


async def test_a_location_sent_again_is_a_repeat_whatever_was_chosen_meanwhile(
    client: AsyncClient,
) -> None:
    """As precise as it was, or rounded."""
    assert (await come(client, PHONE, "a")).status is EventStatus.ACCEPTED
    await client.set_consent(PHONE, NO)
    assert (await come(client, PHONE, "a")).status is EventStatus.DUPLICATE


async def test_what_was_known_is_used_no_more_once_it_may_not(
    client: AsyncClient, running: Running, clock: Clock
) -> None:
    """Neither that somebody is at a place, nor where exactly they were; until they allow it."""
    result = await come(client, PHONE, "a")
    assert [one.type for one in result.crossings] == ["place_entry"]
    assert await offer(client, PHONE) == "there"
    assert await offer(client, PHONE, consent=NO, dry_run=True) == "around"
    await client.set_consent(PHONE, NO)
    assert whereabouts(running) is not None
    assert await offer(client, PHONE) == "around"
    clock.now_ns += MINUTE_NS
    await client.set_consent(PHONE, YES)
    assert await offer(client, PHONE) == "there"


async def test_what_a_person_has_denied_holds_at_their_devices(
    client: AsyncClient, running: Running, clock: Clock
) -> None:
    """Once they are linked; and what is granted at a device doesn't override it."""
    await come(client, PHONE, "a")
    await client.set_consent(ADA[:1], NO)
    clock.now_ns += MINUTE_NS
    await client.link_identities(ADA)
    assert await offer(client, ADA) == "around"
    clock.now_ns += MINUTE_NS
    await client.set_consent(PHONE, YES)
    assert await offer(client, ADA) == "around"


async def test_region_events_of_a_phone_are_refused(client: AsyncClient) -> None:
    """They tell where exactly the customer is."""
    event = Event("place_entry", PHONE, properties={"place": "studio"})
    assert (await client.collect([event]))[0].status is EventStatus.ACCEPTED
    await client.set_consent(PHONE, NO)
    (result,) = await client.collect([Event("place_exit", PHONE, properties={"place": "studio"})])
    assert result.status is EventStatus.REFUSED
    assert result.refusal is not None
    assert result.refusal.reason == "CONSENT_NOT_GRANTED"
    assert result.refusal.message == (
        "`1` in `ecid` hasn't allowed that it is used precisely where they are"
    )


async def test_audiences_are_told_no_more_than_decisions(
    client: AsyncClient, running: Running
) -> None:
    """What is seen of a customer is the same wherever it is read."""
    await come(client, PHONE, "a")
    key = ProfileKey("ecid", "1")
    plan = running.revisions.active.fold
    subject = Subject(key, (key,))
    before = running.state.views.known(subject, plan, NOON_NS).view(NOON_NS).whereabouts
    assert before is not None
    assert before.visits
    await client.set_consent(PHONE, NO)
    after = running.state.views.known(subject, plan, NOON_NS).view(NOON_NS).whereabouts
    assert after is not None
    assert after.visits == ()
    assert after.fix is not None
    assert (after.fix.latitude, after.fix.longitude) == (59.31, 18.07)
    assert after.fix.accuracy_m == 1_000.0


async def test_definitions_may_say_that_nobody_is_located_who_never_agreed(
    tmp_path: Path, clock: Clock
) -> None:
    """Also nobody in particular."""
    async for service in _running(tmp_path, clock, "consent: {precise_location: n}"):
        async with AsyncClient(f"127.0.0.1:{service.grpc_port}") as client:
            context = {"location": AT_STUDIO}
            assert await offer(client, [], context=context) == "around"
            assert await offer(client, PHONE, context=context) == "around"
            assert (await come(client, PHONE, "a")).crossings == ()
            assert await offer(client, PHONE, context=context, consent=YES) == "there"
            assert (await come(client, PHONE, "b")).crossings


async def test_a_fence_for_inaccurate_locations_is_not_crossed_either(
    tmp_path: Path, clock: Clock
) -> None:
    """However inaccurate the definitions let a location be."""
    more = "location: {worst_accuracy_m: 5000}"
    async for service in _running(tmp_path, clock, more):
        async with AsyncClient(f"127.0.0.1:{service.grpc_port}") as client:
            await client.set_consent(PHONE, NO)
            result = await come(client, PHONE, "a")
            assert (result.status, result.crossings) == (EventStatus.ACCEPTED, ())
            assert whereabouts(service) is None


async def test_all_doors_round_alike(running: Running) -> None:
    """It doesn't matter which way a request comes."""
    for number, name in enumerate(DOORS):
        async with door_to(running, name) as door:
            ask = {
                "scopes": [{"name": "app"}],
                "identities": [{"namespace": "ecid", "id": f"phone-{number}"}],
                "context": {"location": {"latitude": 59.3123, "longitude": 18.0745}},
                "consent": {"preciseLocation": "CONSENT_VALUE_NO"},
            }
            answer: Any = await door.call(RPCS["Decide"], ask)
            assert answer.propositions[0].items[0].content.text == "around"


async def test_a_consent_string_without_special_feature_1_denies_it(client: AsyncClient) -> None:
    """And one with it grants it."""
    context = {"location": AT_STUDIO}
    purposes = {1, 5, 6}
    for features, expected in ((set[int](), "around"), ({1}, "there"), ({2, 3}, "around")):
        consent = Consent(tcf_string=made(consents=purposes, special_features=features))
        assert await offer(client, [], context=context, consent=consent) == expected


async def test_it_is_one_of_the_questions_that_one_word_answers(
    client: AsyncClient, clock: Clock
) -> None:
    """What is given by itself has precedence; what was chosen is told."""
    known = await client.set_consent(PHONE, Consent(general=ConsentValue.NO))
    assert known.precise_location is ConsentValue.NO
    clock.now_ns += MINUTE_NS
    mixed = Consent(general=ConsentValue.YES, precise_location=ConsentValue.PENDING)
    known = await client.set_consent(PHONE, mixed)
    assert (known.collect, known.precise_location) == (ConsentValue.YES, ConsentValue.PENDING)
    assert await offer(client, PHONE, context={"location": AT_STUDIO}) == "around"
    profile = await client.get_profile("ecid", "1")
    assert profile.consent is not None
    assert profile.consent.precise_location is ConsentValue.PENDING


async def test_the_journal_tells_no_more_than_is_stored(tmp_path: Path, clock: Clock) -> None:
    """Neither of decisions nor of events, nor of what was known when it was decided."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS.format(more=""))
    with closing(open_bundle(compile_to(tmp_path / "bundles", tmp_path / "all.yaml"))) as bundle:
        fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
        journal = JournalSettings(JournalMode.BEFORE_ANSWER)
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        with State.open(tmp_path / "state", fold, journal=journal) as state:
            dispatcher = dispatcher_for(
                Revisions(Standing(Loaded(bundle, fold)), state, log, clock), log
            )
            for number, choice in enumerate((None, "CONSENT_VALUE_NO")):
                clock.now_ns += MINUTE_NS
                coordinates = {"latitude": 59.3123, "longitude": 18.0745}
                event = {"eventId": f"e{number}", "type": "location", "properties": coordinates}
                ask = {
                    "scopes": [{"name": "app"}],
                    "identities": [{"namespace": "ecid", "id": "1"}],
                    "context": {"location": coordinates},
                    "events": [event],
                    **({} if choice is None else {"consent": {"preciseLocation": choice}}),
                }
                before = sum(1 for _ in state.journal.reader.entries())
                await FunctionDoor(dispatcher).call(RPCS["Decide"], ask)
                entries = [*state.journal.reader.entries()][before:]
                views = [
                    state.journal.reader.view(one.entry.view)
                    for one in entries
                    if isinstance(one.entry, DecisionEntry)
                ]
                told = f"{entries} {views}"
                assert len(entries) > 1
                assert ("59.3123" in told) is (choice is None)
                assert "59.31" in told
