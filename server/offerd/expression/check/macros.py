"""Macros: what is written, checked against the forms there are."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from offerd.expression.check.context import Context
from offerd.expression.check.macro_forms import (
    BIND,
    WRITTEN,
    Gives,
    MacroForm,
    macro_type,
    variable_types,
)
from offerd.expression.check.resolve import coerce
from offerd.expression.check.tree import Constant, Local, Macro, Node
from offerd.expression.check.types import DYN, ERROR, Kind, Type, optional_of
from offerd.expression.syntax import ast


def is_macro(expr: ast.Call) -> bool:
    """Whether a call is a macro: by its name, on some value, or `cel.bind`."""
    return expr.target is not None and (expr.function in WRITTEN or is_bind(expr))


def is_bind(expr: ast.Call) -> bool:
    """Whether a call is `cel.bind(name, value, result)`."""
    target = expr.target
    return expr.function == "bind" and isinstance(target, ast.Name) and target.name == "cel"


def check_macro(checker: Context, expr: ast.Call, target: ast.Expr) -> Node:
    """A macro on `target`, with its variables in scope while its parts are checked."""
    if is_bind(expr):
        return _check_bind(checker, expr)
    forms = WRITTEN[expr.function]
    range_ = checker.check(target)
    form = _chosen(forms, expr)
    if form is None:
        message = f"`{expr.function}` is written {_examples(forms)}"
        return checker.reject(message, expr.name_start, expr.end)
    return _check_form(checker, expr, form, range_, expr.arguments)


def _check_bind(checker: Context, expr: ast.Call) -> Node:
    if len(expr.arguments) != 3:
        message = f"`cel.bind` is written `{BIND.example}`"
        return checker.reject(message, expr.start, expr.end)
    value = checker.check(expr.arguments[1])
    return _check_form(checker, expr, BIND, value, (expr.arguments[0], expr.arguments[2]))


def _chosen(forms: Sequence[MacroForm], expr: ast.Call) -> MacroForm | None:
    fitting = [form for form in forms if len(expr.arguments) in form.counts]
    return fitting[0] if fitting else None


def _examples(forms: Sequence[MacroForm]) -> str:
    return " or ".join(f"`{form.example}`" for form in forms)


def _check_form(
    checker: Context,
    expr: ast.Call,
    form: MacroForm,
    range_: Node,
    arguments: Sequence[ast.Expr],
) -> Node:
    names, parts = arguments[: form.variables], arguments[form.variables :]
    for name in names:
        if not isinstance(name, ast.Name) or name.absolute:
            what = "the first arguments" if len(names) > 1 else "the first argument"
            message = f"{what} of `{expr.function}` must be a new variable's name"
            return checker.reject(message, name.start, name.end)
    if form.loops and checker.loops >= checker.limits.macro_depth:
        message = f"macros are nested too deep: at most {checker.limits.macro_depth} levels"
        return checker.reject(message, expr.name_start, expr.end)
    types = _variable_types(checker, form, range_, expr.function)
    slot = len(checker.locals)
    for place, (name, type_) in enumerate(zip(names, types, strict=True)):
        text = name.name if isinstance(name, ast.Name) else ""
        checker.locals.append((text, Local(slot + place, type_, name.start, name.end)))
        checker.meanings.append(_meaning(form, place, range_))
    checker.loops += form.loops
    condition, result = _body(checker, expr.function, form, parts)
    checker.loops -= form.loops
    del checker.locals[slot:], checker.meanings[slot:]
    found = (range_, *types, condition, result)
    if any(part is ERROR or (isinstance(part, Node) and part.type is ERROR) for part in found):
        return Constant(None, ERROR, expr.start, expr.end)
    made = Macro(form.name, range_, slot, condition, result, DYN, expr.start, expr.end)
    return _typed(checker, expr, form, made, types)


def _meaning(form: MacroForm, place: int, range_: Node) -> Node | None:
    """What a variable goes through, unless that is indexes or the keys or values of a map."""
    if form.loops and (range_.type.kind is not Kind.LIST or place < form.variables - 1):
        return None
    return range_


def _variable_types(checker: Context, form: MacroForm, range_: Node, name: str) -> tuple[Type, ...]:
    types = (ERROR,) * form.variables
    if range_.type is ERROR:
        return types
    known = variable_types(form, range_.type)
    if known is not None:
        return known
    if checker.is_open:
        return (DYN,) * form.variables
    message = f"`{name}` needs {form.over.value} on its left: found `{range_.type}`"
    checker.report(message, range_.start, range_.end)
    return types


def _body(
    checker: Context, name: str, form: MacroForm, parts: Sequence[ast.Expr]
) -> tuple[Node | None, Node | None]:
    result: Node | None = None
    condition: Node | None = None
    if form.result:
        result = checker.check(parts[-1])
        parts = parts[:-1]
    if parts:
        where = f"the condition of `{name}`"
        condition = checker.condition(checker.check(parts[0]), where)
    return condition, result


def _typed(
    checker: Context, expr: ast.Call, form: MacroForm, macro: Macro, variables: tuple[Type, ...]
) -> Node:
    """The macro with its type, and its parts boxed to what that needs."""
    range_, result = macro.range, macro.result
    if variable_types(form, range_.type) is None:
        if not checker.is_open:
            return Constant(None, ERROR, expr.start, expr.end)
        range_ = coerce(range_, DYN)
    type_ = macro_type(form, range_.type, variables, result.type if result else None)
    if type_ is None and checker.is_open and result is not None:
        range_, result = coerce(range_, DYN), coerce(result, DYN)
        type_ = macro_type(form, DYN, variables, DYN)
    if type_ is None:
        return checker.reject(_misfit(expr, form, range_, result), expr.start, expr.end)
    if form.gives is Gives.EITHER and result is not None:
        range_, result = coerce(range_, type_), coerce(result, type_)
    if form.gives is Gives.VALUE and result is not None:
        whole = DYN if range_.type is DYN else optional_of(type_)
        range_, result = coerce(range_, whole), coerce(result, type_)
    return replace(macro, range=range_, result=result, type=type_)


def _misfit(expr: ast.Call, form: MacroForm, range_: Node, result: Node | None) -> str:
    name = expr.function
    found = f"found `{result.type if result else ''}`"
    if form.gives is Gives.SAME:
        return f"`{name}` needs something to sort by, such as a `string` or an `int`: {found}"
    if form.gives is Gives.MERGED:
        return f"the result of `{name}` must be a map: {found}"
    if form.gives is Gives.OPTIONAL_RESULT:
        return f"the result of `{name}` must be optional: {found}"
    if form.gives is Gives.EITHER:
        return f"`{name}` needs a second value of type `{range_.type}`: {found}"
    value = range_.type.parameters[0] if range_.type.kind is Kind.OPTIONAL else range_.type
    return f"`{name}` needs another value of type `{value}`: {found}"
