"""Rankings and tables of scores: formulas compiled, tables and offers looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.definitions.documents import OfferDocument, RankingDocument, ScoreTableDocument
from offerd.definitions.documents.selection import PRIORITY
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.reading.csv_rows import Sheet
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import NUMBER, TEXT, Compiler, RuleTable
from offerd.definitions.resolving.score_sheets import ScoreSheets
from offerd.definitions.wording import listed
from offerd.model.selection import Boost, Ranking, RankingMethod, ScoreTable

_METHODS = {
    "formula": RankingMethod.FORMULA,
    "table": RankingMethod.TABLE,
    "model": RankingMethod.MODEL,
}


class RankingResolver:
    """Resolves rankings; what is wrong is reported, and -1 stands for a table that isn't there."""

    def __init__(
        self,
        tables: Table[ScoreTableDocument],
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._tables = tables
        self._compiler = compiler
        self._rules = rules
        self._findings = findings

    def resolve(self, entry: Entry[RankingDocument]) -> Ranking:
        """The ranking."""
        document = entry.document
        if document.id == PRIORITY:
            message = f"the ranking `{PRIORITY}` is built in: take another id"
            self._findings.mistake(entry.place("id"), message)
        table = None
        if document.table is not None:
            self._tables.check(document.table, entry, "table")
            table = self._tables.numbers.get(document.table, -1)
        return Ranking(
            document.id,
            self._method(entry),
            self._score(document.formula, entry, "formula"),
            self._boosts(entry),
            table,
            document.model or "",
            document.failed_score,
            document.minimum_score,
        )

    def _method(self, entry: Entry[RankingDocument]) -> RankingMethod:
        document = entry.document
        given = [name for name in _METHODS if getattr(document, name) is not None]
        if len(given) > 1:
            message = f"a ranking has one of `formula`, `table` and `model`: found {listed(given)}"
            self._findings.mistake(entry.key_place(given[1]), message)
        elif not given and not self._findings.is_doubtful(document.id):
            message = "a ranking needs `formula`, `table` or `model`"
            self._findings.mistake(entry.place(), message)
        method = _METHODS[given[0]] if given else RankingMethod.FORMULA
        if document.boosts and method is not RankingMethod.FORMULA:
            message = f"`boosts` are for a ranking with a `formula`: this one has `{given[0]}`"
            self._findings.mistake(entry.key_place("boosts"), message)
        return method

    def _boosts(self, entry: Entry[RankingDocument]) -> tuple[Boost, ...]:
        boosts = []
        for index, boost in enumerate(entry.document.boosts):
            when = self._compiler.compile(boost.when, entry, "boosts", index, "when")
            score = self._score(boost.score, entry, "boosts", index, "score")
            if when is not None and score is not None:
                boosts.append(Boost(self._rules.number(when), score))
        return tuple(boosts)

    def _score(
        self, written: float | str | None, entry: Entry[RankingDocument], *path: str | int
    ) -> int | None:
        if written is None:
            return None
        source = written if isinstance(written, str) else repr(written)
        checked = self._compiler.compile(source, entry, *path, expected=NUMBER)
        return None if checked is None else self._rules.number(checked)


class ScoreTableResolver:
    """Resolves tables of scores, from their definitions or from the sheets that these name."""

    def __init__(
        self,
        offers: Table[OfferDocument],
        sheets: Sequence[Sheet],
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._offers = offers
        self._sheets = ScoreSheets(sheets, offers, findings)
        self._compiler = compiler
        self._rules = rules
        self._findings = findings

    def resolve(self, entry: Entry[ScoreTableDocument]) -> ScoreTable:
        """The table; offers that aren't there are reported and left out."""
        document = entry.document
        checked = self._compiler.compile(document.segment, entry, "segment", expected=TEXT)
        segment = -1 if checked is None else self._rules.number(checked)
        return ScoreTable(document.id, segment, self._scores(entry), document.default)

    def _scores(self, entry: Entry[ScoreTableDocument]) -> dict[str, dict[int, float]]:
        document = entry.document
        if document.file is not None:
            if document.scores is not None:
                message = "a table of scores has `scores` or a `file`: found both"
                self._findings.mistake(entry.key_place("file"), message)
            return self._sheets.scores(document.file, entry)
        if document.scores is None:
            if not self._findings.is_doubtful(document.id):
                message = "a table of scores needs `scores` or a `file`"
                self._findings.mistake(entry.place(), message)
            return {}
        return {
            segment: self._of_segment(segment, scores, entry)
            for segment, scores in sorted(document.scores.items())
        }

    def _of_segment(
        self, segment: str, scores: Mapping[str, float], entry: Entry[ScoreTableDocument]
    ) -> dict[int, float]:
        for name in scores:
            if name not in self._offers:
                self._offers.names.check(name, entry.key_place("scores", segment, name))
        numbers = self._offers.numbers
        return {numbers[name]: scores[name] for name in sorted(scores) if name in numbers}
