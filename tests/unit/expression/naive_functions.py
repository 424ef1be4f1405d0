"""The extension functions of the second, slow evaluator; values are boxed, mistakes raise."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from typing import Any

from offerd.expression import Duration, Optional, Timestamp, Uint

NONE = Optional(False)


def number(value: Any) -> Any:
    """The Python number of a value; TypeError for anything else."""
    if isinstance(value, Uint):
        return value.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def whole(value: Any) -> int:
    """An int that is no bool, uint or double."""
    if type(value) is not int:
        raise TypeError
    return value


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError
    return value


def items(value: Any) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise TypeError
    return value


def same(a: Any, b: Any) -> bool:
    """Equality; numbers by value."""
    if isinstance(a, Optional) or isinstance(b, Optional):
        if not (isinstance(a, Optional) and isinstance(b, Optional)):
            return False
        return a.present == b.present and (not a.present or same(a.value, b.value))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(
            any(same(k, other) and same(a[k], b[other]) for other in b) for k in a
        )
    try:
        x, y = number(a), number(b)
    except TypeError:
        return type(a) is type(b) and bool(a == b)
    return float(x) == float(y) if isinstance(x, float) or isinstance(y, float) else bool(x == y)


def ordered(elements: list[Any], keys: list[Any]) -> list[Any]:
    """Insertion sort by keys of one type."""
    if not elements:
        return []
    if len({type(key) for key in keys}) > 1:
        raise TypeError
    plain = [key.value if isinstance(key, Uint | Timestamp | Duration) else key for key in keys]
    if not isinstance(plain[0], bool | int | float | str | bytes):
        raise TypeError
    if any(isinstance(key, float) and math.isnan(key) for key in plain):
        raise ValueError
    done: list[tuple[Any, Any]] = []
    for key, element in zip(plain, elements, strict=True):
        place = len(done)
        while place > 0 and done[place - 1][0] > key:
            place -= 1
        done.insert(place, (key, element))
    return [element for _, element in done]


def _distinct(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in items(values):
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def _slice(values: Any, start: Any, end: Any) -> list[Any]:
    if not 0 <= whole(start) <= whole(end) <= len(items(values)):
        raise IndexError
    return [values[place] for place in range(start, end)]


def _optional_at(of: Any, at: Any) -> Optional:
    if isinstance(of, Optional):
        return _optional_at(of.value, at) if of.present else NONE
    if isinstance(of, dict):
        return next((Optional(True, of[key]) for key in of if same(key, at)), NONE)
    place = whole(at)
    items(of)
    return Optional(True, items(of)[place]) if 0 <= place < len(of) else NONE


def _non_zero(value: Any) -> Optional:
    zeros: list[Any] = [False, 0, "", b"", [], {}, None, Timestamp(0), Duration(0)]
    return NONE if any(same(value, zero) for zero in zeros) else Optional(True, value)


def _optional(value: Any) -> Optional:
    if not isinstance(value, Optional):
        raise TypeError
    return value


def _value(value: Any) -> Any:
    if not _optional(value).present:
        raise ValueError
    return value.value


def _extreme(sign: int) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        pool = items(values[0]) if len(values) == 1 and isinstance(values[0], list) else values
        best = pool[0]
        number(best)
        for value in pool[1:]:
            if sign * number(value) > sign * number(best):
                best = value
        return best

    return choose


def _absolute(value: Any) -> Any:
    if isinstance(value, Uint):
        return value
    result = abs(number(value))
    if isinstance(result, int) and result > 2**63 - 1:
        raise OverflowError
    return result


def _sign(value: Any) -> Any:
    plain = number(value)
    if plain != plain:
        return plain
    sign = -1 if plain < 0 else 1 if plain > 0 else 0
    return Uint(sign) if isinstance(value, Uint) else type(plain)(sign)


def _index_of(value: Any, part: Any) -> int:
    for place in range(len(text(value)) + 1):
        if value[place : place + len(text(part))] == part:
            return place
    return -1


def _case(old: str, new: str) -> Callable[[Any], str]:
    table = dict(zip(old, new, strict=True))
    return lambda value: "".join(table.get(letter, letter) for letter in text(value))


def _reverse(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise TypeError
    backwards = [value[place] for place in range(len(value) - 1, -1, -1)]
    return "".join(backwards) if isinstance(value, str) else backwards


def _replace(value: Any, old: Any, new: Any) -> str:
    parts = text(value).split(old) if text(old) else ["", *text(value), ""]
    return text(new).join(parts)


def _contains(values: Any, others: Any) -> bool:
    found = [any(same(a, b) for a in items(values)) for b in items(others)]
    items(values)
    return all(found)


def _intersects(values: Any, others: Any) -> bool:
    found = [any(same(a, b) for a in items(values)) for b in items(others)]
    items(values)
    return any(found)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "optional.of": lambda value: Optional(True, value),
    "optional.none": lambda: NONE,
    "optional.ofNonZeroValue": _non_zero,
    "hasValue": lambda value: _optional(value).present,
    "value": _value,
    "_[?_]": _optional_at,
    "_?._": _optional_at,
    "math.greatest": _extreme(1),
    "math.least": _extreme(-1),
    "math.abs": _absolute,
    "math.sign": _sign,
    "sort": lambda values: ordered(items(values), values),
    "distinct": _distinct,
    "slice": _slice,
    "reverse": _reverse,
    "first": lambda values: _optional_at(items(values), 0),
    "last": lambda values: _optional_at(items(values), len(values) - 1),
    "sets.contains": _contains,
    "sets.equivalent": lambda a, b: bool(_contains(a, b)) & bool(_contains(b, a)),
    "sets.intersects": _intersects,
    "lowerAscii": _case(string.ascii_uppercase, string.ascii_lowercase),
    "upperAscii": _case(string.ascii_lowercase, string.ascii_uppercase),
    "indexOf": _index_of,
    "replace": _replace,
    "split": lambda value, by: text(value).split(by) if text(by) else list(text(value)),
    "join": lambda values: "".join(text(value) for value in items(values)),
}
