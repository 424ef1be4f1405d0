"""Equality, order, membership and indexing."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    INT,
    NUMERIC,
    SCALARS,
    UINT,
    A,
    B,
    list_of,
    map_of,
)
from offerd.expression.functions.optionals import HAS_IN_MAP, IN_LIST, IN_MAP
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import (
    EvaluationError,
    Uint,
    contains_element,
    equals,
    has_key,
    quoted,
    type_of,
)

_MIXED: Final = tuple((a, b) for a in NUMERIC for b in NUMERIC if a is not b)


def _unequal(a: Any, b: Any) -> bool:
    return not equals(a, b)


def _mixed(symbol: str, compare: Callable[[Any, Any], bool]) -> tuple[Overload, ...]:
    """Comparisons of numbers of different types; against a double, an integer becomes one."""
    overloads = []
    for left, right in _MIXED:
        rounds = DOUBLE in (left, right)
        template = f"(float({{0}}) {symbol} float({{1}}))" if rounds else f"({{0}} {symbol} {{1}})"
        implementation = _rounding(compare) if rounds else compare
        overloads.append(Overload((left, right), BOOL, implementation, template))
    return tuple(overloads)


def _rounding(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(float(left), float(right))


def _equality(name: str, symbol: str, implementation: Callable[..., bool], doc: str) -> Function:
    """Templates for the first overload depend on its type: see plan/native."""
    same = Overload((A, A), BOOL, implementation)
    overloads = (same, *_mixed(symbol, implementation))
    return Function(name, Form.OPERATOR, overloads, doc, example=f"1 {symbol} {_EXAMPLES[symbol]}")


def _order(name: str, symbol: str, compare: Callable[[Any, Any], bool], word: str) -> Function:
    template = f"({{0}} {symbol} {{1}})"
    same = tuple(Overload((type_, type_), BOOL, compare, template) for type_ in SCALARS)
    doc = (
        f"Whether the left value is {word} the right one: numbers of any type by their size, texts "
        "by their code points, false before true, times from early to late."
    )
    overloads = (*same, *_mixed(symbol, compare))
    return Function(name, Form.OPERATOR, overloads, doc, example=f"1 {symbol} {_EXAMPLES[symbol]}")


_EXAMPLES: Final = {"==": "1.0", "!=": "2", "<": "2", "<=": "1", ">": "0.5", ">=": "1u"}


def _element(values: list[Any], index: int) -> Any:
    if 0 <= index < len(values):
        return values[index]
    raise EvaluationError(f"the index {index} is outside a list of {len(values)}")


def _element_at_double(values: list[Any], index: float) -> Any:
    if not index.is_integer():
        raise EvaluationError(f"the index {index} is not a whole number")
    return _element(values, int(index))


def show_key(key: Any) -> str:
    """A map's key as messages show it."""
    return quoted(key) if isinstance(key, str) else f"`{key!r}`".lower()


def entry(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key that must be there."""
    if not has_key(mapping, key):
        raise EvaluationError(f"no such key: {show_key(key)}")
    return mapping[key]


def _in_map(key: Any, mapping: dict[Any, Any]) -> bool:
    if not isinstance(key, _KEYS):
        # No map has such a key, so CEL has no overload: it fails as it does where types are known.
        raise EvaluationError(f"a map has no keys of type `{type_of(key).name}`")
    return has_key(mapping, key)


_KEYS: Final = (bool, int, float, str, Uint)
"""What a key may be looked for with; a whole double is equal to an int."""


def _not(value: bool) -> bool:
    return not value


COMPARISON: Final = (
    _equality(
        "_==_",
        "==",
        equals,
        "Whether two values are equal: numbers by their value, whatever their types; NaN equals "
        "nothing.",
    ),
    _equality("_!=_", "!=", _unequal, "Whether two values are not equal."),
    _order("_<_", "<", operator.lt, "less than"),
    _order("_<=_", "<=", operator.le, "less than or equal to"),
    _order("_>_", ">", operator.gt, "greater than"),
    _order("_>=_", ">=", operator.ge, "greater than or equal to"),
    Function(
        "_in_",
        Form.OPERATOR,
        (
            Overload((A, list_of(A)), BOOL, lambda value, values: contains_element(values, value)),
            Overload((A, map_of(A, B)), BOOL, _in_map),
        ),
        "Whether a list has an equal element, or a map such a key.",
        "What is looked for in a map is neither a bool, nor a number, nor a string.",
        example="2 in [1, 2] && 'a' in {'a': 1}",
    ),
    Function(
        "_[_]",
        Form.OPERATOR,
        (
            Overload((list_of(A), INT), A, _element),
            Overload((map_of(A, B), A), B, entry),
            Overload((list_of(A), UINT), A, _element, open_only=True),
            Overload((list_of(A), DOUBLE), A, _element_at_double, open_only=True),
            IN_MAP,
            IN_LIST,
        ),
        "The element of a list at an index from 0, or the value of a map's key; of an optional, "
        "the same as an optional.",
        "The index is outside the list, or the map has no such key: `[?...]` gives an optional.",
        "[1, 2][0] == 1 && {'a': 1}['a'] == 1",
    ),
    Function(
        "_._",
        Form.OPERATOR,
        (Overload((map_of(A, B), A), B, entry), IN_MAP),
        "The attribute of a record, or the value of a map's key; of an optional, the same as an "
        "optional. A record's attribute that is missing is unknown, which is no failure.",
        "The map has no such key: `.?` gives an optional, `has` tells.",
        "{'a': 1}.a == 1",
    ),
    Function(
        "has",
        Form.OPERATOR,
        (Overload((map_of(A, B), A), BOOL, has_key), HAS_IN_MAP),
        "Whether a record has an attribute, or a map a key.",
        example="has({'a': 1}.a)",
    ),
    Function(
        "!_",
        Form.OPERATOR,
        (Overload((BOOL,), BOOL, _not, "(not {0})"),),
        "True for false, false for true.",
        example="!(1 > 2)",
    ),
)
