"""Functions on numbers that are not operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.types import NUMERIC, Type, list_of
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError

_MOST_ARGUMENTS: Final = 4


def _of_list(choose: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    def chosen(values: Sequence[Any]) -> Any:
        if not values:
            raise EvaluationError("the list is empty")
        return choose(values)

    return chosen


def _extreme(name: str, choose: Callable[..., Any]) -> Function:
    """Of two to four numbers of one type, or of a list of them."""
    overloads: list[Overload] = []
    for type_ in NUMERIC:
        counts = range(2, _MOST_ARGUMENTS + 1)
        repeated: list[tuple[Type, ...]] = [(type_,) * count for count in counts]
        overloads.extend(Overload(arguments, type_, choose) for arguments in repeated)
        overloads.append(Overload((list_of(type_),), type_, _of_list(choose)))
    return Function(name, Form.FUNCTION, tuple(overloads))


NUMBERS: Final = (_extreme("math.greatest", max), _extreme("math.least", min))
