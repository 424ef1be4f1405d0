"""Why each candidate of a scope was chosen or fell, in data and in words.

Asked of what has been decided: the same rankings, the same obstacles, the same stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from offerd.admission import format_instant
from offerd.decision.candidates import PreparedOffer, PreparedStrategy
from offerd.decision.ranked import Found
from offerd.decision.reasons import why_not
from offerd.decision.stages import reached, stage_of
from offerd.decision.turns import Turn
from offerd.decision.wording import cap_words, ordinal
from offerd.model.catalogue import Offer
from offerd.model.decision import Candidate, Explanation, Stage
from offerd.model.lifecycle import Status
from offerd.model.selection import Decision, Strategy

_CHOSEN = len(Stage) + 1


def explain_scope(turn: Turn) -> Explanation:
    """Explains one scope: all candidates, each as it came furthest.

    The chosen come first, in their order, then those that came furthest. Of two strategies in
    which an offer came equally far, the first counts.
    """
    found = _of_closed(turn) if turn.is_closed else _Scope(turn).candidates()
    furthest: dict[str, Candidate] = {}
    for candidate in found:
        known = furthest.get(candidate.offer.id)
        if known is None or _came(candidate) > _came(known):
            furthest[candidate.offer.id] = candidate
    candidates = sorted(furthest.values(), key=lambda candidate: -_came(candidate))
    funnel = tuple((stage, sum(1 for c in candidates if _came(c) > stage)) for stage in Stage)
    return Explanation(funnel, tuple(candidates))


def _came(candidate: Candidate) -> int:
    return _CHOSEN if candidate.fell_at is None else candidate.fell_at.value


def _of_closed(turn: Turn) -> Iterator[Candidate]:
    decision, state = turn.scope.decision, turn.state
    if state.options.fallbacks_only:
        reason = state.options.fallbacks_only
    elif decision.status is not Status.APPROVED:
        reason = f"decision `{decision.id}` is {decision.status.value}"
    else:
        reason = f"decision `{decision.id}` {_outside(decision, state.now_ns)}"
    for strategy, candidate in _found_by(turn):
        yield Candidate(candidate.offer, strategy, Stage.LIVE, reason)


def _found_by(turn: Turn) -> Iterator[tuple[Strategy | None, PreparedOffer]]:
    """Yields each candidate with the strategy that found it, in the order of the decision."""
    for group in turn.choices.groups:
        for candidate in group.offers:
            yield None, candidate
        for prepared in group.strategies:
            for candidate in (*prepared.candidates, *prepared.absent):
                yield prepared.strategy, candidate


class _Scope:
    """What became of the candidates of one scope."""

    def __init__(self, turn: Turn) -> None:
        self._state = turn.state
        self._turn = turn

    def candidates(self) -> Iterator[Candidate]:
        """Yields what may be shown, as it was decided, the chosen first; then all as found."""
        turn = self._turn
        ranked = list(turn.choices.ranked)
        chosen = {found.candidate.number for found in turn.chosen}
        reason = ""
        if turn.held_out and turn.assignment is not None:
            reason = f"withheld from a customer in the holdout of `{turn.assignment.experiment.id}`"
        for found in turn.chosen:
            yield self._candidate(found, Stage.RANK if reason else None, reason)
        yield from self._not_chosen([f for f in ranked if f.candidate.number not in chosen])
        seen = {found.candidate.number for found in ranked}
        for group in turn.choices.groups:
            for candidate in group.offers:
                if candidate.number not in seen:
                    yield self._fallen(None, candidate)
            for prepared in group.strategies:
                yield from self._of_strategy(prepared, seen)

    def _not_chosen(self, rest: Iterable[Found]) -> Iterator[Candidate]:
        turn = self._turn
        passed = [found for found in rest if found.candidate.number not in turn.obstacles]
        places = {
            found.candidate.number: len(turn.chosen) + place
            for place, found in enumerate(passed, 1)
        }
        of = len(turn.chosen) + len(passed)
        wanted = turn.query.item_count
        for found in rest:
            obstacle = turn.obstacles.get(found.candidate.number)
            if obstacle is not None:
                yield self._candidate(found, obstacle.stage, obstacle.reason)
            else:
                place = ordinal(places[found.candidate.number])
                text = f"eligible, but ranked {place} of {of:,}, and {wanted:,} asked for"
                yield self._candidate(found, Stage.RANK, text)

    def _candidate(self, found: Found, stage: Stage | None, reason: str) -> Candidate:
        offer, selection = found.candidate.offer, found.item.selection
        if selection is None or selection.strategy is None:
            return Candidate(offer, None, stage, reason)
        return Candidate(offer, selection.strategy, stage, reason, found.score)

    def _of_strategy(self, prepared: PreparedStrategy, seen: set[int]) -> Iterator[Candidate]:
        strategy = prepared.strategy
        for candidate in (*prepared.candidates, *prepared.absent):
            if candidate.number in seen:
                continue
            score = self._turn.choices.too_low.get((strategy.id, candidate.number))
            if score is None:
                yield self._fallen(strategy, candidate)
            else:
                text = _too_low(prepared, score)
                yield Candidate(candidate.offer, strategy, Stage.RANK, text, score)

    def _fallen(self, strategy: Strategy | None, candidate: PreparedOffer) -> Candidate:
        constraint = None if strategy is None else strategy.constraint
        stage = stage_of(self._state, constraint, candidate)
        offer = candidate.offer
        if stage is None:
            replacer = self._turn.choices.replacing.replaced_by(candidate.number)
            text = f"replaced by `{replacer}`, which is eligible"
            return Candidate(offer, strategy, Stage.EXCLUSION, text)
        return Candidate(offer, strategy, stage, self._reason(constraint, candidate, stage))

    def _reason(self, constraint: int | None, candidate: PreparedOffer, stage: Stage) -> str:
        state, offer = self._state, candidate.offer
        match stage:
            case Stage.LIVE:
                return _not_live(offer, state.now_ns)
            case Stage.REPRESENTATION:
                if not candidate.by_language:
                    return f"no content for placement `{candidate.placement}`"
                languages = ", ".join(f"`{name}`" for name in sorted(candidate.by_language))
                return f"no content in a language asked for, only in {languages}"
            case Stage.CONSTRAINT:
                return why_not(state, constraint, candidate.number)
            case Stage.ELIGIBILITY:
                return why_not(state, offer.eligibility, candidate.number)
        found = reached(state, candidate) if state.options.reasons else None
        return "" if found is None else cap_words(state, found)


def _too_low(prepared: PreparedStrategy, score: float) -> str:
    name = "" if prepared.ranking is None else f" in ranking `{prepared.ranking.id}`"
    return f"scores {score:g}{name}, less than its minimum of {prepared.minimum_score:g}"


def _not_live(offer: Offer, now_ns: int) -> str:
    if offer.status is not Status.APPROVED:
        return f"is {'a draft' if offer.status is Status.DRAFT else offer.status.value}"
    return _outside(offer, now_ns)


def _outside(dated: Offer | Decision, now_ns: int) -> str:
    if dated.start_ns is not None and now_ns < dated.start_ns:
        return f"starts at {format_instant(dated.start_ns)}"
    return "" if dated.end_ns is None else f"ended at {format_instant(dated.end_ns)}"
