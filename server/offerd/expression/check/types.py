"""The types of the rule language.

A type is interned: two equal types are one object, so types are compared with `is`.
`list_of`, `map_of` and `optional_of` build the compound ones; `parse_type` reads back what `str`
writes.
"""

from __future__ import annotations

import enum
from typing import Final


class Kind(enum.Enum):
    """What sort of type it is; the value is the name people read."""

    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    NULL = "null"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    TYPE = "type"
    DYN = "dyn"
    LIST = "list"
    MAP = "map"
    OPTIONAL = "optional"
    NEVER = "never"
    ERROR = "error"
    PARAMETER = "parameter"


class Type:
    """A type; build one with the constants or with `list_of` and its like, never directly."""

    __slots__ = ("kind", "name", "parameters")

    def __init__(self, kind: Kind, name: str, parameters: tuple[Type, ...]) -> None:
        self.kind = kind
        self.name = name
        self.parameters = parameters

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<type {self.name}>"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return parse_type, (self.name,)


_interned: dict[str, Type] = {}
MAXIMUM_TYPE_DEPTH: Final = 16
"""No type is read that has more lists, maps and optionals in each other; none is compiled."""
_SURELY_SHALLOW: Final = MAXIMUM_TYPE_DEPTH * len("list()")
"""A type whose name is no longer is not nested too deep."""


def _intern(kind: Kind, name: str, parameters: tuple[Type, ...] = ()) -> Type:
    found = _interned.get(name)
    if found is None:
        found = _interned.setdefault(name, Type(kind, name, parameters))
    return found


BOOL: Final = _intern(Kind.BOOL, "bool")
INT: Final = _intern(Kind.INT, "int")
UINT: Final = _intern(Kind.UINT, "uint")
DOUBLE: Final = _intern(Kind.DOUBLE, "double")
STRING: Final = _intern(Kind.STRING, "string")
BYTES: Final = _intern(Kind.BYTES, "bytes")
NULL: Final = _intern(Kind.NULL, "null")
TIMESTAMP: Final = _intern(Kind.TIMESTAMP, "timestamp")
DURATION: Final = _intern(Kind.DURATION, "duration")
TYPE: Final = _intern(Kind.TYPE, "type")
DYN: Final = _intern(Kind.DYN, "dyn")
NEVER: Final = _intern(Kind.NEVER, "never")
"""The element type of an empty list, map or optional: it fits every other type."""
ERROR: Final = _intern(Kind.ERROR, "error")
"""The type of a part that already has an issue: it fits everything, and says nothing more."""

A: Final = _intern(Kind.PARAMETER, "A")
B: Final = _intern(Kind.PARAMETER, "B")

NUMERIC: Final = (INT, UINT, DOUBLE)
SCALARS: Final = (BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION)


def list_of(element: Type) -> Type:
    """The type of lists of such elements."""
    return _intern(Kind.LIST, f"list({element})", (element,))


def map_of(key: Type, value: Type) -> Type:
    """The type of maps from such keys to such values."""
    return _intern(Kind.MAP, f"map({key}, {value})", (key, value))


def optional_of(value: Type) -> Type:
    """The type of such a value that may be absent."""
    return _intern(Kind.OPTIONAL, f"optional({value})", (value,))


def compound(kind: Kind, parameters: tuple[Type, ...]) -> Type:
    """The list, map or optional type with these parameters."""
    if kind is Kind.MAP:
        return map_of(*parameters)
    return list_of(*parameters) if kind is Kind.LIST else optional_of(*parameters)


def parse_type(text: str) -> Type:
    """The type that `str` writes so; ValueError for anything else, or for one nested too deep."""
    if len(text) > _SURELY_SHALLOW and text.count("(") > MAXIMUM_TYPE_DEPTH:
        raise ValueError("a type is nested too deep")
    found = _interned.get(text)
    if found is not None:
        return found
    if text.startswith("list(") and text.endswith(")"):
        return list_of(parse_type(text[5:-1]))
    if text.startswith("optional(") and text.endswith(")"):
        return optional_of(parse_type(text[9:-1]))
    if text.startswith("map(") and text.endswith(")"):
        key, separator, value = text[4:-1].partition(", ")
        if separator and key in {"bool", "int", "uint", "string", "dyn", "never"}:
            return map_of(parse_type(key), parse_type(value))
    raise ValueError("not the name of a type")


def join(left: Type, right: Type) -> Type | None:
    """The type that holds values of both, or None when only `dyn` would.

    `dyn` on either side gives `dyn`; an empty list, map or optional takes the type of the other.
    """
    if left is right or right is NEVER:
        return left
    if left is NEVER:
        return right
    if left is ERROR or right is ERROR:
        return ERROR
    if left is DYN or right is DYN:
        return DYN
    if left.kind is right.kind and left.parameters:
        parts = [join(a, b) for a, b in zip(left.parameters, right.parameters, strict=True)]
        known = tuple(part for part in parts if part is not None)
        if len(known) == len(parts):
            return compound(left.kind, known)
    return None


def settle(type_: Type) -> Type:
    """The same type with `never` read as `dyn`: what is shown to people and stored."""
    if type_ is NEVER:
        return DYN
    if type_.parameters:
        return compound(type_.kind, tuple(map(settle, type_.parameters)))
    return type_
