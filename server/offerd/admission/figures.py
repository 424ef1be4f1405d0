"""Figures of a profile that are given rather than folded: aggregates and scores."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Final

from offerd.admission.values import Budget, admit_value, utf8_size
from offerd.admission.wording import kind_of, quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.schema import Attribute, ValueType

_GROUPED: Final[Mapping[ValueType, ValueType]] = {
    ValueType.MAP_INT: ValueType.INT,
    ValueType.MAP_DOUBLE: ValueType.DOUBLE,
    ValueType.MAP_STRING: ValueType.STRING,
    ValueType.MAP_TIMESTAMP: ValueType.TIMESTAMP,
}
"""The type of each group's value."""


def admit_aggregate(
    value: object, name: str, declared: Mapping[str, ValueType], field: str, budget: Budget
) -> Any:
    """Returns the run-time value of an aggregate: of its type, a grouped one by group.

    `declared` are the types of all aggregates by id, `field` is the path of them all. A group
    that is None is the same as absent. Raises InvalidArgument.
    """
    check_known(name, "aggregate", declared, field)
    path = f"{field}.{name}"
    element = _GROUPED.get(declared[name])
    if element is None:
        return admit_value(value, Attribute(name, declared[name]), path, budget)
    if not isinstance(value, Mapping):
        raise InvalidArgument(
            Reason.WRONG_TYPE,
            f"{quote(path)} is {kind_of(value)}; expected an object with a value for each group",
            field=path,
        )
    one = Attribute(name, element)
    groups: dict[str, Any] = {}
    for group, item in value.items():
        if item is not None:
            budget.take(utf8_size(group, path))
            groups[group] = admit_value(item, one, f"{path}.{group}"[:256], budget)
    return groups


def admit_score(value: object, name: str, declared: Collection[str], field: str) -> float:
    """Returns a score that is declared and finite; raises InvalidArgument."""
    check_known(name, "score", declared, field)
    path = f"{field}.{name}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgument(
            Reason.WRONG_TYPE, f"{quote(path)} is {kind_of(value)}; expected a number", field=path
        )
    if not math.isfinite(value):
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"{quote(path)} is {value:g}; expected a finite number",
            field=path,
        )
    return float(value) + 0.0


def check_known(name: str, kind: str, known: Collection[str], field: str) -> None:
    """Raises InvalidArgument for a name that nothing of its kind has."""
    if name not in known:
        raise InvalidArgument(
            Reason.UNKNOWN_ATTRIBUTE,
            f"no {kind} {quote(name)} is declared{suggestion(name, known)}",
            field=f"{field}.{name}"[:256],
        )
