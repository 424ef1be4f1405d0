"""A gateway without sockets: what its connections are told, and what they write."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from offerd_gateway import AccessRecord, Gateway
from offerd_gateway.protocol import GatewayProtocol, protocol_for
from unit.gateway.calling import comparable
from unit.gateway.test_at_once_door import SETTINGS, Service


class Wire(asyncio.Transport):
    """What a connection takes for its transport; tells what was written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        assert not self.is_closed
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Nobody reads."""

    def pause_reading(self) -> None:
        """What comes is told all the same."""

    def resume_reading(self) -> None:
        """Likewise."""


class Door:
    """The connections of a gateway, without sockets."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.told: list[AccessRecord] = []
        self.state = ServerState()
        gateway = Gateway(service, SETTINGS, self.told.append)
        self._config = uvicorn.Config(gateway, lifespan="off", log_config=None)
        self._config.load()
        self._connect = protocol_for(gateway, asyncio.Event())
        self.connections: list[tuple[GatewayProtocol, Wire]] = []

    def open(self) -> None:
        connection = self._connect(config=self._config, server_state=self.state, app_state={})
        wire = Wire()
        connection.connection_made(wire)
        self.connections.append((connection, wire))

    def close(self) -> None:
        for connection, wire in self.connections:
            wire.close()
            connection.connection_lost(None)

    def seen(self) -> tuple[object, ...]:
        """Returns all that is to be the same."""
        return (
            [b"".join(wire.written) for _, wire in self.connections],
            [wire.is_closed for _, wire in self.connections],
            sorted(repr(comparable(told)) for told in self.told),
            sorted(repr(request) for request in self.service.asked),
            self.service.awaited,
            self.state.total_requests,
        )
