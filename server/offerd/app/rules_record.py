"""What an expression of the command line is about: names and their types, and a record of JSON.

With definitions, names are those they declare. Without, they are those of the record itself: the
types are read off its values, and an attribute that only the expression names is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from offerd import expression as ex
from offerd.app.json_option import read_object
from offerd.app.rules_places import asking_of, given_answers
from offerd.audience.place_questions import ROOT as PLACES
from offerd.errors import DataError
from offerd.expression.check.types import Kind
from offerd.expression.functions.arithmetic import RANGES
from offerd.expression.functions.instants import parse_duration, parse_timestamp
from offerd.expression.syntax import ast
from offerd.expression.syntax.parser import parse
from offerd.expression.values import EvaluationError

RECORDS: Final = ("profile", "context", "aggregate", "event", "offer")
"""The names that are records wherever an expression is tried out."""
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class World:
    """The names that an expression may use, and their values: a dict for each record.

    A record's values are flat, by dotted path; a missing key is unknown.
    """

    environment: ex.Environment
    values: Mapping[str, Any]

    @property
    def roots(self) -> list[Any]:
        """The positional arguments of an evaluation."""
        return [self.values[name] for name in self.environment.roots]


def read_record(given: str | None) -> dict[str, Any]:
    """The record of an option: JSON text, or the name of a file that holds it; {} for None."""
    return read_object(given, "the record", file_prefix="the record ", example=_EXAMPLE)


_EXAMPLE: Final = '{"profile": {"age": 34}, "now": "2026-01-31T08:00:00Z"}'


def declared_world(environment: ex.Environment, record: Mapping[str, Any]) -> World:
    """The values of a record for declared names; DataError for what isn't declared so."""
    values: dict[str, Any] = {}
    for name in record:
        if name not in environment.roots:
            known = ", ".join(f"`{root}`" for root in environment.roots)
            raise DataError(f"the record has `{name}`: expected some of {known}")
    for name, declared in environment.variables.items():
        if isinstance(declared, ex.AnsweringRecord):
            values.setdefault(name, {})
        elif isinstance(declared, ex.Record):
            values[name] = dict(_attributes(name, declared, _object(name, record.get(name, {}))))
        elif name in record:
            values[name] = at_run_time(name, record[name], declared)
    for name, lookup in environment.lookups.items():
        given = _object(name, record.get(name, {}))
        values[name] = {
            key: at_run_time(f'{name}("{key}")', value, lookup.type) for key, value in given.items()
        }
    _take_answers(environment, record, values)
    return World(environment, values)


def _take_answers(
    environment: ex.Environment, record: Mapping[str, Any], values: dict[str, Any]
) -> None:
    """Adds what the record says of places where it is looked for."""
    for attribute, value in given_answers(environment, _object(PLACES, record.get(PLACES, {}))):
        name = f"{attribute.root}.{attribute.path}"
        values[attribute.root][attribute.path] = at_run_time(name, value, attribute.type)


def _object(name: str, value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _refuse(name, "a JSON object", value)


def _attributes(
    name: str, declared: ex.Record, given: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        inner = f"{path}.{key}" if path else key
        attribute = declared.attributes.get(inner)
        if attribute is not None:
            if value is not None:
                yield inner, at_run_time(f"{name}.{inner}", value, attribute.type)
        elif isinstance(value, dict) and declared.below(inner):
            yield from _attributes(name, declared, value, inner)
        else:
            raise DataError(f"the record has `{name}.{inner}`, which is not declared")


def at_run_time(name: str, value: Any, type_: ex.Type) -> Any:
    """A value of JSON as rules hold it: times in nanoseconds; DataError if it isn't of the type."""
    match type_.kind:
        case Kind.DYN:
            return value
        case Kind.TIMESTAMP | Kind.DURATION if isinstance(value, str):
            return _time(name, value, type_)
        case Kind.LIST if isinstance(value, list):
            element = type_.parameters[0]
            return [at_run_time(f"{name}[{i}]", v, element) for i, v in enumerate(value)]
        case Kind.MAP if isinstance(value, dict):
            key_type, value_type = type_.parameters
            return {
                at_run_time(name, k, key_type): at_run_time(f'{name}["{k}"]', v, value_type)
                for k, v in value.items()
            }
        case Kind.BOOL if isinstance(value, bool):
            return value
        case Kind.STRING if isinstance(value, str):
            return value
        case Kind.INT | Kind.UINT if isinstance(value, int) and not isinstance(value, bool):
            least, greatest = RANGES[type_]
            if least <= value <= greatest:
                return value
        case Kind.DOUBLE if isinstance(value, int | float) and not isinstance(value, bool):
            return _double(name, value)
    return _refuse(name, _NOUNS.get(type_.kind, f"`{type_}`"), value)


_NOUNS: Final = {
    Kind.BOOL: "true or false",
    Kind.INT: "a whole number of 64 bits",
    Kind.UINT: "a whole number of 64 bits, at least 0",
    Kind.DOUBLE: "a number",
    Kind.STRING: "text",
    Kind.TIMESTAMP: "a timestamp such as `2026-01-31T08:00:00Z`",
    Kind.DURATION: "a duration such as `1h30m`",
}


def _time(name: str, value: str, type_: ex.Type) -> int:
    try:
        return parse_timestamp(value) if type_ is ex.TIMESTAMP else parse_duration(value)
    except EvaluationError as error:
        raise DataError(f"`{name}` of the record: {error}") from error


def _double(name: str, value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return _refuse(name, "a number that a double can hold", value)


def _refuse(name: str, expected: str, value: Any) -> NoReturn:
    found = json.dumps(value, ensure_ascii=False)
    shown = found if len(found) <= _LONGEST_SHOWN else f"{found[:_LONGEST_SHOWN]}…"
    raise DataError(f"`{name}` of the record must be {expected}: found `{shown}`")


def inferred_world(source: str, record: Mapping[str, Any], now_ns: int) -> World:
    """Names and values read off a record, with what else the expression names as missing."""
    variables: dict[str, ex.Type | ex.Record] = {}
    values: dict[str, Any] = {}
    used = list(_used(parse(source)))
    for name in (*RECORDS, *(key for key in record if key not in RECORDS)):
        given = record.get(name, {})
        if name in ("now", "audience", PLACES):
            continue
        if isinstance(given, dict):
            attributes, values[name] = _inferred_record(given)
            for root, path in used:
                if root == name and _is_missing(path, attributes):
                    attributes[path] = ex.Attribute(ex.DYN)
            variables[name] = ex.Record(attributes)
        else:
            type_ = inferred_type(given)
            variables[name], values[name] = type_, at_run_time(name, given, type_)
    variables["now"] = ex.TIMESTAMP
    values["now"] = at_run_time("now", record["now"], ex.TIMESTAMP) if "now" in record else now_ns
    audiences = _object("audience", record.get("audience", {}))
    asked = {path for root, path in used if root == "audience"}
    variables[PLACES], values[PLACES] = asking_of(None).record, {}
    environment = ex.Environment(variables, {"audience": ex.Lookup({*audiences, *asked})})
    _take_answers(environment, record, values)
    values["audience"] = {
        key: at_run_time(f'audience("{key}")', value, ex.BOOL) for key, value in audiences.items()
    }
    return World(environment, values)


def _is_missing(path: str, attributes: Mapping[str, ex.Attribute]) -> bool:
    """Whether the record lacks the path, and nothing that isn't an object stands in its way."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        found = attributes.get(".".join(parts[:count]))
        if found is not None:
            return count < len(parts) and found.type.kind is Kind.MAP
    return True


def _inferred_record(given: Mapping[str, Any]) -> tuple[dict[str, ex.Attribute], dict[str, Any]]:
    """A record whose objects can be read both as groups of attributes and as maps."""
    attributes: dict[str, ex.Attribute] = {}
    values: dict[str, Any] = {}
    pending = [(key, value) for key, value in given.items() if value is not None]
    while pending:
        path, value = pending.pop()
        type_ = inferred_type(value)
        attributes[path] = ex.Attribute(type_)
        values[path] = at_run_time(path, value, type_)
        if isinstance(value, dict):
            pending.extend((f"{path}.{k}", v) for k, v in value.items() if v is not None)
    return attributes, values


def inferred_type(value: Any) -> ex.Type:
    """The type of a value of JSON; text that is an instant is a timestamp."""
    match value:
        case bool():
            return ex.BOOL
        case int():
            return ex.INT if -(2**63) <= value < 2**63 else ex.DOUBLE
        case float():
            return ex.DOUBLE
        case str():
            return ex.TIMESTAMP if _is_instant(value) else ex.STRING
        case list():
            return ex.list_of(_common(value))
        case dict():
            return ex.map_of(ex.STRING, _common(list(value.values())))
        case _:
            return ex.DYN


def _common(values: list[Any]) -> ex.Type:
    types = {inferred_type(value) for value in values}
    if types == {ex.INT, ex.DOUBLE}:
        return ex.DOUBLE
    return types.pop() if len(types) == 1 else ex.DYN


def _is_instant(text: str) -> bool:
    try:
        parse_timestamp(text)
    except EvaluationError:
        return False
    return True


def _used(expr: ast.Expr) -> Iterator[tuple[str, str]]:
    """The dotted names that begin with a plain name, and the audiences asked for."""
    if isinstance(expr, ast.Call) and expr.function == "audience" and len(expr.arguments) == 1:
        argument = expr.arguments[0]
        if isinstance(argument, ast.Literal) and isinstance(argument.value, str):
            yield "audience", argument.value
    fields: list[str] = []
    inner = expr
    while (step := _step(inner)) is not None:
        inner, field = step
        fields.append(field)
    if fields and isinstance(inner, ast.Name):
        yield inner.name, ".".join(reversed(fields))
        return
    for child in ast.children(expr):
        yield from _used(child)


def _step(expr: ast.Expr) -> tuple[ast.Expr, str] | None:
    """What a dotted name, `a.b` or `a.?b`, steps from, and to what."""
    if isinstance(expr, ast.Select):
        return expr.operand, expr.field
    if isinstance(expr, ast.Call) and expr.function == "_?._":
        target, name = expr.arguments
        if isinstance(name, ast.Literal):
            return target, str(name.value)
    return None
