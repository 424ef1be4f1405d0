"""The queue before the log: in order, bounded, and never holding up who logs."""

from __future__ import annotations

import io
import threading

import pytest
import structlog

from offerd.app.log_queue import LogQueue


class Slow(io.StringIO):
    """A stream that takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def write(self, text: str) -> int:
        self.open.wait()
        return super().write(text)


class Broken(io.StringIO):
    """A stream that takes nothing until it is mended."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = threading.Event()
        self.mended = False

    def write(self, text: str) -> int:
        if not self.mended:
            self.tried.set()
            raise BrokenPipeError
        return super().write(text)


def render(level: str, line: structlog.typing.EventDict, _time_ns: int) -> str:
    """Returns what a line says."""
    return f"{level} {line['event']} {line.get('lines', '')}".rstrip()


def put(queue: LogQueue, level: str, event: str) -> None:
    """Logs a line."""
    with pytest.raises(structlog.DropEvent):
        queue(None, level, {"event": event})


def test_lines_are_written_in_order() -> None:
    """All of them, at the latest when the queue is closed; afterwards at once."""
    stream = io.StringIO()
    queue = LogQueue(stream, render)
    for number in range(1_000):
        put(queue, "info", f"e{number}")
    queue.close()
    put(queue, "info", "last")
    assert stream.getvalue().splitlines() == [*(f"info e{n}" for n in range(1_000)), "info last"]


def test_an_error_is_written_at_once_after_what_waits() -> None:
    """So that it is there even if the process ends the next moment."""
    stream = io.StringIO()
    queue = LogQueue(stream, render)
    put(queue, "info", "before")
    put(queue, "error", "now")
    assert stream.getvalue() == "info before\nerror now\n"
    queue.close()


def test_what_comes_while_it_is_full_is_counted() -> None:
    """Who logs goes on; how many lines are missing is a line."""
    stream = Slow()
    queue = LogQueue(stream, render, most=10)
    for number in range(1_000):
        put(queue, "info", f"e{number}")
    stream.open.set()
    queue.close()
    *told, last = stream.getvalue().splitlines()
    assert last.startswith("warning log lines dropped ")
    assert len(told) + int(last.rpartition(" ")[2]) == 1_000
    assert told[:5] == [f"info e{number}" for number in range(5)]


def test_a_stream_that_fails_for_a_while_loses_only_what_came_meanwhile() -> None:
    """What is logged later is written, with how many lines are missing."""
    stream = Broken()
    queue = LogQueue(stream, render)
    put(queue, "info", "lost")
    assert stream.tried.wait(60)
    stream.mended = True
    put(queue, "info", "kept")
    queue.close()
    assert stream.getvalue() == "info kept\nwarning log lines dropped 1\n"


def test_a_line_that_cannot_be_told_ends_no_others() -> None:
    """It is told as far as it can be."""

    def picky(level: str, line: structlog.typing.EventDict, time_ns: int) -> str:
        line["event"].encode()
        return render(level, line, time_ns)

    stream = io.StringIO()
    queue = LogQueue(stream, picky)
    for event in ("before", "\ud800", "after"):
        put(queue, "info", event)
    queue.close()
    before, told, after = stream.getvalue().splitlines()
    assert (before, after) == ("info before", "info after")
    assert told == "info a log line can't be written"
