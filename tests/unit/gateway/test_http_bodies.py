"""The bodies of requests over HTTP: their type, size, pace and form, and callers who leave."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from offerd_gateway import GatewaySettings
from unit.client.canned_service import CannedService
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE, raw
from unit.gateway.conftest import Door, OpenDoor

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ('application/json;charset="utf-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_content_type(door: Door, content_type: str, status: int) -> None:
    """Only a body that says that it is JSON is read."""
    answer = await door.http.post(
        DECIDE_PATH, content=json.dumps(ONE_SCOPE), headers={"content-type": content_type}
    )
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["field"] == "Content-Type"


async def test_a_body_over_the_limit(open_door: OpenDoor, service: CannedService) -> None:
    """A body over the limit is a 413, whether or not it says its length."""
    body = json.dumps(ONE_SCOPE).encode()
    settings = GatewaySettings(body_limit_bytes=len(body))
    async with open_door(service.target, settings) as door:

        async def chunks() -> Any:
            yield body
            yield b" "

        exact = await door.http.post(DECIDE_PATH, content=body, headers=JSON)
        stated = await door.http.post(DECIDE_PATH, content=body + b" ", headers=JSON)
        chunked = await door.http.post(DECIDE_PATH, content=chunks(), headers=JSON)
    assert [answer.status_code for answer in (exact, stated, chunked)] == [200, 413, 413]
    assert stated.json()["reason"] == chunked.json()["reason"] == "TOO_LARGE"


async def test_a_huge_attribute_is_refused(door: Door, service: CannedService) -> None:
    """Five megabytes of one attribute never reach the service."""
    request = ONE_SCOPE | {"context": {"attributes": {"a": "x" * 5_000_000}}}
    answer = await door.http.post(DECIDE_PATH, json=request)
    assert (answer.status_code, service.seen) == (413, [])
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200


async def test_a_body_in_pieces(door: Door) -> None:
    """A body may come in pieces without a stated length."""

    async def chunks() -> Any:
        for byte in json.dumps(ONE_SCOPE).encode():
            yield bytes([byte])

    answer = await door.http.post(DECIDE_PATH, content=chunks(), headers=JSON)
    assert answer.status_code == 200


async def test_a_body_that_never_comes(open_door: OpenDoor, service: CannedService) -> None:
    """A caller who stops half-way is told so and let go."""
    async with open_door(service.target, GatewaySettings(body_timeout_s=0.05)) as door:
        answer = await raw(
            door.port,
            b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n"
            b"content-type: application/json\r\n\r\n{",
        )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"DEADLINE_EXCEEDED" in answer


@pytest.mark.parametrize("length", [b"content-length: 10", b"transfer-encoding: chunked"])
async def test_a_body_that_never_begins(
    length: bytes, open_door: OpenDoor, service: CannedService
) -> None:
    """A caller who sends no byte of the body is told so and let go as well."""
    async with open_door(service.target, GatewaySettings(body_timeout_s=0.05)) as door:
        async with asyncio.timeout(10):
            answer = await raw(
                door.port,
                b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\n"
                b"content-type: application/json\r\n" + length + b"\r\n\r\n",
            )
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_caller_who_goes_away(door: Door, service: CannedService) -> None:
    """A connection that breaks half-way is noted and does no harm."""
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n"
        b"content-type: application/json\r\n\r\n{"
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(10):
        await door.recorded.wait()
    assert (door.records[0].status, service.seen) == (499, [])


async def test_a_caller_who_does_not_wait(door: Door, service: CannedService) -> None:
    """Once nobody waits for its answer a call is cancelled, and noted as such."""
    service.held = True
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        b"content-type: application/json\r\n\r\n{}"
    )
    await writer.drain()
    assert await asyncio.to_thread(service.entered.wait, 10)
    writer.transport.abort()
    async with asyncio.timeout(10):
        await door.recorded.wait()
    service.release.set()
    (record,) = door.records
    assert (record.status, record.asked, record.line("http")["code"]) == (499, True, "CANCELLED")


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"{", "MALFORMED", None),
        (b'{"scopes": [], "scopes": []}', "MALFORMED", "scopes"),
        (b'{"scops": []}', "UNKNOWN_FIELD", "scops"),
        (b'{"scopes": [{"name": 1}]}', "WRONG_TYPE", "scopes[0].name"),
        (b'{"requestId": "\xff"}', "INVALID_TEXT", None),
        (
            b'{"context": {"location": {"latitude": NaN}}}',
            "OUT_OF_RANGE",
            "context.location.latitude",
        ),
        (b'{"decideTime": "12000-01-01T00:00:00Z"}', "INVALID_TIME", "decide_time"),
        (
            b'{"context": {"attributes": {"a": ' + b"9" * 5000 + b"}}}",
            "OUT_OF_RANGE",
            "context.attributes.a",
        ),
        (b'{"context": {"attributes": {"a": ' + b"[" * 500_000, "TOO_LARGE", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_body_never_reaches_the_service(
    door: Door, service: CannedService, body: bytes, reason: str, field: str | None
) -> None:
    """A body with a mistake is a 400 that names it, and the door goes on."""
    answer = await door.http.post(DECIDE_PATH, content=body, headers=JSON)
    assert answer.status_code == 400
    assert (answer.json()["reason"], answer.json().get("field")) == (reason, field)
    assert service.seen == []
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200
