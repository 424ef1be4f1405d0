"""Sums that come out the same in whatever order their terms arrive.

Adding doubles one after the other rounds after each, so that another order gives another sum;
clamping integers to 64 bits on the way has the same flaw. So a sum is kept as an expansion: the
total as one can show it (rounded once, or clamped), and the rest: the same of what is then left,
and so on until nothing is. The expansion depends on the exact sum alone. The rest is mostly one
number, 0 if there is none, and a list if there are several.
"""

from __future__ import annotations

from math import fsum
from typing import Final

LEAST_INTEGER: Final = -(2**63)
MOST_INTEGER: Final = 2**63 - 1
DOUBLE_LIMIT: Final = 2.0**960
"""Doubles of this magnitude and more aren't summed: 2^63 smaller ones can't overflow."""


DoubleRest = float | list[float]
IntegerRest = int | list[int]


def add_double(total: float, rest: DoubleRest, value: float) -> tuple[float, DoubleRest]:
    """Returns total and rest after one more double, of a magnitude below DOUBLE_LIMIT."""
    if isinstance(rest, list):
        return _expand([total, *rest, value])
    # Three exact additions (Knuth's), each giving the rounded sum and what it lost.
    high = total + value
    part = high - total
    error = (total - (high - part)) + (value - part)
    middle = error + rest
    part = middle - error
    if (error - (middle - part)) + (rest - part) != 0.0:
        return _expand([total, rest, value])
    rounded = high + middle
    part = rounded - high
    return rounded, (high - (rounded - part)) + (middle - part)


def _expand(terms: list[float]) -> tuple[float, DoubleRest]:
    total, *rest = _expansion(terms)
    return total, rest if len(rest) > 1 else sum(rest)


def _expansion(terms: list[float]) -> list[float]:
    expansion: list[float] = []
    while left := fsum(terms):
        expansion.append(left)
        terms.append(-left)
    return expansion or [0.0]


def exact_terms(terms: list[int | float]) -> list[int | float]:
    """Returns the expansion of a sum of integers, or of doubles below DOUBLE_LIMIT.

    Largest first; nothing for a sum of 0.
    """
    if any(isinstance(term, float) for term in terms):
        return [term for term in _expansion([float(term) for term in terms]) if term]
    integers: list[int | float] = []
    integers.extend(_integer_expansion(int(sum(terms))))
    return integers


def add_integer(total: int, rest: IntegerRest, value: int) -> tuple[int, IntegerRest]:
    """Returns total and rest after one more integer."""
    expansion = _integer_expansion(total + value + (sum(rest) if isinstance(rest, list) else rest))
    if len(expansion) < 3:
        total, term = (*expansion, 0, 0)[:2]
        return total, term
    return expansion[0], expansion[1:]


def _integer_expansion(left: int) -> list[int]:
    expansion: list[int] = []
    while left:
        term = min(max(left, LEAST_INTEGER), MOST_INTEGER)
        expansion.append(term)
        left -= term
    return expansion
