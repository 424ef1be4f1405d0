"""Opening hours: clocks to minutes of the week; what overlaps is reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from offerd.definitions.documents.capping import Day
from offerd.definitions.documents.places import OpeningHoursDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.windows import check_time_zone
from offerd.model.place import Opening, OpeningHours

DAY_MINUTES = 24 * 60

_FIELD = "opening_hours"


def resolve_hours(entry: Entry[Any], findings: Findings) -> OpeningHours | None:
    """The opening hours of a place; what is wrong with them is reported."""
    document: OpeningHoursDocument | None = entry.document.opening_hours
    if document is None:
        return None
    check_time_zone(document.time_zone, entry, (_FIELD, "time_zone"), findings)
    weekdays = tuple(_openings(getattr(document, day), entry, (day,), findings) for day in Day)
    _report_running_over(weekdays, entry, findings)
    exceptions = {}
    for text, stretches in sorted(document.exceptions.items()):
        if not _is_date(text):
            place = entry.key_place(_FIELD, "exceptions", text)
            findings.mistake(place, f"there is no day `{text}`")
        exceptions[text] = _openings(stretches, entry, ("exceptions", text), findings)
    if not any(weekdays) and not any(exceptions.values()):
        message = f"`{entry.document.id}` is never open: leave `opening_hours` out if not known"
        findings.warn(entry.key_place(_FIELD), message)
    return OpeningHours(document.time_zone, weekdays, exceptions)


def _openings(
    stretches: Sequence[str], entry: Entry[Any], path: Path, findings: Findings
) -> tuple[Opening, ...]:
    """The openings of a day in their order; one that overlaps another is reported."""
    found = sorted(
        ((_opening(text), index) for index, text in enumerate(stretches)),
        key=lambda one: (one[0].from_minute, one[0].until_minute, one[1]),
    )
    for (before, first), (after, second) in pairwise(found):
        if after.from_minute < before.until_minute:
            message = f"`{stretches[second]}` overlaps `{stretches[first]}`"
            findings.mistake(entry.place(_FIELD, *path, second), message)
    return tuple(opening for opening, _ in found)


def _opening(text: str) -> Opening:
    begins, _, ends = text.partition("-")
    from_minute, until_minute = _minute(begins), _minute(ends)
    if until_minute <= from_minute:
        until_minute += DAY_MINUTES
    return Opening(from_minute, until_minute)


def _report_running_over(
    weekdays: Sequence[tuple[Opening, ...]], entry: Entry[Any], findings: Findings
) -> None:
    """Reports a day that begins before the one before it has ended."""
    for number, openings in enumerate(weekdays):
        until_minute = max((one.until_minute for one in openings), default=0) - DAY_MINUTES
        following = (number + 1) % len(weekdays)
        if weekdays[following] and weekdays[following][0].from_minute < until_minute:
            names = list(Day)
            clock = f"{until_minute // 60:02}:{until_minute % 60:02}"
            message = f"`{names[following]}` begins before `{names[number]}` has ended, at {clock}"
            findings.mistake(entry.place(_FIELD, names[following]), message)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
