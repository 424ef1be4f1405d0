"""The mapping file as plain values that remember where they are written."""

from __future__ import annotations

from pathlib import Path as FilePath

from offerd.definitions.findings import Findings
from offerd.definitions.place import Path, Place
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Plain, TreeOrigin, plain
from offerd.errors import DataError

__all__ = ["Document", "Path"]


class Document:
    """A YAML or JSON file. Raises DataError if it can't be read as one."""

    def __init__(self, file: FilePath) -> None:
        self.file = file
        text = Text(str(file), _content(file))
        findings = Findings()
        root = compose(text, findings) if text.source.strip() else None
        if findings.mistakes:
            raise DataError("\n".join(map(str, findings.mistakes)))
        self._origin = None if root is None else TreeOrigin(text, root)
        self.content: Plain = None if root is None else plain(root)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Returns where a value or its key stands, or the nearest value around it."""
        if self._origin is None:
            return Place(str(self.file), 1, 1)
        return self._origin.place(path, of_key=of_key)


def _content(file: FilePath) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise DataError(f"can't read `{file}`: {reason}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"`{file}` is not UTF-8: see byte {error.start}") from error
