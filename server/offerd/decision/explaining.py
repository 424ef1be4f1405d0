"""Why each candidate of a scope was chosen or fell, in data and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from offerd.admission import format_instant
from offerd.decision.capping import first_reached
from offerd.decision.prepared import PreparedOffer, PreparedScope
from offerd.decision.reasons import why_not
from offerd.decision.request import RequestState
from offerd.model.catalogue import Cap, CapSubject, Offer, Strategy
from offerd.model.decision import Candidate, Explanation, Stage

StageOf = Callable[[RequestState, Strategy, PreparedOffer], Stage | None]
"""The engine's own test of a candidate, so that explaining can't disagree with deciding."""

_ORDER = {stage: rank for rank, stage in enumerate(Stage)}
_CHOSEN = len(_ORDER)


def explain_scope(
    state: RequestState,
    scope: PreparedScope,
    chosen: Mapping[str, Strategy | None],
    stage_of: StageOf,
) -> Explanation:
    """Explains one scope: all candidates, each by the strategy in which it came furthest.

    `chosen` are the offers proposed, best first, with their strategies. Of two strategies in
    which an offer came equally far, the first counts.
    """
    furthest: dict[str, Candidate] = {}
    for prepared in scope.strategies:
        strategy = prepared.strategy
        found = [_examine(state, strategy, c, chosen, stage_of) for c in prepared.candidates]
        found += [_examine_absent(state, scope, strategy, offer) for offer in prepared.absent]
        for candidate in found:
            known = furthest.get(candidate.offer.id)
            if known is None or _reached(candidate) > _reached(known):
                furthest[candidate.offer.id] = candidate
    place = {offer: position for position, offer in enumerate(chosen)}
    candidates = sorted(
        furthest.values(), key=lambda c: (-_reached(c), place.get(c.offer.id, len(place)))
    )
    funnel = tuple(
        (stage, sum(1 for c in candidates if _reached(c) > _ORDER[stage])) for stage in Stage
    )
    return Explanation(funnel, tuple(candidates))


def _reached(candidate: Candidate) -> int:
    return _CHOSEN if candidate.fell_at is None else _ORDER[candidate.fell_at]


def _examine(
    state: RequestState,
    strategy: Strategy,
    candidate: PreparedOffer,
    chosen: Mapping[str, Strategy | None],
    stage_of: StageOf,
) -> Candidate:
    offer = candidate.offer
    if chosen.get(offer.id) is strategy:
        return Candidate(offer, strategy, None, "")
    stage = stage_of(state, strategy, candidate)
    if stage is None:
        text = "eligible, but others rank higher or came first"
        return Candidate(offer, strategy, Stage.RANK, text)
    return Candidate(offer, strategy, stage, _reason(state, strategy, candidate, stage))


def _examine_absent(
    state: RequestState, scope: PreparedScope, strategy: Strategy, offer: Offer
) -> Candidate:
    """What became of an offer of the collection that has nothing for the placement."""
    if _is_live(offer, state.now_ns):
        text = f"no content for placement `{scope.placement.id}`"
        return Candidate(offer, strategy, Stage.REPRESENTATION, text)
    return Candidate(offer, strategy, Stage.LIVE, _dates(offer, state.now_ns))


def _is_live(offer: Offer, now_ns: int) -> bool:
    started = offer.start_ns is None or offer.start_ns <= now_ns
    return started and (offer.end_ns is None or now_ns < offer.end_ns)


def _reason(state: RequestState, strategy: Strategy, candidate: PreparedOffer, stage: Stage) -> str:
    offer = candidate.offer
    if stage is Stage.LIVE:
        return _dates(offer, state.now_ns)
    if stage is Stage.REPRESENTATION:
        languages = ", ".join(f"`{language}`" for language in sorted(candidate.by_language))
        return f"no content in a language asked for, only in {languages}"
    if stage is Stage.CONSTRAINT:
        return why_not(state, strategy.constraint)
    if stage is Stage.ELIGIBILITY:
        return why_not(state, offer.eligibility)
    reached = first_reached(offer, state.view, state.total_count, state.now_ns)
    return _cap(*reached) if reached is not None else ""


def _dates(offer: Offer, now_ns: int) -> str:
    if offer.start_ns is not None and now_ns < offer.start_ns:
        return f"starts at {format_instant(offer.start_ns)}"
    return "" if offer.end_ns is None else f"ended at {format_instant(offer.end_ns)}"


def _cap(cap: Cap, count: int) -> str:
    who = "in total" if cap.subject is CapSubject.TOTAL else "by this customer"
    window = "" if cap.within_ns is None else f" within {_duration(cap.within_ns)}"
    return f"cap reached: {count} of at most {cap.limit} `{cap.event}` events {who}{window}"


def _duration(duration_ns: int) -> str:
    seconds = duration_ns / 1_000_000_000
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
