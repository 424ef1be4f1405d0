"""The naive twin of features: every aggregate from the raw events, by its definition alone.

Nothing is shared with what it checks but where pieces of the calendar begin. Sequences are found
by trying all the ways to choose events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, SequenceStep, ValueType
from offerd.model.windows import calendar_start

Filters = list[Callable[[dict[str, Any]], bool]]


class Taken(NamedTuple):
    """An event as an aggregate takes it in."""

    time_ns: int
    tie: int
    group: str | None
    value: Any


def value_at(aggregate: Aggregate, events: list[Event], filters: Filters, now_ns: int) -> Any:
    """Returns an aggregate of all events of a customer at an instant; None if it is unknown."""
    events = [event for event in events if event.time_ns <= now_ns]
    if aggregate.sequence is not None:
        return of_sequence(aggregate, events, filters, now_ns)
    taken = [one for event in events for one in take(aggregate, event, filters)]
    taken = sorted(one for one in taken if in_window(aggregate, one.time_ns, now_ns))
    if aggregate.function is AggregateFunction.TOP:
        return top(aggregate, taken)
    if aggregate.function is AggregateFunction.AFFINITY:
        return affinity(aggregate, taken, now_ns)
    if aggregate.group_by is None:
        return figure(aggregate, taken)
    groups = {one.group for one in taken}
    return {
        group: figure(aggregate, [one for one in taken if one.group == group]) for group in groups
    }


def in_window(aggregate: Aggregate, time_ns: int, now_ns: int) -> bool:
    """Whether an instant is in an aggregate's window at another."""
    if aggregate.within_ns is not None:
        return now_ns - aggregate.within_ns < time_ns <= now_ns
    if aggregate.calendar is not None:
        return calendar_start(aggregate.calendar, now_ns) <= time_ns <= now_ns
    return time_ns <= now_ns


def passes(where: int | None, event: Event, filters: Filters) -> bool:
    """Whether a filter lets an event in."""
    return where is None or filters[where](event.properties)


def take(aggregate: Aggregate, event: Event, filters: Filters) -> Iterator[Taken]:
    """Yields the event as it is taken in, if it is."""
    if event.type not in aggregate.events or not passes(aggregate.where, event, filters):
        return
    group = None if aggregate.group_by is None else event.properties.get(aggregate.group_by)
    if aggregate.group_by is not None and not isinstance(group, str):
        return
    value = None if aggregate.value is None else event.properties.get(aggregate.value)
    if aggregate.value is not None and value is None:
        return
    if aggregate.function is AggregateFunction.AVERAGE and value is not None:
        value = float(value)
    tie = int.from_bytes(blake2b(event.id.encode(), digest_size=8).digest(), "big")
    yield Taken(event.time_ns, tie, group, value)


def figure(aggregate: Aggregate, taken: list[Taken]) -> Any:
    """Returns a figure over what is in the window, in order."""
    function = aggregate.function
    values = [one.value for one in taken]
    if function is AggregateFunction.COUNT:
        return len(taken)
    if function is AggregateFunction.DISTINCT:
        return len(set(values))
    if function is AggregateFunction.SUM:
        if aggregate.type in (ValueType.DOUBLE, ValueType.MAP_DOUBLE):
            return float(sum(map(Fraction, values), Fraction()))
        return max(-(2**63), min(2**63 - 1, sum(values)))
    if not taken:
        return None
    if function is AggregateFunction.AVERAGE:
        return float(sum(map(Fraction, values), Fraction())) / len(values)
    return {
        AggregateFunction.MIN: lambda: min(values),
        AggregateFunction.MAX: lambda: max(values),
        AggregateFunction.FIRST: lambda: values[0],
        AggregateFunction.LAST: lambda: values[-1],
        AggregateFunction.FIRST_TIME: lambda: taken[0].time_ns,
        AggregateFunction.LAST_TIME: lambda: taken[-1].time_ns,
    }[function]()


def top(aggregate: Aggregate, taken: list[Taken]) -> list[str]:
    """Returns the groups of most weight; of equal weight the newest first, then by name.

    Shares are doubles, and so are their exact sums.
    """
    weights: dict[str, Fraction] = {}
    newest: dict[str, int] = {}
    for one in taken:
        weight = 1.0 if one.value is None else float(one.value)
        if aggregate.half_life_ns is not None:
            weight *= 2.0 ** -((taken[-1].time_ns - one.time_ns) / aggregate.half_life_ns)
        assert one.group is not None
        weights[one.group] = weights.get(one.group, Fraction()) + Fraction(weight)
        newest[one.group] = one.time_ns
    groups = [group for group, weight in weights.items() if weight > 0]
    groups.sort(key=lambda group: (-float(weights[group]), -newest[group], group))
    return groups[: aggregate.count]


def affinity(aggregate: Aggregate, taken: list[Taken], now_ns: int) -> dict[str, float]:
    """Returns the groups' weights after all touches."""
    weights: list[tuple[str, Fraction]] = []  # the group touched longest ago first
    gap_ns = aggregate.session_gap_ns
    for number, one in enumerate(taken):
        if number and gap_ns is not None and one.time_ns - taken[number - 1].time_ns > gap_ns:
            weights = [(group, weight / 2) for group, weight in weights]
        assert one.group is not None
        if one.group in dict(weights):
            known = dict(weights)[one.group]
            weights = [pair for pair in weights if pair[0] != one.group]
            weights.append((one.group, known + 5))
            continue
        weights = [(group, weight - 1) for group, weight in weights]
        weights.append((one.group, Fraction(5 if number else 10)))
        assert aggregate.count is not None
        if len(weights) > aggregate.count:
            least = min(weight for _, weight in weights)
            weights.remove(next(pair for pair in weights if pair[1] == least))
    if taken and gap_ns is not None and now_ns - taken[-1].time_ns > gap_ns:
        weights = [(group, weight / 2) for group, weight in weights]
    return {group: float(weight) for group, weight in weights}


def of_sequence(aggregate: Aggregate, events: list[Event], filters: Filters, now_ns: int) -> Any:
    """Returns an aggregate over the completions of a sequence."""
    matcher = Matcher(aggregate, events, filters)
    if aggregate.function is AggregateFunction.STEPS:
        allowed = [t for t in matcher.times if in_window(aggregate, t, now_ns)]
        return max((len(chain) for chain in matcher.chains(allowed)), default=0)
    ends = [end for end in matcher.ends(now_ns) if in_window(aggregate, end, now_ns)]
    if aggregate.function is AggregateFunction.COUNT:
        return len(ends)
    if not ends:
        return None
    return ends[0] if aggregate.function is AggregateFunction.FIRST_TIME else ends[-1]


class Matcher:
    """All the ways in which events make up the positive steps of a sequence, from the first on.

    A chain is told by the times of its events.
    """

    def __init__(self, aggregate: Aggregate, events: list[Event], filters: Filters) -> None:
        assert aggregate.sequence is not None
        self.sequence = aggregate.sequence
        steps = self.sequence.steps
        self.positive = [n for n, step in enumerate(steps) if not step.negated]
        self.matching = [
            {e.time_ns for e in events if e.type in step.events and passes(step.where, e, filters)}
            for step in steps
        ]
        self.times = sorted(set().union(*(self.matching[n] for n in self.positive)))

    def ends(self, now_ns: int) -> list[int]:
        """Returns when the sequence was completed, the way that ends first each time."""
        ends: list[int] = []
        while True:
            free = [t for t in self.times if not ends or t > ends[-1]]
            complete = [c for c in self.chains(free) if len(c) == len(self.positive)]
            found = [end for c in complete if (end := self.end(c)) is not None and end <= now_ns]
            if not found:
                return ends
            ends.append(min(found))

    def end(self, chain: tuple[int, ...]) -> int | None:
        """Returns when a chain of all positive steps is completed, None if it isn't."""
        number = len(self.sequence.steps) - 1
        step = self.sequence.steps[number]
        if not step.negated:
            return chain[-1]
        assert step.within_ns is not None
        limit = chain[-1] + step.within_ns
        return None if any(chain[-1] < t <= limit for t in self.matching[number]) else limit

    def chains(self, allowed: list[int]) -> list[tuple[int, ...]]:
        """Returns all chains of events at some times."""
        found: list[tuple[int, ...]] = [()]
        for chain in found:
            if len(chain) < len(self.positive):
                found.extend((*chain, t) for t in allowed if self.fits(chain, t))
        return found

    def fits(self, chain: tuple[int, ...], time_ns: int) -> bool:
        """Whether an event of a time can be the next step of a chain."""
        number = self.positive[len(chain)]
        step = self.sequence.steps[number]
        if time_ns not in self.matching[number]:
            return False
        if not chain:
            return not self.barred_first(time_ns)
        before = chain[-1]
        return (
            before < time_ns
            and (step.after_ns is None or time_ns - before >= step.after_ns)
            and (step.within_ns is None or time_ns - before <= step.within_ns)
            and not self.barred(number, before, time_ns)
            and self.in_time(chain[0], time_ns)
            and self.same_session(before, time_ns)
        )

    def barred_first(self, time_ns: int) -> bool:
        """Whether the negated step before the first positive one bars an event."""
        step: SequenceStep = self.sequence.steps[0]
        if not step.negated:
            return False
        assert step.within_ns is not None
        return any(time_ns - step.within_ns <= t < time_ns for t in self.matching[0])

    def barred(self, number: int, before: int, time_ns: int) -> bool:
        """Whether the negated step before a positive one bars an event from following another."""
        negated = self.sequence.steps[number - 1].negated
        return negated and any(before < t < time_ns for t in self.matching[number - 1])

    def in_time(self, first: int, time_ns: int) -> bool:
        """Whether a step isn't too long after the first."""
        return self.sequence.within_ns is None or time_ns - first <= self.sequence.within_ns

    def same_session(self, before: int, time_ns: int) -> bool:
        """Whether there is no long pause between two events."""
        gap_ns = self.sequence.session_gap_ns
        if gap_ns is None:
            return True
        between = [t for t in self.times if before <= t <= time_ns]
        return all(b - a <= gap_ns for a, b in pairwise(between))
