"""Where Python's own operators mean the same as the language's, and where they do not.

They differ on NaN inside containers (Python takes the same object for equal), between bool and
int (`1 == True`), and wherever a type is not known.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from offerd.expression.check.tree import Box, Constant, Items, Node, Operation
from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
)
from offerd.expression.functions.arithmetic import RANGES

_HASHED: Final = (BOOL, INT, UINT, STRING, BYTES, TIMESTAMP, DURATION)
_KEYS: Final = (BOOL, INT, UINT, STRING)
_RANGED: Final = (INT, TIMESTAMP)
"""Types kept as an int whose sum with a constant one bound is enough to check."""
_FEW: Final = 4


def native_template(node: Operation) -> str:
    """A template of Python's own operators for a polymorphic operation; "" if none is exact."""
    name = node.function
    if node.overload == 0 and name in ("_==_", "_!=_"):
        return _equality(node.arguments, "==" if name == "_==_" else "!=")
    if name in ("_+_", "_-_"):
        return _sum(node)
    if name in _AGAINST:
        return _difference(node)
    if name == "_in_":
        element = node.arguments[0].type
        on_list = node.overload == 0
        native = _is_exact(element) if on_list else element in _KEYS
        return "({0} in {1})" if native else ""
    if (name == "_[_]" and node.overload == 1) or (name == "_._" and node.overload == 0):
        return "{0}[{1}]" if _is_key(node.arguments[1]) else ""
    if name == "has" and node.overload == 0:
        return "({1} in {0})" if _is_key(node.arguments[1]) else ""
    return ""


def _sum(node: Operation) -> str:
    """With a constant on the right an int can leave its range at one end only."""
    right = node.arguments[1]
    if node.type not in _RANGED or not isinstance(right, Constant):
        return ""
    symbol = "+" if node.function == "_+_" else "-"
    least, greatest = RANGES[node.type]
    rises = (right.value >= 0) == (symbol == "+")
    bound = f"<= {greatest}" if rises else f">= {least}"
    return f"({{t}} if ({{t}} := {{0}} {symbol} {{1}}) {bound} else overflow())"


def _difference(node: Operation) -> str:
    """A difference compared with a constant is out of range at one end only, on either side."""
    left, right = node.arguments
    if not isinstance(left, Operation) or left.function != "_-_" or not isinstance(right, Constant):
        return ""
    if left.overload < 0 or left.type not in _SIGNED or left.type is not right.type:
        return ""
    symbol, up, down = _AGAINST[node.function]
    least, greatest = RANGES[left.type]
    bounds = {">": greatest, "<": least}
    yes = f"{{t}} {down}= {bounds[up]} or overflow()"
    no = f"{{t}} {down} {bounds[down]} and overflow()"
    return f"(({yes}) if ({{t}} := {{0}} - {{1}}) {symbol} {{2}} else ({no}))"


_SIGNED: Final = (INT, DURATION)
_AGAINST: Final = {
    "_>_": (">", ">", "<"),
    "_>=_": (">=", ">", "<"),
    "_<_": ("<", "<", ">"),
    "_<=_": ("<=", "<", ">"),
}
"""How each comparison is written, the end it looks towards, and the other end."""


def native_values(node: Operation) -> Collection[Any] | None:
    """The constants of `x in [...]` as a Python collection, when Python's `in` is exact."""
    if node.function != "_in_" or node.overload != 0:
        return None
    value, items = node.arguments
    if not isinstance(items, Items) or value.type not in _HASHED:
        return None
    constants = [item.value for item in items.items if isinstance(item, Constant)]
    if len(constants) != len(items.items):
        return None
    return tuple(constants) if len(constants) < _FEW else frozenset(constants)


def _equality(arguments: tuple[Node, ...], symbol: str) -> str:
    type_ = arguments[0].type
    if type_ is DYN:
        known = [part.value.type for part in arguments if isinstance(part, Box)]
        if STRING in known or BYTES in known:
            return f"({{0}} {symbol} {{1}})"
        if NULL in known:
            return "({0} is {1})" if symbol == "==" else "({0} is not {1})"
        return ""
    return f"({{0}} {symbol} {{1}})" if type_ is DOUBLE or _is_exact(type_) else ""


def _is_exact(type_: Type) -> bool:
    """Whether `==` and `in` of Python are right for values of this type, containers included."""
    if type_.parameters:
        return all(map(_is_exact, type_.parameters))
    return type_ is not DOUBLE and type_ is not DYN


def _is_key(node: Node) -> bool:
    """Whether a key cannot be mistaken for an equal one of another type."""
    if isinstance(node, Box):
        return node.value.type is STRING
    return node.type in _KEYS
