"""Arithmetic and comparisons of times that pass evenly, over a window of moments."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from offerd.audience.changing import (
    FAILURE,
    FALSE,
    TRUE,
    Changing,
    Line,
    first_of,
    settled,
)
from offerd.expression import DURATION, INT, TIMESTAMP, Type
from offerd.expression.functions.arithmetic import RANGES

COMPARED: Final = (TIMESTAMP, DURATION, INT)
"""Types whose values are ints, which can be bounded."""

_ORDERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
    "_==_": operator.eq,
    "_!=_": operator.ne,
}
COMPARISONS: Final = frozenset(_ORDERS)
SUMS: Final = frozenset({"_+_", "_-_"})


class Window:
    """The moments from `first_ns` to `last_ns`, and what is known of them.

    `last_ns` comes nearer when something can only be told up to there. `held_ns` gathers until
    when all of what was just looked at holds. `memberships` are those of audiences that depend on
    the moment, plain or changing.
    """

    __slots__ = ("first_ns", "held_ns", "last_ns", "memberships", "now")

    def __init__(self, first_ns: int, last_ns: int) -> None:
        self.first_ns = first_ns
        self.last_ns = last_ns
        self.held_ns: int | None = None
        self.memberships: dict[str, Any] = {}
        self.now: Any = self.line(1, 0)

    def line(self, slope: int, offset: int) -> Any:
        """The value of a line over the window."""
        if slope == 0:
            return offset
        return Line(slope, offset, self.first_ns, self.last_ns)

    def hold(self, value: Any) -> Any:
        """What a value is at the first moment; notes until when."""
        if not isinstance(value, Changing):
            return value
        if self.held_ns is None or value.until < self.held_ns:
            self.held_ns = value.until
        return value.first

    def cut(self, until_ns: int) -> None:
        """Ends the window before a moment."""
        self.last_ns = min(self.last_ns, until_ns - 1)


def _parts(value: Any) -> tuple[int, int] | None:
    """Slope and offset, or None of what isn't a line."""
    if isinstance(value, Line):
        return value.slope, value.offset
    return None if isinstance(value, Changing) else (0, value)


def _held(value: Any, window: Window) -> tuple[int, int]:
    """Slope and offset of an int; the window ends with the time for which it has them."""
    parts = _parts(value)
    if parts is not None:
        return parts
    window.cut(value.until)
    return 0, value.first


def _moved(function: str, left: Any, right: Any, result: Type) -> Changing | None:
    """A value that goes on in steps, plus or minus one that stays; None of others."""
    if not isinstance(left, Changing) or isinstance(left, Line) or isinstance(right, Changing):
        return None
    by = right if function == "_+_" else -right
    (low, high), (least, greatest) = _bounds(left), RANGES[result]
    if low + by < least or high + by > greatest:
        return None
    return Changing(left.first + by, left.until, low=low + by, high=high + by)


def total(function: str, left: Any, right: Any, result: Type, window: Window) -> Any:
    """The sum or difference of two ints; None if it can't be told of such values."""
    if _unbounded(left) or _unbounded(right):
        return None
    moved = _moved(function, left, right, result)
    if moved is not None:
        return moved
    one, other = _held(left, window), _held(right, window)
    sign = 1 if function == "_+_" else -1
    slope, offset = one[0] + sign * other[0], one[1] + sign * other[1]
    least, greatest = RANGES[result]
    if slope == 0:
        return offset if least <= offset <= greatest else FAILURE
    line = Line(slope, offset, window.first_ns, window.last_ns)
    if least <= line.first <= greatest:
        if line.low is not None and line.low < least:
            window.cut(line.reaches(least - 1))
        if line.high is not None and line.high > greatest:
            window.cut(line.reaches(greatest + 1))
        return window.line(slope, offset)
    reentry = line.reaches(least if slope > 0 else greatest)
    if window.first_ns < reentry <= window.last_ns:
        window.cut(reentry)
    return FAILURE


def compare(function: str, left: Any, right: Any, window: Window) -> Any:
    """The truth of a comparison of two ints; None if it can't be told of such values."""
    if _unbounded(left) or _unbounded(right):
        return None
    holds = _ORDERS[function]
    first = holds(first_of(left), first_of(right))
    if _decided(function, left, right):
        return first
    until = _until(function, left, right, window, first=first)
    return settled(first, until, TRUE | FALSE)


def _unbounded(value: Any) -> bool:
    if isinstance(value, Changing):
        return value.low is None or value.high is None
    return not isinstance(value, int) or isinstance(value, bool)


def _bounds(value: Any) -> tuple[int, int]:
    if not isinstance(value, Changing) or value.low is None or value.high is None:
        return first_of(value), first_of(value)
    return value.low, value.high


def _decided(function: str, left: Any, right: Any) -> bool:
    """Whether the bounds alone say that the truth is the same throughout."""
    (low, high), (least, greatest) = _bounds(left), _bounds(right)
    if function in ("_==_", "_!=_"):
        apart = high < least or greatest < low
        return apart or low == high == least == greatest
    if function in ("_<_", "_>=_"):
        return high < least or low >= greatest
    return high <= least or low > greatest


def _until(function: str, left: Any, right: Any, window: Window, *, first: bool) -> int | None:
    """The moment before which the comparison stays as it is; None if it does throughout."""
    one, other = _parts(left), _parts(right)
    if other == (0, right) and isinstance(left, Changing) and left.most is not None:
        return _risen(function, left, right, window)
    if one == (0, left) and isinstance(right, Changing) and right.most is not None:
        return _risen(_MIRRORED.get(function, function), right, left, window)
    steps = [
        value.until
        for value in (left, right)
        if isinstance(value, Changing) and not isinstance(value, Line)
    ]
    slope = (one[0] if one else 0) - (other[0] if other else 0)
    if slope:
        offset = (one[1] if one else left.first) - (other[1] if other else right.first)
        line = Line(slope, offset, window.first_ns, window.last_ns)
        crossing = _crossing(function, line, first=first)
        if crossing is not None and window.first_ns < crossing <= window.last_ns:
            steps.append(crossing)
    return min(steps, default=None)


_MIRRORED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}


def _risen(function: str, value: Changing, bound: int, window: Window) -> int | None:
    """The moment before which a rising value stays on its side of a bound; None if for good."""
    before = bound if function in ("_<_", "_>=_", "_==_", "_!=_") else bound + 1
    most = value.most
    if most is None or value.first >= before:
        return value.until if value.until <= window.last_ns else None
    if most(window.last_ns) < before:
        return None
    first_ns, last_ns = window.first_ns, window.last_ns
    while first_ns + 1 < last_ns:
        middle_ns = (first_ns + last_ns) // 2
        if most(middle_ns) < before:
            first_ns = middle_ns
        else:
            last_ns = middle_ns
    return max(last_ns, value.until)


def _crossing(function: str, line: Line, *, first: bool) -> int | None:
    """The moment at which the truth of `line <op> 0` turns; None if it doesn't any more."""
    if function in ("_==_", "_!=_"):
        equal = first is (function == "_==_")
        if equal:
            return line.until
        zero = line.reaches(0)
        return zero if line.slope * zero + line.offset == 0 else None
    from_zero = function in ("_<_", "_>=_")
    if line.slope > 0:
        turn = line.reaches(0 if from_zero else 1)
    else:
        turn = line.reaches(-1 if from_zero else 0)
    return turn
