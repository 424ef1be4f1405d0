"""Windows of caps: rolling ones and those of the calendar, checked and converted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from offerd.definitions.documents import CapDocument, EveryDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.instants import NotATime, duration_ns
from offerd.definitions.place import Path
from offerd.definitions.wording import hint, quoted
from offerd.model.capping import Calendar, CalendarUnit

SHORTEST_WINDOW_NS: Final = 60 * 10**9
LONGEST_WINDOW_NS: Final = 17_520 * 3_600 * 10**9
MOST_UNITS: Final = {
    CalendarUnit.HOUR: 17_520,
    CalendarUnit.DAY: 730,
    CalendarUnit.WEEK: 104,
    CalendarUnit.MONTH: 24,
}
"""Two years, in each unit."""

_LONGEST_NAME: Final = 64


class Window(NamedTuple):
    """The events that a cap counts by their time; all there ever were if both are None."""

    within_ns: int | None = None
    calendar: Calendar | None = None


def resolve_window(
    document: CapDocument, entry: Entry[Any], path: Path, findings: Findings
) -> Window:
    """The window of a cap; what is wrong with it is reported."""
    if document.within is not None and document.every is not None:
        message = "a cap has `within` or `every`: found both"
        findings.mistake(entry.key_place(*path, "every"), message)
    elif document.within is not None:
        return Window(within_ns=_rolling(document.within, entry, (*path, "within"), findings))
    elif document.every is not None:
        return Window(calendar=_calendar(document.every, entry, (*path, "every"), findings))
    return Window()


def _rolling(text: str, entry: Entry[Any], path: Path, findings: Findings) -> int | None:
    try:
        within_ns = duration_ns(text)
    except NotATime as problem:
        findings.mistake(entry.place(*path), str(problem))
        return None
    if not SHORTEST_WINDOW_NS <= within_ns <= LONGEST_WINDOW_NS:
        message = f"`within` must be from `1m` to `17520h`, two years: found {quoted(text)}"
        findings.mistake(entry.place(*path), message)
    return within_ns


def _calendar(
    document: EveryDocument, entry: Entry[Any], path: Path, findings: Findings
) -> Calendar:
    unit, most = document.unit, MOST_UNITS[document.unit]
    if document.count > most:
        message = f"`count` must be at most {most} of `{unit}`, two years: found"
        findings.mistake(entry.place(*path, "count"), f"{message} `{document.count}`")
    if "week_starts" in document.model_fields_set and unit is not CalendarUnit.WEEK:
        message = f"`week_starts` is for `unit: week`: the unit is `{unit}`"
        findings.mistake(entry.key_place(*path, "week_starts"), message)
    if not is_time_zone(document.time_zone):
        message = f"unknown time zone {quoted(document.time_zone)}"
        advice = hint(document.time_zone, _all_names()) or ": expected such as `Europe/Stockholm`"
        findings.mistake(entry.place(*path, "time_zone"), message + advice)
    return Calendar(unit, document.count, document.time_zone, document.week_starts.iso_number)


@lru_cache(maxsize=256)
def is_time_zone(name: str) -> bool:
    """Whether there is a time zone of that IANA name."""
    if not name or len(name) > _LONGEST_NAME:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1)
def _all_names() -> frozenset[str]:
    return frozenset(available_timezones())
