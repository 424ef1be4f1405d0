"""Requests in which rules, priorities and caps alone decide, and caps are far away.

As in `plain` each scope takes what is next in the order of its strategy's candidates, of those of
which no cap is reached. As long as the request itself can't reach a cap, nothing that a scope
takes matters to another but de-duplication. What is shown, and what it demands, is what
`arranging` would let scopes choose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from offerd.decision.candidates import PreparedOffer, PreparedStrategy
from offerd.decision.passing import live_places
from offerd.decision.plain import asked_of
from offerd.decision.ranked import Lazy, Shown
from offerd.decision.request import RequestState
from offerd.decision.stages import reached
from offerd.model.capping import Demand
from offerd.model.decision import (
    Item,
    Outcome,
    Proposition,
    ScopeQuery,
)


class Capped(NamedTuple):
    """The answers to all scopes, and what they demand."""

    propositions: tuple[Proposition, ...]
    demands: tuple[Demand, ...]


def far_from_caps(state: RequestState, scopes: Sequence[ScopeQuery]) -> Capped | None:
    """Returns the answers to all scopes; None if for any of them more must be looked at."""
    capped, options = state.prepared.capped, state.options
    if not capped or options.explain or options.fallbacks_only:
        return None
    asked = asked_of(options, scopes, capped, state.now_ns, {})
    if asked is None:
        return None
    most = sum([query.item_count for query in scopes])
    differing: list[int] = []
    watched = differing if len({query.placement for query in scopes}) > 1 else None
    orders: dict[int, Lazy[int]] = {}
    for order, strategy in asked.strategies.items():
        orders[order] = Lazy(_open_places(state, strategy, watched))
        if asked.all_or_none and not _is_enough(state, strategy, orders[order], most):
            return None
    taking = state.capping.begun()
    propositions: list[Proposition] = []
    for position, (query, one, start, end) in enumerate(asked.scopes):
        strategy = one.strategy
        places = orders[one.order].some(start, end - start)
        if len(places) < end - start or differing:
            return None
        for place in places:
            candidate = strategy.candidates.at[place]
            limit_of = state.limit_of(candidate.number)
            if taking.narrow(candidate.offer, candidate.placement, limit_of, most):
                return None
            taking.take(position, candidate.offer, query.decision, candidate.placement, limit_of)
        items = _items(state, strategy, places)
        outcome = Outcome.PROPOSED if items else Outcome.NOTHING
        propositions.append(Proposition(query, outcome, items, None, None))
    return Capped(tuple(propositions), tuple(taking.demands))


def _open_places(
    state: RequestState, strategy: PreparedStrategy, differing: list[int] | None
) -> Iterator[int]:
    """Yields the places of live candidates whose rules hold and no cap of which is reached.

    `differing` gets those of which caps hold at some placements only, where scopes of several
    placements share the order.
    """
    candidates, counted = strategy.candidates.at, state.view.counted
    for place in live_places(state, strategy):
        candidate = candidates[place]
        if differing is not None and any(cap.placements for cap in candidate.offer.caps):
            differing.append(place)
        if not _is_asked(candidate, counted) or reached(state, candidate) is None:
            yield place


def _is_asked(candidate: PreparedOffer, counted: dict[str, list[int]]) -> bool:
    """Whether a cap of a candidate can be reached."""
    if not candidate.offer.caps:
        return False
    return not candidate.is_settled or not counted.keys().isdisjoint(candidate.capped_by)


def _is_enough(
    state: RequestState, strategy: PreparedStrategy, order: Lazy[int], most: int
) -> bool:
    """Whether there are as many offers as all scopes want that they can't use up."""
    places = order.first(most)
    if len(places) < most:
        return False
    for place in places:
        candidate = strategy.candidates.at[place]
        limit_of = state.limit_of(candidate.number)
        if state.capping.narrow(candidate.offer, candidate.placement, limit_of, most):
            return False
    return True


def _items(
    state: RequestState, strategy: PreparedStrategy, places: Sequence[int]
) -> tuple[Item, ...]:
    if strategy.is_in_one_language:
        return tuple(map(strategy.items.__getitem__, places))
    shown = Shown(strategy, state.languages, Lazy(places))
    return tuple([found.item for found in shown.first(len(places))])
