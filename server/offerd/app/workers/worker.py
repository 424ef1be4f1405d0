"""A process that answers, started by the one that writes: `python -m offerd.app.workers.worker`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import sys
import time
from typing import Final, NamedTuple

import structlog
import uvloop

from offerd.app.config import ServeConfig
from offerd.app.doors import Doors
from offerd.app.logging import set_up_logging
from offerd.app.process import dispatcher_for, settle, until_told_to_stop
from offerd.app.revisions import first_standing
from offerd.app.workers.forwarding import Forwarding, open_channel
from offerd.errors import ConfigurationError, OfferdError
from offerd.service.failures import LeftOut
from offerd.service.revisions import Revisions
from offerd.store.sharing import WorkerState

READY: Final = b"ready\n"
ALIVE: Final = b"\n"
"""What a worker tells its supervisor every second, as long as it goes on: its event loop turns,
and no call is stuck in what answers beside it."""

ALIVE_EVERY_S: Final = 1.0
STUCK_S: Final = 5.0
"""A call that needn't wait for anything and takes longer than this is stuck."""
LEAVE: Final = signal.SIGUSR1
"""Tells a worker to end because another does its work."""

LOST: Final = 70
"""The exit status of a worker whose supervisor has ended before it."""


class LogSettings(NamedTuple):
    """How a process logs: see set_up_logging."""

    level: str
    as_json: bool


class WorkerSettings(NamedTuple):
    """All that a worker needs to know, which it reads from its standard input.

    `writer` is the file descriptor of its channel to the process that writes, `listener` that of
    the socket of its gateway, None without one, and `forwarded_to` the path of the socket where the
    process that writes answers calls. The doors of `config` have ports already.
    `revision` is that of the bundle that all processes serve.
    """

    config: ServeConfig
    log: LogSettings
    writer: int
    forwarded_to: str
    number: int
    share: float
    revision: str
    listener: int | None = None


def main() -> None:
    """Answers until it is told to stop, or the process that writes ends."""
    settings: WorkerSettings = pickle.load(sys.stdin.buffer)  # noqa: S301 - of the same program
    log = set_up_logging(level=settings.log.level, as_json=settings.log.as_json)
    log = log.bind(worker=settings.number)
    try:
        uvloop.run(_answer(settings, log))
    except OfferdError as error:
        log.critical("a worker can't start", cause=str(error))
        sys.exit(1)


async def _answer(settings: WorkerSettings, log: structlog.typing.FilteringBoundLogger) -> None:
    config = settings.config
    told_to_stop = until_told_to_stop()
    succeeded = asyncio.Event()

    def leave() -> None:
        succeeded.set()
        told_to_stop.set()

    asyncio.get_running_loop().add_signal_handler(LEAVE, leave)
    standing, _ = first_standing(config, log)
    if standing.active.bundle.revision != settings.revision:
        raise ConfigurationError(
            f"`{config.bundle}` has revision `{standing.active.bundle.revision}` now, and "
            f"`{settings.revision}` is served: restart the service to serve another"
        )
    end = socket.socket(fileno=settings.writer)
    with WorkerState(
        config.state, end, standing.plans(), config.journal, _end_at_once, share=settings.share
    ) as state:
        state.journal.when_left_out = LeftOut(log).count
        revisions = Revisions(standing, state, log, time.time_ns)
        async with open_channel(settings.forwarded_to) as channel:
            dispatcher = dispatcher_for(revisions, log, Forwarding(channel))
            number = settings.listener
            listener = None if number is None else socket.socket(fileno=number)
            doors = Doors(config, dispatcher, log, shared=True, listener=listener)
            try:
                await doors.open()
                sys.stdout.buffer.write(READY)
                sys.stdout.buffer.flush()
                os.set_blocking(sys.stdout.fileno(), False)
                settle()
                _tell_alive(sys.stdout.fileno(), doors)
                await told_to_stop.wait()
            finally:
                await doors.close(drain=not succeeded.is_set())


def _tell_alive(supervisor: int, doors: Doors) -> None:
    if not doors.is_stuck(STUCK_S):
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(supervisor, ALIVE)
    asyncio.get_running_loop().call_later(ALIVE_EVERY_S, _tell_alive, supervisor, doors)


def _end_at_once() -> None:
    """Nothing can be acknowledged any more, and others are to have the addresses."""
    os._exit(LOST)


if __name__ == "__main__":
    main()
