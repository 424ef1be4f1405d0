"""Windows of time: rolling ones and those of the calendar, checked and converted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from offerd.definitions.documents import (
    AggregateDocument,
    CapDocument,
    ChannelCapDocument,
    EveryDocument,
)
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.instants import NotATime, duration_ns
from offerd.definitions.place import Path
from offerd.definitions.wording import hint, quoted
from offerd.model.capping import Calendar, CalendarUnit
from offerd.model.figures import LONGEST_WINDOW_NS, SHORTEST_WINDOW_NS


class Allowed(NamedTuple):
    """How long a time may be, inclusive, and in which words."""

    shortest_ns: int
    longest_ns: int
    words: str


CAPPED: Final = Allowed(60 * 10**9, 17_520 * 3_600 * 10**9, "from `1m` to `17520h`, two years")
AGGREGATED: Final = Allowed(
    SHORTEST_WINDOW_NS, LONGEST_WINDOW_NS, "from `1m` to `17544h`, 731 days"
)
STEPPED: Final = Allowed(1, LONGEST_WINDOW_NS, "at most `17544h`, 731 days")

MOST_UNITS: Final = {
    CalendarUnit.HOUR: 17_520,
    CalendarUnit.DAY: 730,
    CalendarUnit.WEEK: 104,
    CalendarUnit.MONTH: 24,
}
"""Two years, in each unit."""

_LONGEST_NAME: Final = 64


class Window(NamedTuple):
    """The events that count by their time; all there ever were if both are None."""

    within_ns: int | None = None
    calendar: Calendar | None = None


def resolve_window(
    document: CapDocument | ChannelCapDocument, entry: Entry[Any], path: Path, findings: Findings
) -> Window:
    """The window of a cap; what is wrong with it is reported."""
    if document.within is not None and document.every is not None:
        message = "a cap has `within` or `every`: found both"
        findings.mistake(entry.key_place(*path, "every"), message)
        return Window()
    within_ns = span_ns(document.within, entry, (*path, "within"), findings, allowed=CAPPED)
    return Window(within_ns, _calendar(document.every, entry, (*path, "every"), findings))


def resolve_look_back(entry: Entry[AggregateDocument], findings: Findings) -> Window:
    """The window of an aggregate; what is wrong with it is reported."""
    document = entry.document
    if document.window is not None and document.calendar is not None:
        message = "an aggregate has `window` or `calendar`: found both"
        findings.mistake(entry.key_place("calendar"), message)
        return Window()
    within_ns = span_ns(document.window, entry, ("window",), findings, allowed=AGGREGATED)
    return Window(within_ns, _calendar(document.calendar, entry, ("calendar",), findings))


def span_ns(
    text: str | None, entry: Entry[Any], path: Path, findings: Findings, *, allowed: Allowed
) -> int | None:
    """Nanoseconds of a duration as written; what is wrong with it is reported."""
    if text is None:
        return None
    try:
        found_ns = duration_ns(text)
    except NotATime as problem:
        findings.mistake(entry.place(*path), str(problem))
        return None
    if not allowed.shortest_ns <= found_ns <= allowed.longest_ns:
        message = f"`{path[-1]}` must be {allowed.words}: found {quoted(text)}"
        findings.mistake(entry.place(*path), message)
    return found_ns


def _calendar(
    document: EveryDocument | None, entry: Entry[Any], path: Path, findings: Findings
) -> Calendar | None:
    if document is None:
        return None
    unit, most = document.unit, MOST_UNITS[document.unit]
    if document.count > most:
        message = f"`count` must be at most {most} of `{unit}`, two years: found"
        findings.mistake(entry.place(*path, "count"), f"{message} `{document.count}`")
    if "week_starts" in document.model_fields_set and unit is not CalendarUnit.WEEK:
        message = f"`week_starts` is for `unit: week`: the unit is `{unit}`"
        findings.mistake(entry.key_place(*path, "week_starts"), message)
    check_time_zone(document.time_zone, entry, (*path, "time_zone"), findings)
    return Calendar(unit, document.count, document.time_zone, document.week_starts.iso_number)


def check_time_zone(name: str, entry: Entry[Any], path: Path, findings: Findings) -> None:
    """Reports a time zone that isn't there."""
    if not is_time_zone(name):
        advice = hint(name, _all_names()) or ": expected such as `Europe/Stockholm`"
        findings.mistake(entry.place(*path), f"unknown time zone {quoted(name)}{advice}")


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
