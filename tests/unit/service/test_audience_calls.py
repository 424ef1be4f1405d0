"""AudienceService, and memberships in profiles."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.store.membership_writer import Kept
from offerd.v1 import audience_service_pb2 as pb
from offerd.v1 import consent_pb2, profile_service_pb2
from unit.service.tracked import BEGIN, DAY, Tracked, device, person

_90_DAYS = 90 * DAY


async def test_audiences_are_listed_with_how_many_members_are_tracked(tmp_path: Path) -> None:
    """One whose rule reads the context of a request says that it isn't tracked."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d", "plus")
        service.look()
        answer = await service.call("AudienceService/ListAudiences", pb.ListAudiencesRequest())
        found = {one.id: (one.name, one.tracked, one.members) for one in answer.audiences}
        assert found["plus"] == ("Plus", True, 1)
        assert found["here"] == ("Here", False, 0)
        assert found["lapsed"] == ("Lapsed", True, 0)


async def test_members_come_in_pages_that_meet_without_a_gap(tmp_path: Path) -> None:
    """Each member is told once, with since when."""
    with Tracked(tmp_path).running() as service:
        for number in range(25):
            await service.set_tier("web", f"d{number}", "plus")
        service.look()
        found: list[str] = []
        token, pages = "", 0
        while pages == 0 or token:
            request = pb.ListMembersRequest(audience="plus", page_size=10, page_token=token)
            answer = await service.call("AudienceService/ListMembers", request)
            found += [member.identity.id for member in answer.members]
            assert all(m.since.ToNanoseconds() == BEGIN for m in answer.members)
            token, pages = answer.next_page_token, pages + 1
        assert pages == 3
        assert sorted(found) == sorted(f"d{number}" for number in range(25))


@pytest.mark.parametrize(
    ("request_", "field", "reason"),
    [
        (pb.ListMembersRequest(audience="pluss"), "audience", Reason.VALUE_NOT_ALLOWED),
        (pb.ListMembersRequest(audience="here"), "audience", Reason.VALUE_NOT_ALLOWED),
        (pb.ListMembersRequest(audience="plus", page_size=1001), "page_size", Reason.OUT_OF_RANGE),
        (
            pb.ListMembersRequest(audience="plus", page_token="x"),
            "page_token",
            Reason.VALUE_NOT_ALLOWED,
        ),
    ],
)
async def test_a_wrong_request_for_members_is_refused(
    tmp_path: Path, request_: Any, field: str, reason: Reason
) -> None:
    """The refusal names the field."""
    with Tracked(tmp_path).running() as service:
        with pytest.raises(InvalidArgument) as refused:
            await service.call("AudienceService/ListMembers", request_)
        assert (refused.value.field, refused.value.reason) == (field, reason)


async def _explain(service: Tracked, audience: str, *who: Any, at_ns: int | None = None) -> Any:
    request = pb.ExplainMembershipRequest(audience=audience, identities=who)
    if at_ns is not None:
        request.as_of.FromNanoseconds(at_ns)
    return await service.call("AudienceService/ExplainMembership", request)


async def test_an_explanation_says_why_since_when_and_until_when(tmp_path: Path) -> None:
    """What is certain if nothing happens is told to the nanosecond."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", device("d"))
        service.look()
        answer = await _explain(service, "lapsed", device("d"))
        assert answer.result == "false"
        assert answer.membership.status == profile_service_pb2.MEMBERSHIP_STATUS_EXITED
        assert answer.membership.until.ToNanoseconds() == BEGIN + _90_DAYS
        assert answer.membership.until_exact
        assert "last_purchase" in answer.reason
        service.now_ns = BEGIN + _90_DAYS
        service.look()
        answer = await _explain(service, "lapsed", device("d"))
        assert answer.result == "true"
        assert answer.membership.since.ToNanoseconds() == BEGIN + _90_DAYS
        assert not answer.membership.HasField("until")


async def test_an_audience_that_decided_is_followed_into_its_rule(tmp_path: Path) -> None:
    """The reason of an audience of audiences names what decided in the end."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d", "plus")
        await service.collect("purchase", device("d"))
        answer = await _explain(service, "lapsed-plus", device("d"))
        assert "not in audience `lapsed`: " in answer.reason
        assert "aggregate.last_purchase" in answer.reason


async def test_an_explanation_as_of_earlier_sees_the_events_of_then(tmp_path: Path) -> None:
    """Later events don't count."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", person("p"))
        service.now_ns += 100 * DAY
        await service.collect("purchase", person("p"))
        service.now_ns += DAY
        earlier = await _explain(service, "lapsed", person("p"), at_ns=BEGIN + 95 * DAY)
        assert earlier.result == "true"
        assert (await _explain(service, "lapsed", person("p"))).result == "false"


async def test_a_profile_tells_its_memberships(tmp_path: Path) -> None:
    """Those that it is in, or was in lately, with until when."""
    with Tracked(tmp_path).running() as service:
        await service.collect("page_view", device("d"))
        await service.collect("page_view", device("d"))
        service.look()
        request = profile_service_pb2.GetProfileRequest(namespace="web", id="d", memberships=True)
        (told,) = (await service.call("ProfileService/GetProfile", request)).profile.memberships
        assert told.audience == "keen"
        assert told.since.ToNanoseconds() == BEGIN
        assert told.until.ToNanoseconds() == BEGIN + 30 * DAY
        assert told.until_exact
        service.now_ns = BEGIN + 30 * DAY
        (told,) = (await service.call("ProfileService/GetProfile", request)).profile.memberships
        assert told.status == profile_service_pb2.MEMBERSHIP_STATUS_EXITED


class _Watch:
    """A stream that is being read."""

    def __init__(self, service: Tracked, after: str = "", *audiences: str) -> None:
        request = pb.WatchAudiencesRequest(after_position=after, audiences=audiences)
        method = "/offerd.v1.AudienceService/WatchAudiences"
        self.answers = service.dispatcher.stream(method, request, "test")

    async def next(self) -> pb.WatchAudiencesResponse:
        async with asyncio.timeout(10):
            return await anext(self.answers)  # type: ignore[return-value]

    async def close(self) -> None:
        await self.answers.aclose()  # type: ignore[attr-defined]


async def test_a_watcher_sees_who_enters_by_time_alone(tmp_path: Path) -> None:
    """Nothing is sent; the clock goes on, and somebody is a member."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", device("d"))
        service.look()
        watch = _Watch(service, "beginning")
        waiting = asyncio.ensure_future(watch.next())
        await asyncio.sleep(0)
        service.now_ns = BEGIN + _90_DAYS
        await asyncio.to_thread(service.look)
        answer = await waiting
        assert (answer.identity.id, answer.audience) == ("d", "lapsed")
        assert answer.status == profile_service_pb2.MEMBERSHIP_STATUS_REALIZED
        assert answer.time.ToNanoseconds() == BEGIN + _90_DAYS
        await watch.close()


async def test_a_watcher_goes_on_where_another_ended(tmp_path: Path) -> None:
    """Resuming after a position neither loses nor repeats; `beginning` is all that is stored."""
    with Tracked(tmp_path).running() as service:
        for number in range(5):
            await service.set_tier("web", f"d{number}", "plus")
        service.look()
        first = _Watch(service, "beginning")
        seen = [await first.next() for _ in range(2)]
        await first.close()
        second = _Watch(service, seen[-1].position, "plus")
        seen += [await second.next() for _ in range(3)]
        await second.close()
        assert sorted(one.identity.id for one in seen) == [f"d{number}" for number in range(5)]
        assert len({one.position for one in seen}) == 5


@pytest.mark.parametrize("position", ["x", "99", "-1", "9" * 5_000])
async def test_a_position_that_never_was_is_refused(tmp_path: Path, position: str) -> None:
    """The refusal names the field."""
    with Tracked(tmp_path).running() as service:
        with pytest.raises(InvalidArgument) as refused:
            await _Watch(service, position).next()
        assert refused.value.field == "after_position"


async def test_a_started_tracker_follows_writes_by_itself(tmp_path: Path) -> None:
    """A watcher is told within moments of a write, without anybody asking."""
    with Tracked(tmp_path).running() as service:
        service.revisions.tracker.start()
        try:
            watch = _Watch(service, "beginning")
            waiting = asyncio.ensure_future(watch.next())
            await asyncio.sleep(0)
            await service.set_tier("web", "d", "plus")
            assert (await waiting).identity.id == "d"
            await watch.close()
        finally:
            service.revisions.tracker.stop()


async def test_a_watcher_that_reads_too_slowly_is_told_what_it_has_missed(tmp_path: Path) -> None:
    """Transitions that are removed while somebody watches aren't left out silently."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d0", "plus")
        service.look()
        watch = _Watch(service, "beginning")
        assert (await watch.next()).identity.id == "d0"
        service.state.tracking.kept = Kept(at_most=1)
        for number in range(1, 4):
            await service.set_tier("web", f"d{number}", "plus")
            service.look()
        with pytest.raises(InvalidArgument) as refused:
            await watch.next()
        assert refused.value.reason is Reason.OUT_OF_RANGE


async def test_who_opts_out_leaves_all_audiences_and_enters_none(tmp_path: Path) -> None:
    """Nothing is found out any more about who has forbidden that anything is collected."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d", "plus")
        service.look()
        consent = {"collect": consent_pb2.CONSENT_VALUE_NO}
        request = profile_service_pb2.SetConsentRequest(identities=[device("d")], consent=consent)
        await service.call("ProfileService/SetConsent", request)
        service.look()
        members = pb.ListMembersRequest(audience="plus")
        assert not (await service.call("AudienceService/ListMembers", members)).members
        await service.set_tier("web", "d", "plus")
        service.now_ns += 200 * DAY
        service.look()
        assert not (await service.call("AudienceService/ListMembers", members)).members
