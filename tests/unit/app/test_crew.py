"""Workers that can't be started at once are started later."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from offerd.app.config import Address, ServeConfig
from offerd.app.workers import crew as module
from offerd.app.workers.crew import Crew
from offerd.app.workers.worker import LogSettings, WorkerSettings
from offerd.errors import ConfigurationError
from offerd.store.sharing import WriterDoor

WORKER = "import sys, time; sys.stdin.buffer.read(); print('ready', flush=True); time.sleep(600)"


class Door:
    """A door to the writer, behind which nobody is; `again` is called at the second worker."""

    def __init__(self, again: Callable[[], object]) -> None:
        self._again = again
        self._connected = 0

    def connect(self, here: socket.socket) -> None:
        """Hangs up."""
        here.close()
        self._connected += 1
        if self._connected == 2:
            self._again()


async def test_a_worker_for_which_there_is_no_socket_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It isn't given up: what there is too little of may come back."""
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    started: list[subprocess.Popen[bytes]] = []
    replaced = asyncio.Event()
    loop = asyncio.get_running_loop()
    door = Door(lambda: loop.call_soon_threadsafe(replaced.set))
    popen = subprocess.Popen

    def start(_: list[str], **given: Any) -> subprocess.Popen[bytes]:
        started.append(popen([sys.executable, "-c", WORKER], **given))
        return started[-1]

    monkeypatch.setattr(module.subprocess, "Popen", start)
    asked = 0

    def listen() -> None:
        nonlocal asked
        asked += 1
        if 1 < asked < 4:
            raise ConfigurationError("too many open files")

    address = Address("127.0.0.1", 0)
    config = ServeConfig(
        *(Path("bundle"), (), Path("state"), address, None, None),
        insecure_listen=False,
        cors_origins=(),
        relaxed_durability=False,
    )
    settings = WorkerSettings(config, LogSettings("info", True), 0, "", 0, 1.0, "")
    logged = structlog.testing.CapturingLogger()
    log = structlog.wrap_logger(logged, processors=[])
    crew = Crew(settings, 1, cast(WriterDoor, door), listen, log)
    await crew.start()
    started[0].kill()
    await replaced.wait()
    assert asked == 4
    told = [call.kwargs["event"] for call in logged.calls]
    assert told == ["worker died", "a worker can't be started", "a worker can't be started"]
    await crew.stop()
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
