"""A connection of the JSON door without a socket: requests from memory, in HTTP/1.1.

What is between the socket and the service is measured with it: parser, protocol, JSON both ways.
The event loop's part, which reads and writes, isn't.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from offerd_gateway.app import Gateway
from offerd_gateway.protocol import GatewayProtocol, protocol_for


class StandInConnection(asyncio.Transport):
    """What a connection of the JSON door takes for its transport: requests from memory."""

    def __init__(self, gateway: Gateway, connect: Callable[..., GatewayProtocol]) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        config = uvicorn.Config(gateway, lifespan="off", log_config=None, proxy_headers=False)
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]
        self._connection = connect(config=config, server_state=state, app_state={})
        self._connection.connection_made(self)
        self._parts: list[bytes] = []
        self._answered = asyncio.Event()

    def ask(self, request: bytes) -> None:
        """Has a request answered, head and all."""
        self._parts.clear()
        self._answered.clear()
        self._connection.data_received(request)

    async def answered(self) -> None:
        """Waits until it is, if it isn't."""
        if not self._answered.is_set():
            await self._answered.wait()
        assert self._parts[0].startswith(b"HTTP/1.1 200"), self._parts

    def write(self, data: Any) -> None:
        self._parts.append(data)
        if data.endswith(b"}"):
            self._answered.set()

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """Nothing comes unless it is asked for."""

    def resume_reading(self) -> None:
        """Likewise."""


def connected(gateway: Gateway, count: int) -> list[StandInConnection]:
    """Returns connections to one door."""
    connect = protocol_for(gateway, asyncio.Event())
    return [StandInConnection(gateway, connect) for _ in range(count)]


def posting(body: bytes) -> bytes:
    """Returns a request that asks to decide."""
    return b"\r\n".join((
        b"POST /v1/decisions:decide HTTP/1.1", b"Host: 127.0.0.1", b"User-Agent: inside",
        b"Content-Type: application/json", b"Content-Length: %d" % len(body), b"", body,
    ))  # fmt: skip
