"""Requests that are answered as soon as they are read: the same to callers as in the ordinary way.

Two doors in front of services that are alike are sent the same bytes over real sockets. One answers
at once where it can, the other never does.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from google.protobuf.message import Message

from offerd.errors import Exhausted, InvalidArgument, Reason
from offerd.service.serialized import Serialized
from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway import AccessRecord, CorsSettings, Gateway, GatewayServer, GatewaySettings
from offerd_gateway import protocol as protocol_module
from offerd_gateway.at_once import AnswersAtOnce, Asked, Whole
from offerd_gateway.backend import Found
from offerd_gateway.cors import Cors
from offerd_gateway.protocol import GatewayProtocol
from seeds import random_seed
from unit.gateway.calling import ONE_SCOPE, comparable
from unit.gateway.random_posts import (
    LAST,
    in_parts,
    is_last,
    kind_of,
    of_kind,
    posted,
    random_body,
    random_request,
)

DECIDE = "/offerd.v1.DecisionService/Decide"
SETTINGS = GatewaySettings(
    cors=CorsSettings(("https://shop.example",)), body_limit_bytes=100_000, body_timeout_s=20.0
)
TIMEOUT_S = 30


class Service:
    """Answers as the request's bytes have it: at once, later, or not."""

    def __init__(self) -> None:
        self.asked: list[pb.DecideRequest] = []
        self.awaited = 0

    def at_once(self, method: str) -> Callable[[bytes], Found | None] | None:
        return self._at_once if method == DECIDE else None

    def _at_once(self, data: bytes) -> Found | None:
        request = pb.DecideRequest.FromString(data)
        self.asked.append(request)
        kind = kind_of(request)
        if kind < 40:
            return None
        return Serialized(pb.DecideResponse, answered(request, kind).SerializeToString())

    async def call(self, method: str, request: Message, **_: Any) -> Message:
        self.awaited += 1
        await asyncio.sleep(0)
        if not isinstance(request, pb.DecideRequest):
            raise InvalidArgument(Reason.MALFORMED, f"no `{method}` here")
        return answered(request, 99)

    def stream(self, *_: Any, **__: Any) -> AsyncGenerator[Message]:
        raise AssertionError("nothing here streams")

    async def ready(self) -> bool:
        return True


def answered(request: pb.DecideRequest, kind: int) -> pb.DecideResponse:
    """Returns the answer to a request; some are refused, and one kind is a defect."""
    if kind < 50:
        raise Exhausted(Reason.OVERLOADED, "too much")
    if kind < 55:
        raise InvalidArgument(Reason.UNKNOWN_SCOPE, "no such scope", field="scopes[0].name")
    if kind < 60:
        raise ZeroDivisionError
    answer = pb.DecideResponse(request_id=request.request_id or "made", revision="r")
    answer.decide_time.FromNanoseconds(kind * 1_000_003)
    for number, scope in enumerate(request.scopes):
        one = answer.propositions.add(proposition_id=f"p-{number}", outcome=kind % 3)
        one.scope.CopyFrom(scope)
        for place in range(kind % 3):
            item = one.items.add(offer=f"o-{place}", token="t" * (kind // 2))
            item.content.text = "å" * (kind * 50 if kind > 250 else 3)
    return answer


class Response(NamedTuple):
    """What came back for one request; headers are in order, without the date."""

    status: bytes
    headers: tuple[bytes, ...]
    body: bytes


class Doors:
    """A door that answers at once where it can, and one that never does."""

    def __init__(self, service: Service | None = None) -> None:
        self.services = service or Service(), Service()
        self.records: tuple[list[AccessRecord], list[AccessRecord]] = [], []
        self.at_once: list[Whole] = []
        self.servers: list[GatewayServer] = []
        self.ports: list[int] = []

    async def open(self) -> None:
        for quick in (True, False):
            told = self.records[not quick].append
            gateway = Gateway(self.services[not quick], SETTINGS, told)
            if quick:
                self._note(gateway.at_once)
            else:
                gateway.at_once = AnswersAtOnce((), Cors(SETTINGS.cors), None)
            self.servers.append(GatewayServer(gateway, "127.0.0.1", 0))
            self.ports.append(await self.servers[-1].start())

    def _note(self, answers: AnswersAtOnce) -> None:
        answer, answer_some = answers.answer, answers.answer_some

        def noted(asked: Asked) -> Whole | None:
            found = answer(asked)
            self.at_once += [] if found is None else [found]
            return found

        def some_noted(several: Sequence[Asked]) -> list[Whole | None]:
            before = len(self.at_once)
            found = answer_some(several)
            del self.at_once[before:]  # those that were asked for alone
            self.at_once += [one for one in found if one is not None]
            return found

        answers.answer = noted  # type: ignore[method-assign]
        answers.answer_some = some_noted  # type: ignore[method-assign]

    async def ask(self, *connection: Sequence[bytes]) -> list[Response]:
        """Send parts, each once all before is answered; compare what comes back from both."""
        quick, ordinary = [await exchanged(port, connection) for port in self.ports]
        assert quick == ordinary
        mine, theirs = self.records
        assert [comparable(told) for told in mine] == [comparable(told) for told in theirs]
        assert self.services[0].asked == self.services[1].asked
        assert self.services[0].awaited == self.services[1].awaited
        for one in (*self.records, *(service.asked for service in self.services)):
            one.clear()
        return quick


async def exchanged(port: int, connection: Sequence[Sequence[bytes]]) -> list[Response]:
    """Return what a connection answers to each of what it is sent."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found: list[Response] = []
        for parts in connection:
            expected = b"".join(parts).count(b" HTTP/1.")
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            for _ in range(expected):
                one = await response(reader)
                if one is None:
                    break
                found.append(one)
        writer.close()
        await writer.wait_closed()
    return found


async def response(reader: asyncio.StreamReader) -> Response | None:
    """Read one answer, with the `100 Continue` before it; None if the connection has ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if head.startswith(b"HTTP/1.1 100 "):
        following = await response(reader)
        return following and following._replace(status=b"100, " + following.status)
    status, *lines = head[:-4].split(b"\r\n")
    headers = [line for line in lines if not line.startswith(b"date: ")]
    named = dict(line.split(b": ", 1) for line in headers)
    assert len(headers) == len(lines) - 1
    body = await reader.readexactly(int(named.get(b"content-length", b"0")))
    return Response(status, tuple(headers), body)


@asynccontextmanager
async def opened(service: Service | None = None) -> AsyncIterator[Doors]:
    """Open both doors; `service` is what answers behind the first."""
    doors = Doors(service)
    await doors.open()
    try:
        yield doors
    finally:
        for server in doors.servers:
            await server.stop(1.0)


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    """Both doors, open."""
    async with opened() as found:
        yield found


async def begun(server: GatewayServer, *, as_last: bool = False) -> None:
    """Wait until the head of a request is here, on the only connection, and not all of its body.

    `as_last` waits until it is to be the last one.
    """
    assert server._server is not None
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            for one in server._server.server_state.connections:
                assert isinstance(one, GatewayProtocol)
                cycle = one.cycle
                is_begun = cycle is not None and cycle.more_body
                if is_begun and not (as_last and cycle.keep_alive):
                    return
                if one._held is not None and not as_last:
                    return
            await asyncio.sleep(0)


async def test_whatever_is_asked(doors: Doors) -> None:
    """The same status, headers and bodies, and the log and the service are told the same."""
    source = random.Random(random_seed())
    asked = 0
    for _ in range(120):
        connection: list[list[bytes]] = []
        same = source.random() < 0.4
        request = random_request(source)
        for _ in range(source.randrange(1, 7)):
            # What repeats itself has the same head; else anything may follow anything.
            following = request if same else random_request(source)
            connection.append(in_parts(source, following))
            asked += 1
            if is_last(following):
                break
        await doors.ask(*connection)
    assert len(doors.at_once) > asked // 8


async def test_requests_that_follow_one_another(doors: Doors) -> None:
    """Several at once on a connection are answered in their order."""
    source = random.Random(random_seed())
    for _ in range(40):
        several = [posted(random_body(source)) for _ in range(source.randrange(2, 6))]
        if source.random() < 0.5:
            several = [posted(json.dumps(ONE_SCOPE).encode())] * 3
        together = b"".join(several)
        await doors.ask([together], [together], [several[0]], [together], [together + LAST])
    assert len(doors.at_once) > 40


async def test_what_isnt_plain(doors: Doors) -> None:
    """An older version, a wait to be told to go on, a body that ends in blanks, an empty name."""
    body = of_kind(100)
    plain, expecting = posted(body), posted(body, b"expect: 100-continue")
    older = posted(body, b"connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    blanks = posted(body + b"    ")
    await doors.ask([plain], [blanks], [blanks[:-2], blanks[-2:]], [plain], [older], [plain])
    await doors.ask([posted(body, b"x-request-id:")], [plain])
    found = await doors.ask([plain], [expecting], [plain, plain], [LAST])
    assert [one.status[:3] for one in found] == [b"HTT", b"100", b"HTT", b"HTT", b"HTT"]
    assert len(doors.at_once) > 5


async def test_a_head_that_comes_again(doors: Doors) -> None:
    """The same head with other bodies, of other lengths, and then another head, is read right."""
    bodies = [
        json.dumps(ONE_SCOPE | {"requestId": "q" * n}).encode() for n in (0, 1, 50, 90, 90, 0)
    ]
    answers = await doors.ask(*([posted(body, b"x-request-id: a")] for body in bodies))
    assert len({answer.body for answer in answers}) > 2
    before = len(doors.at_once)
    found = await doors.ask(
        [posted(bodies[0])], [posted(bodies[1])], [posted(bodies[2], b"x-request-id: other")],
        [posted(bodies[1])], [posted(b"")], [posted(bodies[3])[:-1], bodies[3][-1:]],
        [posted(bodies[1]) + posted(bodies[1])], [LAST],
    )  # fmt: skip
    assert [b"x-request-id: other" in one.headers for one in found].index(True) == 2
    assert len(doors.at_once) > before


@pytest.mark.parametrize("hold_s", [0.0, 5.0])
async def test_a_body_that_comes_after_its_head(monkeypatch: Any, hold_s: float) -> None:
    """It is waited for shortly, and for longer in the ordinary way."""
    monkeypatch.setattr(protocol_module, "HOLD_S", hold_s)
    body = json.dumps(ONE_SCOPE).encode()
    whole = posted(body)
    head = whole[: -len(body)]
    async with opened() as doors:
        for port, server in zip(doors.ports, doors.servers, strict=True):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(head)
                await begun(server)
                writer.write(body)
                async with asyncio.timeout(TIMEOUT_S):
                    answer = await response(reader)
                assert answer is not None
                assert answer.status == b"HTTP/1.1 200 OK"
            writer.close()
            await writer.wait_closed()
        assert bool(doors.at_once) == bool(hold_s)


async def test_who_goes_away_before_the_body(doors: Doors) -> None:
    """A caller who ends the connection half-way is told to the log as ever."""
    for port, server, told in zip(doors.ports, doors.servers, doors.records, strict=True):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(posted(b"{}")[:-1])
        await begun(server)
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(TIMEOUT_S):
            while not told:  # noqa: ASYNC110 - the log tells of no change
                await asyncio.sleep(0)
        assert [(one.status, one.asked) for one in told] == [(499, False)]


async def test_stopping_while_a_body_is_awaited(monkeypatch: Any) -> None:
    """A request of which the head is here is answered before the connection ends."""
    monkeypatch.setattr(protocol_module, "HOLD_S", 60.0)
    async with opened() as doors:
        for port, server in zip(doors.ports, doors.servers, strict=True):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(posted(b"{}")[:-1])
            await begun(server)
            stopping = asyncio.create_task(server.stop(20.0))
            await begun(server, as_last=True)
            writer.write(b"}")
            async with asyncio.timeout(TIMEOUT_S):
                answer = await response(reader)
                assert answer is not None
                assert (answer.status, b"connection: close" in answer.headers) == (
                    b"HTTP/1.1 200 OK", True,
                )  # fmt: skip
                await stopping
            writer.close()
            await writer.wait_closed()


async def test_answers_are_counted_and_idle_connections_end(doors: Doors) -> None:
    """The server knows how much it has answered, and closes what nothing is asked on."""
    for port, server in zip(doors.ports, doors.servers, strict=True):
        assert server._server is not None
        server._server.config.timeout_keep_alive = 1
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            writer.write(posted(json.dumps(ONE_SCOPE).encode()))
            assert await response(reader) is not None
        assert server._server.server_state.total_requests == 5
        async with asyncio.timeout(TIMEOUT_S):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_an_answer_that_is_not_read_holds_the_next_one_back(doors: Doors) -> None:
    """Whoever asks without reading is answered no further than the connection takes."""
    request = posted(of_kind(254))
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.ports[0], limit=1 << 12)
    server, service = doors.servers[0]._server, doors.services[0]
    assert server is not None
    asked = 0
    async with asyncio.timeout(TIMEOUT_S):
        connection: Any = None
        while connection is None or not connection.flow.write_paused:
            asked += 1
            writer.write(request)
            while len(service.asked) < asked:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            (connection,) = server.server_state.connections
        at_once = len(doors.at_once)
        writer.write(request)
        while len(service.asked) <= asked:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        assert at_once > 3
        assert len(doors.at_once) == at_once
        assert not connection.cycle.response_complete
        for _ in range(asked + 1):
            answer = await response(reader)
            assert answer is not None
            assert len(answer.body) > 50_000
    writer.close()
    await writer.wait_closed()
