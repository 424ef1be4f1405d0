"""Lines of a file that is too long to be held at once, and where they begin."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from pathlib import Path
from typing import BinaryIO

from offerd.definitions.findings import Findings
from offerd.definitions.place import Place

_MARK = b"\xef\xbb\xbf"


class LineStarts:
    """Which line of a file a byte is in; the file is read once, when that is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: array[int] | None = None

    def line(self, offset: int) -> tuple[int, int]:
        """The number of the line of a byte, from 1, and the offset at which that begins."""
        if self._starts is None:
            self._starts = array("Q", [0])
            at = 0
            with self._path.open("rb") as stream:
                for line in stream:
                    at += len(line)
                    if line.endswith(b"\n"):
                        self._starts.append(at)
        number = bisect_right(self._starts, offset)
        return number, self._starts[number - 1]


class ByteLines:
    """Lines as text with their ends, from where a file is read to its end, or to bad UTF-8.

    `number` is how many there were so far.
    """

    def __init__(self, stream: BinaryIO, file: str, findings: Findings) -> None:
        self._stream = stream
        self._file = file
        self._findings = findings
        self._taken: list[str] = []
        self._offset = stream.tell()
        self._begun = self._offset
        self.offset_of_taken = self._offset
        self.number = 0

    def __iter__(self) -> ByteLines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline()
        if not line:
            raise StopIteration
        if not self._offset and line.startswith(_MARK):
            line = line.removeprefix(_MARK)
            self._offset = self._begun = len(_MARK)
        self.number += 1
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            self._report(line, error)
            raise StopIteration from None
        self._offset += len(line)
        self._taken.append(text)
        return text

    def taken(self) -> str:
        """All lines since the last call, joined; `offset_of_taken` says where they begin."""
        joined = "".join(self._taken)
        self._taken.clear()
        self.offset_of_taken, self._begun = self._begun, self._offset
        return joined

    def _report(self, line: bytes, error: UnicodeDecodeError) -> None:
        column = len(line[: error.start].decode("utf-8")) + 1
        message = f"not UTF-8: found the byte 0x{line[error.start]:02X}: save the file as UTF-8"
        self._findings.mistake(Place(self._file, self.number, column), message)
        self._findings.lose(line.decode("utf-8", errors="replace"))
