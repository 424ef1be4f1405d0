"""Files of profiles as records, one at a time: JSON Lines, or CSV with dotted column names."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from offerd.admission import kind_of
from offerd.errors import DataError
from offerd.simulation.mistakes import Mistake, PlacedMistake, ProfilesError

LINE_LIMIT_BYTES: Final = 1024 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Advance = Callable[[int], None]
"""Is told how many bytes of the file have been read."""

IsText = Callable[[str], bool]
"""Whether the cells of a column are text; None from the reader of others means JSON."""


class Line(NamedTuple):
    """One line: its number from 1, and its record or what is wrong with it."""

    number: int
    record: dict[str, Any]
    mistake: Mistake | None = None


def read_lines(path: Path, is_text: IsText, advance: Advance) -> Iterator[Line]:
    """Yields the lines of a file, CSV if its name ends so and JSON Lines otherwise.

    Empty lines are passed over. Cells of CSV are text where `is_text` says so of their column
    and JSON otherwise; empty ones are absent. Raises DataError if the file can't be read, and
    ProfilesError for a header that is wrong.
    """
    with _opened(path) as file:
        if path.suffix.lower() == ".csv":
            yield from _csv_lines(file, path, is_text, advance)
        else:
            yield from _json_lines(file, advance)


def sampled(lines: Iterable[Line], size: int, seed: int) -> list[Line]:
    """Returns so many lines chosen at random, each as likely as any other, in their order."""
    chooser = random.Random(seed)  # noqa: S311 - a sample, not a secret
    kept: list[Line] = []
    for place, line in enumerate(lines):
        if place < size:
            kept.append(line)
        elif (at := chooser.randrange(place + 1)) < size:
            kept[at] = line
    return sorted(kept, key=lambda line: line.number)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"`{path}` can't be read: {reason}") from error


def _json_lines(file: BinaryIO, advance: Advance) -> Iterator[Line]:
    decode = msgspec.json.Decoder().decode
    number = 0
    while text := file.readline(LINE_LIMIT_BYTES + 1):
        number += 1
        if len(text) > LINE_LIMIT_BYTES:
            while text and not text.endswith(b"\n"):
                text = file.readline(LINE_LIMIT_BYTES)
            message = f"more than {LINE_LIMIT_BYTES:,} bytes in one line"
            yield Line(number, {}, Mistake("", message))
            continue
        if number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        advance(file.tell())
        if text.strip():
            yield _json_line(number, text, decode)


def _json_line(number: int, text: bytes, decode: Callable[[bytes], Any]) -> Line:
    try:
        record = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"not valid JSON: {str(error).removeprefix('JSON is malformed: ').lower()}"
        return Line(number, {}, Mistake("", message))
    if not isinstance(record, dict):
        return Line(number, {}, Mistake("", f"{kind_of(record)}; expected an object"))
    return Line(number, record)


class _Counted(io.RawIOBase):
    """Bytes of a file that tell how far they were read."""

    def __init__(self, file: BinaryIO, advance: Advance) -> None:
        self._file = file
        self._advance = advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._advance(self._file.tell())
        return len(data)


def _csv_lines(file: BinaryIO, path: Path, is_text: IsText, advance: Advance) -> Iterator[Line]:
    text = io.TextIOWrapper(
        io.BufferedReader(_Counted(file, advance)), encoding="utf-8-sig", newline=""
    )
    reader = csv.reader(text, strict=True)
    decode = msgspec.json.Decoder().decode
    number = 1
    try:
        header = next(reader, [])
        textual = _checked_header(header, path, is_text)
        number = reader.line_num + 1
        for row in reader:
            started, number = number, reader.line_num + 1
            if not row:
                continue
            if len(row) != len(header):
                message = f"{len(row)} cells; expected {len(header)}, as the header has"
                yield Line(started, {}, Mistake("", message))
                continue
            yield Line(started, _record(header, row, textual, decode))
    except (csv.Error, UnicodeDecodeError) as error:
        message = "not UTF-8" if isinstance(error, UnicodeDecodeError) else f"not CSV: {error}"
        wrong = PlacedMistake(str(path), number, Mistake("", message))
        raise ProfilesError([wrong], 1) from error


def _checked_header(header: list[str], path: Path, is_text: IsText) -> list[bool]:
    """Returns which columns are text; raises ProfilesError for what is wrong with the header."""
    wrong: list[Mistake] = []
    textual: list[bool] = []
    for place, name in enumerate(header):
        if name in header[:place]:
            wrong.append(Mistake(name, "a column of this name is there already"))
        try:
            textual.append(is_text(name))
        except LookupError as error:
            wrong.append(Mistake(name, str(error.args[0])))
    if wrong:
        raise ProfilesError([PlacedMistake(str(path), 1, m) for m in wrong], len(wrong))
    return textual


def _record(
    header: list[str], row: list[str], textual: list[bool], decode: Callable[[str], Any]
) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, cell, is_text in zip(header, row, textual, strict=True):
        if cell == "":
            continue
        value: Any = cell
        if not is_text:
            try:
                value = decode(cell)
            except (msgspec.DecodeError, RecursionError):
                value = cell  # refused as what it is, with what is expected in its place
        part, dot, path = name.partition(".")
        if dot:
            record.setdefault(part, {})[path] = value
        else:
            record[part] = value
    return record
