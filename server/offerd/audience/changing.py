"""Values that depend on the moment, over a window of moments.

A window is all nanoseconds from its first to its last. What is the same at each of them is a plain
value; everything else is a `Changing`, which knows what it is at the first moment, until when it
stays so, and bounds that hold at every moment of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from offerd.expression import Failure, Position, Unknown

FALSE: Final = 1
UNKNOWN: Final = 2
FAILED: Final = 4
TRUE: Final = 8
ANY: Final = FALSE | UNKNOWN | FAILED | TRUE
"""What a truth can come to, as bits: a mask says which of them are possible."""

FAILURE: Final = Failure("this could not be worked out", Position(1, 1, 0))
"""Stands for every failure: of a membership only matters that it is none."""

_VALUES: Final = {TRUE: True, FALSE: False, UNKNOWN: Unknown(("now",)), FAILED: FAILURE}

_ALL_FIRST: Final = (FALSE, UNKNOWN, FAILED, TRUE)
_ANY_FIRST: Final = (TRUE, UNKNOWN, FAILED, FALSE)


class Changing:
    """A value over a window that isn't known to be the same throughout.

    It is `first` at the first moment and stays so before `until`. `low` and `high`, if it is
    certain to be an int, bound it over the whole window. `outcomes` are those possible of a truth.
    `most`, if given, is an int that the value never exceeds up to a moment, and never falls itself.
    """

    __slots__ = ("first", "high", "low", "most", "outcomes", "until")

    def __init__(
        self,
        first: Any,
        until: int,
        *,
        low: int | None = None,
        high: int | None = None,
        outcomes: int = ANY,
        most: Callable[[int], int] | None = None,
    ) -> None:
        self.first = first
        self.until = until
        self.low = low
        self.high = high
        self.outcomes = outcomes
        self.most = most


class Line(Changing):
    """An int that grows or falls evenly: `slope` times the moment, plus `offset`."""

    __slots__ = ("offset", "slope")

    def __init__(self, slope: int, offset: int, first_ns: int, last_ns: int) -> None:
        begin, end = slope * first_ns + offset, slope * last_ns + offset
        super().__init__(begin, first_ns + 1, low=min(begin, end), high=max(begin, end))
        self.slope = slope
        self.offset = offset

    def reaches(self, value: int) -> int:
        """The first moment at which it has come to a value that lies ahead of it, or passed it."""
        away = value - self.offset if self.slope > 0 else self.offset - value
        return -(-away // abs(self.slope))


def outcome_of(value: Any) -> int:
    """The bit of what a truth has come to."""
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    return UNKNOWN if isinstance(value, Unknown) else FAILED


def outcomes_of(value: Any) -> int:
    """The mask of what a plain or changing truth can come to."""
    return value.outcomes if isinstance(value, Changing) else outcome_of(value)


def value_of(outcome: int) -> Any:
    """A value of an outcome."""
    return _VALUES[outcome]


def first_of(value: Any) -> Any:
    """What a value is at the first moment of the window."""
    return value.first if isinstance(value, Changing) else value


def until_of(value: Any) -> int | None:
    """Until when a value stays what it is at first; None if it does throughout."""
    return value.until if isinstance(value, Changing) else None


def settled(first: Any, until: int | None, outcomes: int) -> Any:
    """A truth: plain if only one outcome is possible or it never changes, else changing."""
    if until is None:
        return first
    if outcomes & (outcomes - 1) == 0:
        return value_of(outcomes)
    return Changing(first, until, outcomes=outcomes)


def combined(values: Iterable[Any], *, all_: bool) -> Any:
    """`&&` of truths if `all_`, else `||`, as the language has them."""
    order = _ALL_FIRST if all_ else _ANY_FIRST
    parts = [(outcomes_of(value), outcome_of(first_of(value)), until_of(value)) for value in values]
    mask, below = 0, ANY
    for outcome in order:
        possible = any(part[0] & outcome for part in parts)
        if possible and all(part[0] & below for part in parts):
            mask |= outcome
        below &= ~outcome
    if not parts:
        mask = order[-1]
    firsts = {part[1] for part in parts}
    first = next((outcome for outcome in order if outcome in firsts), order[-1])
    untils = [part[2] for part in parts if first != order[0] or part[1] == first]
    ends = [until for until in untils if until is not None]
    if first == order[0]:
        until = None if len(ends) < len(untils) else max(ends)
    else:
        until = min(ends, default=None)
    return settled(value_of(first), until, mask)
