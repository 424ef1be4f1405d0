"""The macros on lists and maps: exists, all, exists_one, filter, map."""

from __future__ import annotations

from typing import Final

from offerd.expression.check.context import Context
from offerd.expression.check.tree import Constant, Local, Macro, Node
from offerd.expression.check.types import BOOL, DYN, ERROR, NEVER, Kind, Type, list_of
from offerd.expression.syntax import ast

MACROS: Final = {
    "exists": "exists",
    "all": "all",
    "exists_one": "exists_one",
    "existsOne": "exists_one",
    "filter": "filter",
    "map": "map",
}
"""The names under which macros are written, and the name each is known by."""


def check_macro(checker: Context, expr: ast.Call, target: ast.Expr) -> Node:
    """A macro on `target`, with its variable in scope while its conditions are checked."""
    name = MACROS[expr.function]
    range_ = checker.check(target)
    most = 3 if name == "map" else 2
    if not 2 <= len(expr.arguments) <= most:
        message = f"`{name}` takes a variable and a condition, such as `items.{name}(x, x > 0)`"
        return checker.reject(message, expr.name_start, expr.end)
    variable = expr.arguments[0]
    if not isinstance(variable, ast.Name) or variable.absolute:
        message = f"the first argument of `{name}` must be a new variable's name"
        return checker.reject(message, variable.start, variable.end)
    if len(checker.locals) >= checker.limits.macro_depth:
        message = f"macros are nested too deep: at most {checker.limits.macro_depth} levels"
        return checker.reject(message, expr.name_start, expr.end)
    element = _element_type(checker, range_, name)
    slot = len(checker.locals)
    checker.locals.append((variable.name, Local(slot, element, variable.start, variable.end)))
    condition, result = _body(checker, expr, name)
    checker.locals.pop()
    parts = [range_, *(part for part in (condition, result) if part is not None)]
    if any(part.type is ERROR for part in parts):
        return Constant(None, ERROR, expr.start, expr.end)
    type_ = _result_type(name, element, result)
    return Macro(name, range_, slot, condition, result, type_, expr.start, expr.end)


def _body(checker: Context, expr: ast.Call, name: str) -> tuple[Node | None, Node | None]:
    conditions = expr.arguments[1:]
    result: Node | None = None
    condition: Node | None = None
    if name == "map":
        result = checker.check(conditions[-1])
        conditions = conditions[:-1]
    if conditions:
        where = f"the condition of `{name}`"
        condition = checker.condition(checker.check(conditions[0]), where)
    return condition, result


def _element_type(checker: Context, range_: Node, name: str) -> Type:
    type_ = range_.type
    if type_ in (DYN, ERROR):
        return type_
    if type_.kind in (Kind.LIST, Kind.MAP):
        return element_type(type_)
    if checker.is_open:
        return DYN
    message = f"`{name}` needs a list or a map on its left: found `{type_}`"
    checker.report(message, range_.start, range_.end)
    return ERROR


def element_type(range_type: Type) -> Type:
    """What a macro's variable is: a list's element, a map's key, else `dyn`."""
    if range_type.kind in (Kind.LIST, Kind.MAP) and range_type.parameters[0] is not NEVER:
        return range_type.parameters[0]
    return DYN


def _result_type(name: str, element: Type, result: Node | None) -> Type:
    if result is not None:
        return list_of(result.type)
    return list_of(element) if name == "filter" else BOOL
