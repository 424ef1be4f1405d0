"""The operators and core functions of the second, slow evaluator; mistakes raise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from offerd.expression import Duration, Timestamp, Uint
from unit.expression.naive_functions import number, same

UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9}


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def function(a: Any, b: Any) -> bool:
        if type(a) is type(b) and isinstance(a, bool | str | bytes):
            return compare(a, b)
        if type(a) is type(b) and isinstance(a, Timestamp | Duration):
            return compare(a.value, b.value)
        x, y = number(a), number(b)
        mixed = isinstance(x, float) or isinstance(y, float)
        return compare(float(x), float(y)) if mixed else compare(x, y)

    return function


def _ranged(value: int, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    if not low <= value <= high:
        raise OverflowError
    return value


def _moment(value: int) -> Timestamp:
    return Timestamp(_ranged(value, -62135596800 * 10**9, 253402300800 * 10**9 - 1))


def _add(a: Any, b: Any, sign: int = 1) -> Any:
    if isinstance(a, Timestamp | Duration) or isinstance(b, Timestamp | Duration):
        if isinstance(a, Timestamp) and isinstance(b, Timestamp) and sign < 0:
            return Duration(_ranged(a.value - b.value))
        if isinstance(a, Duration) and isinstance(b, Duration):
            return Duration(_ranged(a.value + sign * b.value))
        if {type(a), type(b)} == {Timestamp, Duration} and (sign > 0 or isinstance(a, Timestamp)):
            return _moment(a.value + sign * b.value)
        raise TypeError
    if type(a) is not type(b):
        raise TypeError
    if isinstance(a, str | bytes | list) and sign > 0:
        return a + b
    if isinstance(a, Uint):
        return Uint(_ranged(a.value + sign * b.value, 0, 2**64 - 1))
    total = number(a) + sign * number(b)
    return total if isinstance(a, float) else _ranged(total)


def _multiply(a: Any, b: Any) -> Any:
    if type(a) is not type(b):
        raise TypeError
    if isinstance(a, Uint):
        return Uint(_ranged(a.value * b.value, 0, 2**64 - 1))
    product = number(a) * number(b)
    return product if isinstance(a, float) else _ranged(product)


def _divide(a: Any, b: Any) -> Any:
    if type(a) is not type(b):
        raise TypeError
    if isinstance(a, Uint):
        return Uint(a.value // b.value)
    if isinstance(a, float):
        if b != 0:
            return a / b
        if a == 0 or math.isnan(a):
            return math.nan
        return math.inf if (a > 0) == (math.copysign(1, b) > 0) else -math.inf
    whole = abs(number(a)) // abs(number(b))
    return _ranged(whole if (a >= 0) == (b >= 0) else -whole)


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, Uint) and isinstance(b, Uint):
        return Uint(a.value % b.value)
    if type(a) is not int or type(b) is not int:
        raise TypeError
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


def _index(of: Any, at: Any) -> Any:
    if isinstance(of, dict):
        found = [of[key] for key in of if same(key, at)]
        return found[0]
    position = number(at)
    if not isinstance(of, list) or position < 0 or position != int(position):
        raise TypeError
    return of[int(position)]


def _member(a: Any, of: Any) -> bool:
    if not isinstance(of, list | dict):
        raise TypeError
    if isinstance(of, dict) and not isinstance(a, bool | int | float | str | Uint):
        raise TypeError
    return any(same(a, item) for item in of)


def _text_only(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        if not all(isinstance(value, str) for value in values):
            raise TypeError
        return function(*values)

    return checked


def _negate(a: Any) -> Any:
    if isinstance(a, Uint):
        raise TypeError
    return -number(a) if isinstance(a, float) else _ranged(-number(a))


def _invert(a: Any) -> bool:
    if not isinstance(a, bool):
        raise TypeError
    return not a


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_==_": same,
    "_!=_": lambda a, b: not same(a, b),
    "_<_": _ordered(lambda a, b: a < b),
    "_<=_": _ordered(lambda a, b: a <= b),
    "_>_": _ordered(lambda a, b: a > b),
    "_>=_": _ordered(lambda a, b: a >= b),
    "_+_": _add,
    "_-_": lambda a, b: _add(a, b, -1),
    "_*_": _multiply,
    "_/_": _divide,
    "_%_": _modulo,
    "-_": _negate,
    "!_": _invert,
    "_in_": _member,
    "_[_]": _index,
    "dyn": lambda a: a,
    "size": len,
    "contains": _text_only(lambda a, b: b in a),
    "startsWith": _text_only(lambda a, b: a.startswith(b)),
    "duration": _text_only(lambda a: Duration(int(a[:-1]) * UNITS[a[-1]])),
    "double": lambda a: float(number(a)),
}
