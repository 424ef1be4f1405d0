"""Values as people and JSON see them.

In text a string stands as it is, true and false as such, a timestamp in RFC 3339 and UTC, and a
number with the fewest digits that read back the same, without an exponent: 19.9 is `19.9`, 20.0 is
`20`. As a JSON value a timestamp is such a text, and a list a list. Other types can't be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from offerd.expression import BOOL, DOUBLE, INT, STRING, TIMESTAMP, UINT, Type
from offerd.expression.check.types import Kind
from offerd.expression.functions.instants import format_timestamp


def _unchanged(value: Any) -> Any:
    return value


def _bool_text(value: bool) -> str:
    return "true" if value else "false"


def double_text(value: float) -> str:
    """Decimal digits only; ValueError for what is no number."""
    text = repr(finite(value))
    if "e" in text:
        text = f"{Decimal(text):f}"
    if text.endswith(".0"):
        text = text[:-2]
    return "0" if text == "-0" else text


def finite(value: float) -> float:
    """The same number; ValueError if it is infinite or NaN."""
    if value - value != 0.0:
        raise ValueError("the value is not a number")
    return value


TEXTS: Final[dict[Type, Callable[[Any], str]]] = {
    STRING: _unchanged,
    INT: str,
    UINT: str,
    DOUBLE: double_text,
    BOOL: _bool_text,
    TIMESTAMP: format_timestamp,
}
"""How a value of each type that can stand in a text is written there."""

_JSON: Final[dict[Type, Callable[[Any], Any]]] = {
    STRING: _unchanged,
    INT: _unchanged,
    UINT: _unchanged,
    DOUBLE: finite,
    BOOL: _unchanged,
    TIMESTAMP: format_timestamp,
}


def json_form(type_: Type) -> Callable[[Any], Any] | None:
    """What makes a value of this type a JSON value, None for a type that JSON values don't show.

    ValueError from it for a double that is no number.
    """
    if type_.kind is Kind.LIST:
        element = _JSON.get(type_.parameters[0])
        return None if element is None else lambda values: [element(value) for value in values]
    return _JSON.get(type_)
