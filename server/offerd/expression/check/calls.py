"""Calls: operators, functions, methods, lookups, and the messages when they do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.expression.check.context import Context
from offerd.expression.check.macro_forms import WRITTEN
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.resolve import coerce
from offerd.expression.check.tree import Items, Node, Reference, Variable
from offerd.expression.check.types import DYN, ERROR, NUMERIC, TIMESTAMP, list_of
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.functions.table import FUNCTIONS, display_name
from offerd.expression.syntax import ast


def check_call(checker: Context, expr: ast.Call) -> Node:
    """A call that is no macro and no condition."""
    lookup = checker.environment.lookups.get(expr.function)
    if lookup is not None and expr.target is None:
        return _lookup(checker, expr)
    qualified = _qualified(expr)
    if qualified is not None:
        expr = qualified
    name = expr.function
    written = expr.arguments if expr.target is None else (expr.target, *expr.arguments)
    function = FUNCTIONS.get(name)
    if name == "dyn" and expr.target is None and len(written) == 1:
        return _dyn(checker, written[0])
    if function is None:
        for argument in expr.arguments:
            checker.check(argument)
        return _unknown_function(checker, expr)
    arguments = [checker.check(argument) for argument in written]
    if not _form_fits(function, expr):
        return _wrong_form(checker, function, expr)
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
        return checker.reject(_mismatch(function, arguments, expr), expr.start, expr.end)
    return result


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


def _qualified(expr: ast.Call) -> ast.Call | None:
    """`math.greatest(x)` read as a call of the function `math.greatest`, if there is one."""
    if isinstance(expr.target, ast.Name):
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
        hint = suggestion(argument.value, lookup.names)
        message = f"unknown {name} `{argument.value}`{hint}"
        return checker.reject(message, argument.start, argument.end)
    return Reference(name, argument.value, lookup.type, expr.start, expr.end)


def _unknown_function(checker: Context, expr: ast.Call) -> Node:
    name = expr.function
    end = expr.name_start + len(name)
    if name in WRITTEN:
        form = WRITTEN[name][0]
        message = f"write `{name}` after {form.over.value}, such as `{form.example}`"
        return checker.reject(message, expr.name_start, end)
    known = [function for function in FUNCTIONS if function[0].isalpha()]
    candidates = {*known, *checker.environment.lookups, *WRITTEN, "dyn"}
    message = f"unknown function `{name}`{suggestion(name, candidates)}"
    return checker.reject(message, expr.name_start, end)


def _form_fits(function: Function, expr: ast.Call) -> bool:
    if function.form is Form.METHOD:
        return expr.target is not None
    return function.form is Form.EITHER or expr.target is None


def _wrong_form(checker: Context, function: Function, expr: ast.Call) -> Node:
    name = function.name
    right = f"x.{name}(...)" if function.form is Form.METHOD else f"{name}(x)"
    message = f"`{name}` is not called this way: write `{right}`"
    return checker.reject(message, expr.start, expr.end)


def _mismatch(function: Function, arguments: Sequence[Node], expr: ast.Call) -> str:
    types = [f"`{argument.type}`" for argument in arguments]
    name = function.name
    shown = display_name(name)
    if name in ("_==_", "_!=_"):
        return f"{types[0]} and {types[1]} are never equal"
    if name == "_in_":
        return f"`in` needs a list or a map that can hold {types[0]}: found {types[1]}"
    if name == "_[_]":
        return f"{types[0]} has no index of type {types[1]}"
    if function.form is Form.OPERATOR:
        return f"cannot apply {shown} to {' and '.join(types)}{_operand_hint(arguments)}"
    expected = " or ".join(f"`{_signature(function, o)}`" for o in function.overloads[:4])
    return f"cannot call {shown} with {', '.join(types) or 'no arguments'}: expected {expected}"


def _operand_hint(arguments: Sequence[Node]) -> str:
    names = {argument.type.name for argument in arguments}
    if len(names) == 2 and names <= {"int", "uint", "double"}:
        return f": convert one, such as with `{'double' if 'double' in names else 'int'}(...)`"
    return ""


def _signature(function: Function, overload: Overload) -> str:
    types = [str(type_) for type_ in overload.arguments]
    if function.form is Form.METHOD:
        return f"{types[0]}.{function.name}({', '.join(types[1:])})"
    return f"{function.name}({', '.join(types)})"
