"""Several profiles' folded aggregates as those of one customer.

All of them combine: counts and exact sums add up, least and greatest values and times compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from offerd.events.readings import counts_in_doubles
from offerd.events.steps import GROUP_LIMIT
from offerd.events.sums import exact_terms
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Aggregate, AggregateFunction

_LEAST: Final = (AggregateFunction.MIN, AggregateFunction.FIRST_TIME)

_Part = tuple[Any, Any]
"""A figure and what its sum had to leave out (see `ProfileRecord.remainders`)."""


def merged_aggregates(
    folded: Mapping[str, Aggregate], records: Sequence[ProfileRecord]
) -> dict[str, Any]:
    """Returns the aggregates of several profiles, as if all events were those of one.

    Of one record they are the record's own; don't change them.
    """
    if len(records) == 1:
        return records[0].aggregates
    found: dict[str, Any] = {}
    for name, aggregate in folded.items():
        mine = [record for record in records if name in record.aggregates]
        if len(mine) == 1:
            found[name] = mine[0].aggregates[name]
        elif mine:
            found[name] = _combined(aggregate, mine)
    return found


def _combined(aggregate: Aggregate, records: Sequence[ProfileRecord]) -> Any:
    name = aggregate.id
    combine = _combination(aggregate)
    if aggregate.group_by is None:
        return combine(
            [(r.aggregates[name], r.remainders.get(name, {}).get("", 0)) for r in records]
        )
    parts: dict[str, list[_Part]] = {}
    for record in records:
        rests = record.remainders.get(name, {})
        for group, figure in record.aggregates[name].items():
            parts.setdefault(group, []).append((figure, rests.get(group, 0)))
    groups = sorted(parts)[:GROUP_LIMIT] if len(parts) > GROUP_LIMIT else parts
    return {group: combine(parts[group]) for group in groups}


def _combination(aggregate: Aggregate) -> Callable[[list[_Part]], Any]:
    function = aggregate.function
    if function is AggregateFunction.COUNT:
        return lambda parts: sum(figure for figure, _ in parts)
    if function is AggregateFunction.SUM:
        zero: int | float = 0.0 if counts_in_doubles(aggregate) else 0
        return lambda parts: _sum(parts, zero)
    choose: Callable[..., Any] = min if function in _LEAST else max
    return lambda parts: choose(figure for figure, _ in parts)


def _sum(parts: list[_Part], zero: int | float) -> int | float:
    terms: list[int | float] = []
    for figure, rest in parts:
        terms.append(figure)
        terms.extend(rest if isinstance(rest, list) else [rest])
    return next(iter(exact_terms(terms)), zero)
