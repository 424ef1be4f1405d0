"""Telling people how far a compilation is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from offerd.model.progress import UNTOLD, Progress

EVERY_S: Final = 10.0
"""Where there is no terminal, a line is written so often at most."""

_AT_ONCE: Final = 64


class Counting(ABC):
    """Counts, and tells of it every so often at most."""

    def __init__(self) -> None:
        self._stage = ""
        self._total: int | None = None
        self._done = 0

    def begin(self, stage: str, total: int | None) -> None:
        """Starts to count anew."""
        self._end()
        self._stage, self._total, self._done = stage, total, 0
        self._begun()

    def advance(self) -> None:
        """Counts one."""
        self._done += 1
        if not self._done % _AT_ONCE:
            self._tell()

    @abstractmethod
    def _begun(self) -> None: ...

    @abstractmethod
    def _tell(self) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...


class Lines(Counting):
    """Lines for logs and pipes; none if all is done before the first is due."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._due_s = time.monotonic() + EVERY_S

    def _begun(self) -> None:
        if self._total != 0:
            self._tell()

    def _tell(self) -> None:
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + EVERY_S
            of = "" if self._total is None else f" of {self._total:,}"
            print(f"{self._stage}: {self._done:,}{of}", file=self._stream, flush=True)

    def _end(self) -> None:
        pass


class Shown(Counting):
    """A bar for each stage."""

    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars

    def _begun(self) -> None:
        self._task = self._bars.add_task(self._stage, total=self._total)

    def _tell(self) -> None:
        self._bars.update(self._task, completed=self._done)

    def _end(self) -> None:
        if self._stage:
            total = self._done if self._total is None else self._total
            self._bars.update(self._task, completed=total, total=total)

    def end(self) -> None:
        """The last stage is done."""
        self._end()


@contextmanager
def shown_on(stream: IO[str], *, quiet: bool) -> Iterator[Progress]:
    """Progress on a stream: bars if it is a terminal, which go when all is done; else lines."""
    if quiet:
        yield UNTOLD
    elif not stream.isatty():
        yield Lines(stream)
    else:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        console = Console(file=stream)
        with Bars(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
            shown = Shown(bars)
            yield shown
            shown.end()
