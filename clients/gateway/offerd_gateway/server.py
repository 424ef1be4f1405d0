"""Serves the gateway over HTTP/1.1 inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn

from offerd.errors import ConfigurationError
from offerd_gateway.app import Gateway
from offerd_gateway.protocol import protocol_for
from offerd_gateway.tls import TlsSettings

BACKLOG = 2048
KEEP_ALIVE_S = 75
TICK_S = 1.0
LEAVE_S = 1.0
"""How long callers who are sent elsewhere have for one more request on their connection."""
_LOOK_EVERY_S = 0.02


class _Server(uvicorn.Server):
    """A server that leaves signals to the process around it, and tells when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # The first tick fills in the headers that every answer has.
        await self.on_tick(0)
        self.listening.set()

    async def main_loop(self) -> None:
        # A tick brings the date of the answers up to date; stopping need not wait for one.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self.stopping.wait()


class GatewayServer:
    """One listening socket of a gateway; starts and stops once.

    `port` 0 lets the system choose. `tls` None serves plain HTTP; `scheme` is that of the
    addresses, `http` or `https`. `shared` lets other processes of the same user listen there too,
    each of which gets a share of the connections. `listener` is a socket to listen on, instead of
    one of its own: a server that leaves and its successor that have the same lose no connection.
    """

    def __init__(
        self,
        app: Gateway,
        host: str,
        port: int,
        tls: TlsSettings | None = None,
        *,
        shared: bool = False,
        listener: socket.socket | None = None,
    ) -> None:
        self._app = app
        self._listener = listener
        self._shared = shared
        self._host = host
        self._port = port
        self._tls = tls
        self.scheme = "http" if tls is None else "https"
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    async def start(self) -> int:
        """Listen; return the port. Raises ConfigurationError if that can't be done."""
        context = self._tls.context() if self._tls else None
        listener = self._listener
        if listener is None:
            listener = listener_on(self._host, self._port, shared=self._shared)
        config = uvicorn.Config(
            self._app,
            # uvicorn calls it and asks no more of it than that.
            http=protocol_for(self._app, self._leaving),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            ssl_context_factory=None if context is None else lambda *_: context,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([listener]))
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait((self._serving, listening), return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            listening.cancel()
            await self._serving
        return int(listener.getsockname()[1])

    async def stop(self, grace_s: float, *, leave: bool = False) -> None:
        """Take no more requests, let those in flight finish, and close.

        What isn't finished after `grace_s` seconds is cancelled. To `leave`, where others listen
        too, is to take no more connections first: who has one learns with the answer to the next
        request that it was the last. Who asks nothing for LEAVE_S seconds is cut off.
        """
        if self._server is None or self._serving is None:
            return
        if leave:
            await self._send_elsewhere(self._server)
        # uvicorn waits as long as a float says, whatever its annotation.
        self._server.config.timeout_graceful_shutdown = grace_s  # type: ignore[assignment]
        self._server.should_exit = True
        self._server.stopping.set()
        await self._serving

    async def _send_elsewhere(self, server: _Server) -> None:
        self._leaving.set()
        for listening in server.servers:
            listening.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                while server.server_state.connections:  # noqa: ASYNC110 - it tells of no change
                    await asyncio.sleep(_LOOK_EVERY_S)


def listener_on(host: str, port: int, *, shared: bool) -> socket.socket:
    """Returns a socket that a gateway can listen on; raises ConfigurationError if there is none.

    `port` and `shared` are as of GatewayServer.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        # Answers go out in one piece: waiting to fill a packet would only delay them.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: Exception) -> ConfigurationError:
    text = getattr(error, "strerror", None) or str(error)
    return ConfigurationError(f"can't listen on `{host}:{port}`: {text.lower()}")
