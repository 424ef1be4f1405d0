"""What can't be read as an HTTP request is answered as everything else is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from offerd_gateway.protocol import MAX_HEAD_BYTES
from unit.gateway.conftest import Door

LINE = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"


async def answered(port: int, *parts: bytes) -> tuple[int, dict[bytes, bytes], Any]:
    """Send parts; return status, headers and JSON of the answer to a connection that closes."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
            await writer.drain()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines)
    assert int(headers[b"content-length"]) == len(body)
    return int(status.split(b" ")[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        b"CONNECT elsewhere HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1/decisions:decide HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
async def test_what_is_no_http_is_a_problem(request_bytes: bytes, door: Door) -> None:
    """It is a 400 with problem details, the connection ends, and the log is told once."""
    status, headers, problem = await answered(door.port, request_bytes)
    assert (status, problem["status"], problem["reason"]) == (400, 400, "MALFORMED")
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers[b"cache-control"] == b"no-store"
    (record,) = door.records
    assert (record.status, record.http_method, record.path) == (400, "", "")
    assert record.line("http")["method"] == "unreadable"


HUGE = b"x" * (MAX_HEAD_BYTES + 1)
MANY = b"".join(b"x-%d: %s\r\n" % (number, b"y" * 1000) for number in range(70))


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /" + HUGE + b" HTTP/1.1\r\n\r\n"],
        [LINE + b"x: " + HUGE + b"\r\n\r\n"],
        [LINE + HUGE + b": x\r\n\r\n"],
        [LINE + MANY + b"\r\n"],
        [LINE + b"x: ", *[b"y" * 50_000] * 20],
        [LINE, *[b"a: b\r\n"] * 20_000],
    ],
    ids=["path", "value", "name", "many", "endless header", "endless headers"],
)
async def test_a_head_that_is_too_large_is_refused(parts: list[bytes], door: Door) -> None:
    """More than 64 KiB of line and headers is a 431, whether or not they ever end."""
    status, _, problem = await answered(door.port, *parts)
    assert (status, problem["reason"]) == (431, "TOO_LARGE")
    assert problem["metadata"] == {"limit_bytes": "65536"}
    assert [record.status for record in door.records] == [431]


async def test_trailers_are_bounded_too(door: Door) -> None:
    """Headers after a body in pieces count like those before it."""
    status, _, problem = await answered(
        door.port,
        b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"x: ",
        *[b"y" * 50_000] * 20,
    )
    assert (status, problem["reason"]) == (431, "TOO_LARGE")


async def test_headers_up_to_the_limit_are_read(door: Door) -> None:
    """The limit is for one request: a connection may carry many, each with large headers."""
    for _ in range(3):
        answer = await door.http.get("/healthz", headers={"x-large": "y" * 60_000})
        assert answer.status_code == 200


async def test_an_upgrade_is_not_taken_up(door: Door) -> None:
    """A caller who would rather speak another protocol is answered in this one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(LINE + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n")
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await writer.wait_closed()
