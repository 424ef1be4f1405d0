"""That aggregates can be folded: they take what their events have, over times that can be."""

from __future__ import annotations

from offerd.bundle.calendars import verify_calendar
from offerd.errors import BundleError
from offerd.model.figures import (
    LONGEST_WINDOW_NS,
    MOST_GROUPS,
    MOST_STEPS,
    OF_GROUPS,
    OF_SEQUENCES,
    TAKEN,
    figure_type,
)
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    SequenceStep,
    ValueType,
    event_types,
)
from offerd.model.schema import Sequence as EventSequence

_Events = dict[str, tuple[Attribute, ...]]


def verify_aggregates(schema: Schema) -> None:
    """Raises BundleError at the first aggregate that the schema's events don't bear out."""
    events: _Events = {event.id: event.properties for event in event_types(schema).values()}
    for aggregate in schema.aggregates:
        where = f"aggregate `{aggregate.id}`"
        properties = _properties(aggregate.events, events, where)
        if aggregate.type is not _type_of(aggregate, properties):
            raise BundleError(f"{where} can't be a `{aggregate.type}` of what its events have")
        _verify_window(aggregate, where)
        _verify_groups(aggregate, where)
        if aggregate.sequence is not None:
            _verify_sequence(aggregate.sequence, events, where)


def _properties(names: tuple[str, ...], events: _Events, where: str) -> dict[str, set[ValueType]]:
    properties: dict[str, set[ValueType]] = {}
    for name in names:
        if name not in events:
            raise BundleError(f"{where} refers to `{name}`, which isn't there")
        for one in events[name]:
            properties.setdefault(one.path, set()).add(one.type)
    return properties


def _type_of(aggregate: Aggregate, properties: dict[str, set[ValueType]]) -> ValueType | None:
    """Returns the type that an aggregate has to have, None if it can't be folded."""
    function = aggregate.function
    if aggregate.sequence is not None:
        simple = (aggregate.value, aggregate.group_by, aggregate.where)
        if function not in OF_SEQUENCES or any(one is not None for one in simple):
            return None
    elif function is AggregateFunction.STEPS:
        return None
    value = None
    if aggregate.value is not None:
        value = _only(properties.get(aggregate.value, set()))
        if value not in TAKEN.get(function, ()):
            return None
    if aggregate.group_by is not None:
        grouped = _only(properties.get(aggregate.group_by, set()))
        if grouped is not ValueType.STRING:
            return None
    return figure_type(function, value, is_grouped=aggregate.group_by is not None)


def _only(types: set[ValueType]) -> ValueType | None:
    return next(iter(types)) if len(types) == 1 else None


def _verify_window(aggregate: Aggregate, where: str) -> None:
    if aggregate.within_ns is not None and aggregate.calendar is not None:
        raise BundleError(f"{where} has two windows")
    half_life_ns, gap_ns = aggregate.half_life_ns, aggregate.session_gap_ns
    _verify_times((aggregate.within_ns, half_life_ns, gap_ns), where)
    if aggregate.calendar is not None:
        verify_calendar(aggregate.calendar, where)


def _verify_groups(aggregate: Aggregate, where: str) -> None:
    function = aggregate.function
    if function in OF_GROUPS:
        if aggregate.count is None or not 1 <= aggregate.count <= MOST_GROUPS:
            found = f"{where} keeps {aggregate.count} groups"
            raise BundleError(f"{found}, 1 to {MOST_GROUPS} expected")
    elif aggregate.count is not None:
        raise BundleError(f"{where} keeps {aggregate.count} groups of which nobody asks")
    if aggregate.half_life_ns is not None and function is not AggregateFunction.TOP:
        raise BundleError(f"{where} has a half-life, and no weights")
    has_gap = aggregate.session_gap_ns is not None
    if has_gap is not (function is AggregateFunction.AFFINITY):
        raise BundleError(f"{where} has sessions, and shouldn't, or lacks them")


def _verify_sequence(sequence: EventSequence, events: _Events, where: str) -> None:
    steps = sequence.steps
    if not 1 <= len(steps) <= MOST_STEPS or all(step.negated for step in steps):
        raise BundleError(f"{where} has a sequence in which nothing happens, or too much")
    _verify_times((sequence.within_ns, sequence.session_gap_ns), where)
    happening = [number for number, step in enumerate(steps) if not step.negated]
    for number, step in enumerate(steps):
        _properties(step.events, events, where)
        _verify_times((step.after_ns, step.within_ns), where)
        if not step.events:
            raise BundleError(f"{where} has a step of no events")
        is_outside = not happening[0] < number < happening[-1]
        if step.negated and not _is_bounded(step, is_outside=is_outside):
            raise BundleError(f"{where} has a step that would last for ever, or not at all")
    first = steps[happening[0]]
    if first.after_ns is not None or first.within_ns is not None:
        raise BundleError(f"{where} has a first step that would follow another")


def _is_bounded(step: SequenceStep, *, is_outside: bool) -> bool:
    """Whether a step at which nothing happens has a time of its own just where it needs one."""
    return step.after_ns is None and (step.within_ns is not None) is is_outside


def _verify_times(times_ns: tuple[int | None, ...], where: str) -> None:
    for time_ns in times_ns:
        if time_ns is not None and not 1 <= time_ns <= LONGEST_WINDOW_NS:
            raise BundleError(f"{where} has a time that can't be counted")
