"""A second, slow evaluator, written from the language's definition and not from the planner.

It walks the syntax tree, knows no static types, and takes every value boxed: uints, timestamps and
durations as the classes of `values`. Its use is to be compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from offerd.expression import Duration, Failure, Timestamp, Uint, Unknown
from offerd.expression.issues import Position
from offerd.expression.syntax import ast
from offerd.expression.syntax.parser import parse

FAILED = Failure("failed", Position(1, 1, 0))
UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9}


def evaluate(source: str, roots: Mapping[str, Any], records: frozenset[str]) -> Any:
    """The value of an expression, or an Unknown, or FAILED; `records` are roots of flat dicts."""
    return _Naive(roots, records).value(parse(source), {})


class _Naive:
    def __init__(self, roots: Mapping[str, Any], records: frozenset[str]) -> None:
        self.roots = roots
        self.records = records

    def value(self, node: ast.Expr, scope: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Literal):
            return Uint(int(str(node.value))) if node.type.name == "uint" else node.value
        if isinstance(node, ast.Name):
            return scope[node.name] if node.name in scope else self.roots[node.name]
        if isinstance(node, ast.ListLiteral):
            return self.strict(lambda *v: list(v), node.items, scope)
        if isinstance(node, ast.MapLiteral):
            parts = [part for entry in node.entries for part in entry]
            pairs = self.strict(lambda *v: list(v), parts, scope)
            if not isinstance(pairs, list):
                return pairs
            return dict(zip(pairs[::2], pairs[1::2], strict=True))
        if isinstance(node, ast.Select):
            return self.select(node, scope)
        return self.call(node, scope)

    def path(self, node: ast.Expr, scope: Mapping[str, Any]) -> list[str] | None:
        names: list[str] = []
        while isinstance(node, ast.Select):
            names.append(node.field)
            node = node.operand
        if isinstance(node, ast.Name) and node.name in self.records and node.name not in scope:
            return [node.name, *names[::-1]]
        return None

    def select(self, node: ast.Select, scope: Mapping[str, Any]) -> Any:
        path = self.path(node, scope)
        if path is not None:
            key = ".".join(path[1:])
            return self.roots[path[0]].get(key, Unknown([f"{path[0]}.{key}"]))
        return self.strict(lambda of: of[node.field], [node.operand], scope)

    def call(self, node: ast.Call, scope: Mapping[str, Any]) -> Any:
        name, args = node.function, node.arguments
        if name in ("_&&_", "_||_"):
            return _settle([self.value(a, scope) for a in args], name == "_||_")
        if name == "_?_:_":
            chosen = self.value(args[0], scope)
            if isinstance(chosen, bool):
                return self.value(args[1] if chosen else args[2], scope)
            return chosen if isinstance(chosen, Unknown) else FAILED
        if name == "has":
            inner = args[0]
            assert isinstance(inner, ast.Select)
            path = self.path(inner, scope)
            if path is not None:
                return ".".join(path[1:]) in self.roots[path[0]]
            return self.strict(lambda of: inner.field in of, [inner.operand], scope)
        if name == "audience":
            assert isinstance(args[0], ast.Literal)
            key = args[0].value
            return self.roots[name].get(key, Unknown([f'{name}("{key!s}")']))
        if name in ("exists", "all", "exists_one", "filter", "map"):
            return self.macro(node, scope)
        everything = args if node.target is None else (node.target, *args)
        return self.strict(FUNCTIONS[name], everything, scope)

    def macro(self, node: ast.Call, scope: Mapping[str, Any]) -> Any:
        assert node.target is not None
        variable = node.arguments[0]
        assert isinstance(variable, ast.Name)
        items = self.value(node.target, scope)
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, list | dict):
            return FAILED
        results = [self.value(node.arguments[1], {**scope, variable.name: item}) for item in items]
        if node.function in ("exists", "all"):
            return _settle(results, node.function == "exists")
        bad = _cause(results)
        if bad is not None:
            return bad
        if node.function == "map":
            return results
        if not all(isinstance(result, bool) for result in results):
            return FAILED
        kept = [item for item, result in zip(items, results, strict=True) if result]
        return kept if node.function == "filter" else len(kept) == 1

    def strict(self, function: Callable[..., Any], args: Any, scope: Mapping[str, Any]) -> Any:
        values = [self.value(arg, scope) for arg in args]
        bad = _cause(values)
        if bad is not None:
            return bad
        try:
            return function(*values)
        except (TypeError, KeyError, IndexError, ValueError, ArithmeticError, AttributeError):
            return FAILED


def _cause(values: list[Any]) -> Any:
    """What spoils a list of values: unknowns first, then failures, else None."""
    names = [name for value in values if isinstance(value, Unknown) for name in value.names]
    if names:
        return Unknown(names)
    return FAILED if any(isinstance(value, Failure) for value in values) else None


def _settle(values: list[Any], absorbing: bool) -> Any:
    """`||` and `exists` when true absorbs, `&&` and `all` when false does."""
    before = []
    for value in values:
        if value is absorbing:
            return absorbing
        before.append(value)
    bad = _cause(before)
    if bad is not None:
        return bad
    return (not absorbing) if all(isinstance(value, bool) for value in values) else FAILED


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Uint):
        raise TypeError
    return value.value if isinstance(value, Uint) else value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(k in b and _same(a[k], b[k]) for k in a)
    try:
        x, y = _number(a), _number(b)
    except TypeError:
        return type(a) is type(b) and bool(a == b)
    return float(x) == float(y) if isinstance(x, float) or isinstance(y, float) else bool(x == y)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def function(a: Any, b: Any) -> bool:
        if type(a) is type(b) and isinstance(a, bool | str | bytes):
            return compare(a, b)
        if type(a) is type(b) and isinstance(a, Timestamp | Duration):
            return compare(a.value, b.value)
        x, y = _number(a), _number(b)
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
        if {type(a), type(b)} == {Timestamp, Duration}:
            return _moment(a.value + sign * b.value)
        raise TypeError
    if type(a) is not type(b):
        raise TypeError
    if isinstance(a, str | bytes | list) and sign > 0:
        return a + b
    if isinstance(a, Uint):
        return Uint(_ranged(a.value + sign * b.value, 0, 2**64 - 1))
    total = _number(a) + sign * _number(b)
    return total if isinstance(a, float) else _ranged(total)


def _multiply(a: Any, b: Any) -> Any:
    if type(a) is not type(b):
        raise TypeError
    if isinstance(a, Uint):
        return Uint(_ranged(a.value * b.value, 0, 2**64 - 1))
    product = _number(a) * _number(b)
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
    whole = abs(_number(a)) // abs(_number(b))
    return _ranged(whole if (a >= 0) == (b >= 0) else -whole)


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, Uint) and isinstance(b, Uint):
        return Uint(a.value % b.value)
    if type(a) is not int or type(b) is not int:
        raise TypeError
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


def _index(of: Any, at: Any) -> Any:
    if isinstance(of, dict):
        return next(of[key] for key in of if _same(key, at)) if _member(at, of) else of["missing"]
    position = _number(at)
    if not isinstance(of, list) or position < 0 or position != int(position):
        raise TypeError
    return of[int(position)]


def _member(a: Any, of: Any) -> bool:
    if not isinstance(of, list | dict):
        raise TypeError
    return any(_same(a, item) for item in of)


def _text_only(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        if not all(isinstance(value, str) for value in values):
            raise TypeError
        return function(*values)

    return checked


def _negate(a: Any) -> Any:
    if isinstance(a, Uint):
        raise TypeError
    return -_number(a) if isinstance(a, float) else _ranged(-_number(a))


def _invert(a: Any) -> bool:
    if not isinstance(a, bool):
        raise TypeError
    return not a


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_==_": _same,
    "_!=_": lambda a, b: not _same(a, b),
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
    "double": lambda a: float(_number(a)),
}
