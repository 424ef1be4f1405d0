"""What the clients send and read for caps, experiments, simulations and scores."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client import (
    Arbitration,
    Candidate,
    Client,
    CounterChange,
    Deduplication,
    Event,
    Exposure,
    Identity,
    InvalidArgument,
    Outcome,
    Overrides,
    ReachedCap,
    Reason,
    Reservation,
    ReservedItem,
    Scope,
)
from unit.client.canned_service import COLLECT, DECIDE, GET_PROFILE, CannedService

ME = Identity.device("ecid", "1")
NOBODY = "localhost:1"


async def test_decide_sends_how_it_is_to_be_decided(service: CannedService, connect: Any) -> None:
    """De-duplication, arbitration, overrides, preview token and top-up reach the service."""
    async with connect(service.target) as client:
        await client.decide(
            [Scope("list", item_count=3, top_up=False)],
            dry_run=True,
            deduplication=Deduplication.REQUEST,
            arbitration=Arbitration.AVOID_FALLBACK,
            overrides=Overrides(
                attributes={"loyalty": {"tier": None}},
                aggregates={"purchases": 3},
                memberships={"adults": False},
                scores={"yoga": 1},
            ),
            preview_token="t0ken",
        )
        await client.decide(["list"])
    expected = decisions.DecideRequest(
        dry_run=True,
        deduplication=decisions.DEDUPLICATION_REQUEST,
        arbitration=decisions.ARBITRATION_AVOID_FALLBACK,
        preview_token="t0ken",
    )
    expected.scopes.add(name="list", item_count=3, top_up=False)
    expected.overrides.attributes.update({"loyalty": {"tier": None}})
    expected.overrides.aggregates.update({"purchases": 3})
    expected.overrides.memberships["adults"] = False
    expected.overrides.scores["yoga"] = 1
    assert service.seen[0].request == expected
    assert service.seen[1].request == decisions.DecideRequest(scopes=[{"name": "list"}])


async def test_decide_reads_how_it_was_decided(service: CannedService, connect: Any) -> None:
    """Exposure, rankings, scores of candidates and the outcome of a topped-up scope arrive."""

    def answer(_request: Any) -> decisions.DecideResponse:
        message = decisions.DecideResponse()
        proposition = message.propositions.add(
            scope=decisions.Scope(name="list", item_count=2, top_up=True),
            outcome=decisions.OUTCOME_TOPPED_UP,
            exposure=decisions.Exposure(experiment="hero", arm="b", forced=True),
        )
        proposition.items.add(
            offer="a",
            selection=decisions.Selection(
                ranking="value", ranking_method=decisions.RANKING_METHOD_FORMULA, score=2.5
            ),
        )
        proposition.items.add(offer="f", fallback=True)
        proposition.explanation.candidates.add(offer="a", chosen=True, score=0.0)
        proposition.explanation.candidates.add(offer="b", fell_at=decisions.STAGE_EXCLUSION)
        return message

    service.answers[DECIDE] = answer
    async with connect(service.target) as client:
        (proposition,) = (await client.decide(["list"])).propositions
    assert proposition.outcome is Outcome.TOPPED_UP
    assert proposition.scope == Scope("list", item_count=2, top_up=True)
    assert proposition.exposure == Exposure("hero", "b", forced=True)
    chosen = proposition.items[0].selection
    assert (chosen.ranking, chosen.ranking_method, chosen.score) == ("value", "FORMULA", 2.5)
    assert proposition.explanation.candidates == (
        Candidate("a", "", True, "", "", 0.0),
        Candidate("b", "", False, "EXCLUSION", ""),
    )


async def test_reserving(service: CannedService, connect: Any) -> None:
    """A reservation is sent with its items and ttl; granted or not, all that is said arrives."""
    items = [ReservedItem("free-class", "mail", "next"), ReservedItem("mat", "mail")]
    async with connect(service.target) as client:
        granted = await client.reserve("m-1", items, [ME], ttl=timedelta(hours=1.5))
        full = await client.reserve("full", items, [ME])
        await client.commit("m-1")
        released = await client.release("m-2")
    sent = caps.ReserveRequest(reservation_id="m-1")
    sent.identities.add(namespace="ecid", id="1", authentication_state=1)
    sent.items.add(offer="free-class", placement="mail", decision="next")
    sent.items.add(offer="mat", placement="mail")
    sent.ttl.seconds = 5_400
    assert service.seen[0].request == sent
    assert not service.seen[1].request.HasField("ttl")
    assert service.seen[2].request == caps.CommitRequest(reservation_id="m-1")
    assert service.seen[3].request == caps.ReleaseRequest(reservation_id="m-2")
    expire_time = datetime(2026, 3, 1, 9, 40, tzinfo=UTC)
    assert granted == Reservation(True, (), expire_time, ("t0ken", "t0ken"))
    assert full == Reservation(False, (ReachedCap(0, "c1", "weekly", 5, 5),))
    assert released is True


async def test_an_event_says_what_it_changed(service: CannedService, connect: Any) -> None:
    """Each counter that an event added to arrives with its count before and after."""

    def answer(request: events.CollectRequest) -> events.CollectResponse:
        message = events.CollectResponse()
        result = message.results.add(event_id=request.events[0].event_id, status=1)
        result.counters.add(counter="k", offer="a", cap="weekly", before=2, after=3, limit=5)
        return message

    service.answers[COLLECT] = answer
    async with connect(service.target) as client:
        (result,) = await client.collect([Event("purchase", [ME])])
    assert result.counters == (CounterChange("k", "a", "weekly", 2, 3, 5),)


async def test_scores_of_a_profile(service: CannedService, connect: Any) -> None:
    """Scores are sent with a profile, all of them, and read back."""

    def answer(_request: Any) -> profiles.GetProfileResponse:
        return profiles.GetProfileResponse(profile=profiles.Profile(scores={"yoga": 0.5}))

    service.answers[GET_PROFILE] = answer
    async with connect(service.target) as client:
        await client.set_profile("ecid", "1", {}, scores={"yoga": 0.5})
        await client.set_profile("ecid", "1", {})
        found = await client.get_profile("ecid", "1")
    assert dict(service.seen[0].request.scores) == {"yoga": 0.5}
    assert not service.seen[1].request.scores
    assert found.scores == {"yoga": 0.5}


@pytest.mark.parametrize(
    ("overrides", "reason", "field"),
    [
        (Overrides(memberships={"a": 1}), Reason.WRONG_TYPE, "overrides.memberships.a"),
        (Overrides(scores={"a": "1"}), Reason.WRONG_TYPE, "overrides.scores.a"),
        (Overrides(scores={"a": True}), Reason.WRONG_TYPE, "overrides.scores.a"),
        (Overrides(scores={1: 1.0}), Reason.WRONG_TYPE, "overrides.scores"),
        (Overrides(memberships={"\ud800": True}), Reason.INVALID_TEXT, "overrides.memberships"),
        (
            Overrides(attributes={"a": {"b": math.nan}}),
            Reason.OUT_OF_RANGE,
            "overrides.attributes.a.b",
        ),
        (Overrides(aggregates={"a": object()}), Reason.WRONG_TYPE, "overrides.aggregates.a"),
    ],
)
def test_a_wrong_override_names_its_field(overrides: Overrides, reason: Reason, field: str) -> None:
    """Overrides that can't be written down are refused before anything is sent."""
    with Client(NOBODY) as client, pytest.raises(InvalidArgument) as caught:
        client.decide(["s"], dry_run=True, overrides=overrides)
    assert (caught.value.reason, caught.value.field) == (reason, field)
