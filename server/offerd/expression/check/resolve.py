"""The choice of an overload from static types."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from offerd.expression.check.tree import Box, Node, Operation
from offerd.expression.check.types import DYN, NEVER, Kind, Type, compound, join
from offerd.expression.functions.overload import Function, Overload
from offerd.expression.functions.table import FUNCTIONS

AT_RUN_TIME = -1
"""The overload of an operation whose values decide."""


class _Fit(enum.Enum):
    NO = 0
    STATIC = 1
    DYNAMIC = 2


def resolve(
    function: Function, arguments: Sequence[Node], start: int, end: int
) -> Operation | None:
    """The operation on these arguments, boxed as its overload needs; None if no overload fits."""
    choice = choose(function.name, tuple([argument.type for argument in arguments]))
    if choice is None:
        return None
    boxed = tuple(map(coerce, arguments, choice.wanted))
    return Operation(function.name, choice.overload, boxed, choice.result, start, end)


class Choice(NamedTuple):
    """The overload for arguments of certain types, the types it wants them boxed to, its result.

    `exact` says that the arguments have the wanted types already.
    """

    overload: int
    wanted: tuple[Type, ...]
    result: Type
    exact: bool


@lru_cache(maxsize=8192)
def choose(function: str, types: tuple[Type, ...]) -> Choice | None:
    """The first overload that fits statically, else the choice at run time, else None."""
    known = FUNCTIONS.get(function)
    if known is None:
        return None
    open_results: list[Type] = []
    for index, overload in enumerate(known.overloads):
        bound: dict[Type, Type] = {}
        fit = _fit(overload, types, bound)
        if fit is _Fit.STATIC and not overload.open_only:
            wanted = tuple(substitute(parameter, bound) for parameter in overload.arguments)
            return Choice(index, wanted, substitute(overload.result, bound), wanted == types)
        if fit is not _Fit.NO and not overload.static_only:
            open_results.append(substitute(overload.result, {}))
    if not open_results:
        return None
    boxed = (DYN,) * len(types)
    return Choice(AT_RUN_TIME, boxed, common_result(open_results), boxed == types)


def at_run_time(
    function: str, arguments: Sequence[Node], result: Type, start: int, end: int
) -> Operation:
    """An operation whose overload is chosen by the values."""
    boxed = tuple(coerce(argument, DYN) for argument in arguments)
    return Operation(function, AT_RUN_TIME, boxed, result, start, end)


def common_result(results: Sequence[Type]) -> Type:
    """The result type of several candidate overloads: theirs if they agree, else `dyn`."""
    return results[0] if all(result is results[0] for result in results) else DYN


def coerce(node: Node, target: Type) -> Node:
    """The node as a value of the target type, which is its own with parts made `dyn`."""
    return node if node.type is target else Box(node, target, node.start, node.end)


def substitute(type_: Type, bound: dict[Type, Type]) -> Type:
    """The type with its parameters replaced; a parameter nothing is known of becomes `dyn`."""
    if type_.kind is Kind.PARAMETER:
        found = bound.get(type_, DYN)
        return DYN if found is NEVER else found
    if type_.parameters:
        return compound(type_.kind, tuple(substitute(part, bound) for part in type_.parameters))
    return type_


def _fit(overload: Overload, types: Sequence[Type], bound: dict[Type, Type]) -> _Fit:
    if len(overload.arguments) != len(types):
        return _Fit.NO
    fits = [_match(p, t, bound) for p, t in zip(overload.arguments, types, strict=True)]
    return _worst(fits)


def _worst(fits: Sequence[_Fit]) -> _Fit:
    if _Fit.NO in fits:
        return _Fit.NO
    return _Fit.DYNAMIC if _Fit.DYNAMIC in fits else _Fit.STATIC


def _match(parameter: Type, type_: Type, bound: dict[Type, Type]) -> _Fit:
    if parameter.kind is Kind.PARAMETER:
        joined = join(bound.get(parameter, NEVER), type_)
        if joined is None:
            return _Fit.NO
        bound[parameter] = joined
        return _Fit.STATIC
    if parameter is type_ or parameter is DYN or type_ is NEVER:
        return _Fit.STATIC
    if type_ is DYN:
        return _Fit.DYNAMIC
    if parameter.kind is type_.kind and parameter.parameters:
        pairs = zip(parameter.parameters, type_.parameters, strict=True)
        return _worst([_match(p, t, bound) for p, t in pairs])
    return _Fit.NO
