"""Scores: what rules can ask of each, and how long it is good."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.audience.environment import SCORE_PARTS
from offerd.definitions.documents import ScoreDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.windows import AGGREGATED, span_ns
from offerd.model.schema import ScoreModel


def resolve_scores(
    entries: Sequence[Entry[ScoreDocument]], findings: Findings
) -> tuple[ScoreModel, ...]:
    """The scores in the order declared; what can't be is reported."""
    names = {entry.document.id for entry in entries}
    return tuple(_score(entry, names, findings) for entry in entries)


def _score(entry: Entry[ScoreDocument], names: set[str], findings: Findings) -> ScoreModel:
    document = entry.document
    whole, _, part = document.id.rpartition(".")
    if part in SCORE_PARTS and whole in names:
        message = f"`{document.id}` is the {part} of the score `{whole}`: take another id"
        findings.mistake(entry.place("id"), message)
    report_repeated(document.labels, entry, ("labels",), findings)
    maximum_age_ns = span_ns(
        document.maximum_age, entry, ("maximum_age",), findings, allowed=AGGREGATED
    )
    return ScoreModel(document.id, maximum_age_ns, tuple(document.labels))
