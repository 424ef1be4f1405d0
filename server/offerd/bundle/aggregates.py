"""That aggregates can be folded: they take properties that their events have, of a fitting type."""

from __future__ import annotations

from offerd.errors import BundleError
from offerd.model.schema import (
    BUILT_IN_EVENTS,
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ValueType,
)

_SUMMED = (ValueType.INT, ValueType.DOUBLE)
_COMPARED = (*_SUMMED, ValueType.TIMESTAMP)
_MAPS = {
    ValueType.INT: ValueType.MAP_INT,
    ValueType.DOUBLE: ValueType.MAP_DOUBLE,
    ValueType.TIMESTAMP: ValueType.MAP_TIMESTAMP,
}


def verify_aggregates(schema: Schema) -> None:
    """Raises BundleError at the first aggregate that the schema's events don't bear out."""
    events: dict[str, tuple[Attribute, ...]] = dict.fromkeys(BUILT_IN_EVENTS, ())
    events.update((event.id, event.properties) for event in schema.events)
    for aggregate in schema.aggregates:
        where = f"aggregate `{aggregate.id}`"
        properties: dict[str, set[ValueType]] = {}
        for name in aggregate.events:
            if name not in events:
                raise BundleError(f"{where} refers to `{name}`, which isn't there")
            for one in events[name]:
                properties.setdefault(one.path, set()).add(one.type)
        if aggregate.type is not _type_of(aggregate, properties):
            raise BundleError(f"{where} can't be a `{aggregate.type}` of what its events have")


def _type_of(aggregate: Aggregate, properties: dict[str, set[ValueType]]) -> ValueType | None:
    """Returns the type that an aggregate has to have, None if it can't be folded."""
    figure: ValueType | None
    if aggregate.function.needs_value:
        allowed = _SUMMED if aggregate.function is AggregateFunction.SUM else _COMPARED
        figure = _only(properties.get(aggregate.value or "", set()))
        figure = figure if figure in allowed else None
    elif aggregate.value is not None:
        figure = None
    else:
        counts = aggregate.function is AggregateFunction.COUNT
        figure = ValueType.INT if counts else ValueType.TIMESTAMP
    if aggregate.group_by is None or figure is None:
        return figure
    grouped = _only(properties.get(aggregate.group_by, set()))
    return _MAPS[figure] if grouped is ValueType.STRING else None


def _only(types: set[ValueType]) -> ValueType | None:
    return next(iter(types)) if len(types) == 1 else None
