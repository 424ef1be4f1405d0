"""One mistake or warning about definitions, and where it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """What is wrong at a place; issues sort by file, line, column.

    `file` is the path within the given folder, the folder's name first; `line` and `column`
    start at 1 and count characters.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"
