"""Loads through the service's gRPC door: what is left out, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import grpc
import grpc.aio
import pytest

from contract.loading_service import (
    DAY_S,
    NOW_S,
    Service,
    attributes,
    body,
    header,
    member,
    members,
    score,
    started,
    who,
)
from offerd.errors import FailedPrecondition, RequestError
from offerd.service import loads
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A service with nothing in it."""
    async with started(tmp_path) as service:
        yield service


async def refused(service: Service, requests: Sequence[pb.LoadRequest]) -> tuple[str, str, str]:
    """Returns reason, field and message of the refusal of a load."""
    with pytest.raises(RequestError) as found:
        await service.load(*requests)
    return found.value.reason.value, found.value.field, found.value.message


async def test_bad_rows_are_left_out_and_named(service: Service) -> None:
    """Each by its number in the whole load, over all messages, with what is wrong."""
    rows = members(range(1_500))
    rows[3] = member("")
    rows[1_200] = score(1, 2.0)
    rows[1_201] = pb.LoadRow(identity=who(1, "nope"), membership=pb.LoadMembership())
    (*_, answer) = await service.load(header("MEMBERSHIPS", "vip"), *body(rows))
    assert (answer.stored, answer.refused) == (1_497, 3)
    fields = ["rows[3].identity.id", "rows[1200].membership", "rows[1201].identity.namespace"]
    assert [refusal.field for refusal in answer.refusals] == fields
    assert await service.offer("crm", "1200") == "ordinary"
    assert await service.offer("crm", "1202") == "for-vips"


async def test_person_data_under_a_device_is_refused(service: Service) -> None:
    """Attributes that name a person are never stored under a device."""
    rows = [attributes(1, {"theme": "dark"}, "ecid"), attributes(2, {"loyalty.tier": "a"}, "ecid")]
    (answer,) = await service.load(header("PROFILES", "warehouse"), *body(rows))
    (refusal,) = answer.refusals
    assert refusal.reason == 16
    assert refusal.field == "rows[1].attributes.loyalty.tier"


async def test_the_first_hundred_refusals_are_told(service: Service) -> None:
    """All are counted."""
    rows = [*members(range(1)), *(member("") for _ in range(300))]
    (answer,) = await service.load(header("MEMBERSHIPS", "vip"), *body(rows))
    assert answer.refused == 300
    assert len(answer.refusals) == 100


async def test_a_strict_load_ends_at_the_first_bad_row(service: Service) -> None:
    """And changes nothing."""
    requests = [header("MEMBERSHIPS", "vip", strict=True), *body([member(1), member("")])]
    reason, field, _ = await refused(service, requests)
    assert (reason, field) == ("MISSING_FIELD", "rows[1].identity.id")
    assert await service.offer("crm", "1") == "none"


async def test_a_load_of_which_nothing_can_be_taken_is_refused(service: Service) -> None:
    """It would empty an audience for a mistake; a load without rows does so on purpose."""
    await service.load(header("MEMBERSHIPS", "vip"), *body([member(1)]))
    requests = [header("MEMBERSHIPS", "vip", NOW_S + 1), *body([member("")])]
    _, field, message = await refused(service, requests)
    assert field == "rows[0].identity.id"
    assert message == "none of 1 rows can be taken; the first: `identity.id` is empty"
    assert await service.offer("crm", "1") == "for-vips"
    await service.load(header("MEMBERSHIPS", "vip", NOW_S + 1), *body([]))
    assert await service.offer("crm", "1") == "ordinary"


WRONG_STREAMS = {
    "nothing": ([], "MISSING_FIELD", "header"),
    "no header": (body(members([1])), "MISSING_FIELD", "header"),
    "no end": ([header("MEMBERSHIPS", "vip"), body(members([1]))[0]], "MISSING_FIELD", "end"),
    "two headers": ([header("MEMBERSHIPS", "vip")] * 2, "CONFLICTING_FIELDS", "header"),
    "empty message": (
        [header("MEMBERSHIPS", "vip"), pb.LoadRequest(rows=pb.LoadRows())],
        "OUT_OF_RANGE",
        "rows",
    ),
    "rows are missing": (
        [header("MEMBERSHIPS", "vip"), pb.LoadRequest(end=pb.LoadEnd(rows=7))],
        "CONFLICTING_FIELDS",
        "end.rows",
    ),
    "no kind": ([header("UNSPECIFIED", "vip")], "MISSING_FIELD", "header.kind"),
    "no mode": ([header("SCORES", "p", mode="UNSPECIFIED")], "MISSING_FIELD", "header.mode"),
    "no as_of": (
        [pb.LoadRequest(header=pb.LoadHeader(kind="LOAD_KIND_SCORES", mode="LOAD_MODE_DELTA"))],
        "MISSING_FIELD",
        "header.as_of",
    ),
    "far ahead": (
        [header("MEMBERSHIPS", "vip", NOW_S + DAY_S + 1)], "INVALID_TIME", "header.as_of",
    ),
    "no target": ([header("MEMBERSHIPS", "")], "MISSING_FIELD", "header.target"),
    "unknown": ([header("MEMBERSHIPS", "vib")], "UNKNOWN_ATTRIBUTE", "header.target"),
    "a rule": ([header("MEMBERSHIPS", "ordinary")], "VALUE_NOT_ALLOWED", "header.target"),
    "no score": ([header("SCORES", "vip")], "UNKNOWN_ATTRIBUTE", "header.target"),
    "no source": ([header("PROFILES", "Ware House")], "INVALID_TEXT", "header.target"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_STREAMS)
async def test_streams_that_are_no_load_are_refused(service: Service, name: str) -> None:
    """With what is wrong, and nothing has changed."""
    requests, reason, field = WRONG_STREAMS[name]
    found = await refused(service, requests)
    assert found[:2] == (reason, field)
    assert await service.offer("crm", "1") == "none"


async def test_an_older_load_is_refused(service: Service) -> None:
    """As LOAD_OUTDATED, with the time of the one in force."""
    await service.load(header("MEMBERSHIPS", "vip"), *body([member(1)]))
    for mode in ("REPLACE", "DELTA"):
        requests = [header("MEMBERSHIPS", "vip", mode=mode), *body([member(2)])]
        reason, field, message = await refused(service, requests)
        assert (reason, field) == ("LOAD_OUTDATED", "header.as_of")
        assert "2026-01-01T00:00:00+00:00 already" in message


async def test_a_second_load_of_a_target_waits_for_its_turn(service: Service) -> None:
    """It is refused as LOAD_IN_PROGRESS until the first has ended, well or not."""
    stub = pb_grpc.LoadServiceStub(service.channel)
    first = stub.Load()
    await first.write(header("MEMBERSHIPS", "vip"))
    for request in body(members(range(20_000)))[:-1]:
        await first.write(request)
    assert (await first.read()).stored == 10_000  # so it has begun
    second = [header("MEMBERSHIPS", "vip", NOW_S + 1), *body([member(2)])]
    reason, _, message = await refused(service, second)
    assert reason == "LOAD_IN_PROGRESS", message
    await service.load(header("SCORES", "propensity"), *body([score(2, 70.0)]))
    first.cancel()
    answer = None
    while answer is None:  # the service may take a moment to see that nobody is there
        with suppress(FailedPrecondition):
            (answer,) = await service.load(*second)
    assert await service.offer("crm", "1") == "ordinary"
    assert await service.offer("crm", "2") == "for-vips"


async def test_a_load_from_which_nothing_comes_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has silently gone doesn't keep others from loading the target."""
    monkeypatch.setattr(loads, "LONGEST_PAUSE_S", 0.1)
    stalled = pb_grpc.LoadServiceStub(service.channel).Load()
    await stalled.write(header("MEMBERSHIPS", "vip"))
    with pytest.raises(grpc.aio.AioRpcError) as given_up:
        await stalled.read()
    assert given_up.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert given_up.value.details() == "nothing of the load came for 0.1 s"
    monkeypatch.undo()
    (*_, answer) = await service.load(header("MEMBERSHIPS", "vip"), *body(members([1])))
    assert (answer.done, answer.stored) == (True, 1)
