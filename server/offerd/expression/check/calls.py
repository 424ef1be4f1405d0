"""Calls: operators, functions, methods, lookups, and the messages when they do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from offerd.expression.check import names
from offerd.expression.check.context import Context
from offerd.expression.check.habits import is_membership, membership, unknown_function
from offerd.expression.check.misfits import misfit
from offerd.expression.check.questions import check_indexed, check_question, is_question
from offerd.expression.check.resolve import coerce
from offerd.expression.check.tree import Items, Node, Reference, Variable
from offerd.expression.check.types import DYN, ERROR, NUMERIC, TIMESTAMP, list_of
from offerd.expression.functions.overload import Form, Function
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.syntax import ast


def check_call(checker: Context, expr: ast.Call) -> Node:
    """A call that is no macro and no condition."""
    lookup = checker.environment.lookups.get(expr.function)
    if lookup is not None and expr.target is None:
        return _lookup(checker, expr)
    if is_question(checker, expr):
        return check_question(checker, expr, ())[0]
    qualified = _qualified(checker, expr)
    if qualified is not None:
        expr = qualified
    name = expr.function
    written = expr.arguments if expr.target is None else (expr.target, *expr.arguments)
    function = FUNCTIONS.get(name)
    if name == "dyn" and expr.target is None and len(written) == 1:
        return _dyn(checker, written[0])
    if function is None:
        return unknown_function(checker, expr)
    if name == "_[_]":
        is_map = check_indexed(checker, written[0]) is not None
        indexed = None if is_map else names.check_record_index(checker, expr)
        if indexed is not None:
            return indexed
    arguments = _checked(checker, name, written)
    if not _form_fits(function, expr):
        return _wrong_form(checker, function, expr, arguments)
    if function.packs:
        arguments = _packed(arguments, expr)
    if function.reads_now:
        with_now = _with_now(checker, function, arguments, expr)
        if with_now is None:
            message = f"`{name}` needs the variable `now`, which there is none of here"
            return checker.reject(message, expr.start, expr.end)
        arguments = with_now
    result = checker.operation(name, arguments, expr.start, expr.end)
    if result is None:
        return checker.reject(misfit(checker, function, arguments), expr.start, expr.end)
    return result


def _checked(checker: Context, name: str, written: Sequence[ast.Expr]) -> list[Node]:
    """The arguments; of a comparison, a lone unknown name is taken for a text without quotes."""
    if name in _INDEXES:
        whole = check_indexed(checker, written[_INDEXES[name]])
        if whole is not None:
            other = checker.check(written[1 - _INDEXES[name]])
            return [other, whole] if _INDEXES[name] else [whole, other]
    if name not in _COMPARISONS or not any(map(names.lone_names, written)):
        return [checker.check(argument) for argument in written]
    left, right = written
    if isinstance(left, ast.Name) and not isinstance(right, ast.Name):
        second = checker.check(right)
        return [names.check_beside(checker, left, second), second]
    first = checker.check(left)
    return [first, names.check_beside(checker, right, first)]


_INDEXES: Final = {"_[_]": 0, "_[?_]": 0, "_in_": 1}
"""What asks for an entry of a map, and which of its arguments that is."""
_COMPARISONS: Final = ("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_in_")


def _packed(arguments: Sequence[Node], expr: ast.Call) -> list[Node]:
    """Several numbers as one list of them, unless they are few and of one type."""
    types = {argument.type for argument in arguments}
    numbers = types <= {*NUMERIC, DYN}
    same = len(types) == 1 and DYN not in types and len(arguments) <= 4
    if len(arguments) < 2 or not numbers or same:
        return list(arguments)
    common = types.pop() if len(types) == 1 else DYN
    items = tuple(coerce(argument, common) for argument in arguments)
    return [Items(items, list_of(common), expr.start, expr.end)]


def _with_now(
    checker: Context, function: Function, arguments: Sequence[Node], expr: ast.Call
) -> list[Node] | None:
    """The arguments with `now` before them if it is left out; None if there is no such variable."""
    if len(arguments) >= min(len(overload.arguments) for overload in function.overloads):
        return list(arguments)
    if checker.environment.variables.get("now") is not TIMESTAMP:
        return None
    return [Variable("now", TIMESTAMP, expr.start, expr.start), *arguments]


def _qualified(checker: Context, expr: ast.Call) -> ast.Call | None:
    """`math.greatest(x)` read as a call of the function `math.greatest`, if there is one.

    A variable of a macro that is called like the namespace hides it, as it hides other names.
    """
    if isinstance(expr.target, ast.Name):
        is_hidden = any(name == expr.target.name for name, _ in checker.locals)
        if is_hidden and not expr.target.absolute:
            return None
        name = f"{expr.target.name}.{expr.function}"
        if name in FUNCTIONS:
            start = expr.target.start
            return ast.Call(name, None, expr.arguments, start, start, expr.end)
    return None


def _dyn(checker: Context, argument: ast.Expr) -> Node:
    node = checker.check(argument)
    if node.type is ERROR:
        return node
    return coerce(node, DYN)


def _lookup(checker: Context, expr: ast.Call) -> Node:
    name = expr.function
    lookup = checker.environment.lookups[name]
    argument = expr.arguments[0] if len(expr.arguments) == 1 else None
    if not isinstance(argument, ast.Literal) or not isinstance(argument.value, str):
        message = f'`{name}` takes one name in quotes, such as `{name}("...")`'
        return checker.reject(message, expr.start, expr.end)
    if argument.value not in lookup.names:
        hint = checker.nearest(argument.value, lookup.names)
        message = f"unknown {name} `{argument.value}`{hint}"
        return checker.reject(message, argument.start, argument.end)
    return Reference(name, argument.value, lookup.type, expr.start, expr.end)


def _form_fits(function: Function, expr: ast.Call) -> bool:
    if function.form is Form.METHOD:
        return expr.target is not None
    return function.form is Form.EITHER or expr.target is None


def _wrong_form(
    checker: Context, function: Function, expr: ast.Call, arguments: Sequence[Node]
) -> Node:
    name = function.name
    if is_membership(name) and expr.target is not None and len(expr.arguments) == 1:
        texts = [checker.source[part.start : part.end] for part in (expr.target, *expr.arguments)]
        message = f"`{name}` is not called this way: {membership(arguments[0], *texts)}"
        return checker.reject(message, expr.start, expr.end)
    right = f"x.{name}(...)" if function.form is Form.METHOD else f"{name}(x)"
    message = f"`{name}` is not called this way: write `{right}`"
    return checker.reject(message, expr.start, expr.end)
