"""That windows of the calendar can be told: their units, their days, their time zones."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from offerd.errors import BundleError
from offerd.model.capping import Calendar, CalendarUnit

MOST_UNITS = {
    CalendarUnit.HOUR: 17_520,
    CalendarUnit.DAY: 730,
    CalendarUnit.WEEK: 104,
    CalendarUnit.MONTH: 24,
}
_LONGEST_ZONE = 64


def verify_calendar(calendar: Calendar, where: str) -> None:
    """Raises BundleError if nobody can say when a window of the calendar starts."""
    most = MOST_UNITS[calendar.unit]
    if not 1 <= calendar.count <= most:
        found = f"{calendar.count} of `{calendar.unit}`"
        raise BundleError(f"{where} has a window over {found}, 1 to {most} expected")
    if not 1 <= calendar.week_start <= 7:
        raise BundleError(f"{where} has a window whose weeks start on no day")
    verify_zone(calendar.time_zone, where)


def verify_zone(name: str, where: str) -> None:
    """Raises BundleError if a time zone isn't known here."""
    if not _is_known(name):
        raise BundleError(f"{where} has the time zone `{name}`, which isn't known here")


@lru_cache(maxsize=256)
def _is_known(name: str) -> bool:
    if not 1 <= len(name) <= _LONGEST_ZONE:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
