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
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError, contains_element, equals, has_key, quoted

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


def _equality(name: str, symbol: str, implementation: Callable[..., bool]) -> Function:
    """Templates for the first overload depend on its type: see plan/equality."""
    same = Overload((A, A), BOOL, implementation)
    return Function(name, Form.OPERATOR, (same, *_mixed(symbol, implementation)))


def _order(name: str, symbol: str, compare: Callable[[Any, Any], bool]) -> Function:
    template = f"({{0}} {symbol} {{1}})"
    same = tuple(Overload((type_, type_), BOOL, compare, template) for type_ in SCALARS)
    return Function(name, Form.OPERATOR, (*same, *_mixed(symbol, compare)))


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
    return has_key(mapping, key)


def _not(value: bool) -> bool:
    return not value


COMPARISON: Final = (
    _equality("_==_", "==", equals),
    _equality("_!=_", "!=", _unequal),
    _order("_<_", "<", operator.lt),
    _order("_<=_", "<=", operator.le),
    _order("_>_", ">", operator.gt),
    _order("_>=_", ">=", operator.ge),
    Function(
        "_in_",
        Form.OPERATOR,
        (
            Overload((A, list_of(A)), BOOL, lambda value, values: contains_element(values, value)),
            Overload((A, map_of(A, B)), BOOL, _in_map),
        ),
    ),
    Function(
        "_[_]",
        Form.OPERATOR,
        (
            Overload((list_of(A), INT), A, _element),
            Overload((map_of(A, B), A), B, entry),
            Overload((list_of(A), UINT), A, _element, open_only=True),
            Overload((list_of(A), DOUBLE), A, _element_at_double, open_only=True),
        ),
    ),
    Function("_._", Form.OPERATOR, (Overload((map_of(A, B), A), B, entry),)),
    Function("has", Form.OPERATOR, (Overload((map_of(A, B), A), BOOL, has_key),)),
    Function("!_", Form.OPERATOR, (Overload((BOOL,), BOOL, _not, "(not {0})"),)),
)
