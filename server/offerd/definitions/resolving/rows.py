"""Rows of CSV to offers: what a cell means depends on the column and on what is declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from offerd.definitions.documents import OfferDocument, PlacementDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.gathering.shape import shape
from offerd.definitions.languages import not_a_language, usual_spelling
from offerd.definitions.place import Place
from offerd.definitions.reading.csv_rows import Header, Row, Sheet
from offerd.definitions.reading.json_values import decode_json, json_problem
from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar
from offerd.definitions.resolving.declaring import OFFER_ATTRIBUTE
from offerd.definitions.resolving.names import Names, Table
from offerd.definitions.resolving.score_sheets import COLUMNS as SCORE_COLUMNS
from offerd.definitions.wording import hint, listed, quoted
from offerd.model.content import ContentType
from offerd.model.schema import Schema, ValueType

COLUMNS = ("id", "name", "priority", "start", "end", "tags", "eligibility", "status")
_ATTRIBUTES, _CONTENT = "attributes.", "content."
_TEXT = (ValueType.STRING, ValueType.TIMESTAMP)
_LISTS = {ValueType.LIST_STRING, ValueType.LIST_INT, ValueType.LIST_DOUBLE}

_WRITTEN_AS_JSON = (ContentType.JSON, ContentType.KEY_VALUE, ContentType.IMAGE_LINK)

Fill = Callable[[dict[str, Any], Row, str], None]
"""Puts what a column's cell says into an offer; the cell isn't empty."""


class RowReader:
    """Turns rows into offers."""

    def __init__(
        self, schema: Schema, placements: Table[PlacementDocument], findings: Findings
    ) -> None:
        self._types = {attribute.path: attribute.type for attribute in schema.offer}
        self._attributes = Names(OFFER_ATTRIBUTE, self._types, findings)
        self._placements = placements
        self._findings = findings

    def read(self, sheets: Iterable[Sheet]) -> list[Entry[OfferDocument]]:
        """The offers of all rows that have the right shape."""
        entries: list[Entry[OfferDocument] | None] = []
        for sheet in sheets:
            fills = self._fills(sheet.header)
            if fills is not None:
                entries.extend(self._entry(row, fills) for row in sheet.rows)
        return [entry for entry in entries if entry is not None]

    def _fills(self, header: Header) -> dict[str, Fill] | None:
        """What to do with the cells of each column; None if the file isn't one of offers."""
        if "id" not in header.columns:
            found = listed(header.columns, most=9)
            advice = ": separate cells by commas" if ";" in header.columns[0] else ""
            if sorted(header.columns) == sorted(SCORE_COLUMNS):
                advice = ": scores are named as the `file` of a table of scores"
            message = f"there is no column `id`: found {found}{advice}"
            self._findings.mistake(header.place(0), message)
            return None
        fills = {}
        for number, column in enumerate(header.columns):
            fill = self._fill(column, header.place(number))
            if fill is not None:
                fills[column] = fill
        return fills

    def _entry(self, row: Row, fills: Mapping[str, Fill]) -> Entry[OfferDocument] | None:
        data: dict[str, Any] = {"representations": []}
        sound = len(fills) == len(row.cells)
        for column, fill in fills.items():
            if not row.cells[column]:
                continue
            try:
                fill(data, row, column)
            except ScalarProblem as problem:
                self._findings.mistake(row.cell_place(column), str(problem))
                sound = False
        if data["representations"]:
            entry = shape(OfferDocument, data, row, self._findings)
            if not sound:
                self._findings.doubt(row.cells["id"])
            return entry
        if sound:
            self._findings.mistake(row.place(()), "no column `content.<placement>` has content")
        self._findings.excuse(row.cells["id"])
        return None

    def _fill(self, column: str, place: Place) -> Fill | None:
        if column in COLUMNS:
            return _FILLS[column]
        if column.startswith(_ATTRIBUTES):
            return self._attribute_fill(column.removeprefix(_ATTRIBUTES), place)
        if column.startswith(_CONTENT):
            return self._content_fill(column.removeprefix(_CONTENT), place)
        advice = hint(column, COLUMNS) or _EXPECTED_COLUMNS
        self._findings.mistake(place, f"unknown column {quoted(column)}{advice}")
        return None

    def _attribute_fill(self, name: str, place: Place) -> Fill | None:
        kind = self._types.get(name)
        if kind is None:
            self._attributes.check(name, place)
            return None

        def fill(data: dict[str, Any], row: Row, column: str) -> None:
            row.bind(("attributes", name), column)
            data.setdefault("attributes", {})[name] = _attribute(kind, row.cells[column])

        return fill

    def _content_fill(self, name: str, place: Place) -> Fill | None:
        # Ids may have dots: what follows the last one is a language if what is before it exists.
        placement, dot, language = name.rpartition(".")
        if not dot or name in self._placements:
            placement, language = name, ""
        document = self._placements.get(placement)
        if document is None:
            self._placements.names.check(placement, place)
            return None
        if dot and language and usual_spelling(language) is None:
            self._findings.mistake(place, not_a_language(language))
            return None
        kind = document.content_type

        def fill(data: dict[str, Any], row: Row, column: str) -> None:
            path = ("representations", len(data["representations"]))
            row.bind(path, column)
            if kind not in _WRITTEN_AS_JSON:
                row.bind((*path, kind.value), column)
            representation = {"placement": placement, kind.value: _body(kind, row.cells[column])}
            if language:
                representation["language"] = language
            data["representations"].append(representation)

        return fill


_EXPECTED_COLUMNS = (
    f": expected {', '.join(f'`{name}`' for name in COLUMNS)}, `attributes.<name>` or "
    "`content.<placement>`, optionally with `.<language>`"
)


def _fill_text(data: dict[str, Any], row: Row, column: str) -> None:
    row.bind((column,), column)
    data[column] = row.cells[column]


def _fill_number(data: dict[str, Any], row: Row, column: str) -> None:
    row.bind((column,), column)
    data[column] = plain_scalar(row.cells[column].strip())


def _fill_tags(data: dict[str, Any], row: Row, column: str) -> None:
    row.bind((column,), column)
    data[column] = _parts(row.cells[column])


_FILLS: dict[str, Fill] = {
    **dict.fromkeys(COLUMNS, _fill_text),
    "priority": _fill_number,
    "tags": _fill_tags,
}


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _attribute(kind: ValueType, cell: str) -> Any:
    if kind in _TEXT:
        return cell
    if kind is ValueType.LIST_STRING:
        return _parts(cell)
    if kind in _LISTS:
        return [plain_scalar(part) for part in _parts(cell)]
    return plain_scalar(cell.strip())


def _body(kind: ContentType, cell: str) -> Any:
    if kind is ContentType.IMAGE_LINK and not cell.lstrip().startswith("{"):
        return {"url": cell}
    if kind not in _WRITTEN_AS_JSON:
        return cell
    return _json(cell)


def _json(cell: str) -> Any:
    try:
        return decode_json(cell)
    except json.JSONDecodeError as error:
        raise ScalarProblem(json_problem(error)) from None
