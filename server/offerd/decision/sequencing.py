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
from itertools import groupby, islice
from typing import NamedTuple

from offerd.decision.languages import best
from offerd.decision.prepared import PreparedGroup, PreparedOffer, PreparedStrategy
from offerd.decision.ranking import scores_of
from offerd.decision.replacing import Replacing
from offerd.decision.request import RequestState
from offerd.decision.stages import rule_stage_of, stage_of
from offerd.decision.ties import daily_key
from offerd.model.catalogue import Representation
from offerd.model.decision import Item, Selection
from offerd.model.selection import RankingMethod, Ties


class Found(NamedTuple):
    """A candidate that may be shown, and as what; `score` is 0 if it is listed by hand."""

    candidate: PreparedOffer
    item: Item
    score: float = 0.0


TooLow = dict[tuple[str, int], float]
"""Id of a strategy and number of an offer → its score there, less than the minimum."""


class Ranked:
    """What may be shown, best first, found as far as anybody has looked."""

    __slots__ = ("_found", "_rest")

    def __init__(self, rest: Iterator[Found]) -> None:
        self._rest = rest
        self._found: list[Found] = []

    def first(self, count: int) -> list[Found]:
        """Returns as many of the best, or fewer if there aren't so many."""
        missing = count - len(self._found)
        if missing > 0:
            self._found.extend(islice(self._rest, missing))
        return self._found[:count]

    def __iter__(self) -> Iterator[Found]:
        position = 0
        while True:
            if position == len(self._found):
                following = next(self._rest, None)
                if following is None:
                    return
                self._found.append(following)
            yield self._found[position]
            position += 1


def rank(
    state: RequestState,
    groups: tuple[PreparedGroup, ...],
    ties: Ties,
    replacing: Replacing,
    too_low: TooLow,
) -> Iterator[Found]:
    """Yields what may be shown of the groups of a decision, best first; notes what scores too low.

    Replaced offers are left out before anything is scored.
    """
    listing = _Listing(replacing, set(), too_low)
    replacers = state.prepared.replacers
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
                candidate.offer, _representation(state, candidate), Selection(None, None, "", None)
            )
            yield Found(candidate, item)


def _by_priority(
    state: RequestState, prepared: PreparedStrategy, listed: set[int]
) -> Iterator[Found]:
    for candidate, representation, selection in _passing(state, prepared, listed):
        item = Item(candidate.offer, representation, selection)
        yield Found(candidate, item, selection.score or 0.0)


def _passing(
    state: RequestState, prepared: PreparedStrategy, listed: set[int]
) -> Iterator[tuple[PreparedOffer, Representation, Selection]]:
    """Yields the candidates that pass their own stages and aren't listed yet, by priority."""
    constraint = prepared.strategy.constraint
    verdicts = state.verdicts
    if not verdicts[constraint]:
        return
    now_ns, languages = state.now_ns, state.languages
    for eligibility, candidate, selection, settled in prepared.by_eligibility:
        # Verdicts are there for the asking and rule out most; the rest is as in `stage_of`.
        if not verdicts[eligibility] or candidate.number in listed:
            continue
        if not candidate.live_from_ns <= now_ns < candidate.live_until_ns:
            continue
        representation = best(candidate.by_language, languages)
        if representation is None:
            continue
        if settled or rule_stage_of(state, constraint, candidate) is None:
            yield candidate, representation, selection


def _best_scored(
    state: RequestState, strategies: Sequence[PreparedStrategy], listing: _Listing
) -> Iterator[Found]:
    """Returns what strategies that compete find, in its order; what several find comes again."""
    lists = [_scored(state, prepared, listing) for prepared in strategies]
    return iter(lists[0]) if len(lists) == 1 else heapq.merge(*lists, key=_in_order)


class _Scored(NamedTuple):
    """What a strategy has to show, best first, and the scores of what it hasn't, by number."""

    ranked: Ranked
    too_low: dict[int, float]


def _scored(state: RequestState, prepared: PreparedStrategy, listing: _Listing) -> Ranked:
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
    ranked: Ranked = scored.ranked
    return ranked


def _eligible(
    state: RequestState, prepared: PreparedStrategy, listed: set[int]
) -> list[PreparedOffer]:
    """Returns the candidates that pass their own stages and aren't listed yet, by priority."""
    known: list[PreparedOffer] | None = None if listed else state.scored.get(id(prepared))
    if known is None:
        known = [candidate for candidate, _, _ in _passing(state, prepared, listed)]
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
    return _Scored(Ranked(_selected(state, prepared, best_first)), too_low)


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
            candidate, Item(candidate.offer, _representation(state, candidate), selection), score
        )


def _representation(state: RequestState, candidate: PreparedOffer) -> Representation:
    """Returns the representation of a candidate that is known to have one."""
    return next(filter(None, map(candidate.by_language.get, state.languages)))


def _in_order(found: Found) -> tuple[float, int, str]:
    offer = found.candidate.offer
    return -found.score, -offer.priority, offer.id


def _daily(state: RequestState, ordered: Iterable[Found]) -> Iterator[Found]:
    """Yields what is ordered by score and priority, ties in the order of the day."""
    key = daily_key(state.view.subject, state.now_ns)
    for _, tied in groupby(ordered, lambda found: _in_order(found)[:2]):
        yield from sorted(tied, key=lambda found: key(found.candidate.offer.id))
