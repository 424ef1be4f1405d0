"""Places in CSV, row by row: a file of a million rows is never in memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any, Final

from offerd.definitions.documents.places import PlaceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.shape import shape
from offerd.definitions.place import Path, Place
from offerd.definitions.placing.collector import PlaceCollector
from offerd.definitions.reading.byte_lines import ByteLines, LineStarts
from offerd.definitions.reading.csv_rows import Header, Row, report_repeated_columns
from offerd.definitions.reading.folders import SourceFile
from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar
from offerd.definitions.wording import hint, listed, quoted, with_backticks

REQUIRED: Final = ("id", "library", "latitude", "longitude", "radius_m")
_TELLING = ("latitude", "longitude", "radius_m")
_METADATA = "metadata."
_TEXTS = ("id", "library", "name", "category", "parent", "description", "ttl")
_NUMBERS = ("latitude", "longitude", "radius_m", "approach_m")
_LISTS = ("labels", "dwell")
COLUMNS: Final = (*_TEXTS, *_NUMBERS, *_LISTS)
_CIRCLE = ("latitude", "longitude", "radius_m")

Fill = Callable[[dict[str, Any], str], None]
"""Puts what a cell says into a place; the cell isn't empty."""


def is_of_places(columns: list[str]) -> bool:
    """Whether a file with these columns is one of places, rather than of offers or scores."""
    return not set(_TELLING).isdisjoint(columns)


class PlaceSheet:
    """A file of CSV whose rows are places."""

    def __init__(self, file: SourceFile, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._line_starts = LineStarts(file.path)
        self._header = Header(file.name, "", [])
        self._fills: dict[str, Fill] = {}
        self._paths: dict[Path, str] = {}

    def read(self, collector: PlaceCollector) -> None:
        """Adds the place of every row; what is wrong is reported."""
        with self._file.path.open("rb") as stream:
            lines = ByteLines(stream, self._file.name, self._findings)
            rows = self._rows(lines)
            if next(rows, None) is None or not self._has_columns():
                return
            for row in rows:
                self._add(row, lines.offset_of_taken, collector)

    def origin(self, number: int, offset: int) -> Row:
        """The row of a number, read again from where it begins."""
        with self._file.path.open("rb") as stream:
            stream.seek(offset)
            first_line, _ = self._line_starts.line(offset)
            lines = ByteLines(stream, self._file.name, self._findings)
            cells = next(csv.reader(lines, strict=True))
            row = Row(self._header, number, first_line, lines.taken(), self._paths)
        row.cells = dict(zip(self._header.columns, cells, strict=True))
        return row

    def _rows(self, lines: ByteLines) -> Iterator[Row]:
        """Yields the header, whose cells are in `_header`, and the rows of its length."""
        reader = csv.reader(lines, strict=True)
        number = 0
        while True:
            first_line = lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                place = Place(self._file.name, first_line, 1, f"row {number + 1}")
                self._findings.mistake(place, f"not valid CSV: {with_backticks(str(error))}")
                self._findings.lose(lines.taken())
                return
            if cells is None:
                return
            number += 1
            source = lines.taken()
            if not cells:
                continue
            if not self._header.columns:
                columns = [cell.strip() for cell in cells]
                self._header = Header(self._file.name, source, columns)
                report_repeated_columns(self._header, self._findings)
                yield Row(self._header, number, first_line, source)
                continue
            row = Row(self._header, number, first_line, source, self._paths)
            if len(cells) == len(self._header.columns):
                row.cells = dict(zip(self._header.columns, cells, strict=True))
                yield row
            else:
                expected = f"expected {len(self._header.columns)} cells as in the header"
                self._findings.mistake(row.place(()), f"{expected}: found {len(cells)}")
                for cell in cells:
                    self._findings.lose(cell)

    def _has_columns(self) -> bool:
        header = self._header
        missing = [column for column in REQUIRED if column not in header.columns]
        if missing:
            message = f"a file of places has the columns {listed(REQUIRED)}"
            self._findings.mistake(header.place(0), f"{message}: {listed(missing)} missing")
        for number, column in enumerate(header.columns):
            fill = self._fill(column)
            if fill is None:
                expected = f": expected {listed(COLUMNS, most=20)}, or `metadata.<name>`"
                message = f"unknown column {quoted(column)}{hint(column, COLUMNS) or expected}"
                self._findings.mistake(header.place(number), message)
            else:
                self._fills[column] = fill
        return not missing

    def _fill(self, column: str) -> Fill | None:
        path: Path = (column,)
        fill: Fill | None = None
        if column.startswith(_METADATA) and column != _METADATA:
            name = column.removeprefix(_METADATA)
            path, fill = ("metadata", name), _metadata(name)
        elif column in _CIRCLE:
            path, fill = ("circle", column), _of_circle(column)
        elif column in _NUMBERS:
            fill = _number(column)
        elif column in _LISTS:
            fill = _list(column)
        elif column in _TEXTS:
            fill = _text(column)
        if fill is not None:
            self._paths[path] = column
        return fill

    def _add(self, row: Row, offset: int, collector: PlaceCollector) -> None:
        data: dict[str, Any] = {"circle": {}}
        cells = row.cells
        for column, fill in self._fills.items():
            cell = cells[column]
            if not cell:
                continue
            try:
                fill(data, cell)
            except ScalarProblem as problem:
                self._findings.mistake(row.cell_place(column), str(problem), spoils=True)
                fill(data, "1")
        entry = shape(PlaceDocument, data, row, self._findings)
        if entry is not None:
            collector.add_bulk(entry, self, row.number, offset)
        else:
            self._findings.excuse(cells["id"])


def _text(column: str) -> Fill:
    def fill(data: dict[str, Any], cell: str) -> None:
        data[column] = cell

    return fill


def _number(column: str) -> Fill:
    def fill(data: dict[str, Any], cell: str) -> None:
        data[column] = plain_scalar(cell.strip())

    return fill


def _of_circle(column: str) -> Fill:
    def fill(data: dict[str, Any], cell: str) -> None:
        data["circle"][column] = plain_scalar(cell.strip())

    return fill


def _list(column: str) -> Fill:
    def fill(data: dict[str, Any], cell: str) -> None:
        data[column] = [part.strip() for part in cell.split(";") if part.strip()]

    return fill


def _metadata(name: str) -> Fill:
    def fill(data: dict[str, Any], cell: str) -> None:
        data.setdefault("metadata", {})[name] = cell

    return fill
