"""The order of the candidates of a plain strategy, found as far as anybody has looked.

Strategies with the same candidates, constraint and ranking share it, wherever they are shown.
"""

from __future__ import annotations

from offerd.decision.candidates import PreparedStrategy
from offerd.decision.passing import live_places
from offerd.decision.ranked import Lazy
from offerd.decision.request import RequestState
from offerd.decision.tabled import by_table
from offerd.decision.vectors import by_formula
from offerd.model.selection import Ranking


def places_in_order(state: RequestState, prepared: PreparedStrategy) -> Lazy[int]:
    """Returns the places of the candidates that pass, by priority."""
    order = prepared.order
    known: Lazy[int] | None = state.orders.get(order)
    if known is None:
        known = state.orders[order] = Lazy(live_places(state, prepared))
    return known


def scored_in_order(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking
) -> Lazy[tuple[int, float]] | None:
    """Returns places and scores, best first; None if each candidate must be asked."""
    order = prepared.order
    known: Lazy[tuple[int, float]] | None = state.orders.get(order)
    if known is None:
        found = by_table(state, prepared, ranking)
        if found is None:
            found = by_formula(state, prepared, ranking)
        if found is not None:
            known = state.orders[order] = Lazy(found)
    return known
