"""Parts of timestamps and durations in SQL, computed from whole seconds.

No engine's own timestamps are used for what integers can say, and so neither the time zone of a
session nor its calendar matters. Days are counted from 0001-01-01, a Monday and the first day
there is; so no number is negative, and division rounds down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.arithmetic import seconds_of
from offerd.dialects.sql.syntax import BIGINT, binary, cast, integer
from offerd.dialects.sql.target import Target
from offerd.dialects.sql.writing import Arguments, OperationWriter, Writer
from offerd.expression import DURATION, STRING
from offerd.expression.check.tree import Constant, Operation
from offerd.expression.functions.arithmetic import TIMESTAMP_MAXIMUM, TIMESTAMP_MINIMUM
from offerd.expression.functions.clocks import SECOND, UTC_NAMES, offset_of

Part = Callable[[Target, exp.Expression], exp.Expression]

_FIRST_SECOND: Final = TIMESTAMP_MINIMUM // SECOND
_LAST_SECOND: Final = TIMESTAMP_MAXIMUM // SECOND
_DAY: Final = 86_400


def _clock(size: int, count: int) -> Part:
    def part(target: Target, seconds: exp.Expression) -> exp.Expression:
        return binary(exp.Mod, binary(exp.IntDiv, seconds, integer(size)), integer(count))

    return part


def _days(seconds: exp.Expression) -> exp.Expression:
    return binary(exp.IntDiv, seconds, integer(_DAY))


def _day_of_week(target: Target, seconds: exp.Expression) -> exp.Expression:
    return binary(exp.Mod, binary(exp.Add, _days(seconds), integer(1)), integer(7))


def _of_date(kind: Callable[..., exp.Expression], subtract: int) -> Part:
    def part(target: Target, seconds: exp.Expression) -> exp.Expression:
        found = kind(this=target.date(_days(seconds)))
        return binary(exp.Sub, found, integer(subtract)) if subtract else found

    return part


_PARTS: Final[dict[str, Part]] = {
    "getFullYear": _of_date(exp.Year, 0),
    "getMonth": _of_date(exp.Month, 1),
    "getDate": _of_date(exp.DayOfMonth, 0),
    "getDayOfMonth": _of_date(exp.DayOfMonth, 1),
    "getDayOfYear": _of_date(exp.DayOfYear, 1),
    "getDayOfWeek": _day_of_week,
    "getHours": _clock(3600, 24),
    "getMinutes": _clock(60, 60),
    "getSeconds": _clock(1, 60),
}
_DURATION_UNITS: Final = {
    "getHours": 3600 * SECOND,
    "getMinutes": 60 * SECOND,
    "getSeconds": SECOND,
}


def _getter(name: str) -> OperationWriter:
    def write(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
        if node.arguments[0].type is DURATION:
            return binary(exp.IntDiv, arguments[0], integer(_DURATION_UNITS[name]))
        local = cast(_local_seconds(writer.target, node, arguments), BIGINT)
        counted = binary(exp.Sub, local, integer(_FIRST_SECOND))
        return cast(_PARTS[name](writer.target, counted), BIGINT)

    return write


def _local_seconds(target: Target, node: Operation, arguments: Arguments) -> exp.Expression:
    """What a clock in the zone shows, in seconds since 1970; NULL outside of years 1 to 9999."""
    seconds = seconds_of(target, arguments[0])
    name = _zone_name(node)
    if name in UTC_NAMES:
        return seconds
    offset_s = offset_of(name)
    if offset_s is None:
        shown = target.local_seconds(cast(seconds, BIGINT), name)
    else:
        shown = binary(exp.Add, seconds, integer(offset_s))
    return target.within(shown, _FIRST_SECOND, _LAST_SECOND)


def _zone_name(node: Operation) -> str:
    if len(node.arguments) == 1:
        return "UTC"
    name = node.arguments[1]
    if isinstance(name, Constant) and name.type is STRING:
        return str(name.value)
    raise CannotSay("a time zone must be written in the rule to be said in SQL")


def _milliseconds(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    target = writer.target
    if node.arguments[0].type is DURATION:
        whole = binary(exp.IntDiv, arguments[0], integer(SECOND // 1000))
        return binary(exp.Mod, whole, integer(1000))
    _zone_name(node)
    positive = binary(exp.Sub, target.widened(arguments[0]), target.integer(TIMESTAMP_MINIMUM))
    whole = binary(exp.IntDiv, positive, integer(SECOND // 1000))
    return cast(binary(exp.Mod, whole, integer(1000)), BIGINT)


def _today(writer: Writer, node: Operation, arguments: Arguments) -> exp.Expression:
    """Midnight where the zone has one offset only; others have days without a midnight."""
    target = writer.target
    name = _zone_name(node)
    shift = 0 if name in UTC_NAMES else offset_of(name)
    if shift is None:
        raise CannotSay(f"`today` in the zone `{name}` can't be said in SQL")
    local = _local_seconds(target, node, arguments)

    def midnight(shown: exp.Expression) -> exp.Expression:
        counted = binary(exp.Sub, shown.copy(), integer(_FIRST_SECOND))
        days = binary(exp.Mul, _days(counted), integer(_DAY))
        start = binary(exp.Add, days, integer(_FIRST_SECOND - shift))
        value = binary(exp.Mul, target.widened(start), integer(SECOND))
        return target.within(value, TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM)

    return target.bind(local, midnight)


WRITERS: Final[dict[str, OperationWriter]] = {
    **{name: _getter(name) for name in _PARTS},
    "getMilliseconds": _milliseconds,
    "today": _today,
}
