"""Where a part of a definition is written."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""From a definition to a part of it: keys of mappings, numbers of list items."""


class Place(NamedTuple):
    """A point in a file; `subject` names the part where line and column alone say too little."""

    file: str
    line: int
    column: int
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Origin(Protocol):
    """What a definition was read from.

    Places are worked out only when there is something to say, so that a folder without
    mistakes costs nothing for them.
    """

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value at the path, or of its key; of the nearest part that exists."""
        ...

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the character at an offset in the text that is the value at the path."""
        ...
