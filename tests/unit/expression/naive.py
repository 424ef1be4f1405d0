"""A second, slow evaluator, written from the language's definition and not from the planner.

It walks the syntax tree, knows no static types, and takes every value boxed: uints, timestamps and
durations as the classes of `values`. Its use is to be compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from offerd.expression import Failure, Optional, Uint, Unknown
from offerd.expression.issues import Position
from offerd.expression.syntax import ast
from offerd.expression.syntax.parser import parse
from unit.expression import naive_functions, naive_operators
from unit.expression.naive_functions import ordered

FAILED = Failure("failed", Position(1, 1, 0))
FUNCTIONS = {**naive_operators.FUNCTIONS, **naive_functions.FUNCTIONS}
TRANSFORMS = ("transformList", "transformMap")
MACROS = ("exists", "all", "exists_one", "existsOne", "filter", "map", "sortBy", *TRANSFORMS)


def evaluate(
    source: str,
    roots: Mapping[str, Any],
    records: Mapping[str, Collection[str]],
    withheld: Collection[str] = (),
) -> Any:
    """The value of an expression, or an Unknown, or FAILED.

    `records` are the roots that are flat dicts, each with the paths that are declared; `withheld`
    are full names that may not be read, though they may be there.
    """
    return _Naive(roots, records, withheld).value(parse(source), {})


class _Naive:
    def __init__(
        self,
        roots: Mapping[str, Any],
        records: Mapping[str, Collection[str]],
        withheld: Collection[str],
    ) -> None:
        self.roots = roots
        self.records = records
        self.withheld = withheld

    def value(self, node: ast.Expr, scope: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Literal):
            return Uint(int(str(node.value))) if node.type.name == "uint" else node.value
        if isinstance(node, ast.Name):
            return scope[node.name] if node.name in scope else self.roots[node.name]
        if isinstance(node, ast.ListLiteral):
            made = self.strict(lambda *v: list(v), node.items, scope)
            return made if not node.optional else _present(made, node.optional)
        if isinstance(node, ast.MapLiteral):
            parts = [part for entry in node.entries for part in entry]
            pairs = self.strict(lambda *v: list(v), parts, scope)
            if not isinstance(pairs, list):
                return pairs
            if not all(isinstance(key, str | bool | int | Uint) for key in pairs[::2]):
                return FAILED
            return dict(zip(pairs[::2], pairs[1::2], strict=True))
        if isinstance(node, ast.Select):
            return self.select(node, scope)
        return self.call(node, scope)

    def path(self, node: ast.Expr, scope: Mapping[str, Any]) -> tuple[str, str, bool] | None:
        """A declared attribute: record and path, and whether a `.?` is on the way to it."""
        names: list[str] = []
        optional = False
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Select):
                names.append(node.field)
                node = node.operand
            elif isinstance(node, ast.Call) and node.function == "_?._":
                node, field = node.arguments
                assert isinstance(field, ast.Literal)
                names.append(str(field.value))
                optional = True
            else:
                return None
        path = ".".join(names[::-1])
        declared = node.name not in scope and path in self.records.get(node.name, ())
        return (node.name, path, optional) if declared else None

    def select(self, node: ast.Select | ast.Call, scope: Mapping[str, Any]) -> Any:
        """`a.b` and `a.?b`."""
        path = self.path(node, scope)
        if path is not None:
            name, key, optional = path
            if f"{name}.{key}" in self.withheld:
                return Unknown([f"{name}.{key}"])
            record = self.roots[name]
            if optional:
                return Optional(True, record[key]) if key in record else Optional(False)
            return record.get(key, Unknown([f"{name}.{key}"]))
        if isinstance(node, ast.Call):
            return self.strict(FUNCTIONS["_?._"], node.arguments, scope)
        return self.strict(lambda of: _part(of, node.field), [node.operand], scope)

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
            if path is not None and f"{path[0]}.{path[1]}" in self.withheld:
                return Unknown([f"{path[0]}.{path[1]}"])
            if path is not None:
                return path[1] in self.roots[path[0]]
            return self.strict(lambda of: inner.field in of, [inner.operand], scope)
        if name == "audience":
            assert isinstance(args[0], ast.Literal)
            key = args[0].value
            return self.roots[name].get(key, Unknown([f'{name}("{key!s}")']))
        if name in MACROS and node.target is not None:
            return self.macro(node, scope)
        if name in ("or", "orValue", "optMap", "bind") and node.target is not None:
            return self.choice(node, scope)
        if isinstance(node.target, ast.Name) and f"{node.target.name}.{name}" in FUNCTIONS:
            return self.strict(FUNCTIONS[f"{node.target.name}.{name}"], args, scope)
        if name == "_?._":
            return self.select(node, scope)
        everything = args if node.target is None else (node.target, *args)
        return self.strict(FUNCTIONS[name], everything, scope)

    def choice(self, node: ast.Call, scope: Mapping[str, Any]) -> Any:
        """`cel.bind`, and the macros on optionals."""
        name, args = node.function, node.arguments
        assert node.target is not None
        if name == "bind":
            assert isinstance(args[0], ast.Name)
            return self.value(args[2], {**scope, args[0].name: self.value(args[1], scope)})
        optional = self.value(node.target, scope)
        if isinstance(optional, Unknown):
            return optional
        if not isinstance(optional, Optional):
            return FAILED
        if name == "optMap":
            if not optional.present:
                return optional
            assert isinstance(args[0], ast.Name)
            inner = {**scope, args[0].name: optional.value}
            return self.strict(lambda value: Optional(True, value), args[1:], inner)
        if optional.present:
            return optional if name == "or" else optional.value
        other = self.value(args[0], scope)
        fits = isinstance(other, Optional | Unknown) or name == "orValue"
        return other if fits else FAILED

    def macro(self, node: ast.Call, scope: Mapping[str, Any]) -> Any:
        assert node.target is not None
        name, args = node.function, node.arguments
        items = self.value(node.target, scope)
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, list | dict) or (name == "sortBy" and isinstance(items, dict)):
            return FAILED
        pairs = list(items.items()) if isinstance(items, dict) else list(enumerate(items))
        both = name.startswith("transform") or (len(args) == 3 and name != "map")
        variables = [arg.name for arg in args[: 1 + both] if isinstance(arg, ast.Name)]
        results = []
        for pair, item in zip(pairs, items, strict=True):
            entered = pair if both else (item,)
            inner = {**scope, **dict(zip(variables, entered, strict=True))}
            results.append(self.value(args[-1], inner))
        if name in ("exists", "all"):
            return _settle(results, name == "exists")
        bad = _cause(results)
        if bad is not None:
            return bad
        if name in ("map", "transformList"):
            return results
        if name == "transformMap":
            return {key: result for (key, _), result in zip(pairs, results, strict=True)}
        if name == "sortBy":
            return self.guarded(ordered, list(items), results)
        if not all(isinstance(result, bool) for result in results):
            return FAILED
        kept = [item for item, result in zip(items, results, strict=True) if result]
        return kept if name == "filter" else len(kept) == 1

    def strict(self, function: Callable[..., Any], args: Any, scope: Mapping[str, Any]) -> Any:
        values = [self.value(arg, scope) for arg in args]
        bad = _cause(values)
        return self.guarded(function, *values) if bad is None else bad

    @staticmethod
    def guarded(function: Callable[..., Any], *values: Any) -> Any:
        try:
            return function(*values)
        except (TypeError, KeyError, IndexError, ValueError, ArithmeticError, AttributeError):
            return FAILED


def _part(of: Any, field: str) -> Any:
    """The value of a map's key; of an optional, an optional."""
    return FUNCTIONS["_?._"](of, field) if isinstance(of, Optional) else of[field]


def _present(items: Any, optional: tuple[int, ...]) -> Any:
    """The items of a literal without those written with a `?` that have no value."""
    if not isinstance(items, list):
        return items
    found = []
    for place, item in enumerate(items):
        if place not in optional:
            found.append(item)
        elif not isinstance(item, Optional):
            return FAILED
        elif item.present:
            found.append(item.value)
    return found


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
