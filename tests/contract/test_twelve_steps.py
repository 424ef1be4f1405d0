"""One customer's journey through the public API: an ad, a login, a call, a class, what came of it.

Her phone tells where it is, give or take; that she came, stayed and left is found out from that.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from contract.story import (
    ALMA,
    BROWSER,
    EMAIL,
    PHONE,
    YES,
    Story,
    around_studio,
    location,
    telling,
)
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import audience_service_pb2_grpc as audiences_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from offerd_client import (
    Consent,
    ConsentValue,
    ContactCategory,
    ContactOutcome,
    Decision,
    Event,
    EventStatus,
    Identity,
    Item,
    NotFound,
    Proposition,
    ReservedItem,
)
from offerd_client.loading import LoadKind, MembershipRow, ScoreRow

SEED = 20261008


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """A member who bought yoga things in person half a year ago, and agreed to be written to."""
    async with telling(tmp_path) as told:
        yield told


async def test_the_twelve_steps(story: Story) -> None:
    """From the ad to the pack of ten classes, and then forgotten."""
    client, day = story.client, story.day
    await _analysts(story)
    await _browsing(story)
    await _signing_in(story)
    token = await _calling(story)
    await _buying(story, token)
    await _reminding(story)
    await _at_the_studio(story)
    await _accounted_for(story)
    day.later(days=1)
    assert await client.delete_subject([EMAIL])
    await _forgotten(story)


async def _analysts(story: Story) -> None:
    """2 and 3: a list that analysts made, and a score, are in force once they are loaded."""
    until_ns = story.day.now_ns() + 30 * 86_400 * 10**9
    await story.load(
        LoadKind.MEMBERSHIPS,
        "lapsed-yoga-analysts",
        [MembershipRow("email", ALMA, valid_until_ns=until_ns)],
    )
    factors = [("visits", "rising", "high")]
    await story.load(
        LoadKind.SCORES, "upsell", [ScoreRow("email", ALMA.lower(), 88.0, 0.61, 93.0, factors)]
    )
    members = await story.members()
    assert members["lapsed-yoga"]
    assert members["lapsed-by-the-second"]
    assert members["upsell"]


async def _browsing(story: Story) -> None:
    """4: nothing is stored and nothing personal shown before consent; then every click counts."""
    client = story.client
    view = Event("page_view", [BROWSER], properties={"category": "yoga", "campaign": "yoga-autumn"})
    before = story.running.state.counts()
    assert await story.offers("hero", BROWSER) == [""]
    (refused,) = await client.collect([view])
    assert refused.refusal is not None
    assert refused.refusal.reason == "CONSENT_NOT_GRANTED"
    assert story.running.state.counts() == before

    (accepted,) = await client.collect([view], consent=YES, identities=[BROWSER])
    assert accepted.status is EventStatus.ACCEPTED
    decision = await client.decide(["hero"], identities=[BROWSER])
    ad = decision.proposition("hero").items[0]
    assert ad.offer == "yoga-autumn"
    await client.display(ad.token, [BROWSER])
    await client.click(ad.token, [BROWSER])
    assert await story.offers("hero", BROWSER) == [""]  # clicked once, and that is enough
    shorts = Event("page_view", properties={"category": "shorts"})
    assert await story.offers("hero", BROWSER, events=[shorts]) == ["shorts"]


async def _signing_in(story: Story) -> None:
    """5: the request that carries the login sees the person; the next without it doesn't."""
    client = story.client
    story.day.later(minutes=5)
    await story.happened(Event("add_to_cart", [BROWSER], properties={"sku": "shorts-1"}))
    anonymous = await client.decide(["hero"], identities=[BROWSER], dry_run=True, explain=True)
    decision = await client.decide(
        ["hero"], identities=[BROWSER, EMAIL], events=[Event("login")], explain=True
    )
    assert decision.event_results[0].status is EventStatus.ACCEPTED
    assert decision.proposition("hero").items[0].offer == "welcome-back"
    explained = decision.proposition("hero").explanation
    assert explained is not None
    (goal,) = [one for one in explained.candidates if one.offer == "for-your-goal"]
    assert "no-health-on-site" in goal.reason
    assert "back" not in goal.reason.replace("profile.health.goal", "").replace('== "back"', "")

    for state in (BROWSER, Identity.logged_out("email", ALMA)):
        again = await client.decide(
            ["hero"], identities=[BROWSER, state], dry_run=True, explain=True
        )
        assert _unnamed(again) == _unnamed(anonymous)
    # What she did before she signed in is hers now, by whatever device she comes.
    known = await client.get_profile("email", ALMA, linked=True)
    assert {one.namespace for one in known.identities} == {"email", "ecid"}
    assert known.aggregates["campaign_views"] == 1


def _unnamed(decision: Decision) -> list[Proposition]:
    """Propositions without the ids that each answer makes for itself."""
    return [replace(one, proposition_id="") for one in decision.propositions]


async def _calling(story: Story) -> str:
    """6: the agent sees what a call centre may see, and offers the class near by."""
    client = story.client
    story.day.later(hours=2)
    await story.happened(Event("call", [EMAIL]))
    known = await client.get_profile(
        "email", ALMA, linked=True, memberships=True, marketing_actions=["call_centre"]
    )
    assert known.loaded_scores["upsell"].percentile == 93.0
    assert known.loaded_scores["upsell"].factors == (("visits", "rising", "high"),)
    assert known.attributes["health"] == {"goal": "back"}
    assert {one.audience for one in known.memberships if one.realized} >= {"lapsed-yoga", "upsell"}
    on_site = await client.get_profile(
        "email", ALMA, linked=True, marketing_actions=["onsite_personalization"]
    )
    assert "health" not in on_site.attributes
    assert [one.name for one in on_site.withheld] == ["profile.health.goal"]

    latitude, longitude = around_studio(0, 1_500)
    here: dict[str, Any] = {"location": {"latitude": latitude, "longitude": longitude}}
    decision = await client.decide(
        ["desk"], identities=[EMAIL], context={"channel": "call_centre", **here}
    )
    items = decision.proposition("desk").items
    assert [item.offer for item in items] == ["for-your-goal", "free-class", "ten-percent"]
    told = re.fullmatch(r"A free class at Luma Södermalm, (\d+) m away", _text(items[1]))
    assert told is not None
    assert int(told[1]) == pytest.approx(1_400, rel=0.01)
    nowhere = await client.decide(["desk"], identities=[EMAIL], dry_run=True)
    assert _text(nowhere.proposition("desk").items[1]) == "A free class at a studio, not far"
    many = await client.decide(["desk", "mail"], identities=[EMAIL], context=here)
    assert many.proposition("mail").items[0].offer == "free-class"
    return many.proposition("mail").items[0].token


def _text(item: Item) -> str:
    return item.content.text or ""


async def _buying(story: Story, token: str) -> None:
    """7 and 8: a purchase leaves the lapsed in its own request; twice the same is once."""
    client = story.client
    assert (await story.members())["cart-left"]  # for an hour nothing was bought
    bought = Event("purchase", [EMAIL], properties={"category": "yoga", "amount": 45.0})
    decision = await client.decide(["hero"], identities=[EMAIL], events=[bought])
    assert decision.proposition("hero").items[0].offer != "welcome-back"
    (again,) = await client.collect([bought])
    assert again.status is EventStatus.DUPLICATE
    members = await story.members()
    assert not members["lapsed-yoga"]
    assert not members["lapsed-by-the-second"]
    assert members["recent-yoga-buyer"]
    profile = await client.get_profile("email", ALMA)
    assert profile.aggregates["yoga_90d"] == 1

    verdict = await client.check_contact("email", [EMAIL], reservation_id="weekly")
    assert (verdict.outcome, verdict.reserved) == (ContactOutcome.ALLOW, True)
    await client.commit_contact("weekly")
    assert (await client.check_contact("email", [EMAIL])).reason == "CAP"
    confirmation = await client.check_contact(
        "email", [EMAIL], category=ContactCategory.TRANSACTIONAL
    )
    assert confirmation.outcome is ContactOutcome.ALLOW
    await client.click(token, [EMAIL])
    await story.happened(Event("schedule_view", [PHONE, EMAIL]))
    assert (await client.get_profile("email", ALMA, linked=True)).aggregates["bookings"] == 0


async def _reminding(story: Story) -> None:
    """9: not at night, not against her will, once a day."""
    client = story.client
    story.day.at = datetime(2026, 10, 6, 21, 30, tzinfo=UTC)  # half past eleven in Stockholm
    verdict = await client.check_contact("push", [EMAIL])
    assert (verdict.outcome, verdict.reason) == (ContactOutcome.DEFER, "QUIET_HOURS")
    assert verdict.defer_until == datetime(2026, 10, 7, 6, 0, tzinfo=UTC)
    story.day.at = datetime(2026, 10, 7, 8, 0, tzinfo=UTC)
    await client.set_consent([EMAIL], Consent(marketing={"push": ConsentValue.NO}))
    assert (await client.check_contact("push", [EMAIL])).reason == "CONSENT"
    story.day.later(minutes=1)
    await client.set_consent([EMAIL], Consent(marketing={"push": ConsentValue.YES}))
    assert (
        await client.check_contact("push", [EMAIL], reservation_id="push")
    ).outcome is ContactOutcome.ALLOW
    # Her phone is 2 km from the studio, and the push names it although the request says nothing.
    assert await story.moved(location(story.day.at, 0, 2_100, accuracy_m=20)) == []
    decision = await client.decide(["push"], identities=[EMAIL, PHONE])
    (item,) = decision.proposition("push").items
    assert item.offer == "free-class"
    told = "Your free class at Luma Södermalm, open until 2026-10-07T19:00:00Z"
    assert _text(item) == told
    await client.commit_contact("push")


async def _at_the_studio(story: Story) -> None:
    """10 and 11: greeted once a visit, redeemed once, and offered packs if she was there."""
    client = story.client
    story.day.at = datetime(2026, 10, 8, 7, 0, tzinfo=UTC)
    await _coming_in(story)
    decision = await client.decide(["in-app"], identities=[PHONE, EMAIL])
    greeting = decision.proposition("in-app").items[0]
    assert greeting.offer == "greeting"
    assert _text(greeting) == "Welcome to Luma Södermalm"
    await client.display(greeting.token, [PHONE, EMAIL])
    assert await story.offers("in-app", PHONE, EMAIL) == [""]
    story.day.later(minutes=25)
    stayed = await story.moved(location(story.day.at, 5, -20, accuracy_m=30))
    assert sorted(stayed) == ["place_dwell mall-south", "place_dwell studio-sodermalm"]
    assert await story.offers("in-app", PHONE, EMAIL) == [""]  # still the same visit

    redeemed = await asyncio.gather(
        *(
            client.reserve(f"redeem-{n}", [ReservedItem("redemption", "in-app")], [EMAIL, device])
            for n, device in enumerate((PHONE, BROWSER))
        )
    )
    assert sorted(one.granted for one in redeemed) == [False, True]
    winner = next(n for n, one in enumerate(redeemed) if one.granted)
    await client.commit(f"redeem-{winner}")
    assert not (
        await client.reserve("redeem-9", [ReservedItem("redemption", "in-app")], [EMAIL])
    ).granted
    sent = await client.decide(["push"], identities=[EMAIL])
    free_class = sent.proposition("push").items[0]
    assert free_class.offer == "free-class"
    await client.conversion(free_class.token, [EMAIL])

    story.day.later(hours=1)
    gone = location(story.day.at, 320, 40)
    leaving = {"events": [gone], "dry_run": True}
    assert await story.offers("push", PHONE, EMAIL, **leaving) == [""]  # she never checked in
    await story.happened(Event("check_in", [EMAIL]))
    assert await story.moved(gone) == ["place_exit studio-sodermalm"]  # and is in the mall still
    packs = await story.offers("push", PHONE, EMAIL)
    assert packs == ["pack-10", "pack-5"]  # and not the free class again
    await _coming_again(story)


async def _coming_in(story: Story) -> None:
    """A walk across the fence with a phone that is off by up to 40 m: she comes in once."""
    dice = random.Random(SEED)
    crossed = []
    for metres in (900, 500, 280, 190, 140, 115, 104, 97, 101, 92, 99, 80, 40, 15):
        noise = [dice.uniform(-25, 25) for _ in range(2)]
        told = location(story.day.at, metres * 0.6 + noise[0], metres * 0.8 + noise[1], 40)
        crossed += await story.moved(told)
        (again,) = await story.client.collect([told], identities=[PHONE, EMAIL])
        assert (again.status, again.crossings) == (EventStatus.DUPLICATE, ())
        story.day.later(seconds=20)
    entries = [one for one in crossed if one.startswith("place_entry")]
    assert entries == ["place_entry mall-south", "place_entry studio-sodermalm"], f"seed {SEED}"
    assert not [one for one in crossed if one.startswith("place_exit")], f"seed {SEED}"
    late = location(story.day.at - timedelta(hours=1), 5_000, 0)
    assert await story.moved(late) == []
    assert (await story.members())["in-studio"]


async def _coming_again(story: Story) -> None:
    """Another visit has a greeting of its own; the mall knows her by now."""
    assert not (await story.members())["at-home-in-the-mall"]
    story.day.later(minutes=20)
    assert await story.moved(location(story.day.at, 900, 0)) == ["place_exit mall-south"]
    story.day.later(hours=2)
    assert set(await story.moved(location(story.day.at, 10, 0))) >= {"place_entry studio-sodermalm"}
    assert await story.offers("in-app", PHONE, EMAIL) == ["greeting"]
    assert (await story.members())["at-home-in-the-mall"]
    profile = await story.client.get_profile("email", ALMA, linked=True)
    assert profile.aggregates["studio_visits"] == 2
    story.day.later(minutes=5)
    assert "place_exit studio-sodermalm" in await story.moved(location(story.day.at, 900, 0))


async def _accounted_for(story: Story) -> None:
    """12: everything that led to the sign-up is told, in the order in which it was stored."""
    await asyncio.to_thread(story.running.revisions.tracker.settle)
    with_members = audiences.ListMembersRequest(audience="recent-yoga-buyer")
    request = profiles.ExportSubjectRequest(
        identities=[{"namespace": "email", "id": ALMA, "authentication_state": 2}]
    )
    async with grpc.aio.insecure_channel(story.address) as channel:
        listed = await audiences_grpc.AudienceServiceStub(channel).ListMembers(with_members)
        pieces = [
            one async for one in profiles_grpc.ProfileServiceStub(channel).ExportSubject(request)
        ]
    assert [one.identity.id for one in listed.members] == [ALMA.lower()]
    kinds = {one.kind for one in pieces}
    assert kinds >= {"profile", "event", "link", "consent", "membership"}
    types = [one.data["type"] for one in pieces if one.kind == "event"]
    assert {"page_view", "click", "purchase", "check_in", "conversion", "decision"} <= set(types)
    assert types.count("place_entry") == types.count("place_exit") == 4


async def _forgotten(story: Story) -> None:
    """Nothing from before brings a customer back who was deleted; what is new is a new one."""
    client, day = story.client, story.day
    with pytest.raises(NotFound):
        await client.get_profile("email", ALMA)
    day.later(seconds=1)
    old = Event("page_view", [EMAIL], event_time=day.at - timedelta(days=2))
    (refused,) = await client.collect([old], consent=YES, identities=[EMAIL])
    assert refused.refusal is not None
    assert refused.refusal.reason == "SUBJECT_DELETED"
    await story.load(LoadKind.SCORES, "upsell", [])
    assert await story.offers("mail", EMAIL) == [""]
