"""Requests that follow one another on a connection, whatever is between them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from unit.gateway.calling import DECIDE_PATH
from unit.gateway.conftest import Door
from unit.gateway.test_at_once_door import (
    LAST,
    TIMEOUT_S,
    Doors,
    Response,
    of_kind,
    opened,
    posted,
    response,
)

WISH = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk")
OK = b"HTTP/1.1 200 OK"


async def answers(port: int, *parts: bytes) -> list[Response]:
    """Send parts, each once the one before has gone; return all answers until the end."""
    found = []
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
            await writer.drain()
            # Whether it comes alone is the system's to say; mostly it does.
            for _ in range(20):
                await asyncio.sleep(0)
        while (one := await response(reader)) is not None:
            found.append(one)
        writer.close()
        await writer.wait_closed()
    return found


def chunked(body: bytes, *headers: bytes, trailers: bytes = b"") -> bytes:
    """Returns a request of which the length isn't stated."""
    lines = (b"host: x", b"content-type: application/json", *headers)
    return b"".join((
        b"POST %b HTTP/1.1\r\n" % DECIDE_PATH.encode(), *[b"%b\r\n" % one for one in lines],
        b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailers),
    ))  # fmt: skip


@pytest.fixture
async def doors() -> Any:
    """A door that answers at once where it can, and one that never does."""
    async with opened() as found:
        yield found


async def test_the_body_of_who_wishes_for_another_protocol_is_read(doors: Doors) -> None:
    """What follows its head is its body and no request, and the next request is answered."""
    body = of_kind(100)
    wishing, smuggled = posted(body, *WISH), LAST.replace(b"close", b"keep-alive")
    head = wishing[: -len(body)]
    alike = (
        [wishing + LAST], [head, body + LAST], [wishing, LAST], [wishing[:40], wishing[40:], LAST],
        [chunked(body, *WISH) + LAST], [head, body[:3], body[3:], LAST],
    )  # fmt: skip
    for port in doors.ports:
        for parts in alike:
            assert [one.status for one in await answers(port, *parts)] == [OK, OK], parts
        several = wishing * 3 + LAST
        assert [one.status for one in await answers(port, several)] == [OK] * 4
        hidden = posted(smuggled, *WISH)
        found = await answers(port, hidden[: -len(smuggled)], smuggled, LAST)
        assert [one.status for one in found] == [b"HTTP/1.1 400 Bad Request", OK]


async def test_many_wishes_at_once(door: Door) -> None:
    """As many as come in one read are answered, each by itself."""
    wish = b"GET /healthz HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    found = await answers(door.port, wish * 1_100 + LAST)
    assert [one.status for one in found] == [OK] * 1_101


async def test_trailers_are_no_headers(doors: Doors) -> None:
    """What comes after the body changes neither a request's name nor how it is read."""
    trailers = b"x-request-id: other\r\ncontent-type: text/plain\r\n"
    for port in doors.ports:
        request = chunked(of_kind(100), b"x-request-id: mine", trailers=trailers)
        found, last = await answers(port, request + LAST)
        assert (found.status, last.status) == (OK, OK)
        assert b"x-request-id: mine" in found.headers


async def test_a_slow_answer_after_a_quick_one_is_waited_for(doors: Doors) -> None:
    """A connection isn't idle while something is under way, whatever came in the same read."""
    quick, slow = posted(of_kind(100)), posted(of_kind(10))
    for port, server, service in zip(doors.ports, doors.servers, doors.services, strict=True):
        assert server._server is not None
        server._server.config.timeout_keep_alive = 0
        call, is_idle = service.call, asyncio.Event()

        async def later(*some: Any, call: Any = call, is_idle: Any = is_idle, **more: Any) -> Any:
            # Longer than an idle connection is kept: its timer would have come before.
            asyncio.get_running_loop().call_later(0.01, is_idle.set)
            await is_idle.wait()
            return await call(*some, **more)

        service.call = later  # type: ignore[method-assign]
        assert [one.status for one in await answers(port, quick + slow)] == [OK, OK]


async def test_a_refusal_is_not_taken_for_the_answer_to_another_request(doors: Doors) -> None:
    """What came before something that is no HTTP is answered first, each by its own answer."""
    slow, bad = of_kind(10), b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n"
    broken = chunked(slow).replace(b"\r\n0\r\n", b"\r\nzz\r\n")
    quick = posted(of_kind(100))
    for port, told in zip(doors.ports, doors.records, strict=True):
        assert [one.status for one in await answers(port, posted(slow) + bad)] == [OK]
        together = await answers(port, posted(slow) + quick + bad)
        assert [one.status for one in together] == [OK, OK]
        assert await answers(port, posted(slow) + broken) == []
        (refused,) = await answers(port, broken)
        assert refused.status == b"HTTP/1.1 400 Bad Request"
        assert sum(one.http_method == "" for one in told) == 4
