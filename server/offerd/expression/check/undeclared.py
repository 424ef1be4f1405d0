"""Names that nothing has, and the names that are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from offerd.expression.check.context import Context
from offerd.expression.check.declarations import Record
from offerd.expression.check.habits import has_size
from offerd.expression.check.nearest import nearest_name
from offerd.expression.check.tree import Attribute, Node
from offerd.expression.check.types import ERROR, STRING, TIMESTAMP, Kind
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.issues import snippet
from offerd.expression.syntax import ast
from offerd.expression.values import quoted

_CONSTANTS: Final = {"true": "true", "yes": "true", "false": "false", "no": "false"}
_NOTHING: Final = frozenset(("none", "nil", "null", "undefined", "nan", "empty"))
_MOST_LOOKED_FOR: Final = 20
"""After so many mistakes nobody needs the nearest name of all attributes for the next."""
_TIME_PARTS: Final = {
    "year": "getFullYear()",
    "month": "getMonth()",
    "day": "getDate()",
    "weekday": "getDayOfWeek()",
    "hour": "getHours()",
    "minute": "getMinutes()",
    "second": "getSeconds()",
}


def undeclared(checker: Context, root: ast.Name, selects: Sequence[ast.Select]) -> Node:
    """The mistake of a name that nothing has."""
    name, environment = root.name, checker.environment
    if name in environment.lookups:
        message = f'`{name}` takes a name in parentheses: write `{name}("...")`'
    elif name in FUNCTIONS and not _is_text(checker, root):
        message = f"`{name}` is a function: call it with its arguments in parentheses"
    else:
        message = f"unknown variable `{name}`{_hint(checker, root, selects)}"
    return checker.reject(message, root.start, root.end)


def _hint(checker: Context, root: ast.Name, selects: Sequence[ast.Select]) -> str:
    name = root.name
    path = ".".join((name, *(select.field for select in selects)))
    if _is_value(checker, root):
        return f': a text is written in quotes: `"{name}"`'
    found = list(_attributes(checker, path))
    if found:
        return f": did you mean {' or '.join(f'`{full}`' for full in found[:3])}?"
    if name.lower() in _CONSTANTS:
        return f": did you mean `{_CONSTANTS[name.lower()]}`?"
    if name.lower() in _NOTHING:
        return ": to ask whether there is a value, use `has(...)`"
    for lookup, declared in checker.environment.lookups.items():
        if name in declared.names and not selects:
            return f': did you mean `{lookup}("{name}")`?'
    if _is_text(checker, root):
        return f': a text is written in quotes: `"{name}"`'
    return _nearest(checker, path, name)


def _nearest(checker: Context, path: str, name: str) -> str:
    known = {*checker.environment.roots, *(local for local, _ in checker.locals)}
    near = nearest_name(name, known)
    if near is None and len(checker.issues) < _MOST_LOOKED_FOR:
        everything = {
            attribute: f"{root}.{attribute}"
            for root, record in checker.environment.variables.items()
            if isinstance(record, Record)
            for attribute in record.attributes
        }
        attribute = nearest_name(path, everything)
        near = None if attribute is None else everything[attribute]
    return "" if near is None else f": did you mean `{near}`?"


def _attributes(checker: Context, path: str) -> Iterator[str]:
    """The full names of attributes with this path, then of those whose path ends with it."""
    records = {
        root: record
        for root, record in checker.environment.variables.items()
        if isinstance(record, Record)
    }
    whole = [f"{root}.{path}" for root, record in records.items() if path in record.attributes]
    yield from whole
    if not whole:
        for root, record in records.items():
            for known in record.attributes:
                if known.endswith(f".{path}"):
                    yield f"{root}.{known}"


def _is_text(checker: Context, root: ast.Name) -> bool:
    """Whether the name stands alone beside a text."""
    if checker.beside is None or id(root) not in checker.beside[1]:
        return False
    type_ = checker.beside[0].type
    element = type_.parameters[0] if type_.kind is Kind.LIST else type_
    return element in (STRING, ERROR)


def _is_value(checker: Context, root: ast.Name) -> bool:
    """Whether it is a declared value of what it is compared with, or named like that."""
    if checker.beside is None or not _is_text(checker, root):
        return False
    other = checker.beside[0]
    record = checker.environment.variables.get(other.root) if isinstance(other, Attribute) else None
    if not isinstance(other, Attribute) or not isinstance(record, Record):
        return False
    values = record.attributes[other.path].values
    return root.name in values or other.path.endswith(root.name)


def field_hint(field: str, node: Node, source: str) -> str:
    """What to write instead of a field that a value does not have."""
    text = snippet(source, node.start, node.end)
    if has_size(field) and (node.type is STRING or node.type.kind is Kind.LIST):
        return f": use {quoted(f'size({text})')}"
    if node.type is TIMESTAMP and field.lower() in _TIME_PARTS:
        return f": use {quoted(f'{text}.{_TIME_PARTS[field.lower()]}')}"
    return ""
