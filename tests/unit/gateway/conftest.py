"""A canned service and a gateway in front of it, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio
import httpx
import pytest

from offerd_gateway import AccessRecord, Gateway, GatewayServer, GatewaySettings, RemoteBackend
from unit.client.canned_service import CannedService, serving
from unit.client.certificates import Authority


@dataclass
class Door:
    """A running gateway: its port, a client for it, and what its log was told."""

    port: int
    http: httpx.AsyncClient
    server: GatewayServer
    records: list[AccessRecord] = field(default_factory=list)
    recorded: asyncio.Event = field(default_factory=asyncio.Event)


OpenDoor = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def service() -> Iterator[CannedService]:
    """A service without TLS."""
    with serving() as canned:
        yield canned


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that both ends of a test trust."""
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Authority(folder)


@asynccontextmanager
async def opened(target: str, settings: GatewaySettings | None = None) -> AsyncIterator[Door]:
    """Run a gateway in front of a service."""
    records: list[AccessRecord] = []
    recorded = asyncio.Event()

    def record(access: AccessRecord) -> None:
        records.append(access)
        recorded.set()

    async with grpc.aio.insecure_channel(target) as channel:
        gateway = Gateway(RemoteBackend(channel), settings, record)
        server = GatewayServer(gateway, "127.0.0.1", 0)
        port = await server.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                yield Door(port, http, server, records, recorded)
        finally:
            await server.stop(1.0)


@pytest.fixture
def open_door() -> OpenDoor:
    """Opens a gateway with settings of the test's own."""
    return opened


@pytest.fixture
async def door(service: CannedService) -> AsyncIterator[Door]:
    """A gateway with the default settings."""
    async with opened(service.target) as running:
        yield running
