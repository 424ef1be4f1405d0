"""Arithmetic: 64-bit integers that fail rather than wrap, doubles, and times in nanoseconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from offerd.expression.check.types import (
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    Type,
    list_of,
)
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError

INT_MINIMUM: Final = -(2**63)
INT_MAXIMUM: Final = 2**63 - 1
UINT_MAXIMUM: Final = 2**64 - 1
TIMESTAMP_MINIMUM: Final = -62_135_596_800_000_000_000
TIMESTAMP_MAXIMUM: Final = 253_402_300_799_999_999_999

RANGES: Final[dict[Type, tuple[int, int]]] = {
    INT: (INT_MINIMUM, INT_MAXIMUM),
    UINT: (0, UINT_MAXIMUM),
    TIMESTAMP: (TIMESTAMP_MINIMUM, TIMESTAMP_MAXIMUM),
    DURATION: (INT_MINIMUM, INT_MAXIMUM),
}
"""The least and greatest value of the types that are kept as an int."""


def within(type_: Type, value: int) -> int:
    """The value, if it is in the type's range; else EvaluationError."""
    least, greatest = RANGES[type_]
    if least <= value <= greatest:
        return value
    raise EvaluationError(f"the result is out of the range of {_ARTICLES[type_]}")


_ARTICLES: Final = {
    INT: "an int",
    UINT: "a uint",
    TIMESTAMP: "a timestamp",
    DURATION: "a duration",
}


def _ranged(operator: str, arguments: tuple[Type, ...], result: Type) -> Overload:
    """An overload on ints of Python with the range of its result checked."""
    compute = _PLAIN[operator]
    least, greatest = RANGES[result]
    body = "-{0}" if operator == "negate" else f"{{0}} {operator} {{1}}"
    return Overload(
        arguments,
        result,
        lambda *values: within(result, compute(*values)),
        f"({{t}} if {least} <= ({{t}} := {body}) <= {greatest} else overflow())",
    )


_PLAIN: Final[dict[str, Callable[..., Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "negate": lambda a: -a,
}


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("division by zero")
    quotient = abs(a) // abs(b)
    return within(INT, quotient if (a < 0) == (b < 0) else -quotient)


def _divide_unsigned(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("division by zero")
    return a // b


def _modulo(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("modulus by zero")
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


def divide_doubles(a: float, b: float) -> float:
    """IEEE 754 division, where Python would raise."""
    if b == 0:
        if a == 0 or math.isnan(a):
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def _concatenate(a: list[Any], b: list[Any]) -> list[Any]:
    return [*a, *b]


def _doubles(operator: str) -> Overload:
    return Overload((DOUBLE, DOUBLE), DOUBLE, _PLAIN[operator], f"({{0}} {operator} {{1}})")


def _joined(type_: Type) -> Overload:
    return Overload((type_, type_), type_, _PLAIN["+"], "({0} + {1})")


ARITHMETIC: Final = (
    Function(
        "_+_",
        Form.OPERATOR,
        (
            _ranged("+", (INT, INT), INT),
            _ranged("+", (UINT, UINT), UINT),
            _doubles("+"),
            _joined(STRING),
            _joined(BYTES),
            Overload((list_of(A), list_of(A)), list_of(A), _concatenate),
            _ranged("+", (TIMESTAMP, DURATION), TIMESTAMP),
            _ranged("+", (DURATION, TIMESTAMP), TIMESTAMP),
            _ranged("+", (DURATION, DURATION), DURATION),
        ),
        "The sum of numbers, of durations, or of a timestamp and a duration; texts, bytes and "
        "lists one after the other.",
        "The sum is out of range: ints have 64 bits, timestamps end with the year 9999.",
        "1 + 2 == 3 && 'a' + 'b' == 'ab'",
    ),
    Function(
        "_-_",
        Form.OPERATOR,
        (
            _ranged("-", (INT, INT), INT),
            _ranged("-", (UINT, UINT), UINT),
            _doubles("-"),
            _ranged("-", (TIMESTAMP, TIMESTAMP), DURATION),
            _ranged("-", (TIMESTAMP, DURATION), TIMESTAMP),
            _ranged("-", (DURATION, DURATION), DURATION),
        ),
        "The difference of numbers, of durations, of two timestamps, or of a timestamp and a "
        "duration.",
        "The difference is out of range.",
        "3 - 2 == 1",
    ),
    Function(
        "_*_",
        Form.OPERATOR,
        (_ranged("*", (INT, INT), INT), _ranged("*", (UINT, UINT), UINT), _doubles("*")),
        "The product of two numbers.",
        "The product is out of range.",
        "2 * 3 == 6",
    ),
    Function(
        "_/_",
        Form.OPERATOR,
        (
            Overload((INT, INT), INT, _divide),
            Overload((UINT, UINT), UINT, _divide_unsigned, "({0} // {1})"),
            Overload((DOUBLE, DOUBLE), DOUBLE, divide_doubles, "({0} / {1})"),
        ),
        "The quotient; of ints without its fraction. Doubles divided by 0.0 are infinite or NaN.",
        "An int is divided by 0, or the quotient is out of range.",
        "7 / 2 == 3 && 7.0 / 2.0 == 3.5",
    ),
    Function(
        "_%_",
        Form.OPERATOR,
        (
            Overload((INT, INT), INT, _modulo),
            Overload((UINT, UINT), UINT, _modulo, "({0} % {1})"),
        ),
        "What a division of ints leaves over, with the sign of the first.",
        "The second is 0.",
        "7 % 2 == 1",
    ),
    Function(
        "-_",
        Form.OPERATOR,
        (
            _ranged("negate", (INT,), INT),
            Overload((DOUBLE,), DOUBLE, _PLAIN["negate"], "(-{0})"),
        ),
        "The opposite of a number.",
        "It is the least int, whose opposite is out of range.",
        "-(1) < 0",
    ),
)
