"""Quiet hours: clocks and days converted, and what leaves no time at all refused."""

from __future__ import annotations

from datetime import date

from offerd.definitions.documents import ChannelDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.repeating import report_repeated
from offerd.model.contact import QuietPeriod


def resolve_quiet_hours(
    entry: Entry[ChannelDocument], findings: Findings
) -> tuple[QuietPeriod, ...]:
    """The quiet hours of a channel; what is wrong with them is reported."""
    document = entry.document
    periods = tuple(_period(entry, index, findings) for index in range(len(document.quiet_hours)))
    if periods and document.time_zone is None and document.time_zone_attribute is None:
        message = (
            f"`{document.id}` has no `time_zone` and no `time_zone_attribute`: its quiet hours "
            "hold as long as they do in any zone"
        )
        findings.warn(entry.key_place("quiet_hours"), message)
    return periods


def _period(entry: Entry[ChannelDocument], index: int, findings: Findings) -> QuietPeriod:
    document = entry.document.quiet_hours[index]
    path = ("quiet_hours", index)
    if document.weekdays is not None and document.dates is not None:
        message = "quiet hours have `weekdays` or `dates`: found both"
        findings.mistake(entry.key_place(*path, "dates"), message)
    report_repeated(document.weekdays or (), entry, (*path, "weekdays"), findings)
    report_repeated(document.dates or (), entry, (*path, "dates"), findings)
    for number, text in enumerate(document.dates or ()):
        try:
            date.fromisoformat(text)
        except ValueError:
            message = f"there is no day `{text}`"
            findings.mistake(entry.place(*path, "dates", number), message)
    from_minute, until_minute = _minute(document.from_clock), _minute(document.until_clock)
    if from_minute == until_minute and document.weekdays is None and document.dates is None:
        message = "quiet hours that end as they begin, every day, leave no time to contact anybody"
        findings.mistake(entry.place(*path), message)
    return QuietPeriod(
        from_minute,
        until_minute,
        tuple(sorted({day.iso_number for day in document.weekdays or ()})),
        tuple(sorted(set(document.dates or ()))),
    )


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
