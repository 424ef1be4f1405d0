"""Which operations always have a result, whatever their arguments of the types they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from offerd.expression import (
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Duration,
    Timestamp,
    Uint,
)
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Conditional,
    Constant,
    Items,
    Macro,
    Node,
    Operation,
)
from offerd.expression.check.types import BOOL, Kind, Type
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.values import EvaluationError


def always_succeeds(node: Operation) -> bool:
    """Whether the operation has a result for all arguments of these types and constants."""
    if node.overload < 0:
        return node.function in ("_==_", "_!=_")
    if not FUNCTIONS[node.function].errors:
        return True
    first = node.arguments[0].type
    if first in _SAFE_FOR.get(node.function, ()):
        return True
    safe = _SAFE_IF.get(node.function)
    return safe is not None and safe(node)


_NUMBERS: Final = (INT, UINT, DOUBLE)
_SAFE_FOR: Final[dict[str, tuple[Type, ...]]] = {
    "_+_": (DOUBLE, STRING, BYTES),
    "_-_": (DOUBLE,),
    "_*_": (DOUBLE,),
    "_/_": (DOUBLE,),
    "-_": (DOUBLE,),
    "math.abs": (UINT, DOUBLE),
    "int": (INT, TIMESTAMP),
    "uint": (UINT,),
    "double": _NUMBERS,
    "bool": (BOOL,),
    "string": (STRING, BOOL, INT, UINT, DOUBLE, TIMESTAMP, DURATION),
    "bytes": (BYTES,),
    "timestamp": (TIMESTAMP,),
    "duration": (DURATION,),
    "math.greatest": _NUMBERS,
    "math.least": _NUMBERS,
}
"""Functions that fail for some types of their first argument, and the types they never fail for."""


def _joins_lists(node: Operation) -> bool:
    return node.arguments[0].type.kind is Kind.LIST


def _divides_by_constant(node: Operation) -> bool:
    right = node.arguments[1]
    return isinstance(right, Constant) and right.value not in (0, -1)


def _tells_by_constants(node: Operation) -> bool:
    """Whether it has a result for its constants, where those alone decide: zones and formats."""
    if any(arg.type is STRING and not isinstance(arg, Constant) for arg in node.arguments):
        return False
    samples = [_sample(argument) for argument in node.arguments]
    if None in samples:
        return False
    try:
        FUNCTIONS[node.function].overloads[node.overload].implementation(*samples)
    except EvaluationError:
        return False
    return True


def _sample(node: Node) -> Any:
    """A value such as the node's, its own if it is constant; None if there is no example."""
    if isinstance(node, Constant):
        return node.value
    if node.type in (TIMESTAMP, DURATION):
        return 0
    items = node.value if isinstance(node, Box) else node
    if not isinstance(items, Items):
        return None
    types = [item.value.type if isinstance(item, Box) else item.type for item in items.items]
    return [_BOXED[type_] for type_ in types] if all(t in _BOXED for t in types) else None


_BOXED: Final[dict[Type, Any]] = {
    BOOL: True,
    INT: 1,
    UINT: Uint(1),
    DOUBLE: 1.0,
    STRING: "",
    TIMESTAMP: Timestamp(0),
    DURATION: Duration(0),
}


def _has_string_key(node: Operation) -> bool:
    container = node.arguments[1].type
    return container.kind is Kind.LIST or node.arguments[0].type in (BOOL, INT, UINT, STRING)


def _joins_strings(node: Operation) -> bool:
    return str(node.arguments[0].type) == "list(string)"


def _takes_parts(node: Operation) -> bool:
    return node.arguments[0].type.kind in (Kind.MAP, Kind.LIST, Kind.OPTIONAL)


_SAFE_IF: Final[dict[str, Callable[[Operation], bool]]] = {
    "_+_": _joins_lists,
    "_/_": _divides_by_constant,
    "_%_": _divides_by_constant,
    "_in_": _has_string_key,
    "join": _joins_strings,
    "format": _tells_by_constants,
    "_?._": _takes_parts,
    "_[?_]": _takes_parts,
    **dict.fromkeys(
        (
            *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"),
            *("getMonth", "getHours", "getMinutes", "getSeconds", "getMilliseconds"),
            *("isBirthday", "isAnniversary", "yearsSince"),
        ),
        _tells_by_constants,
    ),
}
"""Functions that fail for some arguments, and how to tell that these are none of them."""


def is_finite(node: Node) -> bool:
    """Whether a double, or a list of them, is surely a number: neither infinite nor NaN.

    Data holds finite numbers only, so that they come from arithmetic and conversions alone.
    """
    match node:
        case Constant():
            return bool(node.value - node.value == 0)
        case Attribute():
            return True
        case Box():
            return is_finite(node.value)
        case Conditional():
            return is_finite(node.yes) and is_finite(node.no)
        case Items():
            return all(map(is_finite, node.items))
        case Macro(macro="or_value") if node.result is not None:
            return is_finite(node.range) and is_finite(node.result)
        case Operation():
            return _is_finite_result(node)
        case _:
            return False


def _is_finite_result(node: Operation) -> bool:
    function, arguments = node.function, node.arguments
    if function in ("optional.none", "_[_]", "_._", "_[?_]", "_?._"):
        return all(map(is_finite, arguments[:1]))
    if function == "double":
        return arguments[0].type in (INT, UINT)
    return function in _KEEP_FINITE and all(map(is_finite, arguments))


_KEEP_FINITE: Final = frozenset(
    (
        *(f"math.{name}" for name in ("ceil", "floor", "round", "trunc", "abs")),
        *("math.greatest", "math.least", "-_", "optional.of", "first", "last", "value"),
    )
)
