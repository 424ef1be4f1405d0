"""What was known then, as far as other definitions can read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView
from offerd.model.schema import Schema, ValueType

_SCALARS: Mapping[ValueType, type] = {
    ValueType.BOOL: bool,
    ValueType.INT: int,
    ValueType.DOUBLE: float,
    ValueType.STRING: str,
    ValueType.TIMESTAMP: int,
}
_ELEMENTS: Mapping[ValueType, type] = {
    ValueType.LIST_STRING: str,
    ValueType.LIST_INT: int,
    ValueType.LIST_DOUBLE: float,
}
_ENTRIES: Mapping[ValueType, type] = {
    ValueType.MAP_INT: int,
    ValueType.MAP_DOUBLE: float,
    ValueType.MAP_STRING: str,
    ValueType.MAP_TIMESTAMP: int,
}


def fitting_view(view: ProfileView, schema: Schema, defaults: Mapping[str, Any]) -> ProfileView:
    """Returns a view without values of another type than these definitions declare.

    `defaults` are aggregates before any event: somebody of whom they aren't known has those.
    An integer is taken for a timestamp and the other way round: nothing tells them apart.
    """
    attributes = _fitting(view.attributes, {a.path: a.type for a in schema.profile})
    aggregates = _fitting(view.aggregates, {a.id: a.type for a in schema.aggregates})
    if view.subject is not None:
        aggregates = {**defaults, **aggregates}
    return view._replace(attributes=attributes, aggregates=aggregates)


def fitting_context(context: DecisionContext, schema: Schema) -> DecisionContext:
    """Returns a context without values of another type than these definitions declare."""
    return context._replace(
        values=_fitting(context.values, {a.path: a.type for a in schema.context})
    )


def new_aggregates(view: ProfileView, defaults: Mapping[str, Any]) -> frozenset[str]:
    """Returns the aggregates of these definitions that weren't known of a customer then."""
    if view.subject is None:
        return frozenset()
    return frozenset(defaults.keys() - view.aggregates.keys())


def _fitting(values: Mapping[str, Any], declared: Mapping[str, ValueType]) -> dict[str, Any]:
    """What isn't declared stays: no rule reads it."""
    return {
        name: value
        for name, value in values.items()
        if name not in declared or _fits(value, declared[name])
    }


def _fits(value: Any, declared: ValueType) -> bool:
    if declared in _ELEMENTS:
        element = _ELEMENTS[declared]
        return type(value) is list and all(type(one) is element for one in value)
    if declared in _ENTRIES:
        entry = _ENTRIES[declared]
        return type(value) is dict and all(type(one) is entry for one in value.values())
    return type(value) is _SCALARS[declared]
