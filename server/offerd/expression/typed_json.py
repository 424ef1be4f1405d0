"""Values and types as JSON.

A value is written with its type, such as {"int": "1"}: bool, int, uint, double, string, bytes (as
base64), null, list, map (as a list of pairs), timestamp, duration, type, and in results optional.
Ints are texts, as JSON has no 64 bits; so are doubles that are not finite. Data may also be plain
JSON: then a whole number is an int, any other a double, and an object a map with string keys. An
object with one of these types for its only key is read as that type, and refused if it is none,
unless a map is declared for it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    UINT,
    Kind,
    Type,
    list_of,
    map_of,
    parse_type,
)
from offerd.expression.functions.arithmetic import INT_MAXIMUM, INT_MINIMUM, RANGES
from offerd.expression.functions.formatting import not_finite
from offerd.expression.functions.instants import (
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
)
from offerd.expression.functions.maps import build_map
from offerd.expression.values import (
    KINDS,
    TYPE_NAMES,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    TypeName,
    Uint,
    unboxer,
)


class RequestError(Exception):
    """The request is not one: what is wrong with it."""


_KEYS: Final = (BOOL, INT, UINT, STRING, DYN)
_NOWHERE: Final = (Kind.NEVER, Kind.ERROR, Kind.PARAMETER)
"""Kinds of types that no data has."""


def read_type(written: Any) -> Type:
    """A type as `str` writes it, or nested as {"list": type} and {"map": [type, type]}."""
    try:
        type_ = _type(written)
    except ValueError:
        type_ = None
    if type_ is None or not _is_of_data(type_):
        raise RequestError(f"`{written}` is not a type")
    return type_


def _type(written: Any) -> Type | None:
    if isinstance(written, str):
        return NULL if written == "null_type" else parse_type(written)
    if isinstance(written, Mapping) and len(written) == 1:
        ((kind, parts),) = written.items()
        if kind == "list":
            return list_of(read_type(parts))
        if kind == "map" and isinstance(parts, list) and len(parts) == 2:
            return map_of(read_type(parts[0]), read_type(parts[1]))
        if kind == "wrapper":
            return DYN
    return None


def _is_of_data(type_: Type) -> bool:
    if type_.kind in _NOWHERE:
        return False
    if type_.kind is Kind.MAP and type_.parameters[0] not in _KEYS:
        return False
    return all(map(_is_of_data, type_.parameters))


def read_value(written: Any) -> Any:
    """The boxed value that typed or plain JSON stands for."""
    if isinstance(written, Mapping):
        if len(written) == 1:
            ((tag, inner),) = written.items()
            if tag in _READERS:
                return _read_tagged(tag, inner)
        return {_text(key): read_value(value) for key, value in written.items()}
    if isinstance(written, list):
        return [read_value(value) for value in written]
    if isinstance(written, str):
        return _text(written)
    if isinstance(written, bool | float) or written is None:
        return written
    if isinstance(written, int) and INT_MINIMUM <= written <= INT_MAXIMUM:
        return written
    raise RequestError(f"`{written}` is out of the range of an int")


def read_declared(name: str, written: Any, type_: Type) -> Any:
    """The value of a declared type, in the form in which typed expressions take it."""
    if type_.kind is Kind.MAP and isinstance(written, Mapping) and "map" not in written:
        key, part = type_.parameters
        if key not in (STRING, DYN):
            raise _misfit(name, written, type_)
        return {_text(k): read_declared(name, value, part) for k, value in written.items()}
    return _unboxed(name, read_value(written), type_)


def _unboxed(name: str, value: Any, type_: Type) -> Any:
    if type_ is DYN:
        return value
    if type_ is DOUBLE and type(value) is int:
        return float(value)
    if KINDS.get(type(value)) is not type_.kind or type_.kind is Kind.OPTIONAL:
        raise _misfit(name, value, type_)
    if type_.kind is Kind.LIST:
        return [_unboxed(name, part, type_.parameters[0]) for part in value]
    if type_.kind is Kind.MAP:
        key, part = type_.parameters
        keys = [_unboxed(name, k, key) for k in value]
        return build_map(keys, [_unboxed(name, value[k], part) for k in value])
    unbox = unboxer(type_)
    return value if unbox is None else unbox(value)


def _misfit(name: str, value: Any, type_: Type) -> RequestError:
    shown = value if isinstance(value, str | int | float | Mapping) else write_value(value)
    return RequestError(f"`{name}` must be of type `{type_}`: found `{shown}`")


def _read_tagged(tag: str, inner: Any) -> Any:
    try:
        return _READERS[tag](inner)
    except (EvaluationError, ValueError, TypeError, OverflowError, binascii.Error):
        raise RequestError(f"`{inner}` is not a value of type `{tag}`") from None


def _read_exact(kind: type) -> Callable[[Any], Any]:
    def read(inner: Any) -> Any:
        if not isinstance(inner, kind):
            raise TypeError
        return inner

    return read


_WHOLE: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|NaN|-?Infinity", re.ASCII)


def _whole(type_: Type) -> Callable[[Any], int]:
    """Reads a whole number, as a number or as text, that the type has."""
    least, greatest = RANGES[type_]

    def read(inner: Any) -> int:
        is_text = isinstance(inner, str) and _WHOLE.fullmatch(inner) is not None
        if isinstance(inner, bool) or not (is_text or isinstance(inner, int)):
            raise TypeError
        value = int(inner)
        if not least <= value <= greatest:
            raise ValueError
        return value

    return read


_INT: Final = _whole(INT)
_UINT: Final = _whole(UINT)


def _read_double(inner: Any) -> float:
    is_text = isinstance(inner, str) and _NUMBER.fullmatch(inner) is not None
    if isinstance(inner, bool) or not (is_text or isinstance(inner, int | float)):
        raise TypeError
    return float(inner)


def _read_null(inner: Any) -> None:
    # JSON null, or how protobuf's JSON names the only value of the enumeration.
    if inner not in (None, "NULL_VALUE", 0):
        raise ValueError


def _read_type_name(inner: Any) -> TypeName:
    if inner not in TYPE_NAMES:
        raise ValueError
    return TypeName(inner)


def _text(inner: Any) -> str:
    if not isinstance(inner, str):
        raise TypeError
    try:
        inner.encode("utf-8")
    except UnicodeEncodeError:
        raise RequestError("a text has half of a pair of surrogates in it") from None
    return inner


def _read_map(inner: Any) -> Any:
    if isinstance(inner, Mapping):
        return {_text(key): read_value(value) for key, value in inner.items()}
    pairs = [(read_value(key), read_value(value)) for key, value in _read_exact(list)(inner)]
    return build_map([key for key, _ in pairs], [value for _, value in pairs])


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": _read_exact(bool),
    "int": _INT,
    "uint": lambda inner: Uint(_UINT(inner)),
    "double": _read_double,
    "string": _text,
    "bytes": lambda inner: base64.b64decode(_read_exact(str)(inner), validate=True),
    "null": _read_null,
    "list": lambda inner: [read_value(value) for value in _read_exact(list)(inner)],
    "map": _read_map,
    "timestamp": lambda inner: Timestamp(parse_timestamp(_read_exact(str)(inner))),
    "duration": lambda inner: Duration(parse_duration(_read_exact(str)(inner))),
    "type": _read_type_name,
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
            return {"double": not_finite(value) or value}
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
