"""Best first by a loaded table of scores, without scoring what isn't shown.

For each segment the candidates of a strategy are put in the order of the table once; a request
walks along it as far as it wants, past those whose rules don't hold.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from offerd.decision.candidates import PreparedStrategy
from offerd.decision.ranked import Found
from offerd.decision.request import RequestState
from offerd.expression import Unknown
from offerd.model.decision import Item, Selection
from offerd.model.selection import Ranking, RankingMethod

_MOST_KEPT = 4_000_000
"""So many places are kept in all orders of a strategy, 64 MB; the oldest are made again."""


class _Order(NamedTuple):
    """Places of candidates, best score first, of equal ones by priority; and their scores."""

    places: array[int]
    scores: array[float]


def by_table(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking
) -> Iterator[Found] | None:
    """Returns what a plain strategy has to show by its table; None if the segment failed."""
    if ranking.method is not RankingMethod.TABLE or ranking.table is None:
        return None
    table = state.prepared.catalogue.score_tables[ranking.table]
    segment = state.segment(table.segment)
    if not isinstance(segment, str | Unknown):
        return None
    key = segment if isinstance(segment, str) and segment in table.scores else None
    order: _Order | None = prepared.orders.get(key)
    if order is None:
        order = _ordered(prepared, {} if key is None else table.scores[key], table.default)
        if len(prepared.orders) * len(order.places) > _MOST_KEPT:
            prepared.orders.pop(next(iter(prepared.orders)), None)
        prepared.orders[key] = order
    return _walk(state, prepared, ranking, order)


def _ordered(prepared: PreparedStrategy, given: dict[int, float], default: float) -> _Order:
    scores = [given.get(candidate.number, default) for candidate in prepared.candidates]
    places = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    # Of equal scores the sort keeps the order.
    return _Order(array("L", places), array("d", map(scores.__getitem__, places)))


def _walk(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking, order: _Order
) -> Iterator[Found]:
    if not state.verdicts[prepared.strategy.constraint]:
        return
    candidates, strategy, least = prepared.candidates, prepared.strategy, prepared.minimum_score
    scores = order.scores
    for position, place in prepared.shelves.along(
        order.places, state.survivors, state.now_ns, state.verdicts.holds
    ):
        score = scores[position]
        if score < least:
            return
        candidate = candidates[place]
        by_language = candidate.by_language
        representation = next(filter(None, map(by_language.get, state.languages)))
        selection = Selection(strategy, ranking.method, ranking.id, score)
        yield Found(candidate, Item(candidate.offer, representation, selection), score)
