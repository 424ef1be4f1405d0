"""Lists in which nothing may be twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.wording import quoted


def report_repeated(
    items: Iterable[str], entry: Entry[Any], path: Path, findings: Findings
) -> None:
    """Reports what a list has twice."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item in seen:
            findings.mistake(entry.place(*path, index), f"{quoted(item)} is listed twice")
        seen.add(item)
