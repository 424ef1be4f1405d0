"""Log lines written by a thread of their own, so that no request waits for the log.

Whoever logs hands over what a line says; the thread makes text of it and writes it, many lines at
a time. The queue is bounded: what comes while it is full is dropped, and how much that was is
told in a line. Errors don't go through it: they are written at once, after what waits.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TextIO

import structlog

from offerd.service.answer_log import Answered

MOST_LINES: Final = 10_000
"""So many lines wait at most."""
GATHER_S: Final = 0.05
"""How long lines gather before they are written together."""
_AT_ONCE: Final = 256
_AT_ONCE_LEVELS: Final = frozenset({"error", "critical", "exception", "fatal"})

Line = structlog.typing.EventDict | Answered
Render = Callable[[str, Line, int], str]
"""Returns the text of a line: its level, what it says, and when that was, in nanoseconds."""


class _Waiting(NamedTuple):
    level: str
    line: Line
    time_ns: int


class LogQueue:
    """The lines that wait, and the thread that writes them to a stream. For any thread."""

    def __init__(self, stream: TextIO, render: Render, most: int = MOST_LINES) -> None:
        self._stream = stream
        self._render = render
        self._most = most
        self._lines: deque[_Waiting] = deque()
        self._dropped = 0
        self._unwritten = 0
        self._news = threading.Event()
        # Making text of a line may itself log one.
        self._writing = threading.RLock()
        self._closing = False
        self._awake = False
        self._thread: threading.Thread | None = None
        atexit.register(self.close)

    def __call__(self, _logger: object, level: str, line: structlog.typing.EventDict) -> Any:
        """Takes a line, as the last of structlog's processors."""
        if level in _AT_ONCE_LEVELS or "exc_info" in line:
            self._write_now(level, line)
        else:
            self.put(level, line)
        raise structlog.DropEvent

    def put(self, level: str, line: Line) -> None:
        """Takes a line that may wait."""
        lines = self._lines
        if self._closing:
            self._write_now(level, line)
        elif len(lines) >= self._most:
            self._dropped += 1
        else:
            # As `_Waiting(...)`, which takes twice as long.
            lines.append(tuple.__new__(_Waiting, (level, line, time.time_ns())))
            # The thread looks for lines once more after it has said that it isn't awake.
            if not self._awake:
                self._awake = True
                self._wake()

    def flush(self) -> None:
        """Writes all that waits."""
        with self._writing:
            while self._lines:
                some = [self._lines.popleft() for _ in range(min(len(self._lines), _AT_ONCE))]
                self._write(some)
            dropped, self._dropped = self._dropped, 0
            self._unwritten += dropped
            if self._unwritten:
                line = {"event": "log lines dropped", "lines": self._unwritten}
                self._write([_Waiting("warning", line, time.time_ns())])
                self._unwritten = 0

    def close(self) -> None:
        """Writes all that waits; from now on lines are written at once. Safe to call twice."""
        self._closing = True
        self._news.set()
        self.flush()

    def _wake(self) -> None:
        if self._thread is None:
            self._start()
        self._news.set()

    def _write_now(self, level: str, line: Line) -> None:
        self.flush()
        with self._writing:
            self._write([_Waiting(level, line, time.time_ns())])

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="offerd-log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing:
            self._news.wait()
            time.sleep(GATHER_S)
            self._news.clear()
            self._awake = False
            try:
                self.flush()
            except (OSError, ValueError):
                # The stream takes nothing now, or is closed. Later lines may get through, and the
                # number of these with them.
                continue

    def _write(self, lines: list[_Waiting]) -> None:
        text = "".join([f"{self._text(one)}\n" for one in lines])
        self._unwritten += len(lines)
        self._stream.write(text)
        self._stream.flush()
        self._unwritten -= len(lines)

    def _text(self, one: _Waiting) -> str:
        try:
            return self._render(*one)
        except Exception as error:  # one line that can't be told must not end all others
            told = {
                "event": "a log line can't be written",
                "line": ascii(one.line),
                "why": str(error),
            }
            return self._render(one.level, told, one.time_ns)
