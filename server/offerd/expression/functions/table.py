"""The table of all functions, and the choice of an overload from run-time values.

Adding a function is adding one entry to one of the tuples gathered here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.types import DYN, Kind, Type
from offerd.expression.functions.arithmetic import ARITHMETIC
from offerd.expression.functions.collections import COLLECTIONS
from offerd.expression.functions.comparison import COMPARISON
from offerd.expression.functions.conversions import CONVERSIONS
from offerd.expression.functions.days import DAYS
from offerd.expression.functions.identification import IDENTIFICATION
from offerd.expression.functions.instants import INSTANTS
from offerd.expression.functions.numbers import NUMBERS
from offerd.expression.functions.optionals import OPTIONALS
from offerd.expression.functions.overload import Function, Overload
from offerd.expression.functions.strings import STRINGS
from offerd.expression.values import EvaluationError, boxer, kind_of, unboxer

FUNCTIONS: Final[dict[str, Function]] = {
    function.name: function
    for function in (
        *ARITHMETIC,
        *COMPARISON,
        *CONVERSIONS,
        *INSTANTS,
        *NUMBERS,
        *STRINGS,
        *COLLECTIONS,
        *OPTIONALS,
        *DAYS,
        *IDENTIFICATION,
    )
}
"""Every function and operator by its name; macros have a table of their own."""

_Plan = tuple[Callable[..., Any], tuple[Callable[[Any], Any] | None, ...], Any]


def dispatcher(function: str) -> Callable[..., Any]:
    """A callable on boxed values that picks the overload by their kinds; its result is boxed.

    EvaluationError when no overload takes such values.
    """
    chosen: dict[tuple[Kind, ...], _Plan] = {}
    overloads = FUNCTIONS[function].overloads if function in FUNCTIONS else ()

    def dispatch(*arguments: Any) -> Any:
        kinds = tuple(map(kind_of, arguments))
        plan = chosen.get(kinds)
        if plan is None:
            plan = chosen[kinds] = _planned(function, overloads, kinds)
        implementation, unboxers, box = plan
        plain = [
            value if unbox is None else unbox(value)
            for unbox, value in zip(unboxers, arguments, strict=True)
        ]
        result = implementation(*plain)
        return result if box is None else box(result)

    return dispatch


def _planned(function: str, overloads: Sequence[Overload], kinds: tuple[Kind, ...]) -> _Plan:
    for overload in overloads:
        if overload.static_only:
            continue
        if len(kinds) == len(overload.arguments) and all(map(_takes, overload.arguments, kinds)):
            unboxers = tuple(unboxer(type_) for type_ in overload.arguments)
            result = overload.result
            box = None if result.kind is Kind.PARAMETER else boxer(result, DYN)
            return overload.implementation, unboxers, box
    shown = ", ".join(kind.value for kind in kinds)
    raise EvaluationError(f"no such overload: {display_name(function)} of ({shown})")


def _takes(type_: Type, kind: Kind) -> bool:
    return type_.kind is kind or type_.kind in (Kind.PARAMETER, Kind.DYN)


def display_name(function: str) -> str:
    """A function as messages show it: operators without their placeholders."""
    symbol = function.replace("_", "") if not function[0].isalpha() else function
    return f"`{symbol}`"
