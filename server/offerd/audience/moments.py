"""Functions of the moment that stay the same for a while: parts of a clock, days, birthdays."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from offerd.audience.changing import FAILURE, FALSE, TRUE, Changing, Line, settled
from offerd.audience.lines import Window
from offerd.audience.zones import (
    begin_of,
    highest,
    lowest,
    next_month,
    next_unit,
    next_year,
)
from offerd.expression import DURATION, TIMESTAMP, Type
from offerd.expression.functions.clocks import DAY_S, SECOND, clock, date_of
from offerd.expression.values import EvaluationError

Compute = Callable[..., Any]


class _Part(NamedTuple):
    """A part of a clock: from a time and a zone to the next one, and what it can be."""

    following: Callable[[int, str], int]
    low: int
    high: int


def _every(unit_s: int) -> Callable[[int, str], int]:
    return lambda value, zone: next_unit(value, zone, unit_s)


_PARTS: Final[dict[str, _Part]] = {
    "getSeconds": _Part(_every(1), 0, 59),
    "getMinutes": _Part(_every(60), 0, 59),
    "getHours": _Part(_every(3600), 0, 23),
    "getDate": _Part(_every(DAY_S), 1, 31),
    "getDayOfMonth": _Part(_every(DAY_S), 0, 30),
    "getDayOfWeek": _Part(_every(DAY_S), 0, 6),
    "getDayOfYear": _Part(_every(DAY_S), 0, 365),
    "getMonth": _Part(next_month, 0, 11),
}
_RISING: Final[dict[str, Callable[[int, str], int]]] = {
    "getFullYear": next_year,
    "today": _every(DAY_S),
}
_OF_BIRTHDAYS: Final = ("isBirthday", "isAnniversary", "yearsSince", "daysUntilAnniversary")
_SIZES: Final = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND}
_MILLISECOND: Final = SECOND // 1000


def part(
    function: str, type_: Type, compute: Compute, values: Sequence[Any], window: Window
) -> Any:
    """What a function gives whose first argument is a line; None if that can't be told.

    `type_` is the type of its first argument, `compute` the function on plain values.
    """
    line, rest = values[0], values[1:]
    if not isinstance(line, Line) or any(isinstance(value, Changing) for value in rest):
        return None
    if type_ is DURATION:
        return _of_duration(function, line, window)
    if type_ is not TIMESTAMP or line.slope != 1:
        return None
    try:
        return _of_timestamp(function, line, compute, rest, window)
    except EvaluationError:
        return FAILURE if _no_zone(rest) else None


def _no_zone(rest: Sequence[Any]) -> bool:
    if not rest or not isinstance(rest[-1], str):
        return False
    try:
        clock(rest[-1])
    except EvaluationError:
        return True
    return False


def _of_timestamp(
    function: str, line: Line, compute: Compute, rest: Sequence[Any], window: Window
) -> Any:
    zone = rest[-1] if rest else ""
    if function in _OF_BIRTHDAYS:
        return _of_birthday(function, line, compute, rest, window)
    if function in _PARTS:
        following, low, high = _PARTS[function]
        first = compute(line.first, *rest)
        return _stepped(first, following(line.first, zone), line, window, (low, high))
    if function in _RISING:
        until = _RISING[function](line.first, zone) - line.offset
        return _rising(line, until, window, compute, rest)
    if function == "getMilliseconds":
        until = (line.first // _MILLISECOND + 1) * _MILLISECOND
        return _stepped(compute(line.first, *rest), until, line, window, (0, 999))
    if function == "int":
        until = (compute(line.first) + 1) * SECOND - line.offset
        return _rising(line, until, window, compute, rest)
    return line if function == "timestamp" else None


def _rising(
    line: Line, until_ns: int, window: Window, compute: Compute, rest: Sequence[Any]
) -> Any:
    """A value that never falls, but for clocks that are turned back."""
    first = compute(line.first, *rest)
    if until_ns > window.last_ns:
        return first
    offset = line.offset
    if not rest:
        low, high = first, compute(_last(line))
        return Changing(
            first, until_ns, low=low, high=high, most=lambda moment: compute(moment + offset)
        )
    low = compute(lowest(line.first, rest[-1]), *rest)
    high = compute(highest(_last(line)), *rest)
    return Changing(
        first, until_ns, low=low, high=high,
        most=lambda moment: compute(highest(moment + offset), *rest),
    )  # fmt: skip


def _last(line: Line) -> int:
    return line.first if line.high is None else line.high


def _stepped(first: Any, until: int, line: Line, window: Window, bounds: tuple[int, int]) -> Any:
    """A value that stays as it is while a timestamp is before `until`."""
    until_ns = until - line.offset
    if until_ns > window.last_ns:
        return first
    return Changing(first, until_ns, low=bounds[0], high=bounds[1])


def _of_birthday(
    function: str, line: Line, compute: Compute, rest: Sequence[Any], window: Window
) -> Any:
    born, zone = rest
    first = compute(line.first, born, zone)
    today, celebrated = date_of(clock(zone)(line.first)), date_of(born // SECOND)
    if function == "daysUntilAnniversary":
        following = next_unit(line.first, zone, DAY_S)
        return _stepped(first, following, line, window, (0, 366))
    coming = _next_anniversary(celebrated, today)
    until_ns = begin_of(line.first, zone, coming) - line.offset
    if until_ns > window.last_ns:
        return first
    if function == "yearsSince":
        return _rising(line, until_ns, window, compute, rest)
    return settled(first, until_ns, TRUE | FALSE)


def _next_anniversary(celebrated: datetime.date, today: datetime.date) -> datetime.date:
    """Tomorrow on the day itself, else the next day that is one."""
    for year in (today.year, today.year + 1):
        try:
            day = celebrated.replace(year=year)
        except ValueError:
            day = celebrated.replace(year=year, day=28)
        if day == today:
            return today + datetime.timedelta(days=1)
        if day > today:
            return day
    return datetime.date(today.year + 1, 12, 31)


def _of_duration(function: str, line: Line, window: Window) -> Any:
    """The whole hours, minutes or seconds of a duration, towards zero."""
    if function == "duration":
        return line
    size = _SIZES.get(function)
    if size is None:
        return None
    low, high = (_truncated(end, size) for end in _ends(line))
    first = _truncated(line.first, size)
    if line.slope > 0:
        turn = (first + 1) * size if first >= 0 else first * size + 1
    else:
        turn = first * size - 1 if first > 0 else (first - 1) * size
    until_ns = line.reaches(turn)
    if until_ns > window.last_ns:
        return first
    return Changing(first, until_ns, low=low, high=high)


def _ends(line: Line) -> tuple[int, int]:
    return (
        line.first if line.low is None else line.low,
        line.first if line.high is None else line.high,
    )


def _truncated(value: int, size: int) -> int:
    count = abs(value) // size
    return -count if value < 0 else count


KNOWN: Final = frozenset(
    {*_PARTS, *_RISING, *_OF_BIRTHDAYS, *_SIZES, "getMilliseconds", "int", "timestamp", "duration"}
)
"""Functions that `part` knows."""
