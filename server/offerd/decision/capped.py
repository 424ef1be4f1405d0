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
from offerd.decision.capping import Capping, Distance
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
    orders: dict[int, _Order] = {}
    for order, strategy in asked.strategies.items():
        near: set[int] = set()
        places = Lazy(_open_places(state, strategy, most, near, watched))
        orders[order] = _Order(places, near)
        if asked.all_or_none and not orders[order].is_enough(most):
            return None
    taking = state.capping.begun()
    propositions: list[Proposition] = []
    for position, (query, one, start, end) in enumerate(asked.scopes):
        strategy = one.strategy
        places, near = orders[one.order]
        chosen = places.some(start, end - start)
        if len(chosen) < end - start or differing or not near.isdisjoint(chosen):
            return None
        for place in chosen:
            _take(state, taking, strategy.candidates.at[place], position, query.decision)
        items = _items(state, strategy, chosen)
        outcome = Outcome.PROPOSED if items else Outcome.NOTHING
        propositions.append(Proposition(query, outcome, items, None, None))
    return Capped(tuple(propositions), tuple(taking.demands))


class _Order(NamedTuple):
    """The places of the candidates that are open, best first, and of those that are near a cap.

    They are near if items of the request can reach a cap of them.
    """

    places: Lazy[int]
    near: set[int]

    def is_enough(self, most: int) -> bool:
        """Whether there are as many offers as all scopes want that they can't use up."""
        places = self.places.first(most)
        return len(places) == most and self.near.isdisjoint(places)


def _open_places(
    state: RequestState,
    strategy: PreparedStrategy,
    most: int,
    near: set[int],
    differing: list[int] | None,
) -> Iterator[int]:
    """Yields the places of live candidates whose rules hold and no cap of which is reached.

    `near` gets those of which `most` items of the request can reach a cap. `differing` gets
    those of which caps hold at some placements only, where scopes of several placements share the
    order.
    """
    capping, candidates = state.capping, strategy.candidates.at
    simple_caps, counted = state.prepared.cap_rules.simple, state.view.counted
    for place in live_places(state, strategy):
        candidate = candidates[place]
        offer = candidate.offer
        simple = simple_caps(offer)
        if simple is not None:
            distance = capping.distance(simple, offer.id, most)
            if distance is Distance.REACHED:
                continue
            if distance is Distance.NEAR:
                near.add(place)
        else:
            if differing is not None and any(cap.placements for cap in offer.caps):
                differing.append(place)
            if _is_asked(candidate, counted) and reached(state, candidate) is not None:
                continue
            if capping.narrow(offer, candidate.placement, state.limit_of(candidate.number), most):
                near.add(place)
        yield place


def _take(
    state: RequestState, taking: Capping, candidate: PreparedOffer, scope: int, decision: str
) -> None:
    """Takes a candidate for a scope, which items of the request can't use up."""
    offer, placement = candidate.offer, candidate.placement
    simple = state.prepared.cap_rules.simple(offer)
    if simple is not None:
        taking.demand(scope, offer.id, decision, placement, simple)
    else:
        taking.take(scope, offer, decision, placement, state.limit_of(candidate.number))


def _is_asked(candidate: PreparedOffer, counted: dict[str, list[int]]) -> bool:
    """Whether a cap of a candidate can be reached."""
    if not candidate.offer.caps:
        return False
    return not candidate.is_settled or not counted.keys().isdisjoint(candidate.capped_by)


def _items(
    state: RequestState, strategy: PreparedStrategy, places: Sequence[int]
) -> tuple[Item, ...]:
    if strategy.is_in_one_language:
        return tuple(map(strategy.items.__getitem__, places))
    shown = Shown(strategy, state.languages, Lazy(places))
    return tuple([found.item for found in shown.first(len(places))])
