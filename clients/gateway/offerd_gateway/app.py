"""The HTTP door as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import partial
from importlib import resources

from offerd.errors import NotFound, Reason, Unavailable
from offerd_gateway.access import CALLER_WENT_AWAY, OnAccess
from offerd_gateway.answers import LINES_TYPE, Answer, failed, refused
from offerd_gateway.at_once import AnswersAtOnce
from offerd_gateway.backend import Backend
from offerd_gateway.beginning import Beginning
from offerd_gateway.calls import Call
from offerd_gateway.cors import Cors
from offerd_gateway.edge_places import EDGE_PATHS, METHOD, EdgePlaces
from offerd_gateway.json.mistake import shortened
from offerd_gateway.problem import Headers, Refusal
from offerd_gateway.request import Disconnected, Incoming, Receive, Scope, Send
from offerd_gateway.routes import Match, Router, Rpc, rpcs
from offerd_gateway.settings import GatewaySettings

LIVE_PATH = "/healthz"
READY_PATH = "/readyz"
OPENAPI_PATH = "/openapi.json"
OWN_PATHS = (LIVE_PATH, READY_PATH, OPENAPI_PATH, *EDGE_PATHS)


class Gateway:
    """JSON over HTTP for the rpcs of a backend; see docs/http.md.

    `on_access` is told of each request once it is answered, or of those that didn't come as far as
    the service, if it is to be told `only_turned_away`.
    """

    def __init__(
        self,
        backend: Backend,
        settings: GatewaySettings | None = None,
        on_access: OnAccess | None = None,
        *,
        only_turned_away: bool = False,
    ) -> None:
        settings = settings or GatewaySettings()
        self._backend = backend
        self._on_access = on_access
        self._tells_asked = on_access is not None and not only_turned_away
        self._router = Router()
        self._cors = Cors(settings.cors)
        self._calls = {rpc.method: Call(rpc, backend, settings) for rpc in rpcs()}
        self.at_once = AnswersAtOnce(
            self._calls.values(), self._cors, on_access if self._tells_asked else None
        )
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
        if self._on_access is not None and (self._tells_asked or not incoming.asked):
            duration_s = time.perf_counter() - started
            client = scope["client"][0] if scope.get("client") else ""
            self._on_access(answer.record(incoming, client, duration_s))

    def unreadable(self, refusal: Refusal, client: str) -> tuple[Headers, bytes]:
        """Headers and body for what couldn't be read as a request; tells `on_access`."""
        unread = Incoming.unread()
        answer = refused(refusal.error, refusal.status, unread, refusal.headers)
        if self._on_access is not None:
            self._on_access(answer.record(unread, client, 0.0))
        return answer.own_headers(), answer.body

    async def _answer(self, incoming: Incoming, receive: Receive) -> Answer:
        """Answer whatever comes; what can't be answered becomes a problem."""
        try:
            incoming.read_request_id()
            return await self._dispatch(incoming, receive)
        except Disconnected:
            raise
        except (Exception, asyncio.CancelledError) as error:
            return failed(error, incoming)

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
        headers = answer.all_headers(incoming, self._cors)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _send_lines(
        self, incoming: Incoming, answer: Answer, lines: AsyncGenerator[bytes], send: Send
    ) -> Answer:
        """Send lines as they come; return what was answered.

        A failure before the answer has begun is a problem of its own, later it is a last line.
        """
        part: dict[str, object] = {"type": "http.response.body", "more_body": True}
        beginning = Beginning(partial(self._start, incoming, answer, send))
        problem: Answer | None = None
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
            problem = failed(error, incoming)
        finally:
            begun = await beginning.settle()
        if problem is not None and not begun:
            await self._send(incoming, problem, send)
            return problem
        if problem is not None:
            answer.error = problem.error
            await send({**part, "body": b'{"error":' + problem.body + b"}\n"})
        await send({"type": "http.response.body", "body": b""})
        return answer


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
