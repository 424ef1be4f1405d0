"""One expression with its data, from JSON to JSON: for command lines, editors and conformance runs.

How values are written is told in typed_json.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from offerd.expression.check.context import Checking
from offerd.expression.check.declarations import Environment
from offerd.expression.check.tree import Checked
from offerd.expression.check.types import DYN, Type
from offerd.expression.compile import compile_expression
from offerd.expression.issues import ExpressionError
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.plan.rule import plan
from offerd.expression.typed_json import (
    RequestError,
    read_declared,
    read_type,
    read_value,
    write_value,
)
from offerd.expression.values import Failure, Unknown, boxer

__all__ = ["RequestError", "evaluate_json", "read_value"]


def evaluate_json(request: Mapping[str, Any], *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Evaluates `expr` with `bindings`, whose types `type_env` tells.

    `type_env` maps names to types, such as "list(int)", or lists {"name", "ident"}; a name that is
    only bound is `dyn`, and one that is only declared is unknown. `container` is the namespace
    of names. With `disable_check` mistakes of type become errors of the evaluation; with
    `check_only` nothing is evaluated. The result has the `id` of the request if it has one, the
    `type` found, and one of `value`, `unknown` (the names that are missing) and `error`, which is
    one text, or `issues`, a list of {message, line, column, length}. Raises RequestError.
    """
    result: dict[str, Any] = {"id": request["id"]} if "id" in request else {}
    source = request.get("expr")
    if not isinstance(source, str):
        raise RequestError("`expr` must be a text")
    bindings = _object(request, "bindings")
    types = _declared(request.get("type_env", {}))
    values = {
        name: read_declared(name, value, types[name]) if name in types else read_value(value)
        for name, value in bindings.items()
    }
    environment = Environment(
        {**dict.fromkeys(values, DYN), **types}, container=str(request.get("container") or "")
    )
    checking = Checking.OPEN if request.get("disable_check") else Checking.CEL
    try:
        checked = compile_expression(
            source, environment, expected=None, limits=limits, checking=checking
        )
    except ExpressionError as error:
        return {**result, "issues": [_issue(issue) for issue in error.issues]}
    result["type"] = checked.type.name
    if request.get("check_only"):
        return result
    return {**result, **_outcome(checked, environment, values)}


def _outcome(
    checked: Checked, environment: Environment, values: Mapping[str, Any]
) -> dict[str, Any]:
    rule = plan(checked, environment)
    missing = [name for name in environment.roots if name not in values]
    roots = [
        Unknown((name,)) if name in missing else values[name]
        for name, type_ in environment.variables.items()
        if isinstance(type_, Type)
    ]
    # The fast form does not look for unknowns where a variable is declared to have a value.
    outcome = rule.exact(*roots) if missing else rule.evaluate(*roots)
    if isinstance(outcome, Unknown):
        return {"unknown": list(outcome.names)}
    if isinstance(outcome, Failure):
        place = outcome.position
        return {"error": outcome.message, "line": place.line, "column": place.column}
    box = boxer(checked.type, DYN)
    return {"value": write_value(outcome if box is None else box(outcome))}


def _issue(issue: Any) -> dict[str, Any]:
    return {name: getattr(issue, name) for name in ("message", "line", "column", "length")}


def _object(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = request.get(name) or {}
    if not isinstance(found, Mapping):
        raise RequestError(f"`{name}` must be an object")
    return found


def _declared(declarations: Any) -> dict[str, Type]:
    if isinstance(declarations, Mapping):
        return {str(name): read_type(type_) for name, type_ in declarations.items()}
    if not isinstance(declarations, Sequence) or isinstance(declarations, str):
        raise RequestError("`type_env` must be an object or a list")
    found: dict[str, Type] = {}
    for declaration in declarations:
        if not isinstance(declaration, Mapping) or "ident" not in declaration:
            raise RequestError("a declaration has a `name` and an `ident`")
        found[str(declaration.get("name"))] = read_type(declaration["ident"])
    return found
