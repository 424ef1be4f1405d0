"""Requests in which rules alone decide, answered without arranging anything.

Each scope takes what is next in the order of its strategy's candidates, which scopes that ask the
same share; how many of them are wanted is known before the first is looked for. What is shown is
what `arranging` would let scopes choose.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import call
from typing import Any, Final, NamedTuple

from offerd.decision.candidates import PlainScope, PreparedStrategy
from offerd.decision.orders import scored_in_order
from offerd.decision.passing import best_places
from offerd.decision.ranked import Found, Lazy, Scored, Shown
from offerd.decision.request import RequestState
from offerd.decision.tabled import best_by_table
from offerd.model.decision import (
    Arbitration,
    Deduplication,
    Item,
    Options,
    Outcome,
    Proposition,
    ScopeQuery,
)
from offerd.model.selection import RankingMethod

_PROPOSED: Final = Outcome.PROPOSED
"""Looked up once."""


_Show = Callable[[Any], Item]

_MOST_IN_TURN: Final = 256
"""So many items may be shown in one go."""


class InTurn(NamedTuple):
    """Scopes that take of one order, one after another: the first and the last that each takes.

    `shows` has what shows each of them, and `alike` is that if it is the same for all.
    """

    order: int
    shows: list[_Show]
    alike: _Show | None
    scopes: list[tuple[ScopeQuery, int, int]]


class Asked(NamedTuple):
    """What scopes ask for: each of them with the first and the last that it takes of its order.

    `wanted` is by order how many of the best are looked at, `strategies` which has it. With
    `all_or_none` a scope might have to leave an offer to a later one if there are fewer. It
    `is_shown_alike` if what is shown of an offer is the same for everybody. If several scopes take
    of one order, one after another, there is `in_turn`.
    """

    scopes: list[tuple[ScopeQuery, PlainScope, int, int]]
    wanted: dict[int, int]
    strategies: dict[int, PreparedStrategy]
    all_or_none: bool
    is_shown_alike: bool
    in_turn: InTurn | None


def plainly(state: RequestState, asked: Asked) -> tuple[Proposition, ...] | None:
    """Returns the answers to all scopes; None if for any of them more must be looked at."""
    orders: dict[int, Sequence[Any]] = {}
    for order, strategy in asked.strategies.items():
        wanted = asked.wanted[order]
        found = _best(state, strategy, wanted)
        if found is None or (asked.all_or_none and len(found) < wanted):
            return None
        orders[order] = found
    return propositions(asked, orders, () if asked.is_shown_alike else state.languages)


def asked_of(
    options: Options,
    scopes: Sequence[ScopeQuery],
    plain: Mapping[tuple[str, str], PlainScope],
    now_ns: int,
    counted: Mapping[str, Any],
) -> Asked | None:
    """Returns what scopes ask for; None if one isn't plain, or may meet what another has taken.

    `counted` are those of the customer's counters that keep scopes with caps from being plain.
    """
    deduplication = options.deduplication
    made: list[tuple[ScopeQuery, PlainScope, int, int]] = []
    wanted: dict[int, int] = {}
    strategies: dict[int, PreparedStrategy] = {}
    is_shared = deduplication is not Deduplication.SCOPE and len(scopes) > 1
    order_of: dict[Hashable, int] = {}
    taken: dict[Hashable, int] = {}
    domain: Hashable = None
    start = 0
    is_shown_alike = True
    for query in scopes:
        _, decision, placement, count, _ = query
        one = plain.get((decision, placement))
        if one is None:
            return None
        from_ns, until_ns, is_capped, order, strategy, show, _, _ = one
        if not from_ns <= now_ns < until_ns or (counted and is_capped):
            return None
        if is_shared:
            if deduplication is not Deduplication.REQUEST:
                domain = decision if deduplication is Deduplication.DECISION else placement
            if order_of.setdefault(domain, order) != order:
                return None
            start = taken.get(domain, 0)
            taken[domain] = start + count
        if order not in wanted or wanted[order] < start + count:
            wanted[order] = start + count
            strategies[order] = strategy
        is_shown_alike = is_shown_alike and show is not None
        made.append((query, one, start, start + count))
    all_or_none = is_shared and options.arbitration is not Arbitration.IN_ORDER
    if all_or_none:
        # If each has as many as all want together, there is always one left.
        wanted = dict.fromkeys(wanted, sum(taken.values()))
    return Asked(made, wanted, strategies, all_or_none, is_shown_alike, _in_turn(made))


def _in_turn(scopes: Sequence[tuple[ScopeQuery, PlainScope, int, int]]) -> InTurn | None:
    if len(scopes) < 2:
        return None
    first = scopes[0][1]
    shows: list[_Show] = []
    for _, one, start, end in scopes:
        # Where it begins tells whether it takes of the order of those before.
        if one.show is None or not len(shows) == start < end <= _MOST_IN_TURN:
            return None
        shows += [one.show] * (end - start)
    alike = first.show if all(one.show is first.show for _, one, _, _ in scopes) else None
    turns = [(query, start, end) for query, _, start, end in scopes]
    return InTurn(first.order, shows, alike, turns)


def _best(state: RequestState, strategy: PreparedStrategy, count: int) -> Sequence[Any] | None:
    """Returns places, with scores if there is a ranking; None if each candidate must be asked."""
    if strategy.ranking is None:
        return best_places(state, strategy, count)
    if strategy.ranking.method is RankingMethod.TABLE:
        return best_by_table(state, strategy, strategy.ranking, count)
    scored = scored_in_order(state, strategy, strategy.ranking)
    return None if scored is None else scored.first(count)


def propositions(
    asked: Asked, orders: Mapping[int, Sequence[Any]], languages: tuple[str, ...]
) -> tuple[Proposition, ...] | None:
    """Returns the answers to scopes from the best of each order; None as `plainly`.

    `languages` are those of the request, for what isn't shown alike.
    """
    if asked.in_turn is not None:
        told = _told_in_turn(asked.in_turn, orders)
        if told is not None:
            return told
    made: list[Proposition] = []
    for query, one, start, end in asked.scopes:
        _, _, _, order, strategy, show, has_fallbacks, top_up = one
        best = orders[order][start:end]
        if show is not None:
            items = (*map(show, best),)
        else:
            items = tuple([found.item for found in _found(strategy, languages, best)])
        if has_fallbacks and len(items) < end - start:
            topped_up = query.top_up
            if not items or (top_up if topped_up is None else topped_up):
                return None
        outcome = _PROPOSED if items else Outcome.NOTHING
        # As `Proposition(...)`, which takes twice as long.
        made.append(tuple.__new__(Proposition, (query, outcome, items, None, None)))
    return tuple(made)


def _told_in_turn(
    in_turn: InTurn, orders: Mapping[int, Sequence[Any]]
) -> tuple[Proposition, ...] | None:
    """Returns the answers to all scopes in one go; None if there isn't enough for all of them."""
    order, shows, alike, scopes = in_turn
    best = orders[order]
    if len(best) < len(shows):
        return None
    found = map(call, shows, best) if alike is None else map(alike, best[: len(shows)])
    items, new, kind, outcome = (*found,), tuple.__new__, Proposition, _PROPOSED
    return tuple([
        new(kind, (query, outcome, items[start:end], None, None)) for query, start, end in scopes
    ])  # fmt: skip


def _found(
    strategy: PreparedStrategy, languages: tuple[str, ...], best: Sequence[Any]
) -> list[Found]:
    if strategy.ranking is None:
        return Shown(strategy, languages, Lazy(best)).first(len(best))
    return Scored(strategy, strategy.ranking, languages, Lazy(best)).first(len(best))
