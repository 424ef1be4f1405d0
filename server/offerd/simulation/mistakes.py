"""What is wrong with a file of profiles, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from offerd.errors import DataError

SHOWN: Final = 100
"""So many mistakes are told one by one; the rest are counted."""


class Mistake(NamedTuple):
    """A value that isn't what is declared: its path within the line, and what is wrong."""

    path: str
    message: str


class PlacedMistake(NamedTuple):
    """A mistake with the number of its line, from 1; a record of CSV counts where it begins."""

    file: str
    line: int
    mistake: Mistake

    def __str__(self) -> str:
        path = f" {self.mistake.path}:" if self.mistake.path else ""
        return f"{self.file}:{self.line}:{path} {self.mistake.message}"


class ProfilesError(DataError):
    """A file of profiles has mistakes. `mistakes` are the first of them, `count` is of all."""

    def __init__(self, mistakes: Sequence[PlacedMistake], count: int) -> None:
        self.mistakes = tuple(mistakes)
        self.count = count
        lines = [str(mistake) for mistake in mistakes]
        if count > len(lines):
            lines.append(f"and {count - len(lines):,} more")
        super().__init__("\n".join(lines))


class Mistakes:
    """Gathers mistakes while a file is read."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._kept: list[PlacedMistake] = []
        self.count = 0

    def add(self, line: int, mistake: Mistake) -> None:
        """Takes one more."""
        self.count += 1
        if len(self._kept) < SHOWN:
            self._kept.append(PlacedMistake(self._file, line, mistake))

    def verify(self) -> None:
        """Raises ProfilesError if there was any."""
        if self.count:
            raise ProfilesError(self._kept, self.count)
