"""What gives candidates their scores: priority, a formula with boosts, a table, a model.

Scores are finite numbers, higher is better. Where a score can't be had (a formula is unknown,
fails, or gives no finite number; a boost's condition fails; a model raises or answers something
else than one finite number for each offer) the offer gets the ranking's `failed_score`, and the
request says so: nothing silently becomes another order. A boost whose condition is unknown
doesn't hold; a table scores an unknown segment like one that it doesn't have.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from offerd.decision.candidates import PreparedOffer
from offerd.decision.request import RequestState, ScoringFailure
from offerd.expression import Failure, Unknown
from offerd.model.selection import Ranking, RankingMethod


class _NoScore(Exception):
    """A score can't be had: of what, and why."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why


def scores_of(
    state: RequestState, ranking: Ranking | None, candidates: Sequence[PreparedOffer]
) -> Sequence[float]:
    """Returns the scores of candidates, in their order; None ranks by priority.

    Failures are kept in the state, once for each offer.
    """
    if ranking is None:
        return [float(candidate.offer.priority) for candidate in candidates]
    if ranking.method is RankingMethod.MODEL:
        return _model(state, ranking, candidates)
    known = state.scores.setdefault(ranking.id, {})
    score = _formula if ranking.method is RankingMethod.FORMULA else _table
    for candidate in candidates:
        number = candidate.number
        if number not in known:
            try:
                known[number] = score(state, ranking, number)
            except _NoScore as none:
                _keep(state, ranking, candidate, none)
                known[number] = ranking.failed_score
    return [known[candidate.number] for candidate in candidates]


def _formula(state: RequestState, ranking: Ranking, number: int) -> float:
    for boost in ranking.boosts:
        held = state.value_for(boost.when, number)
        if isinstance(held, Failure):
            raise _NoScore(_rule(state, boost.when), state.told(boost.when, held))
        if held is True:
            return _number(state, boost.score, state.value_for(boost.score, number))
    if ranking.formula is None:
        raise _NoScore("the ranking", "it has no formula")
    return _number(state, ranking.formula, state.value_for(ranking.formula, number))


def _table(state: RequestState, ranking: Ranking, number: int) -> float:
    if ranking.table is None:
        raise _NoScore("the ranking", "it has no table")
    table = state.prepared.catalogue.score_tables[ranking.table]
    segment = state.segment(table.segment)
    if isinstance(segment, Failure):
        raise _NoScore(_rule(state, table.segment), state.told(table.segment, segment))
    if isinstance(segment, Unknown):
        return table.default
    return table.scores.get(segment, {}).get(number, table.default)


def _model(
    state: RequestState, ranking: Ranking, candidates: Sequence[PreparedOffer]
) -> list[float]:
    if not candidates:
        return []
    what = f"model `{ranking.model}`"
    model = state.prepared.models[ranking.model]
    offers = [candidate.offer for candidate in candidates]
    try:
        given = list(model.scores(offers, state.view, state.context, state.now_ns))
    except Exception:  # a model is anybody's code, and no request may fail for it
        # What it says isn't told: it may quote anything of the profile, hidden or not.
        given = []
        why = "it raised an error"
    else:
        why = f"{len(given)} scores for {len(candidates)} offers"
    if len(given) != len(candidates):
        for candidate in candidates:
            _keep(state, ranking, candidate, _NoScore(what, why))
        return [ranking.failed_score] * len(candidates)
    found: list[float] = []
    for candidate, value in zip(candidates, given, strict=True):
        try:
            found.append(_finite(what, value))
        except _NoScore as none:
            _keep(state, ranking, candidate, none)
            found.append(ranking.failed_score)
    return found


def _number(state: RequestState, rule: int, value: Any) -> float:
    if isinstance(value, Unknown):
        raise _NoScore(_rule(state, rule), state.why_unknown(rule, value))
    if isinstance(value, Failure):
        raise _NoScore(_rule(state, rule), state.told(rule, value))
    return _finite(_rule(state, rule), value)


def _finite(what: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise _NoScore(what, "it gave no number") from None
    if not isfinite(number):
        raise _NoScore(what, f"it gave {number:g}, no finite number")
    return number


def _rule(state: RequestState, rule: int) -> str:
    return f"`{state.prepared.catalogue.rules[rule].source}`"


def _keep(state: RequestState, ranking: Ranking, candidate: PreparedOffer, none: _NoScore) -> None:
    key = ranking.id, none.what
    failure = state.scoring_failures.get(key)
    if failure is None:
        failure = ScoringFailure(none.what, ranking.failed_score)
        state.scoring_failures[key] = failure
    failure.messages[candidate.offer.id] = none.why
