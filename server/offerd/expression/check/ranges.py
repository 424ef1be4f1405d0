"""Which values a part of a rule may have at all, and samples that stand for all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final, NamedTuple

from offerd.expression.check.tree import Node, Operation
from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
)
from offerd.expression.functions.identification import BUCKETS

WHOLE: Final = (INT, UINT, TIMESTAMP, DURATION)
"""The types whose values are whole numbers at run time."""


class Range(NamedTuple):
    """From the least to the greatest whole number, both inclusive; None for no bound."""

    least: int | None
    greatest: int | None

    def __str__(self) -> str:
        if self.greatest is None:
            return f"at least {self.least}"
        return f"from {self.least} to {self.greatest}"


_UNBOUNDED: Final = Range(None, None)
_OF_TYPE: Final = {UINT: Range(0, None)}
_OF_FUNCTION: Final = {
    "bucket": Range(0, BUCKETS - 1),
    "size": Range(0, None),
    "indexOf": Range(-1, None),
    "lastIndexOf": Range(-1, None),
    "semver.compare": Range(-1, 1),
    "daysUntilAnniversary": Range(0, 366),
}
_OF_TIMESTAMP: Final = {
    "getFullYear": Range(1, 9999),
    "getMonth": Range(0, 11),
    "getDate": Range(1, 31),
    "getDayOfMonth": Range(0, 30),
    "getDayOfWeek": Range(0, 6),
    "getDayOfYear": Range(0, 365),
    "getHours": Range(0, 23),
    "getMinutes": Range(0, 59),
    "getSeconds": Range(0, 59),
    "getMilliseconds": Range(0, 999),
}
"""Only of timestamps: the hours of a duration are as many as it lasts."""


def range_of(node: Node) -> Range:
    """The whole numbers that a node of one of the `WHOLE` types may come to."""
    if isinstance(node, Operation) and node.arguments:
        known = _OF_FUNCTION.get(node.function)
        if known is None and node.arguments[0].type is TIMESTAMP:
            known = _OF_TIMESTAMP.get(node.function)
        if known is not None:
            return known
    return _OF_TYPE.get(node.type, _UNBOUNDED)


class Other:
    """A text that is none of those written in the rule."""


_OTHER: Final = Other()


def samples(node: Node, constants: Iterable[Any]) -> list[Any] | None:
    """Values of the node, one at least for every way to compare with all of the constants.

    What holds for none of them never holds, and what holds for all always does. None for a type
    whose values can't be sampled. Texts are only for `==` and `!=`.
    """
    if node.type is BOOL:
        return [True, False]
    if node.type is STRING:
        return [*dict.fromkeys(constants), _OTHER]
    if node.type is DOUBLE:
        return _doubles(constants)
    return _whole(range_of(node), constants) if node.type in WHOLE else None


def is_sampled(type_: Type) -> bool:
    """Whether there are samples of the type."""
    return type_ in (BOOL, STRING, DOUBLE, *WHOLE)


def _whole(range_: Range, constants: Iterable[Any]) -> list[Any]:
    found = {0, *(bound for bound in range_ if bound is not None)}
    for constant in constants:
        if math.isfinite(constant):
            floor = math.floor(constant)
            found.update((floor - 1, floor, floor + 1))
    least, greatest = range_
    return sorted(
        value
        for value in found
        if (least is None or value >= least) and (greatest is None or value <= greatest)
    )


def _doubles(constants: Iterable[Any]) -> list[Any]:
    finite = sorted({Fraction(constant) for constant in constants if math.isfinite(constant)})
    if not finite:
        finite = [Fraction(0)]
    between = [(low + high) / 2 for low, high in itertools.pairwise(finite)]
    ends = [finite[0] - 1, finite[-1] + 1]
    return [*finite, *between, *ends, math.inf, -math.inf, math.nan]
