"""One question, one signature: `decide` answers every scope of a request.

Each scope has a ranking of what it may show (`sequencing`), of candidates that pass their own
stages (`stages`) with the scores that they get (`ranking`). The scopes choose one after another
(`arranging`); where one has nothing, or too little and is topped up, fallbacks follow
(`fallback`). Where rules alone decide, or rules and caps that are far away, none of that is needed
(`outright` and `plain`, `capped_outright` and `capped`). The same question at the same instant has
the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from offerd.decision.arranging import Arrangement
from offerd.decision.capped import far_from_caps
from offerd.decision.capped_outright import far_outright
from offerd.decision.capping import Capping, Counts
from offerd.decision.diagnostics import diagnostics, failures
from offerd.decision.experiments import Assignment
from offerd.decision.explaining import explain_scope
from offerd.decision.fallback import Fallbacks
from offerd.decision.outright import Plan, at_once, outright, plan_of
from offerd.decision.plain import plainly
from offerd.decision.prepared import Prepared
from offerd.decision.request import RequestState
from offerd.decision.turns import Turn, Turns
from offerd.model.capping import Demand
from offerd.model.decision import (
    DecisionContext,
    Exposure,
    Options,
    Outcome,
    Proposition,
    ScopeQuery,
)
from offerd.model.profile import ProfileView

NO_FAILURES: Final[Mapping[str, int]] = {}
PLAIN: Final = Options()
"""How a request is decided that doesn't say."""


class Answer(NamedTuple):
    """Propositions in the order of the scopes.

    `diagnostics` say what failed on the way, in words. `failures` counts by id of a ranking the
    offers that it could give no score. `demands` are the offers proposed for which caps count
    that they are.
    """

    propositions: tuple[Proposition, ...]
    diagnostics: tuple[str, ...]
    failures: Mapping[str, int]
    demands: tuple[Demand, ...]


def decide(  # noqa: PLR0917 - the question, in the order in which it is read
    prepared: Prepared,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
    scopes: Sequence[ScopeQuery],
    options: Options = PLAIN,
    *,
    counts: Counts,
) -> Answer:
    """Decides each scope for one customer at one instant.

    Every scope must name a decision and one of its placements; resolving and refusing
    others is the door's work. A rule that fails makes its offers ineligible and is named in
    the diagnostics.
    """
    plan = plan_of(prepared, prepared.plain, scopes, options, now_ns, view.counted)
    survivors = capping = None
    if plan is not None and plan.steps is not None and not options.memberships:
        records = view.attributes, context.values, view.aggregates, view.scores, now_ns
        head, found = plan.head, None
        if head is not None:
            found = at_once(plan, head, records, view, context)
        if found is None:
            survivors = prepared.index.found(records, view.memberships)
            found = outright(plan, survivors, view, context, now_ns)
        if found is not None:
            # As `Answer(...)`, which takes twice as long.
            return tuple.__new__(Answer, (found, (), NO_FAILURES, ()))
    elif plan is None and prepared.capped and not options.memberships:
        near = plan_of(prepared, prepared.capped, scopes, options, now_ns, {})
        if near is not None and near.steps is not None:
            records = view.attributes, context.values, view.aggregates, view.scores, now_ns
            survivors = prepared.index.found(records, view.memberships)
            capping = Capping(prepared.cap_rules, view, counts, now_ns)
            capped = far_outright(near, survivors, capping, context)
            if capped is not None:
                answers, demands = capped
                return tuple.__new__(Answer, (answers, (), NO_FAILURES, demands))
    state = RequestState(prepared, view, context, now_ns, counts=counts, options=options)
    if survivors is not None:
        state.survivors = survivors
    if capping is not None:
        state.capping = capping  # with what is counted already
    try:
        return _decided(state, scopes, plan)
    finally:
        state.end()


def _decided(state: RequestState, scopes: Sequence[ScopeQuery], plan: Plan | None) -> Answer:
    plain = None if plan is None else plainly(state, plan.asked)
    if plain is not None:
        if state.failed_rules or state.scoring_failures:
            return Answer(plain, diagnostics(state), failures(state), ())
        return Answer(plain, (), NO_FAILURES, ())
    capped = far_from_caps(state, scopes)
    if capped is not None:
        return Answer(capped.propositions, diagnostics(state), failures(state), capped.demands)
    make = Turns(state)
    turns = [make.of(position, query) for position, query in enumerate(scopes)]
    arrangement = Arrangement(state, turns)
    arrangement.choose()
    short = [turn for turn in turns if turn.held_out or len(turn.chosen) < turn.query.item_count]
    if short:
        fallbacks = Fallbacks(arrangement)
        for turn in short:
            fallbacks.fill(turn)
    return Answer(
        tuple(map(_proposition, turns)),
        diagnostics(state),
        failures(state),
        () if state.taking is None else tuple(state.taking.demands),
    )


def _proposition(turn: Turn) -> Proposition:
    explanation = explain_scope(turn) if turn.state.options.explain else None
    exposure = None if turn.assignment is None else _exposure(turn, turn.assignment)
    fallbacks = tuple(turn.fallbacks)
    if turn.held_out or not turn.chosen:
        outcome = Outcome.FALLBACK if fallbacks else Outcome.NOTHING
        return Proposition(turn.query, outcome, fallbacks, explanation, exposure)
    outcome = Outcome.TOPPED_UP if fallbacks else Outcome.PROPOSED
    items = tuple([found.item for found in turn.chosen]) + fallbacks
    return Proposition(turn.query, outcome, items, explanation, exposure)


def _exposure(turn: Turn, assignment: Assignment) -> Exposure:
    if not assignment.holdout:
        return Exposure(assignment.experiment.id, assignment.arm, assignment.forced)
    withheld = tuple(found.item.offer.id for found in turn.chosen)
    return Exposure(assignment.experiment.id, "", holdout=True, withheld=withheld)
