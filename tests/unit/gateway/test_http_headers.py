"""What headers of a request over HTTP say: its name, its trace, its deadline."""

from __future__ import annotations

import pytest

from unit.client.canned_service import CannedService
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE
from unit.gateway.conftest import Door


async def test_the_request_id_comes_back(door: Door, service: CannedService) -> None:
    """X-Request-Id is echoed, told to the service, and named in problems and the log."""
    named = {"X-Request-Id": "page-1"}
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=named)
    wrong = await door.http.post(DECIDE_PATH, json={"x": 1}, headers=named)
    assert answer.headers["x-request-id"] == wrong.headers["x-request-id"] == "page-1"
    assert service.seen[0].metadata["x-request-id"] == "page-1"
    assert answer.json()["requestId"] == service.seen[0].request.request_id == "page-1"
    assert wrong.json()["requestId"] == "page-1"
    both = await door.http.post(DECIDE_PATH, json=ONE_SCOPE | {"requestId": "r"}, headers=named)
    assert both.json()["requestId"] == "r"
    assert [record.request_id for record in door.records] == ["page-1"] * 3
    assert "x-request-id" not in (await door.http.get("/healthz")).headers


@pytest.mark.parametrize(("name", "reason"), [(b"x" * 129, "TOO_LARGE"), (b"\xff", "INVALID_TEXT")])
async def test_a_wrong_request_id(door: Door, name: bytes, reason: str) -> None:
    """A name that can't go into a log is refused."""
    answer = await door.http.get("/healthz", headers={"X-Request-Id": name})
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert answer.json()["field"] == "X-Request-Id"


async def test_trace_headers_reach_the_service(door: Door, service: CannedService) -> None:
    """W3C trace headers are passed on; others, and invalid ones, aren't."""
    headers = {"traceparent": "00-ab-cd-01", "tracestate": b"\xff", "cookie": "x=y"}
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=headers)
    metadata = service.seen[0].metadata
    assert metadata["traceparent"] == "00-ab-cd-01"
    assert not {"tracestate", "cookie"} & metadata.keys()


async def test_the_caller_sets_the_deadline(door: Door, service: CannedService) -> None:
    """X-Timeout-Ms is how long the caller waits; a service that is late is a 504."""
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": "30000"})
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
    service.held = True
    late = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": "50"})
    assert 20 < service.seen[0].time_left_s < 31
    assert 5 < service.seen[1].time_left_s < 11
    assert (late.status_code, late.json()["reason"]) == (504, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "600001", "soon", "", "9" * 5000])
async def test_a_wrong_deadline(door: Door, service: CannedService, text: str) -> None:
    """A deadline that is no number of milliseconds is refused."""
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": text})
    assert (answer.status_code, answer.json()["reason"]) == (400, "OUT_OF_RANGE")
    assert (answer.json()["field"], service.seen) == ("X-Timeout-Ms", [])
