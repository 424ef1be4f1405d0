"""What could go wrong beside the twelve steps: others at the device, what comes late or is old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from contract.story import ALMA, BROWSER, EMAIL, YES, Story, telling
from offerd_client import (
    Event,
    FailedPrecondition,
    Identity,
    NotFound,
    Outcome,
    Profile,
)
from offerd_client.loading import LoadKind, ScoreRow


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """A member who bought yoga things in person half a year ago, and agreed to be written to."""
    async with telling(tmp_path) as told:
        yield told


async def test_another_on_the_same_browser(story: Story) -> None:
    """The browser and what it did unnamed go with whoever signed in last, and back again."""
    client = story.client
    other = Identity.authenticated("email", "bo@example.com")
    await client.set_consent([BROWSER], YES)
    await client.set_consent([other], YES)

    async def views_of(who: Identity) -> int:
        try:
            profile: Profile = await client.get_profile(who.namespace, who.id, linked=True)
        except NotFound:
            return 0
        return int(profile.aggregates["campaign_views"])

    view = {"campaign": "yoga-autumn", "category": "yoga"}
    await story.happened(Event("page_view", [BROWSER], properties=view))
    for who, hers, his in ((EMAIL, 1, 0), (other, 0, 1), (EMAIL, 1, 0)):
        story.day.later(hours=1)
        await story.happened(Event("login", [BROWSER, who]))
        assert (await views_of(EMAIL), await views_of(other)) == (hers, his)


async def test_a_cart_is_not_revived_by_what_comes_late(story: Story) -> None:
    """A purchase that is told late and happened before the cart leaves the cart abandoned."""
    story.day.later(days=1)
    await story.happened(Event("add_to_cart", [EMAIL], properties={"sku": "mat"}))
    story.day.later(hours=1)
    assert (await story.members())["cart-left"]
    before_the_cart = story.day.at - timedelta(minutes=90)
    await story.happened(Event("purchase", [EMAIL], event_time=before_the_cart))
    assert (await story.members())["cart-left"]
    within_the_hour = story.day.at - timedelta(minutes=30)
    await story.happened(Event("purchase", [EMAIL], event_time=within_the_hour))
    assert not (await story.members())["cart-left"]


async def test_an_older_load_is_refused(story: Story) -> None:
    """What analysts sent last stays in force."""
    row = ScoreRow("email", ALMA, 10.0)
    await story.load(LoadKind.SCORES, "upsell", [row])
    story.day.at -= timedelta(hours=1)
    with pytest.raises(FailedPrecondition, match="newer"):
        await story.load(LoadKind.SCORES, "upsell", [row])


async def test_a_fallback_is_no_failure(story: Story) -> None:
    """Whoever has allowed nothing gets the brand's own content."""
    decision = await story.client.decide(["hero"], identities=[Identity.device("ecid", "nobody")])
    assert decision.proposition("hero").outcome is Outcome.FALLBACK
