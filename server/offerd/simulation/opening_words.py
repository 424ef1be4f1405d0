"""Opening hours as people write them on a door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from offerd.model.place import Opening, OpeningHours

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_MINUTES: Final = 1440


def opening_lines(hours: OpeningHours) -> Iterator[str]:
    """Yields a line for days that are alike, for each exception by date, and for the zone."""
    by_day = groupby(zip(_DAYS, hours.weekdays, strict=True), key=lambda day: day[1])
    for openings, days in by_day:
        names = [name for name, _ in days]
        span = names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"
        yield f"{span} {_openings(openings)}"
    for date, openings in sorted(hours.exceptions.items()):
        yield f"{date} {_openings(openings)}"
    yield hours.time_zone


def _openings(openings: Sequence[Opening]) -> str:
    if not openings:
        return "closed"
    return ", ".join(f"{_clock(o.from_minute)}–{_clock(o.until_minute)}" for o in openings)


def _clock(minute: int) -> str:
    """A time of the day; 24:00 is the end of the day, and what is later is of the next."""
    of_day = minute if minute <= _DAY_MINUTES else minute - _DAY_MINUTES
    return f"{of_day // 60:02}:{of_day % 60:02}"
