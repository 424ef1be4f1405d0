"""Caps, numbers and lists in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from offerd.decision.capping import Reached
from offerd.decision.hiding import reads_hidden
from offerd.decision.request import RequestState
from offerd.model.capping import DECISION_EVENT, Calendar, Cap, CapSubject

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_LISTED = 5


def cap_words(state: RequestState, reached: Reached) -> str:
    """Returns what a cap that is reached has counted, of how many, in which window."""
    cap, count, limit = reached
    counter = state.prepared.catalogue.counters[cap.counter]
    name = f"cap `{cap.id}`" if cap.id else "cap"
    if limit is None and cap.limit_rule is not None:
        rule = state.prepared.catalogue.rules[cap.limit_rule].source
        why = state.limit_failures.get(cap.limit_rule, "it has no value")
        return f"{name} closed, because its limit `{rule}` isn't known: {why}"
    most: int | str | None = limit
    if cap.limit_rule is not None and reads_hidden(
        state.prepared.rules[cap.limit_rule], state.options.hidden
    ):
        most = "(hidden)"
    events = " and ".join(f"`{event}`" for event in counter.events)
    what = "decisions" if counter.event == DECISION_EVENT else f"{events} events"
    who = "in total" if counter.subject is CapSubject.TOTAL else "by this customer"
    where = f" at {listed(f'`{p}`' for p in counter.placements)}" if counter.placements else ""
    return f"{name} reached: {count} of at most {most} {what} {who}{where}{_window(cap)}"


def listed(parts: Iterable[str], count: int | None = None) -> str:
    """Returns parts with commas, cut after some; of `count` parts no more than shown are made."""
    if count is None:
        parts = list(parts)
        count = len(parts)
    shown = ", ".join(islice(parts, _MOST_LISTED))
    rest = count - _MOST_LISTED
    return shown if rest <= 0 else f"{shown} and {rest:,} more"


def counted(count: int, noun: str) -> str:
    """Returns a number of things."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def ordinal(number: int) -> str:
    """Returns `1st`, `2nd` and so on."""
    if number % 100 in (11, 12, 13):
        return f"{number:,}th"
    return f"{number:,}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _window(cap: Cap) -> str:
    if cap.visit is not None:
        return " in this visit"
    if cap.within_ns is not None:
        return f" within {_duration(cap.within_ns)}"
    return "" if cap.calendar is None else f" {_calendar(cap.calendar)}"


def _calendar(calendar: Calendar) -> str:
    unit = calendar.unit.value
    piece = f"this {unit}" if calendar.count == 1 else f"these {calendar.count} {unit}s"
    start = f", from {_DAYS[calendar.week_start - 1]}" if unit == "week" else ""
    return f"{piece} ({calendar.time_zone}{start})"


def _duration(duration_ns: int) -> str:
    seconds = duration_ns / 1_000_000_000
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
