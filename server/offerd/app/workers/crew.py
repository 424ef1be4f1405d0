"""The worker processes: started, watched, replaced when they die or hang, renewed, and stopped."""

from __future__ import annotations

import asyncio
import pickle
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO, Final, ParamSpec, TypeVar, cast

import structlog

from offerd.app.workers.worker import LEAVE, READY, WorkerSettings
from offerd.errors import ConfigurationError
from offerd.store.sharing import WriterDoor

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
"""How soon a worker that died is replaced; doubled each time one dies before it is ready."""

LONGEST_PAUSE_S: Final = 10.0
WEDGED_S: Final = 10.0
"""A worker that hasn't said for so long that it lives is killed; it says so every second."""

_AT_ONCE: Final = 4_096
_KILL_AFTER_S: Final = 10.0
"""How long beyond the grace a worker may take to stop."""


class Crew:
    """So many workers. `settings` are those of each, but for its number and its sockets.

    `listen` gives what the gateway of one listens on. A worker that is renewed leaves it to its
    successor, with the connections that wait there; that of one that died ends with it, so that
    nobody waits where nobody comes.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        count: int,
        door: WriterDoor,
        listen: Callable[[], socket.socket | None],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._settings = settings
        self._listen = listen
        self._listeners: dict[int, socket.socket | None] = {}
        self._count = count
        self._door = door
        self._log = log
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._stopping = False
        self._renewing = asyncio.Lock()
        # Of its own: the usual one has few threads, and each worker keeps one waiting.
        self._threads = ThreadPoolExecutor(2 * count + 2, "offerd-crew")

    async def start(self) -> None:
        """Returns once all workers answer; raises ConfigurationError if one can't."""
        started = await asyncio.gather(
            *(self._threaded(self._start, n) for n in range(self._count))
        )
        if not all(started):
            raise ConfigurationError("a worker couldn't start; the log says why")
        self._watching = [asyncio.create_task(self._keep(n)) for n in range(self._count)]

    async def stop(self) -> None:
        """Has all workers finish what is in flight, and returns when they have ended."""
        self._stopping = True
        for task in self._watching:
            task.cancel()
        for number in range(self._count):
            self._end_listening(number)
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        grace_s = self._settings.config.grace_s + _KILL_AFTER_S
        ends = [self._threaded(_ended, one, grace_s) for one in self._processes.values()]
        await asyncio.gather(*ends)
        self._threads.shutdown()

    async def renew(self) -> None:
        """Replaces the workers one after the other, each once its successor answers.

        If one can't be started, the workers that are left go on.
        """
        async with self._renewing:
            for number in range(self._count):
                if self._stopping:
                    return
                before = self._processes[number]
                self._watching[number].cancel()
                if not await self._threaded(self._try_start, number):
                    self._log.error("workers aren't renewed", worker=number)
                    if before.poll() is None:
                        self._processes[number] = before
                self._watching[number] = asyncio.create_task(self._keep(number))
                if self._processes[number] is before:
                    return
                before.send_signal(LEAVE)
                await self._threaded(_ended, before, self._settings.config.grace_s + _KILL_AFTER_S)
            self._log.info("workers renewed", workers=self._count)

    def _start(self, number: int) -> bool:
        """Starts a worker; returns whether it answers."""
        if number not in self._listeners:
            self._listeners[number] = self._listen()
        here, there = socket.socketpair()
        listener = self._listeners[number]
        passed = [there] if listener is None else [there, listener]
        with there:
            settings = self._settings._replace(
                number=number,
                writer=there.fileno(),
                listener=None if listener is None else listener.fileno(),
            )
            # A new program rather than a fork: neither LMDB nor gRPC survives one. In a session
            # of its own, so that an interrupt from the terminal comes to this process only.
            process = subprocess.Popen(
                [sys.executable, "-m", "offerd.app.workers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[one.fileno() for one in passed],
                start_new_session=True,
            )
        self._processes[number] = process
        self._door.connect(here)
        return _instructed(process, settings)

    async def _keep(self, number: int) -> None:
        """Replaces a worker whenever it dies."""
        pause_s = FIRST_PAUSE_S
        while True:
            process = self._processes[number]
            if await self._threaded(_wedged, process) and not self._stopping:
                self._log.error("worker hangs", worker=number, silent_s=WEDGED_S)
                process.kill()
            status = await self._threaded(process.wait)
            if self._stopping:
                return
            self._end_listening(number)
            self._log.error("worker died", worker=number, status=status, replaced_in_s=pause_s)
            answers = False
            while self._processes[number] is process:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                answers = await self._threaded(self._try_start, number)
            if answers:
                pause_s = FIRST_PAUSE_S

    def _try_start(self, number: int) -> bool:
        """As `_start`; says so if there isn't even a process, for want of a socket or of room."""
        try:
            return self._start(number)
        except (ConfigurationError, OSError) as error:
            self._log.error("a worker can't be started", worker=number, cause=str(error))
            return False

    def _end_listening(self, number: int) -> None:
        listener = self._listeners.pop(number, None)
        if listener is not None:
            listener.close()

    def _threaded(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, partial(work, *args, **kwargs))


def _instructed(process: subprocess.Popen[bytes], settings: WorkerSettings) -> bool:
    """Gives a worker its settings, and waits until it answers or has ended."""
    try:
        with cast(IO[bytes], process.stdin) as told:
            told.write(pickle.dumps(settings))
    except BrokenPipeError:
        return False
    return cast(IO[bytes], process.stdout).readline() == READY


def _wedged(process: subprocess.Popen[bytes]) -> bool:
    """Waits until a worker has ended, or hasn't said for too long that it lives."""
    with cast(IO[bytes], process.stdout) as said:
        while True:
            ready, _, _ = select.select([said], [], [], WEDGED_S)
            if not ready:
                return True
            if not said.read1(_AT_ONCE):  # type: ignore[attr-defined] # it is a buffered reader
                return False


def _ended(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
