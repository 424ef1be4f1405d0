"""The stages that a candidate passes by itself, whatever else is shown."""

from __future__ import annotations

from offerd.decision.candidates import PreparedOffer
from offerd.decision.capping import Reached
from offerd.decision.languages import best
from offerd.decision.request import RequestState
from offerd.model.decision import Stage


def stage_of(state: RequestState, constraint: int | None, candidate: PreparedOffer) -> Stage | None:
    """Returns the first stage, up to CAPS, that a candidate doesn't pass, or None.

    `constraint` is the rule of the strategy that found it, None for one listed by hand.
    """
    if not candidate.live_from_ns <= state.now_ns < candidate.live_until_ns:
        return Stage.LIVE
    if best(candidate.by_language, state.languages) is None:
        return Stage.REPRESENTATION
    return rule_stage_of(state, constraint, candidate)


def rule_stage_of(
    state: RequestState, constraint: int | None, candidate: PreparedOffer
) -> Stage | None:
    """Returns as `stage_of` for a candidate that is live and has a representation."""
    # Once per request: many decisions may find the same offer by the same constraint.
    key = constraint, candidate.number, candidate.placement
    known = state.rule_stages
    if key not in known:
        known[key] = _rule_stage(state, constraint, candidate)
    return known[key]


def _rule_stage(
    state: RequestState, constraint: int | None, candidate: PreparedOffer
) -> Stage | None:
    verdicts = state.verdicts
    if constraint is not None and not verdicts.of(constraint, candidate.number):
        return Stage.CONSTRAINT
    eligibility = candidate.eligibility
    if eligibility is not None and not verdicts.of(eligibility, candidate.number):
        return Stage.ELIGIBILITY
    if candidate.offer.caps and reached(state, candidate) is not None:
        return Stage.CAPS
    return None


def reached(state: RequestState, candidate: PreparedOffer) -> Reached | None:
    """Returns the first cap that was reached before the request, or None."""
    return state.capping.first_reached(
        candidate.offer, "", candidate.placement, state.limit_of(candidate.number)
    )
