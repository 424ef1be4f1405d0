"""Functions on numbers that are not operators."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.types import BOOL, DOUBLE, DYN, INT, NUMERIC, UINT, Type, list_of
from offerd.expression.functions.arithmetic import UINT_MAXIMUM, within
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError, Uint

_MOST_ARGUMENTS: Final = 4
_BITS: Final = 64


def _plain(value: Any) -> int | float:
    number = value.value if isinstance(value, Uint) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise EvaluationError("only numbers have a greatest and a least")
    return number


def _of_list(choose: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    def chosen(values: Sequence[Any]) -> Any:
        if not values:
            raise EvaluationError("the list is empty")
        return choose(values, key=_plain)

    return chosen


def _extreme(name: str, choose: Callable[..., Any], word: str, example: str) -> Function:
    """Of one to four numbers of one type, or of a list of any numbers."""
    overloads: list[Overload] = []
    for type_ in NUMERIC:
        overloads.append(Overload((type_,), type_, lambda value: value, "{0}"))
        counts = range(2, _MOST_ARGUMENTS + 1)
        repeated: list[tuple[Type, ...]] = [(type_,) * count for count in counts]
        overloads.extend(Overload(arguments, type_, choose) for arguments in repeated)
        overloads.append(Overload((list_of(type_),), type_, _of_list(choose), static_only=True))
    overloads.append(Overload((list_of(DYN),), DYN, _of_list(choose)))
    return Function(
        name,
        Form.FUNCTION,
        tuple(overloads),
        f"The {word} of the numbers, or of those in a list; they may be of several types.",
        "The list is empty, or holds something else than numbers.",
        example,
        packs=True,
    )


def _round(value: float) -> float:
    if not math.isfinite(value):
        return value
    whole = float(math.trunc(value))
    if abs(value - whole) >= 0.5:
        whole += math.copysign(1.0, value)
    return math.copysign(whole, value)


def _whole(convert: Callable[[float], int]) -> Callable[[float], float]:
    def whole(value: float) -> float:
        return math.copysign(float(convert(value)), value) if math.isfinite(value) else value

    return whole


def _sign(value: Any) -> Any:
    return (value > 0) - (value < 0)


def _sign_of_double(value: float) -> float:
    return value if math.isnan(value) or value == 0 else math.copysign(1.0, value)


def _square_root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _signed(bits: int) -> int:
    return bits - (1 << _BITS) if bits >> (_BITS - 1) else bits


def _shifted(value: int, count: int, *, left: bool) -> int:
    if count < 0:
        raise EvaluationError("bits cannot be shifted by a negative number")
    if count >= _BITS:
        return 0
    bits = value & UINT_MAXIMUM
    return (bits << count) & UINT_MAXIMUM if left else bits >> count


def _rounding(
    name: str, implementation: Callable[[float], float], doc: str, example: str
) -> Function:
    return Function(
        name,
        Form.FUNCTION,
        (Overload((DOUBLE,), DOUBLE, implementation),),
        f"{doc} Infinity and NaN stay what they are.",
        example=example,
    )


def _test(name: str, implementation: Callable[[float], bool], doc: str, example: str) -> Function:
    overload = Overload((DOUBLE,), BOOL, implementation)
    return Function(name, Form.FUNCTION, (overload,), doc, example=example)


def _bitwise(
    name: str, combine: Callable[[int, int], int], symbol: str, doc: str, example: str
) -> Function:
    template = f"({{0}} {symbol} {{1}})"
    overloads = tuple(Overload((t, t), t, combine, template) for t in (INT, UINT))
    return Function(name, Form.FUNCTION, overloads, doc, example=example)


def _shift(name: str, *, left: bool, doc: str, example: str) -> Function:
    return Function(
        name,
        Form.FUNCTION,
        (
            Overload((INT, INT), INT, lambda a, b: _signed(_shifted(a, b, left=left))),
            Overload((UINT, INT), UINT, lambda a, b: _shifted(a, b, left=left)),
        ),
        doc,
        "The number of places is negative.",
        example,
    )


NUMBERS: Final = (
    _extreme("math.greatest", max, "greatest", "math.greatest(1, 3, 2) == 3"),
    _extreme("math.least", min, "least", "math.least([1.5, 3, 2u]) == 1.5"),
    _rounding("math.ceil", _whole(math.ceil), "The next whole number up.", "math.ceil(1.2) == 2.0"),
    _rounding(
        "math.floor", _whole(math.floor), "The next whole number down.", "math.floor(-1.2) == -2.0"
    ),
    _rounding(
        "math.round",
        _round,
        "The nearest whole number; a half goes away from zero.",
        "math.round(-1.5) == -2.0",
    ),
    _rounding(
        "math.trunc",
        _whole(math.trunc),
        "The number without its fraction.",
        "math.trunc(-1.7) == -1.0",
    ),
    Function(
        "math.abs",
        Form.FUNCTION,
        (
            Overload((INT,), INT, lambda value: within(INT, abs(value))),
            Overload((UINT,), UINT, lambda value: value, "{0}"),
            Overload((DOUBLE,), DOUBLE, abs),
        ),
        "The number without its sign.",
        "It is the least int, whose opposite is out of range.",
        "math.abs(-3) == 3",
    ),
    Function(
        "math.sign",
        Form.FUNCTION,
        (
            Overload((INT,), INT, _sign),
            Overload((UINT,), UINT, _sign),
            Overload((DOUBLE,), DOUBLE, _sign_of_double),
        ),
        "-1, 0 or 1 in the number's own type; NaN stays NaN.",
        example="math.sign(-3) == -1",
    ),
    _test("math.isNaN", math.isnan, "Whether a double is not a number.", "!math.isNaN(1.0)"),
    _test("math.isInf", math.isinf, "Whether a double is infinite.", "math.isInf(1.0 / 0.0)"),
    _test("math.isFinite", math.isfinite, "Whether a double is finite.", "math.isFinite(1.0)"),
    Function(
        "math.sqrt",
        Form.FUNCTION,
        tuple(
            Overload((type_,), DOUBLE, lambda value: _square_root(float(value)))
            for type_ in NUMERIC
        ),
        "The square root, as a double; NaN of a negative number.",
        example="math.sqrt(9) == 3.0",
    ),
    _bitwise(
        "math.bitAnd",
        lambda a, b: a & b,
        "&",
        "The bits that both have.",
        "math.bitAnd(3, 6) == 2",
    ),
    _bitwise(
        "math.bitOr",
        lambda a, b: a | b,
        "|",
        "The bits that either has.",
        "math.bitOr(3, 6) == 7",
    ),
    _bitwise(
        "math.bitXor",
        lambda a, b: a ^ b,
        "^",
        "The bits that one of the two has.",
        "math.bitXor(3, 6) == 5",
    ),
    Function(
        "math.bitNot",
        Form.FUNCTION,
        (
            Overload((INT,), INT, lambda value: ~value, "(~{0})"),
            Overload((UINT,), UINT, lambda value: value ^ UINT_MAXIMUM),
        ),
        "The bits the number does not have.",
        example="math.bitNot(0) == -1",
    ),
    _shift(
        "math.bitShiftLeft",
        left=True,
        doc="The bits moved up by a number of places; those beyond the 64th are lost.",
        example="math.bitShiftLeft(1, 4) == 16",
    ),
    _shift(
        "math.bitShiftRight",
        left=False,
        doc="The bits moved down by a number of places; zeros come in, also for negative ints.",
        example="math.bitShiftRight(16, 4) == 1",
    ),
)
