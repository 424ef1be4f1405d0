"""Answers that go out together: in their order, in time, and each to whom it is for."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from offerd_gateway import protocol as protocol_module
from offerd_gateway import sending as sending_module
from offerd_gateway.sending import Sending
from seeds import random_seed
from unit.gateway.calling import ONE_SCOPE
from unit.gateway.random_posts import in_parts, is_last, posted, random_body, random_request
from unit.gateway.test_at_once_door import TIMEOUT_S, exchanged, opened, response


class Connection:
    """A connection that tells when it is told to send."""

    def __init__(self, sent: list[str], name: str) -> None:
        self._sent = sent
        self._name = name

    def send(self) -> None:
        self._sent.append(self._name)
        if self._name == "broken":
            raise RuntimeError("no connection")


async def test_who_asks_alone_waits_for_nobody() -> None:
    """Nor does the first of several, until it is known that there are."""
    sending, sent = Sending(), list[str]()
    for _ in range(3):
        assert not sending.waits(Connection(sent, "alone"))
        await asyncio.sleep(0)
    assert not sending.waits(Connection(sent, "first"))
    assert sending.waits(Connection(sent, "second"))
    assert not sent
    await asyncio.sleep(0)
    assert sent == ["second"]
    for name in ("third", "fourth"):
        assert sending.waits(Connection(sent, name))
    await asyncio.sleep(0)
    assert sent == ["second", "third", "fourth"]
    assert sending.waits(Connection(sent, "maybe alone"))
    await asyncio.sleep(0)
    assert not sending.waits(Connection(sent, "alone"))


async def test_no_answer_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a turn that lasts, those that are there go out before the next one."""
    monkeypatch.setattr(sending_module, "LONGEST_S", -1.0)
    sending, sent = Sending(), list[str]()
    for number in range(4):
        sending.waits(Connection(sent, str(number)))
    assert sent == ["1", "2"]
    await asyncio.sleep(0)
    assert sent == ["1", "2", "3"]


async def test_one_that_fails_keeps_no_other_back(caplog: pytest.LogCaptureFixture) -> None:
    """The log tells of it."""
    sending, sent = Sending(), list[str]()
    for name in ("first", "broken", "last"):
        sending.waits(Connection(sent, name))
    await asyncio.sleep(0)
    assert sent == ["broken", "last"]
    assert "an answer couldn't be sent" in caplog.text


async def test_many_connections_at_once() -> None:
    """Each has its own answers, in the order of its requests, as from a door that sends each."""
    source = random.Random(random_seed())
    async with opened() as doors:
        for _ in range(8):
            connections: list[list[list[bytes]]] = []
            for _ in range(24):
                several = [posted(random_body(source)) for _ in range(source.randrange(1, 4))]
                request = random_request(source)
                asked = [[b"".join(several)], [several[0]], in_parts(source, request)]
                connections.append(asked if is_last(request) else [*asked, [several[0]]])
            quick, ordinary = [
                await asyncio.gather(*(exchanged(port, one) for one in connections))
                for port in doors.ports
            ]
            assert quick == ordinary
        assert doors.at_once


@pytest.mark.parametrize("ending", ["eof", "stop"])
async def test_a_connection_that_ends_with_its_answer(ending: str) -> None:
    """Callers who have no more to ask, and a server that stops, wait for answers that are kept."""
    request = posted(json.dumps(ONE_SCOPE).encode())
    async with opened() as doors, asyncio.timeout(TIMEOUT_S):
        callers = [await asyncio.open_connection("127.0.0.1", doors.ports[0]) for _ in range(16)]
        stopping: asyncio.Task[Any] | None = None
        for _, writer in callers:
            writer.write(request)
            if ending == "eof":
                writer.write_eof()
        if ending == "stop":
            while len(doors.at_once) < len(callers):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            stopping = asyncio.create_task(doors.servers[0].stop(5.0))
        for reader, writer in callers:
            answer = await response(reader)
            assert answer is not None
            assert answer.status == b"HTTP/1.1 200 OK"
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
        if stopping is not None:
            await stopping


async def test_what_is_no_http_after_an_answer_that_is_kept() -> None:
    """It is refused after that answer, which isn't lost."""
    request = posted(json.dumps(ONE_SCOPE).encode())
    unread = request + b"no http at all\r\n\r\n"
    too_large = request + b"GET /" + b"x" * (protocol_module.MAX_HEAD_BYTES + 1)
    for follows, refusal in ((unread, b"HTTP/1.1 400"), (too_large, b"HTTP/1.1 431")):
        async with opened() as doors, asyncio.timeout(TIMEOUT_S):
            callers = [
                await asyncio.open_connection("127.0.0.1", doors.ports[0]) for _ in range(16)
            ]
            for _, writer in callers:
                writer.write(follows)
            for reader, writer in callers:
                answers = [await response(reader), await response(reader)]
                told = [answer and answer.status[:12] for answer in answers]
                assert told == [b"HTTP/1.1 200", refusal]
                writer.close()
                await writer.wait_closed()
