"""The standard names of the functions' overloads, which a checked expression refers to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from offerd.dialects.error import CannotSay
from offerd.expression import STRING, Type
from offerd.expression.check.types import Kind

_NAMES: Final = {
    Kind.BOOL: "bool",
    Kind.INT: "int64",
    Kind.UINT: "uint64",
    Kind.DOUBLE: "double",
    Kind.STRING: "string",
    Kind.BYTES: "bytes",
    Kind.TIMESTAMP: "timestamp",
    Kind.DURATION: "duration",
    Kind.LIST: "list",
    Kind.MAP: "map",
}
_OPERATORS: Final = {
    "_+_": "add",
    "_-_": "subtract",
    "_*_": "multiply",
    "_/_": "divide",
    "_%_": "modulo",
    "-_": "negate",
    "_<_": "less",
    "_<=_": "less_equals",
    "_>_": "greater",
    "_>=_": "greater_equals",
}
_FIXED: Final = {
    "_==_": "equals",
    "_!=_": "not_equals",
    "!_": "logical_not",
    "contains": "contains_string",
    "startsWith": "starts_with_string",
    "endsWith": "ends_with_string",
    "matches": "matches",
    "type": "type",
    "lowerAscii": "string_lower_ascii",
    "upperAscii": "string_upper_ascii",
    "trim": "string_trim",
}
_BY_COUNT: Final = {
    ("split", 2): "string_split_string",
    ("split", 3): "string_split_string_int",
    ("replace", 3): "string_replace_string_string",
    ("replace", 4): "string_replace_string_string_int",
    ("join", 1): "list_join",
    ("join", 2): "list_join_string",
    ("substring", 2): "string_substring_int",
    ("substring", 3): "string_substring_int_int",
}
_CONVERSIONS: Final = {
    "int": "int64",
    "uint": "uint64",
    "double": "double",
    "bool": "bool",
    "string": "string",
    "bytes": "bytes",
    "timestamp": "timestamp",
    "duration": "duration",
}
_GETTERS: Final = {
    "getFullYear": "year",
    "getMonth": "month",
    "getDayOfYear": "day_of_year",
    "getDayOfMonth": "day_of_month",
    "getDate": "day_of_month_1_based",
    "getDayOfWeek": "day_of_week",
    "getHours": "hours",
    "getMinutes": "minutes",
    "getSeconds": "seconds",
    "getMilliseconds": "milliseconds",
}
_OPEN: Final = (
    "bool", "int64", "uint64", "double", "string", "bytes", "timestamp", "duration",
)  # fmt: skip


def overload_ids(function: str, types: Sequence[Type]) -> list[str]:
    """The overloads that may be meant; CannotSay for a function that isn't standard."""
    if any(type_.kind not in _NAMES for type_ in types) and function not in (
        "type",
        "_==_",
        "_!=_",
    ):
        return _open_ids(function)
    names = [_NAMES.get(type_.kind, "dyn") for type_ in types]
    if function in _FIXED:
        return [_FIXED[function]]
    if function in ("_in_", "_[_]"):
        container = names[1] if function == "_in_" else names[0]
        return [f"{'in' if function == '_in_' else 'index'}_{container}"]
    if function in _OPERATORS:
        return [_operator(_OPERATORS[function], names)]
    if function in _CONVERSIONS:
        return [f"{names[0]}_to_{_CONVERSIONS[function]}"]
    if function in _GETTERS:
        zone = "_with_tz" if len(types) == 2 and types[1] is STRING else ""
        return [f"{names[0]}_to_{_GETTERS[function]}{zone}"]
    if function == "size":
        return [f"size_{names[0]}"]
    found = _BY_COUNT.get((function, len(types)))
    if found is None:
        raise CannotSay(f"`{function}` is no standard function of CEL")
    return [found]


def _operator(word: str, names: Sequence[str]) -> str:
    times = {"timestamp", "duration"}
    if word in ("add", "subtract") and set(names) <= times:
        return f"{word}_{'_'.join(names)}"
    if word.startswith(("less", "greater")) and len(set(names)) == 2:
        return f"{word}_{'_'.join(names)}"
    return f"{word}_{names[0]}"


def _open_ids(function: str) -> list[str]:
    """All overloads that a value of a type not known might ask for."""
    if function in _FIXED:
        return [_FIXED[function]]
    if function in ("_in_", "_[_]"):
        word = "in" if function == "_in_" else "index"
        return [f"{word}_list", f"{word}_map"]
    if function in _OPERATORS:
        return [f"{_OPERATORS[function]}_{name}" for name in _OPEN]
    if function in _CONVERSIONS:
        return [f"{name}_to_{_CONVERSIONS[function]}" for name in _OPEN]
    if function == "size":
        return [f"size_{name}" for name in ("string", "bytes", "list", "map")]
    raise CannotSay(f"`{function}` of values whose type only the data decides can't be exported")
