"""What one declared aggregate does with one event.

Each aggregate becomes one function, put together once from how it reads, combines and groups,
because it runs for every event of a bulk load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from offerd.events.caps import EventFilter
from offerd.events.readings import GROUP_NAME_LIMIT, Read, reader_of
from offerd.events.sums import add_double, add_integer
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Aggregate, AggregateFunction, ValueType

GROUP_LIMIT: Final = 10_000
"""The most groups that one aggregate keeps per profile: those that sort first."""

_COUNTING: Final = (AggregateFunction.COUNT, AggregateFunction.DISTINCT, AggregateFunction.STEPS)
_FOLDED: Final = (
    AggregateFunction.COUNT,
    AggregateFunction.SUM,
    AggregateFunction.MIN,
    AggregateFunction.MAX,
    AggregateFunction.FIRST_TIME,
    AggregateFunction.LAST_TIME,
)
_DOUBLES: Final = (ValueType.DOUBLE, ValueType.MAP_DOUBLE)

Step = Callable[[ProfileRecord, Event], None]
"""Takes an event in, unless it is none of the aggregate's concern."""

_Figures = dict[str, Any]
_Combine = Callable[[ProfileRecord, _Figures, str, Event], None]


def is_folded(aggregate: Aggregate) -> bool:
    """Whether records hold an aggregate; others are computed from series (see `features`)."""
    windowed = aggregate.within_ns is not None or aggregate.calendar is not None
    return aggregate.function in _FOLDED and not windowed and aggregate.sequence is None


def initial_value(aggregate: Aggregate) -> Any:
    """Returns what rules read before the first event, or None if that is unknown."""
    if aggregate.function is AggregateFunction.TOP:
        return []
    if aggregate.group_by is not None:
        return {}
    if aggregate.function in _COUNTING:
        return 0
    if aggregate.function is AggregateFunction.SUM:
        return 0.0 if aggregate.type in _DOUBLES else 0
    return None


def step_of(aggregate: Aggregate, event_filter: EventFilter | None) -> Step:
    """Returns the function of an aggregate."""
    combine = _combination(aggregate)
    step = _ungrouped(aggregate.id, combine)
    if aggregate.group_by is not None:
        step = _grouped(aggregate.id, aggregate.group_by, combine)
    return step if event_filter is None else _filtered(event_filter, step)


def _filtered(event_filter: EventFilter, step: Step) -> Step:
    evaluate = event_filter.evaluate

    def take(record: ProfileRecord, event: Event) -> None:
        if evaluate(event.properties) is True:
            step(record, event)

    return take


def _ungrouped(name: str, combine: _Combine) -> Step:
    def take(record: ProfileRecord, event: Event) -> None:
        combine(record, record.aggregates, name, event)

    return take


def _grouped(name: str, group_by: str, combine: _Combine) -> Step:
    def take(record: ProfileRecord, event: Event) -> None:
        group = event.properties.get(group_by)
        if not isinstance(group, str):
            return
        groups = record.aggregates.get(name)
        if groups is not None and group in groups:
            combine(record, groups, group, event)
        elif len(group) <= GROUP_NAME_LIMIT:
            _add_group(record, name, group, event, combine)

    return take


def _add_group(
    record: ProfileRecord, name: str, group: str, event: Event, combine: _Combine
) -> None:
    """Lets a new group in; if there are too many, the one that sorts last goes.

    It can never be among those that sort first again, because groups are only added: which
    groups stay doesn't depend on when they came.
    """
    groups: _Figures = record.aggregates.get(name, {})
    combine(record, groups, group, event)
    if groups:
        record.aggregates[name] = groups
    if len(groups) > GROUP_LIMIT:
        last = max(groups)
        del groups[last]
        _forget_rest(record, name, last)
        if name not in record.truncated:
            record.truncated = sorted([*record.truncated, name])


def _combination(aggregate: Aggregate) -> _Combine:
    function = aggregate.function
    if function is AggregateFunction.COUNT:
        return _count
    if function is AggregateFunction.SUM:
        return _summation(aggregate)
    read = reader_of(aggregate) if function.needs_value else _time
    if function in (AggregateFunction.MIN, AggregateFunction.FIRST_TIME):
        return _least(read)
    return _greatest(read)


def _count(_record: ProfileRecord, figures: _Figures, name: str, _event: Event) -> None:
    figures[name] = figures.get(name, 0) + 1


def _least(read: Read) -> _Combine:
    def combine(_record: ProfileRecord, figures: _Figures, name: str, event: Event) -> None:
        value = read(event)
        if value is not None and (name not in figures or value < figures[name]):
            figures[name] = value

    return combine


def _greatest(read: Read) -> _Combine:
    def combine(_record: ProfileRecord, figures: _Figures, name: str, event: Event) -> None:
        value = read(event)
        if value is not None and (name not in figures or value > figures[name]):
            figures[name] = value

    return combine


def _summation(aggregate: Aggregate) -> _Combine:
    doubles = aggregate.type in _DOUBLES
    add: Callable[[Any, Any, Any], tuple[Any, Any]] = add_double if doubles else add_integer
    zero = 0.0 if doubles else 0
    aggregate_id = aggregate.id
    grouped = aggregate.group_by is not None
    read = reader_of(aggregate)

    def combine(record: ProfileRecord, figures: _Figures, name: str, event: Event) -> None:
        value = read(event)
        if value is None:
            return
        group = name if grouped else ""
        rests = record.remainders.get(aggregate_id)
        before = rests.get(group, zero) if rests else zero
        figures[name], rest = add(figures.get(name, zero), before, value)
        if rest:
            if rests is None:
                rests = record.remainders[aggregate_id] = {}
            rests[group] = rest
        elif before:
            _forget_rest(record, aggregate_id, group)

    return combine


def _forget_rest(record: ProfileRecord, name: str, group: str) -> None:
    rests = record.remainders.get(name, {})
    if rests.pop(group, None) is not None and not rests:
        del record.remainders[name]


def _time(event: Event) -> int:
    return event.time_ns
