"""Calls that wait at the native transport are begun side by side, and end each by itself."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog

from doors import RPCS
from offerd.service import native_server
from offerd.service.dispatch import Dispatcher
from offerd.service.native_server import NativeServer
from offerd.service.overload import overloaded
from offerd.service.serialized import AnsweredAtOnce, Serialized
from offerd.service.servicers import register
from offerd.service.slice_size import MOST_AT_ONCE
from offerd.service.soon import Claim, Soon
from offerd.service.waiting import Lines, Waiting
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from processes import HOST
from seeds import random_seed

DECIDE = RPCS["Decide"].method
TIMEOUT_S = 30
KINDS = ("now", "now", "now", "later", "no room", "in full", "bad")


class Deciding:
    """Does with each request what its name begins with; `plan` is how many are decided at once."""

    def __init__(self, source: random.Random) -> None:
        self._source = source
        self.may_begin = threading.Event()
        self.together: list[int] = []
        """How many were asked for at a time, and how many of them answered."""
        self.answered: list[int] = []
        self.begun: list[str] = []
        self.in_full: list[str] = []

    def soon(self, data: bytes) -> AnsweredAtOnce | Soon | None:
        """Begins one."""
        self.may_begin.wait(TIMEOUT_S)
        return self._begin(data)

    def some(
        self, several: Sequence[bytes], _most_s: float
    ) -> Sequence[AnsweredAtOnce | Soon | None]:
        """Begins the first of several, as many as chance has it, up to one that fails."""
        self.together.append(len(several))
        most = self._source.choice((len(several), self._source.randrange(len(several) + 1)))
        begun: list[AnsweredAtOnce | Soon | None] = []
        for data in several[:most]:
            if _name(data).startswith("bad"):
                if not begun and self._source.random() < 0.5:
                    raise ZeroDivisionError("out of numbers")
                break
            begun.append(self._begin(data))
        self.answered.append(len(begun))
        return begun

    def _begin(self, data: bytes) -> AnsweredAtOnce | Soon | None:
        name = _name(data)
        self.begun.append(name)
        answer = pb.DecideResponse(request_id=name, revision="quick").SerializeToString()
        answered = AnsweredAtOnce(Serialized(pb.DecideResponse, answer), name)
        if name.startswith("now"):
            return answered
        if name.startswith("in full"):
            return None
        if name.startswith("bad"):
            raise ZeroDivisionError("out of numbers")
        write: Future[str] = Future()
        delay_s = self._source.random() / 100
        threading.Timer(delay_s, write.set_result, args=(name,)).start()
        claim = Claim(lambda came_to: came_to.startswith("later"), lambda _: None)
        return Soon(answered, claim, write)

    async def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """Decides in full."""
        self.in_full.append(request.request_id)
        return pb.DecideResponse(request_id=request.request_id, revision="in full")


def _name(data: bytes) -> str:
    return pb.DecideRequest.FromString(data).request_id


@asynccontextmanager
async def serving(deciding: Deciding, lines: list[tuple[str, str]]) -> AsyncIterator[Any]:
    """Serves Decide; yields its stub and the server.

    `lines` get the name and the code of each call.
    """

    def note(_logger: object, _level: str, line: structlog.typing.EventDict) -> str:
        if line.get("event") == "request":
            lines.append((line.get("request_id", ""), line["code"]))
        return ""

    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[note])
    dispatcher = Dispatcher(
        {DECIDE: deciding.decide}, log, soon={DECIDE: deciding.soon}, some={DECIDE: deciding.some}
    )
    server = NativeServer(
        f"{HOST}:0",
        dispatcher.doors_soon("grpc"),
        maximum_message_bytes=1 << 20,
        maximum_streams=10,
        shared=False,
        some=dispatcher.doors_some("grpc"),
    )
    register(server, dispatcher)
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        yield pb_grpc.DecisionServiceStub(channel).Decide, server
    await server.stop(1.0)


async def test_each_ends_as_if_it_had_come_alone() -> None:
    """Whatever the others are, and however many there was time for; each is begun in its turn."""
    source = random.Random(random_seed())
    deciding, lines = Deciding(source), list[tuple[str, str]]()
    names = [f"{source.choice(KINDS)} {number}" for number in range(120)]

    async with serving(deciding, lines) as (decide, _):

        async def ask(name: str) -> str:
            try:
                answer = await decide(pb.DecideRequest(request_id=name), timeout=TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                return error.code().name
            assert answer.request_id == name
            revision: str = answer.revision
            return revision

        first = asyncio.ensure_future(ask("now first"))
        asking = [asyncio.ensure_future(ask(name)) for name in names]
        await asyncio.sleep(0.1)  # most have come then
        deciding.may_begin.set()
        found = await asyncio.gather(*asking)
        assert await first == "quick"
    expected = {"now": "quick", "later": "quick", "bad": "INTERNAL"}
    assert found == [expected.get(name.split()[0], "in full") for name in names]
    assert Counter(deciding.begun) == Counter([*names, "now first"])
    assert sorted(deciding.in_full) == sorted(
        name for name in names if name.startswith(("in full", "no room"))
    )
    assert 1 < max(deciding.together) <= MOST_AT_ONCE
    # However often there was time for none of them, it was tried again.
    assert sum(deciding.answered) > 30
    codes = {name: code for name, code in lines if code == "OK"}
    assert len(codes) == sum(not name.startswith("bad") for name in names) + 1
    assert sum(code == "INTERNAL" for _, code in lines) == len(names) + 1 - len(codes)


async def test_whoever_waits_no_longer_is_not_begun() -> None:
    """Nor asked for with the others, though nobody has said that they went away."""
    deciding = Deciding(random.Random(random_seed()))
    deciding.may_begin.set()
    async with serving(deciding, []) as (_, server):
        server._methods = [one for path, one in server._unary.items() if path == DECIDE]
        for number in range(41):
            data = pb.DecideRequest(request_id=f"now {number}").SerializeToString()
            until_s = time.monotonic() + TIMEOUT_S if number % 2 else time.monotonic()
            server._waiting.let_wait(server._waiting.front, number, Waiting(0, data, until_s))
        while server._waiting.front.calls:
            server._answer_some()
    assert deciding.begun == [f"now {number}" for number in range(1, 41, 2)]


async def test_whoever_is_refused_costs_no_more_than_alone() -> None:
    """After one that fails, as while the store is behind, each is tried alone until one doesn't."""
    tried: list[int] = []
    is_behind = True

    def some(several: Sequence[bytes], _most_s: float) -> Sequence[bytes]:
        tried.append(len(several))
        return () if is_behind else several

    def soon(data: bytes) -> bytes:
        tried.append(1)
        if is_behind:
            raise overloaded()
        return data

    async with serving(Deciding(random.Random(0)), []) as (_, server):
        method = server._unary[DECIDE]
        server._methods = [method._replace(soon=soon, some=some)]

        def ask(calls: int) -> None:
            for number in range(calls):
                server._waiting.let_wait(server._waiting.front, number, Waiting(0, b"", None))
            while server._waiting.front.calls:
                server._answer_some()

        ask(100)
        assert tried == [MOST_AT_ONCE] + [1] * 100
        is_behind = False
        tried.clear()
        ask(100)
    assert sum(tried) == 100
    assert max(tried) == MOST_AT_ONCE


async def test_a_call_that_cannot_be_ended_keeps_no_answer_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a defect: those before it are answered, and those after it wait for their turn."""
    deciding = Deciding(random.Random(0))
    deciding.may_begin.set()
    monkeypatch.setattr(deciding, "some", lambda *_: ())
    answered: list[int] = []

    def fail(*_: object, **_named: object) -> None:
        raise ValueError("no way to say that")

    async with serving(deciding, []) as (_, server):
        server._methods = [one for path, one in server._unary.items() if path == DECIDE]
        for number, name in enumerate(("now a", "now b", "bad", "now c", "now d")):
            data = pb.DecideRequest(request_id=name).SerializeToString()
            server._waiting.let_wait(server._waiting.front, number, Waiting(0, data, None))
        with monkeypatch.context() as patch:
            respond = lambda call, _: answered.append(call)  # noqa: E731
            patch.setattr(server, "_front", SimpleNamespace(respond=respond, fail=fail))
            patch.setattr(native_server, "_LOOK_S", TIMEOUT_S)
            with pytest.raises(ValueError, match="no way"):
                server._answer_some()
            assert answered == [0, 1]
            server._answer_some()
    assert answered == [0, 1, 3, 4]


def test_calls_are_taken_in_the_order_in_which_they_came() -> None:
    """Of one method at a time; what is put back comes first again, and nothing is lost."""
    source = random.Random(random_seed())
    for _ in range(200):
        lines = Lines()
        come = [(number, source.choice((0, 0, 0, 1))) for number in range(source.randrange(30))]
        for number, method in come:
            waiting = Waiting(method, bytes(number), None)
            assert lines.let_wait(lines.front, number, waiting)
        gone = {number for number, _ in come if source.random() < 0.1}
        assert all(lines.forget(number) for number in gone)
        expected = [number for number, _ in come if number not in gone]
        begun: list[int] = []
        while lines.front.calls:
            taken = lines.next_of_front(source.randrange(1, 17))
            assert len({waiting.method for _, waiting in taken}) == 1
            keep = source.randrange(len(taken) + 1)
            begun += [number for number, _ in taken[:keep]]
            lines.put_back(taken[keep:])
        assert begun == expected
        assert lines._in_bytes == 0
