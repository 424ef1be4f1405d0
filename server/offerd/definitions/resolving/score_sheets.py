"""Scores from CSV: which sheets hold scores rather than offers, and what their rows say."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from offerd.definitions.documents import OfferDocument, ScoreTableDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.reading.csv_rows import Row, Sheet
from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar
from offerd.definitions.resolving.names import Table
from offerd.definitions.wording import described, hint, listed, quoted

COLUMNS = ("segment", "offer", "score")

Scores = dict[str, dict[int, float]]
"""Segment → number of offer → score."""


def named_files(entries: Iterable[Entry[ScoreTableDocument]]) -> set[str]:
    """The files that tables of scores name, as issues call them."""
    return {
        _named(entry.document.file, entry) for entry in entries if entry.document.file is not None
    }


def _named(file: str, entry: Entry[ScoreTableDocument]) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(entry.place().file), file))


class ScoreSheets:
    """The sheets that tables of scores name, read row by row; wrong rows are reported."""

    def __init__(
        self, sheets: Sequence[Sheet], offers: Table[OfferDocument], findings: Findings
    ) -> None:
        self._sheets = {sheet.header.file: sheet for sheet in sheets}
        self._offers = offers
        self._findings = findings

    def scores(self, file: str, entry: Entry[ScoreTableDocument]) -> Scores:
        """What the file says that a table names."""
        name = _named(file, entry)
        sheet = self._sheets.get(name)
        if sheet is None:
            if not self._findings.is_reported(name):
                advice = hint(name, self._sheets) or ": expected a file of CSV"
                message = f"no file {quoted(name)} is among the definitions"
                self._findings.mistake(entry.place("file"), message + advice)
            return {}
        if sorted(sheet.header.columns) != sorted(COLUMNS):
            found = listed(sheet.header.columns, most=9)
            message = f"scores have the columns {listed(COLUMNS)}: found {found}"
            self._findings.mistake(sheet.header.place(0), message)
            return {}
        scores: Scores = {}
        for row in sheet.rows:
            self._add(row, scores)
        return {segment: dict(sorted(scores[segment].items())) for segment in sorted(scores)}

    def _add(self, row: Row, scores: Scores) -> None:
        segment, offer = row.cells["segment"], row.cells["offer"]
        score = self._score(row)
        number = self._offers.numbers.get(offer)
        if number is None:
            place = row.cell_place("offer")
            if offer:
                self._offers.names.check(offer, place)
            else:
                self._findings.mistake(place, "`offer` must not be empty")
        elif number in scores.get(segment, ()):
            message = f"a second score of {quoted(offer)} in the segment {quoted(segment)}"
            self._findings.mistake(row.cell_place("offer"), message)
        elif score is not None:
            scores.setdefault(segment, {})[number] = score

    def _score(self, row: Row) -> float | None:
        try:
            value = plain_scalar(row.cells["score"].strip())
        except ScalarProblem as problem:
            self._findings.mistake(row.cell_place("score"), str(problem))
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = f"`score` must be a number: found {described(value)}"
            self._findings.mistake(row.cell_place("score"), message)
            return None
        return float(value)
