"""That caps and counters can be counted: their limits, windows and keys."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from offerd.errors import BundleError
from offerd.model.capping import DECISION_EVENT, Calendar, CalendarUnit, Cap, Counter
from offerd.model.catalogue import Catalogue
from offerd.model.schema import BUILT_IN_EVENTS

MAXIMUM_KEY_BYTES = 400
MAXIMUM_LIMIT = 1_000_000_000

LONGEST_WITHIN_NS = 17_520 * 3_600 * 10**9
MOST_UNITS = {
    CalendarUnit.HOUR: 17_520,
    CalendarUnit.DAY: 730,
    CalendarUnit.WEEK: 104,
    CalendarUnit.MONTH: 24,
}
_LONGEST_ZONE = 64


def verify_caps(catalogue: Catalogue) -> None:
    """Raises BundleError at the first counter or cap that can't be counted."""
    events = {*BUILT_IN_EVENTS, *(event.id for event in catalogue.schema.events), DECISION_EVENT}
    for counter in catalogue.counters:
        _verify_counter(counter, events)
    zones: set[str] = set()
    for offer in catalogue.offers:
        for cap in offer.caps:
            where = f"offer `{offer.id}`"
            _verify_cap(cap, where)
            if cap.calendar is not None and cap.calendar.time_zone not in zones:
                _verify_zone(cap.calendar.time_zone, where)
                zones.add(cap.calendar.time_zone)


def _verify_counter(counter: Counter, events: set[str]) -> None:
    if not 1 <= len(counter.key.encode()) <= MAXIMUM_KEY_BYTES:
        raise BundleError(f"a counter's key is from 1 to {MAXIMUM_KEY_BYTES} bytes long")
    where = f"counter `{counter.key}`"
    if counter.event not in events:
        raise BundleError(f"{where} counts `{counter.event}`, which isn't declared")
    if counter.event == DECISION_EVENT and counter.where is not None:
        raise BundleError(f"{where} filters propositions, which have no properties")


def _verify_cap(cap: Cap, where: str) -> None:
    if not 1 <= cap.limit <= MAXIMUM_LIMIT:
        raise BundleError(f"{where} has a cap of {cap.limit}, 1 to {MAXIMUM_LIMIT} expected")
    if cap.within_ns is not None and cap.calendar is not None:
        raise BundleError(f"{where} has a cap with two windows")
    if cap.within_ns is not None and not 1 <= cap.within_ns <= LONGEST_WITHIN_NS:
        raise BundleError(f"{where} has a cap whose time can't be counted")
    if cap.calendar is not None:
        _verify_calendar(cap.calendar, where)


def _verify_calendar(calendar: Calendar, where: str) -> None:
    most = MOST_UNITS[calendar.unit]
    if not 1 <= calendar.count <= most:
        found = f"{calendar.count} of `{calendar.unit}`"
        raise BundleError(f"{where} has a cap over {found}, 1 to {most} expected")
    if not 1 <= calendar.week_start <= 7:
        raise BundleError(f"{where} has a cap whose weeks start on no day")


def _verify_zone(name: str, where: str) -> None:
    try:
        if not 1 <= len(name) <= _LONGEST_ZONE:
            raise KeyError(name)
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = f"{where} has a cap in the time zone `{name}`, which isn't known here"
        raise BundleError(message) from error
