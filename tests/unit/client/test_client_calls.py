"""What the clients send and how they read the answers, over a real socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import error_pb2
from offerd.v1 import event_service_pb2 as events
from offerd_client import (
    Candidate,
    Content,
    Event,
    EventResult,
    EventStatus,
    Identity,
    ImageLink,
    Outcome,
    Profile,
    Refusal,
    Scope,
    Selection,
)
from unit.client.canned_service import COLLECT, DECIDE, CannedService

MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


async def test_decide_sends_all_that_it_is_given(service: CannedService, connect: Any) -> None:
    """Every argument of decide reaches the service in its field."""
    async with connect(service.target) as client:
        await client.decide(
            ["home-hero", Scope(decision="next", placement="web-hero", item_count=3)],
            identities=[
                Identity.authenticated("email", "a@example.com"),
                Identity.device("ecid", "123"),
                Identity.logged_out("crm", "9"),
            ],
            context={
                "channel": "web",
                "locales": ["sv-SE", "en"],
                "time_zone": "Europe/Stockholm",
                "location": {"latitude": 59.3, "longitude": 18, "accuracy_m": 5.0},
                "attributes": {"weather": "rain", "cart": {"size": 2, "open": True}, "seen": []},
            },
            dry_run=True,
            explain=True,
            decide_time=MOMENT.astimezone(timezone(timedelta(hours=2))),
            request_id="page-1",
        )
    sent = service.seen[0].request
    expected = decisions.DecideRequest(request_id="page-1", dry_run=True, explain=True)
    expected.scopes.add(name="home-hero")
    expected.scopes.add(decision="next", placement="web-hero", item_count=3)
    expected.identities.add(namespace="email", id="a@example.com", authentication_state=2)
    expected.identities.add(namespace="ecid", id="123", authentication_state=1)
    expected.identities.add(namespace="crm", id="9", authentication_state=3)
    expected.context.channel = "web"
    expected.context.locales.extend(["sv-SE", "en"])
    expected.context.time_zone = "Europe/Stockholm"
    expected.context.location.latitude = 59.3
    expected.context.location.longitude = 18
    expected.context.location.accuracy_m = 5
    expected.context.attributes.update(
        {"weather": "rain", "cart": {"size": 2, "open": True}, "seen": []}
    )
    expected.decide_time.FromDatetime(MOMENT)
    assert sent == expected


async def test_decision_has_what_the_service_answered(service: CannedService, connect: Any) -> None:
    """Propositions, items, content, selection and explanation come as plain values."""
    async with connect(service.target) as client:
        decision = await client.decide(["home-hero"], explain=True, request_id="page-1")
    assert decision.request_id == "page-1"
    assert decision.revision == "r1"
    assert decision.decide_time == MOMENT
    assert decision.error is None
    proposition = decision.proposition("home-hero")
    assert proposition.outcome is Outcome.PROPOSED
    assert proposition.scope == Scope("home-hero")
    (item,) = proposition.items
    assert (item.offer, item.token, item.fallback) == ("free-class", "t0ken", False)
    assert item.attributes == {"category": "yoga", "value": 20}
    assert item.selection == Selection("classes-first", "", "", "PRIORITY", 100)
    assert decision.content("home-hero") == Content(html="<p>hej</p>", language="sv")
    assert proposition.explanation is not None
    assert proposition.explanation.funnel == {"LIVE": 3}
    assert proposition.explanation.candidates == (Candidate("free-class", "", True, "", ""),)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (decisions.Content(text="hej"), Content(text="hej")),
        (decisions.Content(html="<b>"), Content(html="<b>")),
        (decisions.Content(redirect_url="/x"), Content(redirect_url="/x")),
        (
            decisions.Content(image_link=decisions.ImageLink(url="/a.png", link_url="/b")),
            Content(image_link=ImageLink("/a.png", "/b")),
        ),
        (
            decisions.Content(key_values=decisions.KeyValues(values={"k": "v"})),
            Content(key_values={"k": "v"}),
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Content) else "",
)
async def test_each_kind_of_content(
    service: CannedService, connect: Any, message: decisions.Content, content: Content
) -> None:
    """Each kind of content is read into the field of its name."""

    def answer(request: decisions.DecideRequest) -> decisions.DecideResponse:
        response = decisions.DecideResponse()
        proposition = response.propositions.add(scope=request.scopes[0])
        proposition.items.add(content=message)
        return response

    service.answers[DECIDE] = answer
    async with connect(service.target) as client:
        assert (await client.decide(["s"])).content("s") == content


async def test_json_content_is_plain_values(service: CannedService, connect: Any) -> None:
    """JSON content comes as dicts, lists, numbers and None; its kind is told even for null."""

    def answer(request: decisions.DecideRequest) -> decisions.DecideResponse:
        response = decisions.DecideResponse()
        for scope in request.scopes:
            response.propositions.add(scope=scope).items.add()
        content = response.propositions[0].items[0].content.json.struct_value
        content.update({"list": [1, 2.5, None, True, "x"], "big": 1e300})
        response.propositions[1].items[0].content.json.null_value = 0
        return response

    service.answers[DECIDE] = answer
    async with connect(service.target) as client:
        decision = await client.decide(["a", "b"])
    assert decision.content("a").json == {"list": [1, 2.5, None, True, "x"], "big": 1e300}
    assert decision.content("b").kind == "json"


async def test_values_of_a_newer_service_are_read(service: CannedService, connect: Any) -> None:
    """An outcome or a method that this client doesn't know is UNSPECIFIED or its number."""

    def answer(request: decisions.DecideRequest) -> decisions.DecideResponse:
        response = decisions.DecideResponse()
        proposition = response.propositions.add(scope=request.scopes[0], outcome=77)
        proposition.items.add().selection.ranking_method = 77
        return response

    service.answers[DECIDE] = answer
    async with connect(service.target) as client:
        proposition = (await client.decide(["s"])).proposition("s")
    assert proposition.outcome is Outcome.UNSPECIFIED
    assert proposition.items[0].selection.ranking_method == "77"


async def test_proposition_is_found_by_name_or_by_decision_and_placement(
    service: CannedService, connect: Any
) -> None:
    """A scope is looked up by its label; one that wasn't asked is a KeyError."""
    async with connect(service.target) as client:
        decision = await client.decide([Scope(decision="next", placement="hero")])
    assert decision.proposition("next/hero").outcome is Outcome.PROPOSED
    with pytest.raises(KeyError):
        decision.proposition("other")


async def test_collect_sends_events_with_an_id_each(service: CannedService, connect: Any) -> None:
    """Events without an id get one of their own; given ids, times and properties are kept."""
    who = [Identity.device("ecid", "1")]
    async with connect(service.target) as client:
        results = await client.collect(
            [
                Event("purchase", who, properties={"amount": 49.5}, event_time=MOMENT),
                Event("purchase", who, event_id="given"),
            ]
        )
    sent = service.seen[0].request.events
    assert sent[0].event_id != ""
    assert sent[0].event_id != sent[1].event_id == "given"
    assert sent[0].event_time.ToDatetime(tzinfo=UTC) == MOMENT
    assert sent[0].properties["amount"] == 49.5
    assert results == (
        EventResult(sent[0].event_id, EventStatus.ACCEPTED),
        EventResult("given", EventStatus.ACCEPTED),
    )


@pytest.mark.parametrize("kind", ["display", "click", "conversion"])
async def test_feedback_is_an_event_with_the_token(
    service: CannedService, connect: Any, kind: str
) -> None:
    """display, click and conversion report the item's token for the customer."""
    async with connect(service.target) as client:
        result = await getattr(client, kind)("t0ken", [Identity.device("ecid", "1")])
    assert result.status is EventStatus.ACCEPTED
    (event,) = service.seen[0].request.events
    assert (event.type, event.token, event.identities[0].id) == (kind, "t0ken", "1")


async def test_a_refused_event_says_why(service: CannedService, connect: Any) -> None:
    """A refusal comes with its reason, words and field."""

    def refuse(request: events.CollectRequest) -> events.CollectResponse:
        refusal = events.Refusal(
            reason=error_pb2.ERROR_REASON_UNKNOWN_EVENT_TYPE, message="no", field="events[0].type"
        )
        return events.CollectResponse(
            results=[events.EventResult(event_id="e", status=3, refusal=refusal)]
        )

    service.answers[COLLECT] = refuse
    async with connect(service.target) as client:
        (result,) = await client.collect([Event("nap", [Identity("ecid", "1")], event_id="e")])
    assert result == EventResult(
        "e", EventStatus.REFUSED, Refusal("UNKNOWN_EVENT_TYPE", "no", "events[0].type")
    )


async def test_profiles_are_set_read_and_deleted(service: CannedService, connect: Any) -> None:
    """The three calls of profiles send the identity and read the profile."""
    expected = Profile(
        "email",
        "a@example.com",
        {"loyalty": {"tier": "plus"}},
        {},
        5_000_000_000,
        MOMENT + timedelta(seconds=0.5),
    )
    async with connect(service.target) as client:
        written = await client.set_profile("email", "a@example.com", {"loyalty": {"tier": "plus"}})
        read = await client.get_profile("email", "a@example.com")
        existed = await client.delete_profile("email", "a@example.com")
    assert written == read == expected
    assert existed is True
    assert service.seen[0].request.attributes["loyalty"]["tier"] == "plus"


async def test_the_connection_is_reused(service: CannedService, connect: Any) -> None:
    """All calls of a client go over one connection."""
    peers = set()
    answer = service.answer

    def watched(method: str, request: Any, context: Any) -> Any:
        peers.add(context.peer())
        return answer(method, request, context)

    service.answer = watched  # type: ignore[method-assign]
    async with connect(service.target) as client:
        for _ in range(5):
            await client.decide(["s"])
    assert len(peers) == 1
