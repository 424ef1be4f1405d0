"""Lists and sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.types import (
    BOOL,
    DYN,
    INT,
    NEVER,
    SCALARS,
    A,
    list_of,
    optional_of,
)
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import (
    ABSENT,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    Uint,
    contains_element,
)

LONGEST_RANGE: Final = 10_000
_MOST_COMPARISONS: Final = 1_000_000
_BOXED: Final = (Uint, Timestamp, Duration)
_ORDERED: Final = (bool, int, float, str, bytes, *_BOXED)
HASHED: Final = frozenset((bool, int, str, bytes, *_BOXED))
"""What equal elements have the same hash of, if all are of one of these types."""


def sort_by(elements: Sequence[Any], keys: Sequence[Any]) -> list[Any]:
    """The elements in the order of their keys; EvaluationError when the keys have no order."""
    if not elements:
        return []
    type_ = type(keys[0])
    if type_ not in _ORDERED or any(type(key) is not type_ for key in keys):
        raise EvaluationError("only values of one type that has an order can be sorted")
    plain = [key.value for key in keys] if type_ in _BOXED else keys
    if type_ is float and any(key != key for key in plain):  # noqa: PLR0124 - NaN
        raise EvaluationError("a list with NaN has no order")
    return [elements[place] for place in sorted(range(len(plain)), key=plain.__getitem__)]


def _sort(values: list[Any]) -> list[Any]:
    return sort_by(values, values)


def _distinct(values: list[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if len(kinds) == 1 and kinds <= HASHED:
        return list(dict.fromkeys(values))
    _require_few(len(values), len(values))
    found: list[Any] = []
    for value in values:
        if not contains_element(found, value):
            found.append(value)
    return found


def _slice(values: list[Any], start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(values):
        raise EvaluationError(f"the range {start} to {end} is outside a list of {len(values)}")
    return list(values[start:end])


def _flatten(values: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise EvaluationError("a list cannot be flattened to a negative depth")
    for _ in range(depth):
        if not any(isinstance(value, list | tuple) for value in values):
            break
        flat: list[Any] = []
        for value in values:
            if isinstance(value, list | tuple):
                flat.extend(value)
            else:
                flat.append(value)
        values = flat
    return list(values)


def _range(count: int) -> list[int]:
    if count > LONGEST_RANGE:
        raise EvaluationError(f"a range has at most {LONGEST_RANGE} numbers")
    return list(range(count))


def _first(values: list[Any]) -> Optional:
    return Optional(True, values[0]) if values else ABSENT


def _last(values: list[Any]) -> Optional:
    return Optional(True, values[-1]) if values else ABSENT


def _require_few(left: int, right: int) -> None:
    if left * right > _MOST_COMPARISONS:
        raise EvaluationError("the lists are too long to compare each element with each")


def _includes(values: list[Any], others: list[Any]) -> bool:
    _require_few(len(values), len(others))
    return all(contains_element(values, other) for other in others)


def _equivalent(values: list[Any], others: list[Any]) -> bool:
    return _includes(values, others) and _includes(others, values)


def _intersects(values: list[Any], others: list[Any]) -> bool:
    _require_few(len(values), len(others))
    return any(contains_element(values, other) for other in others)


def _of_sets(
    name: str, implementation: Callable[[list[Any], list[Any]], bool], doc: str, example: str
) -> Function:
    overload = Overload((list_of(A), list_of(A)), BOOL, implementation)
    return Function(name, Form.FUNCTION, (overload,), doc, _TOO_LONG, example)


_TOO_LONG: Final = f"More than {_MOST_COMPARISONS} pairs of elements would have to be compared."

COLLECTIONS: Final = (
    Function(
        "slice",
        Form.METHOD,
        (Overload((list_of(A), INT, INT), list_of(A), _slice),),
        "The elements from the first index up to, but without, the second.",
        "An index is negative, beyond the end, or the first is behind the second.",
        "[1, 2, 3].slice(1, 3) == [2, 3]",
    ),
    Function(
        "flatten",
        Form.METHOD,
        (
            Overload((list_of(list_of(A)),), list_of(A), _flatten),
            Overload((list_of(DYN),), list_of(DYN), _flatten),
            Overload((list_of(DYN), INT), list_of(DYN), _flatten),
        ),
        "The elements of the lists inside a list, one level deep or as many as asked for.",
        "The number of levels is negative.",
        "[[1], [2, 3]].flatten() == [1, 2, 3]",
    ),
    Function(
        "lists.range",
        Form.FUNCTION,
        (Overload((INT,), list_of(INT), _range),),
        "The numbers from 0 up to, but without, the argument; none if it is negative.",
        f"There would be more than {LONGEST_RANGE} numbers.",
        "lists.range(3) == [0, 1, 2]",
    ),
    Function(
        "sort",
        Form.METHOD,
        (
            Overload((list_of(NEVER),), list_of(NEVER), _sort, static_only=True),
            *(Overload((list_of(type_),), list_of(type_), _sort) for type_ in SCALARS),
            Overload((list_of(DYN),), list_of(DYN), _sort),
        ),
        "The elements in ascending order; strings in the order of their code points.",
        "The elements are of several types, or a double is not a number.",
        "[3, 1, 2].sort() == [1, 2, 3]",
    ),
    Function(
        "distinct",
        Form.METHOD,
        (Overload((list_of(A),), list_of(A), _distinct),),
        "The list without the elements that equal an earlier one.",
        f"{_TOO_LONG} That cannot happen to texts or ints.",
        "[1, 2, 1].distinct() == [1, 2]",
    ),
    Function(
        "first",
        Form.METHOD,
        (Overload((list_of(A),), optional_of(A), _first),),
        "The first element, as an optional: none if the list is empty.",
        example="[1, 2].first().orValue(0) == 1",
    ),
    Function(
        "last",
        Form.METHOD,
        (Overload((list_of(A),), optional_of(A), _last),),
        "The last element, as an optional: none if the list is empty.",
        example="[1, 2].last().orValue(0) == 2",
    ),
    _of_sets(
        "sets.contains",
        _includes,
        "Whether the first list has every element of the second.",
        "sets.contains([1, 2, 3], [3, 1])",
    ),
    _of_sets(
        "sets.equivalent",
        _equivalent,
        "Whether each list has every element of the other, in whatever order and number.",
        "sets.equivalent([1, 2], [2, 1, 1])",
    ),
    _of_sets(
        "sets.intersects",
        _intersects,
        "Whether the lists have an element in common.",
        "sets.intersects([1, 2], [2, 3])",
    ),
)
