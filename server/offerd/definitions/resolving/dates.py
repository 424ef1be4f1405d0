"""From when until when something holds."""

from __future__ import annotations

from typing import Any, NamedTuple

from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.instants import NotATime, instant_ns
from offerd.definitions.place import Path


class Dates(NamedTuple):
    """The first instant and the first no longer; None is open."""

    start_ns: int | None
    end_ns: int | None


def resolve_dates(  # noqa: PLR0917 - what is written, where, and who is told
    start: str | None,
    end: str | None,
    noun: str,
    entry: Entry[Any],
    path: Path,
    findings: Findings,
) -> Dates:
    """The `start` and `end` at a path; what is wrong with them is reported. `noun` has both."""
    start_ns = _instant(start, entry, (*path, "start"), findings)
    end_ns = _instant(end, entry, (*path, "end"), findings)
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        message = f"{noun} ends before it starts: `end` `{end}` must be after `start` `{start}`"
        findings.mistake(entry.place(*path, "end"), message)
    return Dates(start_ns, end_ns)


def _instant(text: str | None, entry: Entry[Any], path: Path, findings: Findings) -> int | None:
    if text is None:
        return None
    try:
        return instant_ns(text)
    except NotATime as problem:
        findings.mistake(entry.place(*path), str(problem))
        return None
