"""What figures aggregates give, by what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from offerd.model.schema import AggregateFunction, ValueType

SHORTEST_WINDOW_NS: Final = 60 * 10**9
LONGEST_WINDOW_NS: Final = 17_544 * 3_600 * 10**9
"""What windows of aggregates, and times within sequences, are at most: 731 days."""

MOST_GROUPS: Final = 100
"""How many groups top and affinity keep at most."""

USUAL_GROUPS: Final = 5
USUAL_SESSION_GAP_NS: Final = 1_800 * 10**9
"""What affinity has where definitions don't say."""

MOST_STEPS: Final = 20
"""How many steps a sequence has at most."""

NUMBERS: Final = (ValueType.INT, ValueType.DOUBLE)
_COMPARED: Final = (*NUMBERS, ValueType.TIMESTAMP)
_KEPT: Final = (*_COMPARED, ValueType.STRING, ValueType.BOOL)

TAKEN: Final[Mapping[AggregateFunction, tuple[ValueType, ...]]] = {
    AggregateFunction.SUM: NUMBERS,
    AggregateFunction.AVERAGE: NUMBERS,
    AggregateFunction.MIN: _COMPARED,
    AggregateFunction.MAX: _COMPARED,
    AggregateFunction.FIRST: _KEPT,
    AggregateFunction.LAST: _KEPT,
    AggregateFunction.DISTINCT: (ValueType.STRING, ValueType.INT),
    AggregateFunction.TOP: NUMBERS,
}
"""The types of property that each function can take the value of; the others take none."""

GROUPED: Final[Mapping[ValueType, ValueType]] = {
    ValueType.INT: ValueType.MAP_INT,
    ValueType.DOUBLE: ValueType.MAP_DOUBLE,
    ValueType.STRING: ValueType.MAP_STRING,
    ValueType.TIMESTAMP: ValueType.MAP_TIMESTAMP,
}
"""The map from groups to values of a type."""

OF_GROUPS: Final = frozenset({AggregateFunction.TOP, AggregateFunction.AFFINITY})
"""Functions about the groups themselves, which therefore need some."""

OF_SEQUENCES: Final = frozenset(
    {
        AggregateFunction.COUNT,
        AggregateFunction.FIRST_TIME,
        AggregateFunction.LAST_TIME,
        AggregateFunction.STEPS,
    }
)
"""Functions that can take in the completions of a sequence; steps takes in nothing else."""

_FIXED: Final[Mapping[AggregateFunction, ValueType]] = {
    AggregateFunction.COUNT: ValueType.INT,
    AggregateFunction.AVERAGE: ValueType.DOUBLE,
    AggregateFunction.FIRST_TIME: ValueType.TIMESTAMP,
    AggregateFunction.LAST_TIME: ValueType.TIMESTAMP,
    AggregateFunction.DISTINCT: ValueType.INT,
    AggregateFunction.TOP: ValueType.LIST_STRING,
    AggregateFunction.AFFINITY: ValueType.MAP_DOUBLE,
    AggregateFunction.STEPS: ValueType.INT,
}


def figure_type(
    function: AggregateFunction, value: ValueType | None, *, is_grouped: bool
) -> ValueType | None:
    """Returns the type that rules see, None if there is no such figure.

    `value` is the type of the property that is taken, None if none is.
    """
    fits = not function.needs_value if value is None else value in TAKEN.get(function, ())
    figure = _FIXED.get(function, value) if fits else None
    if function in OF_GROUPS:
        return figure if is_grouped else None
    return GROUPED.get(figure) if is_grouped and figure is not None else figure
