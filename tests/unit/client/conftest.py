"""A canned service, and the two clients as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from offerd_client import AsyncClient, Client, ClientSettings
from unit.client.canned_service import CannedService, serving
from unit.client.certificates import Authority


class Asked:
    """Either client, its methods awaitable."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if isinstance(self._client, AsyncClient):
            return method

        async def call(*arguments: Any, **named: Any) -> Any:
            return await asyncio.to_thread(method, *arguments, **named)

        return call


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


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Opens a client of either kind."""

    @asynccontextmanager
    async def opened(target: str, **settings: Any) -> AsyncIterator[Asked]:
        settings.setdefault("decide_timeout_s", 10.0)
        if request.param == "sync":
            with Client(target, ClientSettings(**settings)) as client:
                yield Asked(client)
        else:
            async with AsyncClient(target, ClientSettings(**settings)) as client:
                yield Asked(client)

    return opened
