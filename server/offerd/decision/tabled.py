"""Best first by a loaded table of scores, without scoring what isn't shown.

For each segment the candidates of a strategy are put in the order of the table once; a request
walks along it as far as it wants, past those whose rules don't hold.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf
from typing import NamedTuple

from offerd.decision.blocks import Blocks
from offerd.decision.candidates import PreparedStrategy
from offerd.decision.columns import Bits
from offerd.decision.request import RequestState
from offerd.expression import Unknown
from offerd.model.selection import Ranking, RankingMethod, ScoreTable

_MOST_KEPT = 4_000_000
"""So many places are kept in all orders of a strategy, 64 MB; the oldest are made again."""


class _Order(NamedTuple):
    """Places of candidates, best score first, of equal ones by priority; and their scores.

    `blocks` are the same places, None if rules are many.
    """

    places: array[int]
    scores: array[float]
    blocks: Blocks | None


def by_table(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking
) -> Iterator[tuple[int, float]] | None:
    """Returns places and scores of a plain strategy by its table; None if the segment failed."""
    order = _order_for(state, prepared, ranking)
    return None if order is None else _walk(state, prepared, order)


def best_by_table(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking, count: int
) -> list[tuple[int, float]] | None:
    """Returns as many of the first that `by_table` yields, or fewer; None as there."""
    order = _order_for(state, prepared, ranking)
    if order is None:
        return None
    if order.blocks is None or prepared.minimum_score > -inf:
        return list(islice(_walk(state, prepared, order), count))
    constraint = prepared.strategy.constraint
    if constraint is not None and not state.is_true(constraint):
        return []
    positions = prepared.shelves.first_in(
        order.blocks, state.survivors, state.now_ns, state.holds, count
    )
    return _pairs(order, positions)


def sure_by_table(
    prepared: PreparedStrategy,
    table: ScoreTable,
    segment: object,
    maybe: Bits,
    now_ns: int,
    *,
    count: int,
) -> list[tuple[int, float]] | None:
    """As `best_by_table`, of a strategy without a minimum, where no rule that may be true is asked.

    `segment` is what the rule of the segment says. None also if the order has to be made first, or
    rules are many.
    """
    if not isinstance(segment, str | Unknown):
        return None
    order: _Order | None = prepared.orders.get(_key(table, segment))
    if order is None or order.blocks is None:
        return None
    maybe &= prepared.shelves.rules
    return _pairs(order, order.blocks.first(maybe, now_ns, count)) if maybe else []


def _pairs(order: _Order, positions: Sequence[int]) -> list[tuple[int, float]]:
    places, scores = order.places, order.scores
    return [(places[position], scores[position]) for position in positions]


def _key(table: ScoreTable, segment: str | Unknown) -> str | None:
    """Returns the segment whose scores are used, None if it has none of its own."""
    return segment if isinstance(segment, str) and segment in table.scores else None


def _order_for(state: RequestState, prepared: PreparedStrategy, ranking: Ranking) -> _Order | None:
    """Returns the candidates in the order for the segment of a request."""
    if ranking.method is not RankingMethod.TABLE or ranking.table is None:
        return None
    table = state.prepared.catalogue.score_tables[ranking.table]
    segment = state.segment(table.segment)
    if not isinstance(segment, str | Unknown):
        return None
    key = _key(table, segment)
    order: _Order | None = prepared.orders.get(key)
    return _keep_order(prepared, table, key) if order is None else order


def keep_orders(prepared: PreparedStrategy, table: ScoreTable, now_ns: int) -> None:
    """Puts the candidates in the order of each segment, as many as are kept, before they are asked
    for."""
    most = _MOST_KEPT // max(1, len(prepared.candidates))
    for key in islice((None, *table.scores), most):
        order = _keep_order(prepared, table, key)
        if order.blocks is not None:
            order.blocks.look(now_ns)


def _keep_order(prepared: PreparedStrategy, table: ScoreTable, key: str | None) -> _Order:
    order = _ordered(prepared, {} if key is None else table.scores[key], table.default)
    if len(prepared.orders) * len(order.places) > _MOST_KEPT:
        prepared.orders.pop(next(iter(prepared.orders)), None)
    prepared.orders[key] = order
    return order


def _ordered(prepared: PreparedStrategy, given: dict[int, float], default: float) -> _Order:
    scores = [given.get(number, default) for number in prepared.candidates.numbers]
    places = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    # Of equal scores the sort keeps the order.
    order = array("L", places)
    in_order = array("d", map(scores.__getitem__, places))
    return _Order(order, in_order, prepared.shelves.blocks_in(order))


def _walk(
    state: RequestState, prepared: PreparedStrategy, order: _Order
) -> Iterator[tuple[int, float]]:
    constraint = prepared.strategy.constraint
    if constraint is not None and not state.is_true(constraint):
        return
    places, scores, least = order.places, order.scores, prepared.minimum_score
    for position in prepared.shelves.along(
        places, order.blocks, state.survivors, state.now_ns, state.holds
    ):
        score = scores[position]
        if score < least:
            return
        yield places[position], score
