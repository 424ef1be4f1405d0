"""Random aggregates over random histories, on a grid of times so that edges meet."""

from __future__ import annotations

import random
from typing import Any

from offerd.model.capping import Calendar, CalendarUnit
from offerd.model.catalogue import Catalogue, Rule
from offerd.model.event import Event
from offerd.model.figures import OF_GROUPS, TAKEN, figure_type
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Schema,
    Sequence,
    SequenceStep,
    ValueType,
)

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
START_NS = 1_774_742_400 * 10**9  # 2026-03-29T00:00Z, an hour before Stockholm's clocks go forward
GRID_NS = 15 * MINUTE_NS
SPANS_NS = tuple(count * GRID_NS for count in (1, 2, 3, 4, 8, 16, 48, 96, 400))

EVENTS = ("view", "cart", "buy")
PROPERTIES = {
    "amount": ValueType.DOUBLE,
    "points": ValueType.INT,
    "name": ValueType.STRING,
    "member": ValueType.BOOL,
    "born": ValueType.TIMESTAMP,
}
CALENDARS = tuple(
    Calendar(unit, count, zone, week_start)
    for unit in CalendarUnit
    for count in (1, 2)
    for zone in ("UTC", "Europe/Stockholm", "Australia/Lord_Howe")
    for week_start in (1, 7)
)
FILTERS = [
    lambda properties: properties.get("points", 0) > 0,
    lambda properties: properties.get("name") == "a",
]


class Filter:
    """A planned event filter; what isn't true of an event without the property is unknown."""

    def __init__(self, number: int) -> None:
        self._number = number

    def evaluate(self, *roots: Any) -> Any:
        """Returns what the filter says of an event's properties."""
        return True if FILTERS[self._number](roots[0]) else "unknown"


def catalogue(*aggregates: Aggregate) -> Catalogue:
    """Returns a catalogue of aggregates."""
    rules = tuple(Rule(f"rule {number}", b"%d" % number) for number in range(len(FILTERS)))
    return Catalogue(Schema(aggregates=aggregates), (), rules, *((),) * 9)


def planned() -> list[Filter]:
    """Returns the filters as a plan takes them."""
    return [Filter(number) for number in range(len(FILTERS))]


def aggregate(source: random.Random, number: int) -> Aggregate:
    """Returns an aggregate of any function, with or without window, groups, filter."""
    within_ns, calendar = _window(source)
    if source.random() < 0.4:
        within_ns = None if within_ns is None else source.choice(SPANS_NS[4:])
        return _of_sequence(source, number, within_ns, calendar)
    function = source.choice([f for f in AggregateFunction if f is not AggregateFunction.STEPS])
    path = None
    if function in TAKEN and (function.needs_value or source.random() < 0.5):
        path = source.choice([n for n, kind in PROPERTIES.items() if kind in TAKEN[function]])
    grouped = function in OF_GROUPS or source.random() < 0.4
    kind = figure_type(function, None if path is None else PROPERTIES[path], is_grouped=grouped)
    if kind is None:  # groups of booleans
        return aggregate(source, number)
    of_groups = function in OF_GROUPS
    return Aggregate(
        f"a{number}",
        tuple(source.sample(EVENTS, source.randrange(1, 4))),
        function,
        kind,
        path,
        "category" if grouped else None,
        source.choice([None, None, 0, 1]),
        within_ns,
        calendar,
        count=source.choice([1, 2, 3, 5]) if of_groups else None,
        half_life_ns=_maybe(source, GRID_NS * 4) if function is AggregateFunction.TOP else None,
        session_gap_ns=_span(source) if function is AggregateFunction.AFFINITY else None,
    )


def history(source: random.Random, most: int) -> list[Event]:
    """Returns events with unique ids, in any order, some of them at the same time."""
    return [_event(source, number) for number in range(source.randrange(most + 1))]


def _event(source: random.Random, number: int) -> Event:
    properties: dict[str, Any] = {
        "category": source.choice("mnoprs"),
        "amount": source.choice([0.1, 0.2, -0.3, 1e16, 1.0, 2.5]),
        "points": source.choice([1, -3, 5, 2**62]),
        "name": source.choice("ab"),
        "member": source.random() < 0.5,
        "born": source.randrange(5),
    }
    for path in tuple(properties):
        if source.random() < 0.1:
            del properties[path]
    time_ns = START_NS + GRID_NS * source.choice([source.randrange(40), source.randrange(300)])
    time_ns += source.choice([0, 0, 0, -1, 1, source.randrange(GRID_NS)])
    return Event(f"e{number}-{source.randrange(10**6)}", source.choice(EVENTS), time_ns, properties)


def instants(source: random.Random, found: Aggregate, events: list[Event], count: int) -> list[int]:
    """Returns instants at which windows and sessions may begin and end, and a nanosecond off."""
    spans = [0, found.within_ns or 0, found.session_gap_ns or 0]
    if found.sequence is not None:
        last_ns = found.sequence.steps[-1].within_ns or 0
        spans.extend((last_ns, last_ns + (found.within_ns or 0)))
    times = [event.time_ns for event in events] or [START_NS]
    near = [source.choice(times) + source.choice(spans) for _ in range(count - 1)]
    anywhere = START_NS + source.randrange(500 * GRID_NS)
    return [anywhere, *(instant + source.choice([-1, 0, 0, 1]) for instant in near)]


def _of_sequence(
    source: random.Random, number: int, within_ns: int | None, calendar: Calendar | None
) -> Aggregate:
    functions = (
        AggregateFunction.COUNT,
        AggregateFunction.COUNT,
        AggregateFunction.FIRST_TIME,
        AggregateFunction.LAST_TIME,
        AggregateFunction.STEPS,
        AggregateFunction.STEPS,
    )
    function = source.choice(functions)
    steps = _steps(source)
    kind = figure_type(function, None, is_grouped=False)
    assert kind is not None
    return Aggregate(
        f"a{number}",
        tuple(dict.fromkeys(name for step in steps for name in step.events)),
        function,
        kind,
        within_ns=within_ns,
        calendar=calendar,
        sequence=Sequence(steps, _maybe(source, _span(source)), _maybe(source, _span(source))),
    )


def _steps(source: random.Random) -> tuple[SequenceStep, ...]:
    steps: list[SequenceStep] = []
    if source.random() < 0.25:
        steps.append(_step(source, True, within_ns=_span(source)))
    count = source.choice([1, 1, 2, 2, 2, 3, 3, 4])
    for place in range(count):
        if place and source.random() < 0.3:
            steps.append(_step(source, True))
        after_ns = _maybe(source, source.choice(SPANS_NS[:4])) if place else None
        within_ns = _maybe(source, (after_ns or 0) + _span(source)) if place else None
        steps.append(_step(source, False, after_ns=after_ns, within_ns=within_ns))
    if source.random() < 0.35:
        steps.append(_step(source, True, within_ns=_span(source)))
    return tuple(steps)


def _step(
    source: random.Random,
    negated: bool,
    *,
    after_ns: int | None = None,
    within_ns: int | None = None,
) -> SequenceStep:
    events = tuple(source.sample(EVENTS, 1 if negated else source.choice([1, 2])))
    where = source.choice([None, None, None, 0, 1])
    return SequenceStep(events, where, negated, after_ns, within_ns)


def _window(source: random.Random) -> tuple[int | None, Calendar | None]:
    kind = source.randrange(3)
    if kind == 0:
        return None, None
    return (_span(source), None) if kind == 1 else (None, source.choice(CALENDARS))


def _span(source: random.Random) -> int:
    return source.choice(SPANS_NS) + source.choice([0, 0, 0, -1, 1])


def _maybe(source: random.Random, value: int) -> int | None:
    return value if source.random() < 0.4 else None
