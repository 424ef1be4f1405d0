"""Operations that fail whatever the data, because of constants in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from offerd.expression.check.resolve import AT_RUN_TIME
from offerd.expression.check.tree import Box, Constant, Entries, Items, Node, Operation, unboxed
from offerd.expression.check.types import INT, SCALARS, TYPE, Kind
from offerd.expression.functions.maps import build_map
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.values import EvaluationError, TypeName, boxer

Report = Callable[[str, int, int], None]

_INDEXES: Final = {
    "_[_]": (1,),
    "charAt": (1,),
    "indexOf": (2,),
    "lastIndexOf": (2,),
    "substring": (1, 2),
    "slice": (1, 2),
}
"""The arguments of functions that may not be less than 0."""
_RANGES: Final = ("substring", "slice")


def lint_failing(operation: Operation, report: Report) -> None:
    """Reports an operation that has no result for anybody; not what folding finds anyway."""
    if operation.overload == AT_RUN_TIME:
        return
    parts = [unboxed(argument) for argument in operation.arguments]
    if operation.type in SCALARS and all(isinstance(part, Constant) for part in parts):
        return
    has_index = operation.function in _INDEXES and parts[0].type.kind is not Kind.MAP
    if has_index and _lint_indexes(operation.function, parts, report):
        return
    overload = FUNCTIONS[operation.function].overloads[operation.overload]
    first = parts[0] if parts else None
    if operation.function == "semver.compare" and isinstance(first, Constant):
        version, read = first.value, overload.specialise
        if read is not None:
            _lint(lambda: read(version), first, report)
    elif parts and all(map(_is_constant, parts)):
        arguments = operation.arguments
        _lint(lambda: overload.implementation(*map(_value, arguments)), operation, report)


def _lint(attempt: Callable[[], Any], blamed: Node, report: Report) -> None:
    try:
        attempt()
    except EvaluationError as error:
        report(str(error), blamed.start, blamed.end)


def _lint_indexes(function: str, parts: list[Node], report: Report) -> bool:
    for place in _INDEXES[function]:
        index = _number(parts, place)
        if index is not None and index < 0:
            message = f"an index counts from 0: found `{index}`"
            report(message, parts[place].start, parts[place].end)
            return True
    start, end = _number(parts, 1), _number(parts, 2)
    if function in _RANGES and start is not None and end is not None and start > end:
        message = f"the first index is behind the second: `{start}` and `{end}`"
        report(message, parts[1].start, parts[2].end)
        return True
    return False


def _number(parts: list[Node], place: int) -> int | None:
    part = parts[place] if place < len(parts) else None
    return part.value if isinstance(part, Constant) and part.type is INT else None


def _is_constant(node: Node) -> bool:
    if isinstance(node, Box):
        return _is_constant(node.value)
    if isinstance(node, Items):
        return all(map(_is_constant, node.items))
    if isinstance(node, Entries):
        return all(map(_is_constant, (*node.keys, *node.values)))
    return isinstance(node, Constant)


def _value(node: Node) -> Any:
    """What a constant part is at run time."""
    match node:
        case Constant():
            return TypeName(str(node.value)) if node.type is TYPE else node.value
        case Box():
            box = boxer(node.value.type, node.type)
            value = _value(node.value)
            return value if box is None else box(value)
        case Items():
            return [_value(item) for item in node.items]
        case Entries():
            keys, values = node.keys, node.values
            return build_map([_value(key) for key in keys], [_value(value) for value in values])
    raise ValueError("not a constant")
