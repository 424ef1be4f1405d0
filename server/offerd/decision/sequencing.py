"""The offers that a scope may show, best first: groups, scores, ties.

Groups are visited in order. Within a group all strategies are evaluated together: each scores
the eligible offers that it finds and leaves out those below its minimum; an offer that several
find keeps its highest score, of equal ones that of the first strategy listed. A group's offers
follow one another by score, then priority, both highest first, then as `Ties` says; a group
listed by hand has its own order. Offers that an earlier group has listed are skipped, and so
are those that another eligible offer replaces.

The list is lazy: by priority, nothing is asked about an offer before all above it were taken.
Scores are needed of all; but what else there is to tell is made for what is taken only.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from offerd.decision.candidates import PreparedGroup, PreparedOffer, PreparedStrategy
from offerd.decision.orders import places_in_order, scored_in_order
from offerd.decision.passing import all_passing, is_plain, passing
from offerd.decision.ranked import (
    Found,
    Listed,
    Ranked,
    Scored,
    Shown,
    TooLow,
    by_priority,
    shown_as,
)
from offerd.decision.ranking import scores_of
from offerd.decision.replacing import Replacing
from offerd.decision.request import RequestState
from offerd.decision.stages import stage_of
from offerd.decision.ties import daily_key
from offerd.model.decision import Item, Selection
from offerd.model.selection import RankingMethod, Ties


def rank(
    state: RequestState,
    groups: tuple[PreparedGroup, ...],
    ties: Ties,
    replacing: Replacing,
    too_low: TooLow,
) -> Ranked:
    """Returns what may be shown of the groups of a decision, best first; notes what scores too low.

    Replaced offers are left out before anything is scored.
    """
    alone = not state.prepared.replacers and len(groups) == 1 and len(groups[0].strategies) <= 1
    if alone and ties is Ties.ID and not state.options.explain:
        for prepared in groups[0].strategies:
            quickly = _quickly(state, prepared) if is_plain(state, prepared) else None
            if quickly is not None:
                return quickly
    listing = _Listing(replacing, set(), too_low)
    if alone:  # the group has each offer once
        return Listed(_group(state, groups[0], ties, listing))
    return Listed(_all_groups(state, groups, ties, listing))


def _quickly(state: RequestState, prepared: PreparedStrategy) -> Ranked | None:
    """Returns what a plain strategy may show, None if it needs all that is asked otherwise."""
    if prepared.ranking is None:
        return Shown(prepared, state.languages, places_in_order(state, prepared))
    found = scored_in_order(state, prepared, prepared.ranking)
    if found is None:
        return None
    return Scored(prepared, prepared.ranking, state.languages, found)


def _all_groups(
    state: RequestState, groups: tuple[PreparedGroup, ...], ties: Ties, listing: _Listing
) -> Iterator[Found]:
    replacers, replacing = state.prepared.replacers, listing.replacing
    for group in groups:
        for found in _group(state, group, ties, listing):
            number = found.candidate.number
            if number in listing.listed:
                continue
            listing.listed.add(number)
            if number not in replacers or replacing.replaced_by(number) is None:
                yield found


class _Listing(NamedTuple):
    """What is known while the groups are visited."""

    replacing: Replacing
    listed: set[int]
    too_low: TooLow


def _group(
    state: RequestState, group: PreparedGroup, ties: Ties, listing: _Listing
) -> Iterator[Found]:
    if group.offers:
        return _by_hand(state, group.offers)
    strategies = group.strategies
    if all(strategy.ranking is None for strategy in strategies):
        streams = [_by_priority(state, strategy, listing.listed) for strategy in strategies]
        ordered = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_in_order)
    else:
        ordered = _best_scored(state, strategies, listing)
    return ordered if ties is Ties.ID else _daily(state, ordered)


def _by_hand(state: RequestState, offers: Iterable[PreparedOffer]) -> Iterator[Found]:
    for candidate in offers:
        if stage_of(state, None, candidate) is None:
            item = Item(
                candidate.offer,
                shown_as(candidate, state.languages),
                Selection(None, None, "", None),
            )
            yield Found(candidate, item)


def _by_priority(
    state: RequestState, prepared: PreparedStrategy, listed: set[int]
) -> Iterator[Found]:
    for place, representation in passing(state, prepared, listed):
        yield prepared.found.get(place) or by_priority(prepared, place, representation)


def _best_scored(
    state: RequestState, strategies: Sequence[PreparedStrategy], listing: _Listing
) -> Iterator[Found]:
    """Returns what strategies that compete find, in its order; what several find comes again."""
    lists = [_scored(state, prepared, listing) for prepared in strategies]
    return iter(lists[0]) if len(lists) == 1 else heapq.merge(*lists, key=_in_order)


class _Scored(NamedTuple):
    """What a strategy has to show, best first, and the scores of what it hasn't, by number."""

    ranked: Listed
    too_low: dict[int, float]


def _scored(state: RequestState, prepared: PreparedStrategy, listing: _Listing) -> Listed:
    replacers = state.prepared.replacers
    eligible = [
        candidate
        for candidate in _eligible(state, prepared, listing.listed)
        if candidate.number not in replacers
        or listing.replacing.replaced_by(candidate.number) is None
    ]
    # The same offers are scored once, whichever decisions find them.
    key = id(prepared), tuple(candidate.number for candidate in eligible)
    scored = state.scored.get(key)
    if scored is None:
        scored = state.scored[key] = _score(state, prepared, eligible)
    for number, score in scored.too_low.items():
        listing.too_low[prepared.strategy.id, number] = score
    ranked: Listed = scored.ranked
    return ranked


def _eligible(
    state: RequestState, prepared: PreparedStrategy, listed: set[int]
) -> list[PreparedOffer]:
    """Returns the candidates that pass their own stages and aren't listed yet, by priority."""
    known: list[PreparedOffer] | None = None if listed else state.scored.get(id(prepared))
    if known is None:
        known = all_passing(state, prepared, listed)
        if not listed:
            state.scored[id(prepared)] = known
    return known


def _score(
    state: RequestState, prepared: PreparedStrategy, eligible: Sequence[PreparedOffer]
) -> _Scored:
    """Returns what eligible offers, which are by priority and then by id, score."""
    scores = scores_of(state, prepared.ranking, eligible)
    least = prepared.minimum_score
    # Of equal scores the sort keeps the order.
    order = [place for place, score in enumerate(scores) if score >= least]
    order.sort(key=scores.__getitem__, reverse=True)
    too_low: dict[int, float] = {}
    if len(order) < len(eligible):
        pairs = zip(eligible, scores, strict=True)
        too_low = {candidate.number: score for candidate, score in pairs if score < least}
    best_first = ((eligible[place], scores[place]) for place in order)
    return _Scored(Listed(_selected(state, prepared, best_first)), too_low)


def _selected(
    state: RequestState,
    prepared: PreparedStrategy,
    best_first: Iterable[tuple[PreparedOffer, float]],
) -> Iterator[Found]:
    strategy, ranking = prepared.strategy, prepared.ranking
    method = RankingMethod.PRIORITY if ranking is None else ranking.method
    name = "" if ranking is None else ranking.id
    for candidate, score in best_first:
        selection = Selection(strategy, method, name, score)
        yield Found(
            candidate, Item(candidate.offer, shown_as(candidate, state.languages), selection), score
        )


def _in_order(found: Found) -> tuple[float, int, str]:
    offer = found.candidate.offer
    return -found.score, -offer.priority, offer.id


def _daily(state: RequestState, ordered: Iterable[Found]) -> Iterator[Found]:
    """Yields what is ordered by score and priority, ties in the order of the day."""
    key = daily_key(state.view.subject, state.now_ns)
    for _, tied in groupby(ordered, lambda found: _in_order(found)[:2]):
        yield from sorted(tied, key=lambda found: key(found.candidate.offer.id))
