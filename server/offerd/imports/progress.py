"""Telling people how far an import is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class ImportProgress(Protocol):
    """Is told of each part of an import as it goes."""

    def start(self, name: str, total: int) -> None:
        """A part begins that has `total` rows."""
        ...

    def advance(self, done: int) -> None:
        """So many rows of the part have been taken or refused up to now."""
        ...

    def finish(self) -> None:
        """The part is done."""
        ...


class Silent:
    """Tells nobody."""

    def start(self, name: str, total: int) -> None:
        """Does nothing."""

    def advance(self, done: int) -> None:
        """Does nothing."""

    def finish(self) -> None:
        """Does nothing."""


class Lines:
    """A line when a part begins and one when it ends, for logs and pipes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._name = ""
        self._done = 0

    def start(self, name: str, total: int) -> None:
        """Prints how many rows there are."""
        self._name = name
        self._done = 0
        print(f"importing {name}: {total:,} rows", file=self._stream, flush=True)

    def advance(self, done: int) -> None:
        """Remembers the count for the line at the end."""
        self._done = done

    def finish(self) -> None:
        """Prints how many rows were dealt with."""
        print(f"imported {self._name}: {self._done:,} rows", file=self._stream, flush=True)


class Bar:
    """A progress bar for each part, for terminals."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def start(self, name: str, total: int) -> None:
        """Adds a bar."""
        self._task = self._progress.add_task(name, total=total)

    def advance(self, done: int) -> None:
        """Moves the bar."""
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def finish(self) -> None:
        """Leaves the bar as it is."""
        self._task = None


@contextmanager
def shown_on(stream: IO[str]) -> Iterator[ImportProgress]:
    """Progress on a stream: bars if it is a terminal, plain lines if not."""
    if not stream.isatty():
        yield Lines(stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield Bar(progress)
