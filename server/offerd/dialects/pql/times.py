"""PQL's times: days, dates, and how long before or after."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Final

from offerd.dialects.error import CannotSay
from offerd.dialects.pql.syntax import Between, Call, Literal, Node, Path, Period
from offerd.dialects.pql.value import Scope, Value
from offerd.expression import BOOL, INT, TIMESTAMP

DAY_NOTE: Final = "days begin at midnight UTC, and a date stands for its first moment"
BETWEEN_NOTE: Final = "`between` has both ends in it"

_DAYS: Final = {"yesterday": -24, "today": 0, "tomorrow": 24}
_MILLISECONDS: Final = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_LONGEST: Final = 9_000_000_000_000
"""Milliseconds; some 285 years, within what a duration can be."""
_PARTS: Final = {
    "getMonth": ("getMonth()", 1),
    "currentMonth": ("getMonth()", 1),
    "getYear": ("getFullYear()", 0),
    "currentYear": ("getFullYear()", 0),
    "getDayOfMonth": ("getDate()", 0),
    "currentDayOfMonth": ("getDate()", 0),
}
TIME_FUNCTIONS: Final = frozenset((*_PARTS, "date"))


def time_of(scope: Scope, node: Node) -> Value | None:
    """`now`, `today` and the like; None for anything else."""
    if not isinstance(node, Path):
        return None
    if node.text == "now":
        return Value("now", TIMESTAMP)
    hours = _DAYS.get(node.text)
    if hours is None:
        return None
    scope.note(DAY_NOTE)
    if hours == 0:
        return Value("today('UTC')", TIMESTAMP)
    sign = "+" if hours > 0 else "-"
    return Value(f"today('UTC') {sign} duration('24h')", TIMESTAMP, is_closed=False)


def time_function(scope: Scope, node: Call, arguments: list[Value]) -> Value:
    """`date(y, m, d)` and the parts of a timestamp."""
    scope.note(DAY_NOTE)
    if node.name == "date":
        return _date(node)
    part, more = _PARTS[node.name]
    expected = int(node.name.startswith("get"))
    if len(arguments) != expected or any(a.type is not TIMESTAMP for a in arguments):
        raise CannotSay(f"`{node.name}` takes {'one timestamp' if expected else 'nothing'}")
    subject = arguments[0].closed if arguments else "now"
    text = f"{subject}.{part}"
    return Value(f"{text} + {more}", INT, is_closed=False) if more else Value(text, INT)


def _date(node: Call) -> Value:
    numbers = [a.value for a in node.arguments if isinstance(a, Literal)]
    if len(numbers) != 3 or any(type(number) is not int for number in numbers):
        raise CannotSay("`date` takes a year, a month and a day in numbers")
    try:
        day = datetime.date(*map(int, numbers))
    except ValueError as error:
        raise CannotSay(f"not a date: {error}") from None
    return Value(f"timestamp('{day.isoformat()}T00:00:00Z')", TIMESTAMP)


def occurs(
    scope: Scope, moment: Value, when: Period | Between, value: Callable[[Node], Value]
) -> Value:
    """Whether a moment is in a period; `value` translates the times in it."""
    if moment.type is not TIMESTAMP:
        raise CannotSay(f"`occurs` needs a timestamp on its left: found `{moment.type}`")
    if isinstance(when, Between):
        scope.note(BETWEEN_NOTE)
        first, last = value(when.first), value(when.last)
        text = f"{moment.closed} >= {first.closed} && {moment.closed} <= {last.closed}"
        return Value(text, BOOL, is_closed=False)
    time = value(when.time)
    if time.type is not TIMESTAMP:
        raise CannotSay(f"`occurs` needs a time on its right: found `{time.type}`")
    if when.comparison:
        return _distance(moment, when, time)
    if when.direction == "on":
        return _on(moment, when.time, time)
    if when.direction == "after" and not is_day(when.time):
        return Value(f"{moment.closed} > {time.closed}", BOOL, is_closed=False)
    if when.direction == "before":
        return Value(f"{moment.closed} < {time.closed}", BOOL, is_closed=False)
    raise CannotSay(f"`{when.direction}` a day may begin or end with it: compare with a time")


def is_day(node: Node) -> bool:
    """Whether a time stands for a whole day."""
    if isinstance(node, Call):
        return node.name == "date"
    return isinstance(node, Path) and node.text in _DAYS


def _on(moment: Value, node: Node, time: Value) -> Value:
    if not is_day(node):
        raise CannotSay("`on` needs a day, such as `today` or `date(2024, 5, 1)`")
    start = time.text
    end = f"{start} + duration('24h')"
    text = f"{moment.closed} >= {start} && {moment.closed} < {end}"
    return Value(text, BOOL, is_closed=False)


def length(when: Period) -> str:
    """The length of a period as a CEL duration; CannotSay for what has no fixed length."""
    return f"duration('{length_text(milliseconds(when))}')"


def length_text(length_ms: int) -> str:
    """A length of time as durations are written, in the largest unit that has it whole."""
    for suffix, unit in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if length_ms % unit == 0:
            return f"{length_ms // unit}{suffix}"
    return f"{length_ms}ms"


def milliseconds(when: Period) -> int:
    """The length of a period; CannotSay for what has no fixed length."""
    if when.comparison in ("=", "!="):
        raise CannotSay(f"`{when.comparison}` a time away: how exactly is not documented")
    size = _MILLISECONDS.get(when.unit)
    if size is None:
        raise CannotSay(f"a `{when.unit}` has no fixed length: write it in days")
    total = when.count * size
    if total > _LONGEST:
        raise CannotSay("a period of more than 285 years is not translated")
    return total


def _distance(moment: Value, when: Period, time: Value) -> Value:
    span = length(when)
    later, earlier = moment.closed, time.closed
    if when.direction == "before":
        later, earlier = earlier, later
    if when.direction == "from":
        away = f"({later} > {earlier} ? {later} - {earlier} : {earlier} - {later})"
        return Value(f"{away} {when.comparison} {span}", BOOL, is_closed=False)
    text = f"{later} - {earlier} {when.comparison} {span}"
    if when.comparison in ("<", "<="):
        text = f"{earlier} <= {later} && {text}"
    return Value(text, BOOL, is_closed=False)
