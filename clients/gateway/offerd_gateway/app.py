"""The HTTP door as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import resources

from offerd.errors import NotFound, Reason, RequestError, Unavailable
from offerd_gateway.access import CALLER_WENT_AWAY, AccessRecord, OnAccess
from offerd_gateway.backend import Backend
from offerd_gateway.beginning import Beginning
from offerd_gateway.calls import Call
from offerd_gateway.cors import Cors
from offerd_gateway.edge_places import EDGE_PATHS, METHOD, EdgePlaces
from offerd_gateway.json.mistake import shortened
from offerd_gateway.problem import (
    PROBLEM_TYPE,
    RETRY_AFTER,
    RETRY_AFTER_STATUSES,
    Headers,
    Refusal,
    http_status,
    problem,
)
from offerd_gateway.request import CLOSE, Disconnected, Incoming, Receive, Scope, Send
from offerd_gateway.routes import Match, Router, Rpc, rpcs
from offerd_gateway.settings import GatewaySettings

logger = logging.getLogger("offerd_gateway")

JSON_TYPE = b"application/json"
LINES_TYPE = b"application/x-ndjson"
LIVE_PATH = "/healthz"
READY_PATH = "/readyz"
OPENAPI_PATH = "/openapi.json"
OWN_PATHS = (LIVE_PATH, READY_PATH, OPENAPI_PATH, *EDGE_PATHS)
DEFAULTS: Headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


@dataclass(slots=True)
class Answer:
    """What goes back, and what the log is told.

    `lines`, if any, are the body, as they come; `line_bytes` is how much of them was sent.
    """

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: Headers = field(default_factory=list)
    error: RequestError | None = None
    lines: AsyncGenerator[bytes] | None = None
    line_bytes: int = 0


class Gateway:
    """JSON over HTTP for the rpcs of a backend; see docs/http.md.

    `on_access` is told of each request once it is answered.
    """

    def __init__(
        self,
        backend: Backend,
        settings: GatewaySettings | None = None,
        on_access: OnAccess | None = None,
    ) -> None:
        settings = settings or GatewaySettings()
        self._backend = backend
        self._on_access = on_access
        self._router = Router()
        self._cors = Cors(settings.cors)
        self._calls = {rpc.method: Call(rpc, backend, settings) for rpc in rpcs()}
        self._edge_places = EdgePlaces(self._calls[METHOD], settings)
        document = resources.files("offerd_gateway").joinpath("openapi.json")
        self._openapi = document.read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; only HTTP is served."""
        if scope["type"] != "http":
            # ASGI has an application raise for what it doesn't serve, and servers then go on.
            raise NotImplementedError(f"the gateway serves HTTP, not `{scope['type']}`")
        started = time.perf_counter()
        incoming = Incoming.of(scope)
        answer = Answer(CALLER_WENT_AWAY, b"")
        with contextlib.suppress(Disconnected):
            answer = await self._answer(incoming, receive)
            if answer.lines is not None:
                answer = await self._send_lines(incoming, answer, answer.lines, send)
            else:
                await self._send(incoming, answer, send)
        if self._on_access is not None:
            duration_s = time.perf_counter() - started
            client = scope["client"][0] if scope.get("client") else ""
            self._on_access(_record(incoming, client, answer, duration_s))

    def unreadable(self, refusal: Refusal, client: str) -> tuple[Headers, bytes]:
        """Headers and body for what couldn't be read as a request; tells `on_access`."""
        answer = _problem(refusal.error, refusal.status, Incoming.unread(), refusal.headers)
        if self._on_access is not None:
            self._on_access(_record(Incoming.unread(), client, answer, 0.0))
        return _own_headers(answer), answer.body

    async def _answer(self, incoming: Incoming, receive: Receive) -> Answer:
        """Answer whatever comes; what can't be answered becomes a problem."""
        try:
            incoming.read_request_id()
            return await self._dispatch(incoming, receive)
        except Disconnected:
            raise
        except (Exception, asyncio.CancelledError) as error:
            return _failed(error, incoming)

    async def _dispatch(self, incoming: Incoming, receive: Receive) -> Answer:
        match = self._router.match(incoming.path, incoming.raw_path)
        if match is None:
            return await self._own(incoming, receive)
        method = "GET" if incoming.method == "HEAD" else incoming.method
        rpc = match.by_method.get(method)
        if rpc is None:
            return self._without_rpc(incoming, match)
        incoming.rpc = rpc.method
        call = self._calls[rpc.method]
        if not rpc.streams:
            return Answer(200, await call.answer(incoming, match.values, receive))
        lines = call.lines(incoming, match.values, receive)
        return Answer(200, b"", LINES_TYPE, lines=lines)

    def _without_rpc(self, incoming: Incoming, match: Match) -> Answer:
        methods = _allowed(match.by_method)
        if incoming.method == "OPTIONS":
            return self._options(incoming, methods)
        raise _wrong_method(incoming, methods)

    async def _own(self, incoming: Incoming, receive: Receive) -> Answer:
        """Answer the paths that are the gateway's own."""
        if incoming.path not in OWN_PATHS:
            nearest = self._router.nearest(incoming.path, OWN_PATHS)
            hint = f", did you mean `{nearest}`?" if nearest else ""
            raise NotFound(
                Reason.NO_SUCH_METHOD, f"no such path `{shortened(incoming.path)}`{hint}"
            )
        methods = ("GET", "HEAD", "OPTIONS")
        if incoming.method == "OPTIONS":
            return self._options(incoming, methods)
        if incoming.method not in methods:
            raise _wrong_method(incoming, methods)
        if incoming.path in EDGE_PATHS:
            return Answer(200, await self._edge_places.answer(incoming, receive))
        if incoming.path == OPENAPI_PATH:
            return Answer(200, self._openapi)
        if incoming.path == LIVE_PATH:
            return Answer(200, b'{"status":"live"}')
        if not await self._backend.ready():
            raise Unavailable(Reason.NOT_SERVING, "the service is not ready")
        return Answer(200, b'{"status":"ready"}')

    def _options(self, incoming: Incoming, methods: Iterable[str]) -> Answer:
        answer = Answer(204, b"", headers=[(b"allow", ", ".join(methods).encode("ascii"))])
        origin = incoming.headers.get(b"origin")
        if origin is not None and b"access-control-request-method" in incoming.headers:
            answer.headers += self._cors.preflight(origin, methods)
        return answer

    async def _send(self, incoming: Incoming, answer: Answer, send: Send) -> None:
        await self._start(incoming, answer, send)
        body = b"" if incoming.method == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _start(self, incoming: Incoming, answer: Answer, send: Send) -> None:
        headers = _own_headers(answer)
        if answer.status == 204:
            headers = [*DEFAULTS, *answer.headers]
        else:
            headers += self._cors.headers(incoming.headers.get(b"origin"))
        if b"x-request-id" in incoming.headers and incoming.request_id:
            headers.append((b"x-request-id", incoming.headers[b"x-request-id"]))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _send_lines(
        self, incoming: Incoming, answer: Answer, lines: AsyncGenerator[bytes], send: Send
    ) -> Answer:
        """Send lines as they come; return what was answered.

        A failure before the answer has begun is a problem of its own, later it is a last line.
        """
        part: dict[str, object] = {"type": "http.response.body", "more_body": True}
        beginning = Beginning(partial(self._start, incoming, answer, send))
        failed: Answer | None = None
        try:
            async with contextlib.aclosing(lines):
                async for line in lines:
                    await beginning.now()
                    answer.line_bytes += len(line)
                    await send({**part, "body": line})
            await beginning.now()
        except Disconnected:
            answer.status = CALLER_WENT_AWAY
            return answer
        except (Exception, asyncio.CancelledError) as error:
            failed = _failed(error, incoming)
        finally:
            begun = await beginning.settle()
        if failed is not None and not begun:
            await self._send(incoming, failed, send)
            return failed
        if failed is not None:
            answer.error = failed.error
            await send({**part, "body": b'{"error":' + failed.body + b"}\n"})
        await send({"type": "http.response.body", "body": b""})
        return answer


def _own_headers(answer: Answer) -> Headers:
    length = (b"content-length", str(len(answer.body)).encode("ascii"))
    return [
        *([length] if answer.lines is None else []),
        (b"content-type", answer.content_type),
        *DEFAULTS,
        *answer.headers,
    ]


def _failed(error: BaseException, incoming: Incoming) -> Answer:
    """Returns the problem that a request ends with, whatever ended it."""
    if isinstance(error, Refusal):
        return _problem(error.error, error.status, incoming, error.headers)
    if isinstance(error, RequestError):
        return _problem(error, http_status(error), incoming)
    if isinstance(error, asyncio.CancelledError):
        # Only a server that stops, or closes its way to the service, cancels a request
        # whose caller is still there to be told.
        stopping = Unavailable(Reason.NOT_SERVING, "the gateway is stopping")
        return _problem(stopping, http_status(stopping), incoming, (CLOSE,))
    # The outermost edge: a defect must answer 500, not close the connection.
    logger.error(
        "request failed by a defect: %s %s", incoming.method, incoming.path, exc_info=error
    )
    defect = RequestError(Reason.INTERNAL, "the gateway failed; its log has the details")
    return _problem(defect, 500, incoming)


def _allowed(by_method: Mapping[str, Rpc]) -> list[str]:
    head = ["HEAD"] if "GET" in by_method else []
    return [*by_method, *head, "OPTIONS"]


def _wrong_method(incoming: Incoming, methods: Iterable[str]) -> Refusal:
    allowed = ", ".join(methods)
    return Refusal(
        NotFound(
            Reason.NO_SUCH_METHOD,
            f"`{shortened(incoming.path)}` takes {allowed}, not `{incoming.method}`",
        ),
        405,
        ((b"allow", allowed.encode("ascii")),),
    )


def _problem(
    error: RequestError,
    status: int,
    incoming: Incoming,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    more = [RETRY_AFTER] if status in RETRY_AFTER_STATUSES else []
    return Answer(
        status,
        problem(error, status, incoming.request_id),
        PROBLEM_TYPE,
        [*headers, *more],
        error,
    )


def _record(incoming: Incoming, client: str, answer: Answer, duration_s: float) -> AccessRecord:
    return AccessRecord(
        http_method=incoming.method,
        path=incoming.path,
        rpc=incoming.rpc,
        asked=incoming.asked,
        status=answer.status,
        error=answer.error,
        request_id=incoming.request_id,
        client=client,
        answer_bytes=len(answer.body) + answer.line_bytes,
        duration_s=duration_s,
    )
