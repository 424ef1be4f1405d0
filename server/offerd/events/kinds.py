"""Which kind of series an aggregate has."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.events.affinity import Affinity
from offerd.events.caps import EventFilter
from offerd.events.figures import Figure
from offerd.events.kind import Kind
from offerd.events.sequences import Completions, Steps
from offerd.events.steps import is_folded
from offerd.events.tops import Top
from offerd.model.schema import Aggregate, AggregateFunction


def kind_of(aggregate: Aggregate, filters: Sequence[EventFilter]) -> Kind | None:
    """Returns what an aggregate does with its series; None for one that records hold.

    `filters` are the event filters of the catalogue, planned.
    """
    if is_folded(aggregate):
        return None
    if aggregate.sequence is not None:
        steps = aggregate.function is AggregateFunction.STEPS
        return (Steps if steps else Completions)(aggregate, aggregate.sequence, filters)
    if aggregate.function is AggregateFunction.TOP:
        return Top(aggregate, filters)
    if aggregate.function is AggregateFunction.AFFINITY:
        return Affinity(aggregate, filters)
    return Figure(aggregate, filters)
