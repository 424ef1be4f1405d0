"""From locations to where a customer is, through the public API over a real socket."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from identity_service import Clock, proven, recognised
from offerd.v1 import event_service_pb2 as events_pb
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import profile_service_pb2 as profiles_pb
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from places_shop import DEFINITIONS, FAR, NORTH, SOUTH, location, region
from serving import Running, serving

ANN = [proven("crm", "ann")]
PHONE = [recognised("ecid", "phone")]
MINUTE_S = 60


class Shop:
    """The town's service, asked over HTTP."""

    def __init__(self, running: Running, clock: Clock) -> None:
        self.running = running
        self.clock = clock

    async def call(self, path: str, body: Any = None) -> Any:
        """Posts JSON, or gets if there is none; returns the answer's JSON."""
        return await asyncio.to_thread(self._call, path, body)

    def _call(self, path: str, body: Any) -> Any:
        url = f"http://127.0.0.1:{self.running.http_port}{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return json.load(answer)

    async def collect(self, *events: Any) -> list[Any]:
        """Stores events; returns what became of each."""
        return (await self.call("/v1/events:collect", {"events": events}))["results"]

    async def profile(self, namespace: str = "crm", name: str = "ann") -> Any:
        """Returns a profile."""
        return (await self.call(f"/v1/profiles/{namespace}/{name}"))["profile"]

    async def export(self, identities: list[dict[str, str]]) -> list[Any]:
        """Returns all that is stored of a customer."""
        target = f"127.0.0.1:{self.running.grpc_port}"
        async with grpc.aio.insecure_channel(target) as channel:
            request = profiles_pb.ExportSubjectRequest(identities=identities)
            pieces = profiles_grpc.ProfileServiceStub(channel).ExportSubject(request)
            return [MessageToDict(piece) async for piece in pieces]

    async def offers(self, who: list[dict[str, str]], **more: Any) -> list[str]:
        """Returns the offers that a customer is shown."""
        request = {"scopes": [{"name": "hero"}], "identities": who, **more}
        answer = await self.call("/v1/decisions:decide", request)
        return [item["offer"] for item in answer["propositions"][0]["items"]]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A service that has heard of nobody."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "all.yaml").write_text(DEFINITIONS)
    clock = Clock()
    async with serving(tmp_path, [definitions], clock) as running:
        yield Shop(running, clock)


def crossings(result: Any) -> list[str]:
    """Returns what an event crossed, as `type place`."""
    return [f"{one['type']} {one['place']}" for one in result.get("crossings", ())]


async def test_a_location_inside_of_fences_enters_them(shop: Shop) -> None:
    """Each entry is told with an event of its own, counted by aggregates, and known of Ann."""
    (result,) = await shop.collect(location("l1", SOUTH, ANN))
    assert result["status"] == "EVENT_STATUS_ACCEPTED"
    assert crossings(result) == ["place_entry studio-south", "place_entry mall"]
    assert result["crossings"][0]["eventId"] == "l1/place_entry/studio-south"
    assert not result.get("notCrossed")
    profile = await shop.profile()
    assert profile["aggregates"]["by_category"] == {"studio": 1, "mall": 1}
    assert int(profile["eventCount"]) == 3
    visits = {one["place"]: one for one in profile["whereabouts"]["visits"]}
    assert visits["mall"]["isPresent"]
    assert "exitTime" not in visits["mall"]
    assert profile["whereabouts"]["location"]["latitude"] == SOUTH[0]


async def test_the_same_location_again_changes_nothing(shop: Shop) -> None:
    """A duplicate crosses nothing, whether it has a time of its own or not."""
    event = location("l1", SOUTH, ANN)
    await shop.collect(event)
    before = await shop.profile()
    shop.clock.go_on()
    (again,) = await shop.collect(event)
    assert again["status"] == "EVENT_STATUS_DUPLICATE"
    assert await shop.profile() == before


async def test_a_late_location_is_kept_and_crosses_nothing(shop: Shop) -> None:
    """It is an event as any other, and says why it crossed nothing."""
    await shop.collect(location("l1", FAR, ANN, "2026-11-02T08:50:00Z"))
    (late,) = await shop.collect(location("l0", SOUTH, ANN, "2026-11-02T08:40:00Z"))
    assert late["status"] == "EVENT_STATUS_ACCEPTED"
    assert late["notCrossed"] == "older than what is known already"
    assert (await shop.profile())["aggregates"] == {
        "entries": 0, "by_category": {}, "stays": 0, "fixes": 2
    }  # fmt: skip


async def test_a_stay_dwells_and_ends(shop: Shop) -> None:
    """Dwells are told with the first news after so long, dated when it was; then the exit."""
    await shop.collect(location("l1", SOUTH, ANN))
    shop.clock.go_on(12 * MINUTE_S)
    (stayed,) = await shop.collect(location("l2", SOUTH, ANN))
    assert crossings(stayed) == ["place_dwell mall", "place_dwell studio-south"]
    assert [one["eventTime"] for one in stayed["crossings"]] == [
        "2026-11-02T09:05:00Z", "2026-11-02T09:10:00Z"
    ]  # fmt: skip
    shop.clock.go_on(MINUTE_S)
    (left,) = await shop.collect(location("l3", FAR, ANN))
    assert crossings(left) == ["place_exit mall", "place_exit studio-south"]
    assert (await shop.profile())["aggregates"]["stays"] == 2 * 13 * MINUTE_S


async def test_a_phones_own_entry_counts_once_whoever_is_first(shop: Shop) -> None:
    """An entry of where the customer is known to be is kept, and counted by nothing."""
    await shop.collect(location("l1", NORTH, ANN))
    shop.clock.go_on()
    (second,) = await shop.collect(region("r1", "place_entry", "studio-north", ANN))
    assert second["notCrossed"] == "the customer was there already"
    assert (await shop.profile())["aggregates"]["entries"] == 1
    (again,) = await shop.collect(region("r1", "place_entry", "studio-north", ANN))
    assert again["status"] == "EVENT_STATUS_DUPLICATE"
    shop.clock.go_on()
    (out,) = await shop.collect(region("r2", "place_exit", "studio-north", ANN))
    assert crossings(out) == ["place_exit studio-north"]
    assert out["crossings"][0]["eventId"] == "r2"
    shop.clock.go_on()
    (back,) = await shop.collect(region("r3", "place_entry", "studio-north", ANN))
    assert crossings(back) == ["place_entry studio-north"]
    profile = await shop.profile()
    assert profile["aggregates"]["by_category"] == {"studio": 2}


async def test_places_that_do_not_exist_and_events_that_cannot_be_sent(shop: Shop) -> None:
    """Both are refused with their reasons; so is a location that is nowhere."""
    unknown, missing, made, nowhere, beyond = await shop.collect(
        region("a", "place_entry", "studio-soth", ANN),
        {"eventId": "b", "type": "place_exit", "identities": ANN},
        region("c", "place_dwell", "mall", ANN),
        {"eventId": "d", "type": "location", "identities": ANN, "properties": {"latitude": 1}},
        location("e", (91.0, 0.0), ANN),
    )
    assert unknown["refusal"] == {
        "reason": "ERROR_REASON_UNKNOWN_PLACE",
        "message": "no place `studio-soth`; did you mean `studio-south`",
        "field": "events[0].properties.place",
    }
    assert missing["refusal"]["reason"] == "ERROR_REASON_MISSING_FIELD"
    assert made["refusal"]["reason"] == "ERROR_REASON_UNKNOWN_EVENT_TYPE"
    assert nowhere["refusal"]["field"] == "events[3].properties.longitude"
    assert beyond["refusal"]["reason"] == "ERROR_REASON_OUT_OF_RANGE"


async def test_an_approach_and_a_pass_by(shop: Shop) -> None:
    """Who comes nearer than 400 m and goes away has passed by, and entered nothing small."""
    told = []
    for number, latitude in enumerate((59.29, 59.3065, 59.3085, 59.302, 59.29)):
        shop.clock.go_on(MINUTE_S)
        (result,) = await shop.collect(location(f"l{number}", (latitude, 18.066), ANN))
        told.append([one for one in crossings(result) if "studio-south" in one])
    assert told == [
        [], ["place_approach studio-south"], [], ["place_pass_by studio-south"], []
    ]  # fmt: skip


async def test_an_event_within_a_decision_and_one_only_assumed(shop: Shop) -> None:
    """Both are decided with; what is assumed is told, and never stored."""
    event = location("l1", NORTH, ANN)
    request = {"scopes": [{"name": "hero"}], "identities": ANN, "events": [event]}
    assumed = await shop.call("/v1/decisions:decide", {**request, "dryRun": True})
    assert crossings(assumed["eventResults"][0]) == ["place_entry studio-north"]
    assert assumed["propositions"][0]["items"][0]["offer"] == "regular"
    assert await shop.offers(ANN) == ["limited", "per-visit"]
    stored = await shop.call("/v1/decisions:decide", request)
    told = stored["eventResults"][0]["crossings"]
    assert told == assumed["eventResults"][0]["crossings"]
    assert stored["propositions"][0]["items"][0]["offer"] == "regular"
    assert (await shop.offers(ANN))[0] == "regular"


async def test_locations_in_any_order_are_assumed_as_they_are_stored(shop: Shop) -> None:
    """An entry that is listed after a later location is decided with, stored or not."""
    events = [
        location("l2", FAR, ANN, "2026-11-02T08:55:00Z"),
        location("l1", NORTH, ANN, "2026-11-02T08:50:00Z"),
    ]
    request = {"scopes": [{"name": "hero"}], "identities": ANN, "events": events}
    assumed = await shop.call("/v1/decisions:decide", {**request, "dryRun": True})
    stored = await shop.call("/v1/decisions:decide", request)
    for answer in (assumed, stored):
        assert [crossings(one) for one in answer["eventResults"]] == [
            ["place_exit studio-north"], ["place_entry studio-north"]
        ]  # fmt: skip
        assert answer["propositions"][0]["items"][0]["offer"] == "regular"


async def test_crossings_count_for_caps(shop: Shop) -> None:
    """A cap over entries counts those that locations cause, and the location tells so."""
    (result,) = await shop.collect(location("l1", SOUTH, ANN))
    counted = {(one["offer"], int(one["before"]), int(one["after"])) for one in result["counters"]}
    assert ("limited", 1, 2) in counted
    assert "limited" not in await shop.offers(ANN)


async def test_nothing_of_a_person_is_under_a_device(shop: Shop) -> None:
    """A location that a login authenticates is the person's: the device alone is nowhere."""
    await shop.collect(location("l1", SOUTH, [*PHONE, *ANN]))
    assert "visits" in (await shop.profile())["whereabouts"]
    assert "regular" not in await shop.offers(PHONE)
    shop.clock.go_on()
    await shop.collect(location("l2", FAR, PHONE))
    profile = await shop.profile("ecid", "phone")
    assert "visits" not in profile["whereabouts"]


async def displays(shop: Shop, who: list[dict[str, str]]) -> list[str]:
    """Decides, shows all of it, and returns what was shown."""
    request = {"scopes": [{"name": "hero"}], "identities": who}
    answer = await shop.call("/v1/decisions:decide", request)
    items = answer["propositions"][0]["items"]
    await shop.collect(
        *(
            {
                "eventId": f"d{item['token'][-40:]}",
                "type": "display",
                "identities": who,
                "token": item["token"],
            }
            for item in items
        )
    )
    return [item["offer"] for item in items]


async def test_a_cap_per_visit_begins_anew_with_each(shop: Shop) -> None:
    """In a studio the offer is shown once a visit; outside it isn't held back."""
    assert "per-visit" in await displays(shop, ANN)
    assert "per-visit" in await displays(shop, ANN)
    shop.clock.go_on()
    await shop.collect(location("l1", NORTH, ANN))
    assert "per-visit" in await displays(shop, ANN)
    shop.clock.go_on()
    assert "per-visit" not in await displays(shop, ANN)
    shop.clock.go_on(MINUTE_S)
    await shop.collect(location("l2", FAR, ANN))
    assert "per-visit" in await displays(shop, ANN)
    shop.clock.go_on(MINUTE_S)
    await shop.collect(location("l3", NORTH, ANN))
    assert "per-visit" in await displays(shop, ANN)
    shop.clock.go_on(3_600)
    assert "per-visit" in await displays(shop, ANN), "nobody is believed to be there any more"


async def test_a_person_is_where_any_of_their_devices_is(shop: Shop) -> None:
    """After a login has linked them; alone the device sees nothing of the person."""
    await shop.collect(location("l1", NORTH, PHONE))
    await shop.collect({"eventId": "login", "type": "conversion", "identities": [*PHONE, *ANN]})
    shop.clock.go_on()
    linked = await shop.call("/v1/profiles/crm/ann?linked=true")
    visits = linked["profile"]["whereabouts"]["visits"]
    assert [one["place"] for one in visits] == ["studio-north"]
    alone = await shop.profile()
    assert "whereabouts" not in alone


async def test_a_stay_that_nobody_saw_end_is_not_gone_on_with_by_another_identity(
    shop: Shop,
) -> None:
    """What the phone told two hours ago, and is no longer believed, is no part of Ann's visit."""
    await shop.collect(location("l1", NORTH, PHONE))
    await shop.collect({"eventId": "login", "type": "conversion", "identities": [*PHONE, *ANN]})
    shop.clock.go_on(2 * 3_600)
    await shop.collect(location("l2", NORTH, ANN))
    linked = (await shop.call("/v1/profiles/crm/ann?linked=true"))["profile"]
    (visit,) = linked["whereabouts"]["visits"]
    assert visit["entryTime"].startswith("2026-11-02T11:00")


async def test_what_is_known_is_exported_and_deleted(shop: Shop) -> None:
    """With every crossing; afterwards there is nothing."""
    await shop.collect(location("l1", NORTH, ANN))
    identities = [{"namespace": "crm", "id": "ann"}]
    pieces = await shop.export(identities)
    profile = next(one["data"] for one in pieces if one["kind"] == "profile")
    assert profile["whereabouts"]["fix"]["latitude"] == NORTH[0]
    assert [one["place"] for one in profile["whereabouts"]["visits"]] == ["studio-north"]
    events = {one["data"]["id"] for one in pieces if one["kind"] == "event"}
    assert events == {"l1", "l1/place_entry/studio-north"}
    await shop.call("/v1/subjects:delete", {"identities": identities})
    assert await shop.export(identities) == []


async def test_policies_keep_whereabouts_from_who_may_not_use_them(shop: Shop) -> None:
    """Who reads a profile for a marketing action that may not know where customers are."""
    await shop.collect(location("l1", NORTH, ANN))
    for_export = "?marketingActions=export_to_third_party"
    found = (await shop.call(f"/v1/profiles/crm/ann{for_export}"))["profile"]
    assert "whereabouts" not in found
    assert {"name": "whereabouts", "labels": ["S2"], "policy": "ours"} in found["withheld"]


async def test_a_decision_of_before_sees_where_the_customer_was(shop: Shop) -> None:
    """As the events that are known by now tell it; caps per visit of then too."""
    await shop.collect(location("l1", NORTH, ANN))
    shop.clock.go_on()
    await displays(shop, ANN)
    shop.clock.go_on(10 * MINUTE_S)
    await shop.collect(location("l2", FAR, ANN))
    assert "per-visit" in await shop.offers(ANN)
    before = {"dryRun": True, "decideTime": "2026-11-02T09:05:00Z"}
    assert "per-visit" not in await shop.offers(ANN, **before)


async def test_audiences_are_entered_and_left_as_customers_come_and_go(shop: Shop) -> None:
    """Also when belief ends, at that very instant."""
    revisions = shop.running.revisions
    revisions.track()
    revisions.tracker.settle()
    told: list[tuple[str, str]] = []

    async def look() -> None:
        await asyncio.to_thread(revisions.tracker.settle)
        memberships = (await shop.call("/v1/profiles/crm/ann?memberships=true"))["profile"]
        told.extend((one["status"], one["since"]) for one in memberships["memberships"])

    await shop.collect(location("l1", NORTH, ANN))
    await look()
    shop.clock.go_on(2 * 3_600)
    await look()
    assert told == [
        ("MEMBERSHIP_STATUS_REALIZED", "2026-11-02T09:00:00Z"),
        ("MEMBERSHIP_STATUS_EXITED", "2026-11-02T10:00:00Z"),
    ]


async def test_events_of_a_stream_cross_too(shop: Shop) -> None:
    """One by one, each answered with what it crossed."""
    target = f"127.0.0.1:{shop.running.grpc_port}"
    async with grpc.aio.insecure_channel(target) as channel:
        call = events_grpc.EventServiceStub(channel).CollectStream()
        for number, at in enumerate((NORTH, FAR)):
            await call.write(ParseDict(location(f"l{number}", at, ANN), events_pb.Event()))
            result = await call.read()
            assert [one.place for one in result.crossings] == ["studio-north"]
            shop.clock.go_on(MINUTE_S)
        await call.done_writing()
