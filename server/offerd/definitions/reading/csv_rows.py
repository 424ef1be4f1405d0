"""CSV: rows of named cells, and where each cell is."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path as FilePath
from typing import NamedTuple

from offerd.definitions.findings import Findings
from offerd.definitions.place import Path, Place
from offerd.definitions.reading.text import Text
from offerd.definitions.wording import quoted, with_backticks

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CELL = re.compile(r'"((?:[^"]|"")*)"|([^,\r\n]*)')
_LONGEST_HEADER = 1 << 20
csv.field_size_limit(2**31 - 1)


class Header:
    """The first row: the names of the columns."""

    __slots__ = ("_source", "columns", "file")

    def __init__(self, file: str, source: str, columns: list[str]) -> None:
        self.file = file
        self.columns = columns
        self._source = source

    def place(self, number: int) -> Place:
        """The place of the name of a column, columns numbered from 0."""
        return Text(self.file, self._source).place(_start_of_cell(self._source, number))


class Sheet(NamedTuple):
    """A file of CSV: its header and the rows below it."""

    header: Header
    rows: list[Row]


class Row:
    """One row: its number (the header is row 1), its cells by column, what it looks like."""

    __slots__ = ("_first_line", "_paths", "_source", "cells", "header", "number")

    def __init__(
        self,
        header: Header,
        number: int,
        first_line: int,
        source: str,
        paths: dict[Path, str] | None = None,
    ) -> None:
        self.header = header
        self.number = number
        self.cells: dict[str, str] = {}
        self._source = source
        self._first_line = first_line
        # Given where the same columns make the same parts of every row.
        self._paths: dict[Path, str] = {} if paths is None else paths

    def bind(self, path: Path, column: str) -> None:
        """Says that the part of the definition at the path was made of a column's cell."""
        self._paths[path] = column

    def cell_place(self, column: str, offset: int = 0) -> Place:
        """The place of a character of a cell's text."""
        index = _start_of_cell(self._source, self.header.columns.index(column))
        if self._source[index : index + 1] == '"':
            # Quotes inside are doubled.
            index += 1 + self.cells[column][:offset].count('"')
        text = Text(self.header.file, self._source, first_line=self._first_line)
        place = text.place(index + offset)
        return place._replace(subject=f"row {self.number}, column `{column}`")

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the cell that the part at the path was made of, or else of the row."""
        for length in range(len(path), 0, -1):
            column = self._paths.get(path[:length])
            if column is not None:
                return self.cell_place(column)
        return Place(self.header.file, self._first_line, 1, f"row {self.number}")

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the character at an offset in the text of a cell."""
        column = self._paths.get(path)
        return self.place(path) if column is None else self.cell_place(column, offset)


def _start_of_cell(source: str, number: int) -> int:
    index = 0
    for _ in range(number):
        found = _CELL.match(source, index)
        index = found.end() + 1 if found else index
    return index


def read_sheet(text: Text, findings: Findings) -> Sheet | None:
    """The header and its rows; rows of the wrong length and repeated columns are reported.

    Empty lines are passed over, before the header, too.
    """
    lines = _Lines(text.original)
    reader = csv.reader(lines, strict=True)
    sheet: Sheet | None = None
    number = 0
    while True:
        first_line = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            place = Place(text.file, first_line, 1, f"row {number + 1}")
            findings.mistake(place, f"not valid CSV: {with_backticks(str(error))}")
            findings.lose(text.original)
            return sheet
        if cells is None:
            return sheet
        number += 1
        source = lines.taken()
        if sheet is None and cells:
            sheet = Sheet(Header(text.file, source, [cell.strip() for cell in cells]), [])
            report_repeated_columns(sheet.header, findings)
        elif sheet is not None and cells:
            _add_row(sheet, Row(sheet.header, number, first_line, source), cells, findings)


def columns_of(path: FilePath) -> list[str]:
    """The names of a file's columns, [] if its first row can't be read."""
    with path.open("rb") as stream:
        for line in iter(partial(stream.readline, _LONGEST_HEADER), b""):
            text = line.decode("utf-8", errors="replace").removeprefix("\ufeff").strip()
            if text:
                try:
                    return [cell.strip() for cell in next(csv.reader([text]))]
                except csv.Error:
                    break
    return []


def _add_row(sheet: Sheet, row: Row, cells: list[str], findings: Findings) -> None:
    columns = sheet.header.columns
    if len(cells) == len(columns):
        row.cells = dict(zip(columns, cells, strict=True))
        sheet.rows.append(row)
        return
    expected = f"expected {len(columns)} cells as in the header"
    findings.mistake(row.place(()), f"{expected}: found {len(cells)}")
    for cell in cells:
        findings.lose(cell)


def report_repeated_columns(header: Header, findings: Findings) -> None:
    """Reports columns of one name."""
    for number, column in enumerate(header.columns):
        if column in header.columns[:number]:
            message = f"the column {quoted(column)} is there twice"
            findings.mistake(header.place(number), message)


class _Lines:
    """Lines with their ends, remembering those of the current row."""

    def __init__(self, source: str) -> None:
        self._lines: Iterator[str] = iter(_LINE.findall(source))
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        self.number += 1
        return line

    def taken(self) -> str:
        """All lines since the last call, joined."""
        joined = "".join(self._taken)
        self._taken.clear()
        return joined
