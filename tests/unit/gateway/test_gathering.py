"""Requests that are decided side by side: the same to each caller as decided alone."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence

import pytest

from offerd_gateway import gathering as gathering_module
from offerd_gateway.at_once import AnswersAtOnce
from offerd_gateway.backend import Found
from offerd_gateway.protocol import GatewayProtocol
from seeds import random_seed
from unit.gateway.calling import ONE_SCOPE, comparable
from unit.gateway.random_posts import (
    in_parts,
    is_last,
    of_kind,
    posted,
    random_body,
    random_headers,
    random_request,
)
from unit.gateway.test_at_once_door import (
    DECIDE,
    TIMEOUT_S,
    Doors,
    Service,
    exchanged,
    opened,
)
from unit.gateway.without_sockets import Door, Wire

ANSWERED, LATER, REFUSED, DEFECT = 100, 20, 45, 57
"""Requests of these kinds: see `Service`."""


class Together(Service):
    """Answers several requests too, as many of them as it likes, or none if one fails."""

    def __init__(self, source: random.Random) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.failed = 0
        self._source = source

    def some_at_once(
        self, method: str
    ) -> Callable[[Sequence[bytes]], Sequence[Found | None]] | None:
        return self._some if method == DECIDE else None

    def _some(self, several: Sequence[bytes]) -> Sequence[Found | None]:
        some = several[: self._source.randrange(len(several) + 1)]
        before = len(self.asked)
        try:
            found = [self._at_once(data) for data in some]
        except Exception:
            del self.asked[before:]
            self.failed += 1
            raise
        self.sizes.append(len(some))
        return found


def assert_told_the_same(doors: Doors) -> None:
    """The log and the service behind both doors, in whatever order; forgets it."""
    mine, theirs = [sorted(repr(comparable(told)) for told in one) for one in doors.records]
    assert mine == theirs
    mine, theirs = [
        sorted(repr(request) for request in service.asked) for service in doors.services
    ]
    assert mine == theirs
    assert doors.services[0].awaited == doors.services[1].awaited
    for one in (*doors.records, *(service.asked for service in doors.services)):
        one.clear()


async def test_whatever_is_asked_on_many_connections() -> None:
    """The same status, headers and bodies, and the log and the service are told the same."""
    source = random.Random(random_seed())
    together = Together(source)
    async with opened(together) as doors:
        for _ in range(8):
            connections = [_conversation(source) for _ in range(32)]
            quick, ordinary = [
                await asyncio.gather(*(exchanged(port, one) for one in connections))
                for port in doors.ports
            ]
            assert quick == ordinary
            assert_told_the_same(doors)
        assert together.failed > 5
        assert sum(size for size in together.sizes if size > 1) > 100


def _conversation(source: random.Random) -> list[list[bytes]]:
    """Returns what is asked on a connection, of which much is asked again and again."""
    headers = random_headers(source) if source.random() < 0.3 else []
    headers = [one for one in headers if b"onnection" not in one and b"pgrade" not in one]
    asked: list[list[bytes]] = []
    for _ in range(source.randrange(2, 6)):
        kind = source.randrange(6)
        if kind == 0:
            asked.append([b"".join(posted(random_body(source), *headers) for _ in range(3))])
        elif kind == 1:
            asked.append(in_parts(source, posted(random_body(source), *headers)))
        else:
            asked.append([posted(random_body(source), *headers)])
    request = random_request(source)
    asked.append(in_parts(source, request))
    return asked if is_last(request) else [*asked, asked[0]]


async def test_who_goes_away_is_answered_as_ever() -> None:
    """They ask and leave; the others get what they asked for."""
    together = Together(random.Random(random_seed()))
    request = posted(of_kind(ANSWERED))
    async with opened(together) as doors, asyncio.timeout(TIMEOUT_S):
        for _ in range(3):
            for port, told in zip(doors.ports, doors.records, strict=True):
                stay = [exchanged(port, [[request]] * 3) for _ in range(12)]
                leave = [_ask_and_leave(port, request) for _ in range(12)]
                answers = await asyncio.gather(*stay, *leave)
                assert [one.status for many in answers[:12] for one in many or ()] == [
                    b"HTTP/1.1 200 OK"
                ] * 36
                while len(told) < 48:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
            assert_told_the_same(doors)
    assert max(together.sizes) > 1


async def _ask_and_leave(port: int, request: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    writer.close()
    await writer.wait_closed()


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def _step(source: random.Random) -> Callable[[GatewayProtocol, Wire], None]:
    """Returns something that happens to a connection, whichever it is."""
    kind = source.randrange(100)
    if kind < 6:
        last = source.choice((b"", _request(source)))
        return lambda one, wire: _end(one, wire, kind, last)
    if kind < 15:
        several = b"".join(_request(source) for _ in range(source.randrange(2, 4)))
        return lambda one, wire: _tell(one, wire, [several])
    parts = in_parts(source, _request(source)) if kind < 30 else [_request(source)]
    return lambda one, wire: _tell(one, wire, parts)


def _request(source: random.Random) -> bytes:
    """Returns a request that isn't the last one, with one of a few heads."""
    kind = source.choice((*[ANSWERED] * 9, LATER, LATER, REFUSED, DEFECT, None, None))
    body = random_body(source) if kind is None else KINDS[kind]
    head = (b"x-request-id: %d" % source.randrange(100),) if source.random() < 0.2 else ()
    return posted(body, *head)


KINDS = {kind: of_kind(kind) for kind in (ANSWERED, LATER, REFUSED, DEFECT)}


def _tell(connection: GatewayProtocol, wire: Wire, parts: Sequence[bytes]) -> None:
    for part in parts:
        if not wire.is_closed:
            connection.data_received(part)


def _end(connection: GatewayProtocol, wire: Wire, kind: int, last: bytes) -> None:
    """Ends a connection in one of four ways, maybe with a last request; it may have ended."""
    if kind > 2:
        _tell(connection, wire, [last + b"no http at all\r\n\r\n"])
        return
    _tell(connection, wire, [last])
    if wire.is_closed:
        return
    if kind == 0:
        connection.shutdown()  # which answers what is under way
        return
    if kind == 1:
        connection.eof_received()
    else:
        connection.connection_lost(None)
    wire.close()


async def test_whatever_happens_in_a_turn() -> None:
    """Requests, parts of them and ends, in any order: each connection is told the same."""
    source = random.Random(random_seed())
    together = Together(source)
    for _ in range(20):
        quick, alone = Door(together), Door(Service())
        together.awaited, together.asked = 0, []
        for door in (quick, alone):
            for _ in range(24):
                door.open()
        for _ in range(12):
            steps = [(source.randrange(24), _step(source)) for _ in range(source.randrange(1, 40))]
            for door in (quick, alone):
                for place, step in steps:
                    step(*door.connections[place])
                await _turns(20)
        assert quick.seen() == alone.seen()
        for door in (quick, alone):
            door.close()
        await _turns(20)
    assert together.failed > 10
    assert sum(size for size in together.sizes if size > 1) > 150


async def test_who_asks_alone_is_answered_as_soon_as_it_is_read() -> None:
    """And so is the first of several, until it is known that there are others."""
    door = Door(Together(random.Random(0)))
    request = posted(KINDS[ANSWERED])
    for _ in range(3):
        door.open()
    wires = [wire for _, wire in door.connections]

    def ask(*places: int) -> list[int]:
        for wire in wires:
            wire.written.clear()
        for place in places:
            door.connections[place][0].data_received(request)
        return [len(wire.written) for wire in wires]

    for _ in range(3):
        assert ask(1) == [0, 1, 0]
        await _turns(1)
    assert ask(0, 1, 2) == [1, 0, 0]
    await _turns(1)
    assert [len(wire.written) for wire in wires] == [1, 1, 1]
    assert ask(1, 2) == [0, 0, 0]
    await _turns(1)
    assert [len(wire.written) for wire in wires] == [0, 1, 1]
    assert ask(1) == [0, 0, 0]
    await _turns(1)
    assert ask(1) == [0, 1, 0]
    door.close()


async def test_no_more_than_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are decided as soon as there are enough."""
    monkeypatch.setattr(gathering_module, "MOST", 4)
    together = Together(random.Random(random_seed()))
    door = Door(together)
    for number in range(10):
        door.open()
        door.connections[number][0].data_received(posted(json.dumps(ONE_SCOPE).encode()))
        assert len(together.asked) == number + 1 - number % 4 if number else 1
    await _turns(1)
    assert len(together.asked) == 10
    door.close()


async def test_a_connection_that_fails_keeps_no_answer_from_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is ended, and the log tells of it."""
    door = Door(Together(random.Random(random_seed())))
    for _ in range(5):
        door.open()

    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(door.connections[2][0], "take", fail)
    for connection, _ in door.connections:
        connection.data_received(posted(KINDS[ANSWERED]))
    await _turns(1)
    assert [bool(wire.written) for _, wire in door.connections] == [True, True, False, True, True]
    assert [wire.is_closed for _, wire in door.connections] == [False, False, True, False, False]
    assert "an answer couldn't be taken" in caplog.text
    door.close()


@pytest.mark.parametrize("ending", ["eof", "stop", "refused"])
async def test_who_has_asked_is_answered_before_the_connection_ends(ending: str) -> None:
    """In the turn in which it has asked, decided or not."""
    door = Door(Together(random.Random(random_seed())))
    for number in range(4):
        door.open()
        connection, wire = door.connections[number]
        connection.data_received(posted(KINDS[ANSWERED]))
        assert bool(wire.written) is (number == 0)
    if ending == "eof":
        connection.eof_received()
    elif ending == "stop":
        connection.shutdown()
    else:
        connection.data_received(b"no http at all\r\n\r\n")
    assert b"".join(wire.written).startswith(b"HTTP/1.1 200 OK")
    await _turns(1)
    assert all(wire.written for _, wire in door.connections)
    door.close()


async def test_a_defect_ends_those_connections_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for an answer that doesn't come."""
    door = Door(Together(random.Random(random_seed())))
    for _ in range(8):
        door.open()
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what["exception"]))

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(AnswersAtOnce, "answer_some", fail)
        for connection, _ in door.connections[:4]:
            connection.data_received(posted(KINDS[ANSWERED]))
        await _turns(1)
    assert [wire.is_closed for _, wire in door.connections[:4]] == [False, True, True, True]
    assert [type(one) for one in told] == [ZeroDivisionError]
    for connection, _ in door.connections[4:]:
        connection.data_received(posted(KINDS[ANSWERED]))
    await _turns(1)
    assert all(wire.written for _, wire in door.connections[4:])
    door.close()
