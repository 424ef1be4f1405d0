"""The candidates of a strategy that pass their own stages, by priority.

Those of the rules that may be true are merged from their shelves (`shelves`, `rule_index`); a
request that asks why has each candidate looked at, in the same order and with the same outcome.
A rule is asked about live candidates only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from offerd.decision.candidates import PreparedOffer, PreparedStrategy
from offerd.decision.languages import best
from offerd.decision.request import RequestState
from offerd.decision.stages import rule_stage_of
from offerd.model.catalogue import Representation


def passing(
    state: RequestState, prepared: PreparedStrategy, listed: Collection[int]
) -> Iterator[tuple[int, Representation]]:
    """Yields candidates, as places in the strategy's order, with what they are shown as.

    Lazily, and without the offers whose numbers are `listed`.
    """
    candidates, languages, counted = prepared.candidates.at, state.languages, state.view.counted
    for place in live_places(state, prepared):
        candidate = candidates[place]
        if candidate.number in listed:
            continue
        representation = best(candidate.by_language, languages)
        if representation is None:
            continue
        if not (
            (prepared.is_settled and candidate.is_settled)
            and (not counted or counted.keys().isdisjoint(candidate.capped_by))
        ):
            # What is left to ask of the candidate itself.
            constraint = prepared.strategy.constraint
            if rule_stage_of(state, constraint, candidate) is not None:
                continue
        yield place, representation


def all_passing(
    state: RequestState, prepared: PreparedStrategy, listed: Collection[int]
) -> list[PreparedOffer]:
    """Returns all candidates that `passing` yields."""
    candidates = prepared.candidates.at
    if state.options.explain or listed or not is_plain(state, prepared):
        return [candidates[place] for place, _ in passing(state, prepared, listed)]
    if not state.verdicts[prepared.strategy.constraint]:
        return []
    places = prepared.shelves.every(state.survivors, state.now_ns, state.holds)
    return list(map(candidates.__getitem__, places))


def is_plain(state: RequestState, prepared: PreparedStrategy) -> bool:
    """Returns whether live candidates whose rules hold pass all their own stages."""
    return prepared.is_plain and not (prepared.is_capped and state.view.counted)


def best_places(state: RequestState, prepared: PreparedStrategy, count: int) -> list[int]:
    """Returns as many of the best candidates of a plain strategy that pass, or all there are."""
    constraint = prepared.strategy.constraint
    if constraint is not None and not state.is_true(constraint):
        return []
    return prepared.shelves.best(state.survivors, state.now_ns, state.holds, count)


def live_places(state: RequestState, prepared: PreparedStrategy) -> Iterable[int]:
    """Returns the places of live candidates whose rules hold, as far as those read no offer."""
    constraint = prepared.strategy.constraint
    if constraint is not None and not state.is_true(constraint):
        return ()
    if state.options.explain:
        return _one_by_one(state, prepared)
    return prepared.shelves.best_first(state.survivors, state.now_ns, state.holds)


def _one_by_one(state: RequestState, prepared: PreparedStrategy) -> Iterator[int]:
    now_ns, verdicts = state.now_ns, state.verdicts
    for place, candidate in enumerate(prepared.candidates):
        is_live = candidate.live_from_ns <= now_ns < candidate.live_until_ns
        if is_live and verdicts[candidate.eligibility]:
            yield place
