"""Loads through the service's gRPC door: what decisions and profiles see of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from contract.loading_service import (
    DAY_S,
    NOW_S,
    SECOND_NS,
    Service,
    attributes,
    body,
    header,
    member,
    members,
    score,
    started,
)
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from offerd_client.loading import (
    AttributesRow,
    LoadHeader,
    LoadKind,
    LoadProgress,
    MembershipRow,
    load,
)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A service with nothing in it."""
    async with started(tmp_path) as service:
        yield service


async def test_members_are_members_and_others_are_not(service: Service) -> None:
    """Before a load an audience is unknown; after it whoever isn't in it is no member."""
    assert await service.offer("crm", "1") == "none"
    assert "aren't loaded" in await service.why("crm", "1", "for-vips")
    assert "aren't loaded" in await service.why("crm", "1", "ordinary")
    rows = [member(1), member(2, exited=True)]
    (answer,) = await service.load(header("MEMBERSHIPS", "vip"), *body(rows))
    assert (answer.stored, answer.refused, answer.done) == (2, 0, True)
    assert await service.offer("crm", "1") == "for-vips"
    assert await service.offer("crm", "2") == "ordinary"
    assert await service.offer("crm", "3") == "ordinary"
    why = await service.why("crm", "3", "for-vips")
    assert why == "not in audience `vip`: by its loaded members"


async def test_a_membership_ends_at_its_very_instant(service: Service) -> None:
    """One nanosecond before `valid_until` they are a member, and at it they are none."""
    until_s = NOW_S + DAY_S
    await service.load(header("MEMBERSHIPS", "vip"), *body([member(1, valid_until_s=until_s)]))
    service.now_ns = until_s * SECOND_NS - 1
    assert await service.offer("crm", "1") == "for-vips"
    service.now_ns += 1
    assert await service.offer("crm", "1") == "ordinary"


@pytest.mark.parametrize("dated", [True, False])
async def test_a_score_is_seen_up_to_its_maximum_age(service: Service, dated: bool) -> None:
    """To the nanosecond, counted from its own date or else from when the load is as of."""
    made_s = NOW_S - 1_000 if dated else NOW_S
    row = score(1, 70.0, 0.5, made_s if dated else None)
    await service.load(header("SCORES", "propensity"), *body([row]))
    service.now_ns = (made_s + DAY_S) * SECOND_NS
    assert await service.offer("crm", "1") == "likely"
    service.now_ns += 1
    assert await service.offer("crm", "1") == "none"


async def test_attributes_are_read_as_declared(service: Service) -> None:
    """Also where a file has them as text; and under a device what is no person's."""
    values = {"loyalty": {"tier": "plus"}, "balance": "1.5", "joined": "2024-01-31"}
    rows = [
        attributes(1, {**values, "goals": '["a", "b"]', "opted": "TRUE"}),
        attributes(2, {"theme": "dark"}, "ecid"),
    ]
    (answer,) = await service.load(header("PROFILES", "warehouse", strict=True), *body(rows))
    assert answer.stored == 2
    assert await service.offer("crm", "1") == "plus"


async def test_data_of_a_person_needs_authentication(service: Service) -> None:
    """Somebody merely recognised isn't told from somebody of whom nothing was loaded."""
    await service.load(header("MEMBERSHIPS", "vip"), *body([member(1)]))
    assert await service.offer("crm", "1", authenticated=False) == "none"
    assert await service.offer("crm", "1") == "for-vips"


async def test_loads_in_force_are_listed(service: Service) -> None:
    """By kind and target, as of the newest, with the rows of the full load and its deltas."""
    await service.load(header("SCORES", "propensity"), *body([score(1, 70.0)]))
    await service.load(header("MEMBERSHIPS", "vip"), *body(members(range(3))))
    delta = header("MEMBERSHIPS", "vip", NOW_S + 1, "DELTA")
    await service.load(delta, *body(members(range(3, 5))))
    listed = await pb_grpc.LoadServiceStub(service.channel).ListLoads(pb.ListLoadsRequest())
    found = [(one.kind, one.target, one.as_of.seconds, one.rows) for one in listed.loads]
    assert found == [
        (pb.LOAD_KIND_MEMBERSHIPS, "vip", NOW_S + 1, 5),
        (pb.LOAD_KIND_SCORES, "propensity", NOW_S, 1),
    ]


async def test_a_profile_tells_what_was_loaded(service: Service) -> None:
    """Attributes, scores with factors and dates, expired ones too; also of who has no events."""
    row = score(1, 70.0, 0.5, NOW_S)
    row.score.factors.add(code="visits", value="12", importance="high")
    await service.load(header("SCORES", "propensity"), *body([row]))
    loaded = header("PROFILES", "warehouse")
    await service.load(loaded, *body([attributes(1, {"theme": "dark", "loyalty.tier": "a"})]))
    stub = profiles_grpc.ProfileServiceStub(service.channel)
    question = profiles.GetProfileRequest(namespace="crm", id="1")
    profile = (await stub.GetProfile(question)).profile
    assert profile.attributes["theme"] == "dark"
    assert profile.scores == {"propensity": 70.0}
    found = profile.loaded_scores["propensity"]
    assert (found.score, found.probability, found.expired) == (70.0, 0.5, False)
    assert not found.HasField("percentile")
    assert found.score_time.seconds == NOW_S
    assert [(f.code, f.value, f.importance) for f in found.factors] == [("visits", "12", "high")]
    service.now_ns += DAY_S * SECOND_NS + 1
    profile = (await stub.GetProfile(question)).profile
    assert profile.scores == {}
    assert profile.loaded_scores["propensity"].expired
    with pytest.raises(grpc.aio.AioRpcError, match="no profile `2`"):
        await stub.GetProfile(profiles.GetProfileRequest(namespace="crm", id="2"))


async def test_attributes_written_later_win_over_those_loaded(service: Service) -> None:
    """By when the load is as of, not by when it came: older data never hides newer."""
    stub = profiles_grpc.ProfileServiceStub(service.channel)
    own = profiles.SetProfileRequest(namespace="crm", id="1")
    own.attributes.update({"loyalty": {"tier": "basic"}})
    await stub.SetProfile(own)  # now
    plus = [attributes(1, {"loyalty.tier": "plus", "theme": "dark"})]
    await service.load(header("PROFILES", "warehouse", NOW_S - 1), *body(plus))
    question = profiles.GetProfileRequest(namespace="crm", id="1")
    profile = (await stub.GetProfile(question)).profile
    assert profile.attributes["theme"] == "dark"
    assert await service.offer("crm", "1") == "none"
    await service.load(header("PROFILES", "warehouse", NOW_S + 1), *body(plus))
    assert await service.offer("crm", "1") == "plus"


async def test_a_score_set_later_wins_over_one_loaded(service: Service) -> None:
    """And takes away the probability that came with the other."""
    await service.load(header("SCORES", "propensity", NOW_S - 1), *body([score(1, 70.0, 0.9)]))
    assert await service.offer("crm", "1") == "likely"
    stub = profiles_grpc.ProfileServiceStub(service.channel)
    own = profiles.SetProfileRequest(namespace="crm", id="1", scores={"propensity": 80.0})
    await stub.SetProfile(own)
    assert await service.offer("crm", "1") == "none"


async def test_overrides_win_over_what_was_loaded(service: Service) -> None:
    """A dry run may have anybody in an external audience, or out of it."""
    await service.load(header("MEMBERSHIPS", "vip"), *body([member(1)]))
    assert await service.offer("crm", "1", vip=False) == "ordinary"
    assert await service.offer("crm", "2", vip=True) == "for-vips"


async def test_the_client_keeps_messages_small(service: Service) -> None:
    """Rows of any size that a profile may have are sent, in as many messages as it takes."""
    rows = [AttributesRow("ecid", str(n), {"theme": "x" * 40_000}) for n in range(300)]
    asked = LoadHeader(LoadKind.PROFILES, "warehouse", NOW_S * SECOND_NS, strict=True)

    def loaded() -> LoadProgress:
        with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            *_, last = load(channel, asked, rows)
        return last

    assert await asyncio.to_thread(loaded) == LoadProgress(300, 0, 0, (), True)


async def test_the_client_raises_what_reading_rows_raises(service: Service) -> None:
    """And the load has changed nothing, though rows were sent."""

    def rows() -> Iterator[MembershipRow]:
        yield from (MembershipRow("crm", str(n)) for n in range(5_000))
        raise OSError("the file is gone")

    def loaded() -> None:
        asked = LoadHeader(LoadKind.MEMBERSHIPS, "vip", NOW_S * SECOND_NS)
        with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            list(load(channel, asked, rows()))

    with pytest.raises(OSError, match="the file is gone"):
        await asyncio.to_thread(loaded)
    assert await service.offer("crm", "1") == "none"


async def test_decisions_see_a_load_all_at_once(service: Service) -> None:
    """Asked one after the other: once somebody new is a member nobody replaced is one any more."""
    await service.load(header("MEMBERSHIPS", "vip"), *body(members(range(5_000))))
    others = body(members(range(5_000, 10_000)))
    loading = asyncio.ensure_future(service.load(header("MEMBERSHIPS", "vip", NOW_S + 1), *others))
    replaced_before: list[bool] = []
    while not loading.done() or len(replaced_before) < 2:
        number = len(replaced_before) % 5_000
        new = await service.offer("crm", str(5_000 + number)) == "for-vips"
        old = await service.offer("crm", str(4_999 - number)) == "for-vips"
        assert not (new and old)
        if replaced_before and replaced_before[-1]:
            assert new
        replaced_before.append(new)
    await loading
    assert await service.offer("crm", "9999") == "for-vips"
    assert await service.offer("crm", "0") == "ordinary"
