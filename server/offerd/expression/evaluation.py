"""One expression with its data, from JSON to JSON: for command lines, editors and conformance runs.

A value is written with its type, such as {"int": "1"}: bool, int, uint, double, string, bytes (as
base64), null, list, map (as a list of pairs), timestamp, duration, type, and in results optional.
Ints are texts, as JSON has no 64 bits; so are doubles that are not finite. Data may also be plain
JSON: then a whole number is an int, any other a double, and an object a map with string keys.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from offerd.expression.check.context import Checking
from offerd.expression.check.declarations import Environment
from offerd.expression.check.tree import Checked
from offerd.expression.check.types import DYN, NULL, Kind, Type, list_of, map_of, parse_type
from offerd.expression.compile import compile_expression
from offerd.expression.functions.arithmetic import INT_MAXIMUM, INT_MINIMUM
from offerd.expression.functions.instants import (
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
)
from offerd.expression.issues import ExpressionError
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.plan.rule import plan
from offerd.expression.values import (
    Duration,
    EvaluationError,
    Failure,
    Optional,
    Timestamp,
    TypeName,
    Uint,
    Unknown,
    boxer,
    unboxer,
)


class RequestError(Exception):
    """The request is not one: what is wrong with it."""


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
    values = {name: read_value(value) for name, value in bindings.items()}
    types = _declared(request.get("type_env", {}))
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
        Unknown((name,)) if name in missing else _unboxed(values[name], type_)
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


def read_type(written: Any) -> Type:
    """A type as `str` writes it, or nested as {"list": type} and {"map": [type, type]}."""
    try:
        if isinstance(written, str):
            return NULL if written == "null_type" else parse_type(written)
        if isinstance(written, Mapping) and len(written) == 1:
            ((kind, parts),) = written.items()
            if kind == "list":
                return list_of(read_type(parts))
            if kind == "map" and len(parts) == 2:
                return map_of(read_type(parts[0]), read_type(parts[1]))
            if kind == "wrapper":
                return DYN
    except ValueError:
        raise RequestError(f"`{written}` is not a type") from None
    raise RequestError(f"`{written}` is not a type")


def read_value(written: Any) -> Any:
    """The boxed value that typed or plain JSON stands for."""
    if isinstance(written, Mapping):
        if len(written) == 1:
            ((tag, inner),) = written.items()
            if tag in _READERS:
                return _read_tagged(tag, inner)
        return {str(key): read_value(value) for key, value in written.items()}
    if isinstance(written, list):
        return [read_value(value) for value in written]
    if isinstance(written, bool | float | str) or written is None:
        return written
    if isinstance(written, int) and INT_MINIMUM <= written <= INT_MAXIMUM:
        return written
    raise RequestError(f"`{written}` is out of the range of an int")


def _read_tagged(tag: str, inner: Any) -> Any:
    try:
        return _READERS[tag](inner)
    except (EvaluationError, ValueError, TypeError, binascii.Error):
        raise RequestError(f"`{inner}` is not a value of type `{tag}`") from None


def _read_exact(kind: type) -> Callable[[Any], Any]:
    def read(inner: Any) -> Any:
        if not isinstance(inner, kind):
            raise TypeError
        return inner

    return read


def _read_map(inner: Any) -> Any:
    if isinstance(inner, Mapping):
        return {key: read_value(value) for key, value in inner.items()}
    return {read_value(key): read_value(value) for key, value in inner}


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": _read_exact(bool),
    "int": int,
    "uint": lambda inner: Uint(int(inner)),
    "double": float,
    "string": _read_exact(str),
    "bytes": lambda inner: base64.b64decode(inner, validate=True),
    "null": lambda inner: None,
    "list": lambda inner: [read_value(value) for value in _read_exact(list)(inner)],
    "map": _read_map,
    "timestamp": lambda inner: Timestamp(parse_timestamp(inner)),
    "duration": lambda inner: Duration(parse_duration(inner)),
    "type": lambda inner: TypeName(str(inner)),
}


def write_value(value: Any) -> dict[str, Any]:
    """A boxed value as JSON with its type."""
    match value:
        case None:
            return {"null": None}
        case bool():
            return {"bool": value}
        case int():
            return {"int": str(value)}
        case Uint():
            return {"uint": str(value.value)}
        case float():
            return {"double": value if math.isfinite(value) else _unusual(value)}
        case str():
            return {"string": value}
        case bytes():
            return {"bytes": base64.b64encode(value).decode("ascii")}
        case Timestamp():
            return {"timestamp": format_timestamp(value.value)}
        case Duration():
            return {"duration": format_duration(value.value)}
        case TypeName():
            return {"type": value.name}
        case Optional():
            return {"optional": [write_value(value.value)] if value.present else []}
        case dict():
            return {"map": [[write_value(key), write_value(part)] for key, part in value.items()]}
    return {"list": [write_value(part) for part in value]}


def _unusual(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _unboxed(value: Any, type_: Type) -> Any:
    """A boxed value in the form in which a typed expression takes it."""
    if type_.kind is Kind.LIST and isinstance(value, list):
        return [_unboxed(part, type_.parameters[0]) for part in value]
    if type_.kind is Kind.MAP and isinstance(value, dict):
        key, part = type_.parameters
        return {_unboxed(k, key): _unboxed(v, part) for k, v in value.items()}
    unbox = unboxer(type_)
    if unbox is None:
        return value
    if not isinstance(value, Uint | Timestamp | Duration):
        raise RequestError(f"`{value}` is not a value of type `{type_}`")
    return unbox(value)
