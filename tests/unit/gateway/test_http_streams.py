"""Rpcs that stream, over HTTP: a line of JSON for each answer, as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import httpx
import pytest
import structlog
from google.protobuf.message import Message

from offerd.app.local_backend import LocalBackend
from offerd.errors import FailedPrecondition, InvalidArgument, Reason
from offerd.service.dispatch import Dispatcher, StreamHandler
from offerd.service.grpc_server import GrpcServer
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import profile_service_pb2 as profiles
from offerd_gateway import AccessRecord, Backend, Gateway, GatewayServer, RemoteBackend
from offerd_gateway.access import CALLER_WENT_AWAY
from processes import HOST

WATCH = "/offerd.v1.AudienceService/WatchAudiences"
EXPORT = "/offerd.v1.ProfileService/ExportSubject"
WATCH_PATH = "/v1/audiences:watch"
EXPORT_PATH = "/v1/subjects:export"
TIMEOUT_S = 30


@dataclass
class Streams:
    """A running gateway before a service with one rpc, and what their logs were told."""

    http: httpx.AsyncClient
    server: GatewayServer
    dispatcher: Dispatcher
    lines: list[dict[str, Any]]
    records: list[AccessRecord] = field(default_factory=list)
    recorded: asyncio.Event = field(default_factory=asyncio.Event)

    async def record(self) -> AccessRecord:
        """What the gateway's log was told of the first request, once it is over."""
        await asyncio.wait_for(self.recorded.wait(), TIMEOUT_S)
        return self.records[0]


OpenStreams = Callable[..., AbstractAsyncContextManager[Streams]]


@pytest.fixture(params=["local", "remote"])
def open_streams(request: pytest.FixtureRequest) -> OpenStreams:
    """Opens a gateway in the service's process, or one with a socket in between."""

    @asynccontextmanager
    async def opened(handler: StreamHandler, method: str = WATCH) -> AsyncIterator[Streams]:
        logged: list[dict[str, Any]] = []

        def keep(_log: object, name: str, line: MutableMapping[str, Any]) -> str:
            logged.append({"level": name, **line})
            return ""

        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[keep])
        dispatcher = Dispatcher({}, log, {method: handler})
        async with AsyncExitStack() as stack:
            backend: Backend = LocalBackend(dispatcher)
            if request.param == "remote":
                service = GrpcServer(dispatcher, HOST, 0, None)
                await service.start()
                stack.push_async_callback(service.stop, 0.0)
                channel = grpc.aio.insecure_channel(f"{HOST}:{service.port}")
                backend = RemoteBackend(await stack.enter_async_context(channel))

            def record(access: AccessRecord) -> None:
                streams.records.append(access)
                streams.recorded.set()

            server = GatewayServer(Gateway(backend, None, record), HOST, 0)
            url = f"http://{HOST}:{await server.start()}"
            stack.push_async_callback(server.stop, 0.0)
            client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S)
            http = await stack.enter_async_context(client)
            streams = Streams(http, server, dispatcher, logged)
            yield streams

    return opened


class Watched:
    """A handler that tells one position, waits until it may `go` on, and tells when it ended."""

    def __init__(self, then: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.ended = asyncio.Event()
        self._then = then

    async def __call__(self, _request: Message) -> AsyncIterator[Message]:
        try:
            yield audiences.WatchAudiencesResponse(position="1")
            await self.go.wait()
            if self._then is not None:
                raise self._then
            yield audiences.WatchAudiencesResponse(position="2")
        finally:
            self.ended.set()


async def next_line(lines: AsyncIterator[str]) -> Any:
    """The next line of an answer, read as JSON."""
    return json.loads(await asyncio.wait_for(anext(lines), TIMEOUT_S))


async def test_lines_arrive_as_they_come(open_streams: OpenStreams) -> None:
    """Each answer is a line, which is there before the next one is made."""
    watched = Watched()
    async with open_streams(watched) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            lines = answer.aiter_lines()
            assert await next_line(lines) == {"position": "1"}
            assert not watched.ended.is_set()
            watched.go.set()
            assert await next_line(lines) == {"position": "2"}
            assert [line async for line in lines] == []
        record = await streams.record()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    assert "content-length" not in answer.headers
    assert (record.rpc, record.status, record.error, record.asked) == (WATCH, 200, None, True)
    assert record.answer_bytes == len('{"position":"1"}\n{"position":"2"}\n')
    assert [(line["method"], line["code"]) for line in streams.lines] == [("WatchAudiences", "OK")]


async def test_what_is_asked_reaches_the_service(open_streams: OpenStreams) -> None:
    """The body is read as that of any rpc, and free values of an answer are JSON."""

    async def export(request: profiles.ExportSubjectRequest) -> AsyncIterator[Message]:
        for identity in request.identities:
            piece = profiles.ExportSubjectResponse(kind="event", identity=identity)
            piece.data.update({"properties": {"amount": 49.5, "note": "two\nlines"}})
            yield piece

    who = [{"namespace": "ecid", "id": "1"}, {"namespace": "ecid", "id": "2"}]
    async with open_streams(export, EXPORT) as streams:
        answer = await streams.http.post(EXPORT_PATH, json={"identities": who})
    data = {"properties": {"amount": 49.5, "note": "two\nlines"}}
    assert [json.loads(line) for line in answer.text.split("\n")[:-1]] == [
        {"kind": "event", "identity": one, "data": data} for one in who
    ]


async def test_a_stream_without_answers(open_streams: OpenStreams) -> None:
    """Nothing to tell is no lines, and no error."""

    async def nothing(_request: Message) -> AsyncIterator[Message]:
        for answer in ():
            yield answer

    async with open_streams(nothing) as streams:
        answer = await streams.http.post(WATCH_PATH, json={})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_refusal_before_the_first_line(open_streams: OpenStreams) -> None:
    """What is refused at once is a problem with its status, as for any rpc."""

    async def refuse(_request: Message) -> AsyncIterator[Message]:
        raise FailedPrecondition(Reason.SUBJECT_DELETED, "gone", field="identities[0]")
        yield

    async with open_streams(refuse) as streams:
        answer = await streams.http.post(WATCH_PATH, json={}, headers={"X-Request-Id": "w-1"})
        record = await streams.record()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["reason"], problem["field"]) == ("SUBJECT_DELETED", "identities[0]")
    assert problem["requestId"] == "w-1"
    assert (record.status, record.error.reason) == (409, Reason.SUBJECT_DELETED)


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b'{"audience": "a"}', {}, 400, "UNKNOWN_FIELD"),
        (b"{", {}, 400, "MALFORMED"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "MALFORMED"),
        (b"{}", {"X-Timeout-Ms": "soon"}, 400, "OUT_OF_RANGE"),
    ],
)
async def test_a_request_that_the_gateway_refuses(
    open_streams: OpenStreams, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    """The service isn't asked what can't be read."""
    async with open_streams(Watched()) as streams:
        answer = await streams.http.post(
            WATCH_PATH, content=body, headers={"Content-Type": "application/json"} | headers
        )
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert streams.lines == []


@pytest.mark.parametrize(
    ("failure", "status", "reason"),
    [
        (InvalidArgument(Reason.OUT_OF_RANGE, "too late", field="after_position"), 400, None),
        (RuntimeError("a defect"), 500, "INTERNAL"),
    ],
    ids=["refused", "defect"],
)
async def test_a_failure_in_the_middle(
    open_streams: OpenStreams, failure: Exception, status: int, reason: str | None
) -> None:
    """A failure after the first line is a last line that has the problem as `error`."""
    watched = Watched(then=failure)
    watched.go.set()
    async with open_streams(watched) as streams:
        answer = await streams.http.post(WATCH_PATH, json={}, headers={"X-Request-Id": "w-1"})
        record = await streams.record()
    first, last = (json.loads(line) for line in answer.text.splitlines())
    assert answer.status_code == 200
    assert first == {"position": "1"}
    assert list(last) == ["error"]
    problem = last["error"]
    assert (problem["status"], problem["requestId"]) == (status, "w-1")
    assert problem["reason"] == (reason or "OUT_OF_RANGE")
    assert problem.get("field") == getattr(failure, "field", None)
    assert "a defect" not in answer.text
    assert record.error is not None
    assert (record.status, record.error.reason.value) == (200, problem["reason"])


async def test_silence_is_an_answer(open_streams: OpenStreams) -> None:
    """Who listens to what hasn't happened learns soon that it is listened to."""
    go = asyncio.Event()

    async def silent(_request: Message) -> AsyncIterator[Message]:
        await go.wait()
        yield audiences.WatchAudiencesResponse(position="1")

    async with (
        open_streams(silent) as streams,
        streams.http.stream("POST", WATCH_PATH, json={}) as answer,
    ):
        assert answer.status_code == 200
        assert not go.is_set()
        go.set()
        assert [json.loads(line) async for line in answer.aiter_lines()] == [{"position": "1"}]


async def test_a_refusal_after_a_long_silence(open_streams: OpenStreams) -> None:
    """When the answer has begun, a refusal is a last line though it is the first one."""
    go = asyncio.Event()

    async def silent(_request: Message) -> AsyncIterator[Message]:
        await go.wait()
        raise InvalidArgument(Reason.OUT_OF_RANGE, "too late")
        yield

    async with open_streams(silent) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            go.set()
            (line,) = [json.loads(text) async for text in answer.aiter_lines()]
        record = await streams.record()
    assert (answer.status_code, line["error"]["status"]) == (200, 400)
    assert record.error.reason is Reason.OUT_OF_RANGE


async def test_the_caller_says_for_how_long(open_streams: OpenStreams) -> None:
    """A stream whose deadline passes ends with a last line that says so."""
    watched = Watched()
    async with open_streams(watched) as streams:
        answer = await streams.http.post(WATCH_PATH, json={}, headers={"X-Timeout-Ms": "2000"})
        await asyncio.wait_for(watched.ended.wait(), TIMEOUT_S)
    first, last = (json.loads(line) for line in answer.text.splitlines())
    assert first == {"position": "1"}
    assert last["error"]["reason"] == "DEADLINE_EXCEEDED"


async def test_a_caller_that_goes_away_ends_the_work(open_streams: OpenStreams) -> None:
    """Nothing goes on waiting for nobody, and the log doesn't call that answered."""
    watched = Watched()
    async with open_streams(watched) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            await next_line(answer.aiter_lines())
        await asyncio.wait_for(watched.ended.wait(), TIMEOUT_S)
        record = await streams.record()
    assert record.status == CALLER_WENT_AWAY
    assert [line["code"] for line in streams.lines] == ["CANCELLED"]


async def test_a_caller_that_goes_away_before_the_first_line(open_streams: OpenStreams) -> None:
    """Work that nobody waits for ends though it has told nothing yet."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def silent(_request: Message) -> AsyncIterator[Message]:
        try:
            begun.set()
            await asyncio.Event().wait()
            yield audiences.WatchAudiencesResponse()
        finally:
            ended.set()

    async with open_streams(silent) as streams:
        waiting = asyncio.create_task(streams.http.post(WATCH_PATH, json={}))
        await asyncio.wait_for(begun.wait(), TIMEOUT_S)
        waiting.cancel()
        await asyncio.wait_for(ended.wait(), TIMEOUT_S)
        record = await streams.record()
    assert record.status == CALLER_WENT_AWAY


async def test_a_reader_who_is_slow_holds_up_the_stream(open_streams: OpenStreams) -> None:
    """No more is made than fits on the way, however long the reader takes."""
    made = 0

    async def without_end(_request: Message) -> AsyncIterator[Message]:
        nonlocal made
        while True:
            made += 1
            yield audiences.WatchAudiencesResponse(position="x" * 100_000)

    async with open_streams(without_end) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            await next_line(answer.aiter_lines())
            before = -1
            async with asyncio.timeout(TIMEOUT_S):
                while before != made:
                    before = made
                    for _ in range(200):
                        # Other answers of the gateway show that the loop has gone on.
                        await streams.http.get("/healthz")
        assert before < 1_000
        await streams.record()


async def test_a_service_that_stops(open_streams: OpenStreams) -> None:
    """Whoever listens is told why it ends."""
    watched = Watched()
    async with open_streams(watched) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            lines = answer.aiter_lines()
            await next_line(lines)
            await streams.dispatcher.drain(0.0, TIMEOUT_S)
            last = await next_line(lines)
            assert [line async for line in lines] == []
        again = await streams.http.post(WATCH_PATH, json={})
    assert (last["error"]["reason"], last["error"]["status"]) == ("NOT_SERVING", 503)
    assert (again.status_code, again.json()["reason"]) == (503, "NOT_SERVING")


async def test_a_gateway_that_stops(open_streams: OpenStreams) -> None:
    """A stream that doesn't end by itself is told so when the grace is over, and cut off."""
    watched = Watched()
    async with open_streams(watched) as streams:
        async with streams.http.stream("POST", WATCH_PATH, json={}) as answer:
            lines = answer.aiter_lines()
            await next_line(lines)
            async with asyncio.timeout(TIMEOUT_S):
                await streams.server.stop(0.05)
            last = await next_line(lines)
            assert [line async for line in lines] == []
        await asyncio.wait_for(watched.ended.wait(), TIMEOUT_S)
    assert last["error"]["reason"] == "NOT_SERVING"
