"""One question, one signature: `decide` answers every scope of a request.

Strategies are visited in the decision's order; the first takes its best eligible offers, the
next tops up with offers not yet taken. Within a strategy the order is priority, highest first,
then offer id, ascending, so that the same question at the same instant has the same answer.
Offers are unique within a scope and may repeat across scopes. Only if no offer at all is
eligible do the decision's fallback offers answer, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from offerd.decision.capping import TotalCount, first_reached
from offerd.decision.explaining import explain_scope
from offerd.decision.languages import best
from offerd.decision.prepared import Prepared, PreparedOffer, PreparedScope
from offerd.decision.request import RequestState
from offerd.model.catalogue import Strategy
from offerd.model.decision import (
    DecisionContext,
    Item,
    Outcome,
    Proposition,
    ScopeQuery,
    Stage,
)
from offerd.model.profile import ProfileView


class Answer(NamedTuple):
    """Propositions in the order of the scopes, and what rules failed on the way, in words."""

    propositions: tuple[Proposition, ...]
    diagnostics: tuple[str, ...]


def decide(
    prepared: Prepared,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
    scopes: Sequence[ScopeQuery],
    *,
    total_count: TotalCount,
    explain: bool = False,
) -> Answer:
    """Decides each scope for one customer at one instant.

    Every scope must name a decision and one of its placements; resolving and refusing
    others is the door's work. A rule that fails makes its offers ineligible and is named in
    the diagnostics.
    """
    state = RequestState(prepared, view, context, now_ns, total_count)
    propositions = tuple(_propose(state, query, explain=explain) for query in scopes)
    return Answer(propositions, _diagnostics(state))


def _propose(state: RequestState, query: ScopeQuery, *, explain: bool) -> Proposition:
    scope = state.prepared.scopes[query.decision, query.placement]
    items = _eligible_items(state, scope, query.item_count)
    outcome = Outcome.PROPOSED
    explanation = None
    if explain:
        chosen = {item.offer.id: item.strategy for item in items}
        explanation = explain_scope(state, scope, chosen, stage_of)
    if not items:
        items = _fallback_items(state, scope, query.item_count)
        outcome = Outcome.FALLBACK if items else Outcome.NOTHING
    return Proposition(query, outcome, tuple(items), explanation)


def _eligible_items(state: RequestState, scope: PreparedScope, wanted: int) -> list[Item]:
    items: list[Item] = []
    taken: set[int] = set()
    verdicts, now_ns = state.verdicts, state.now_ns
    for prepared_strategy in scope.strategies:
        strategy = prepared_strategy.strategy
        if not verdicts[strategy.constraint]:
            continue
        for candidate in prepared_strategy.candidates:
            number, eligibility, live_from_ns, live_until_ns, by_language, offer = candidate
            # Verdicts are there for the asking and rule out most; the rest is `stage_of`.
            if not verdicts[eligibility] or not live_from_ns <= now_ns < live_until_ns:
                continue
            if number in taken or stage_of(state, strategy, candidate) is not None:
                continue
            representation = best(by_language, state.languages)
            if representation is not None:
                taken.add(number)
                items.append(Item(offer, representation, strategy, float(offer.priority)))
                if len(items) == wanted:
                    return items
    return items


def stage_of(state: RequestState, strategy: Strategy, candidate: PreparedOffer) -> Stage | None:
    """Returns the first stage that a candidate doesn't pass, or None if it is eligible."""
    offer = candidate.offer
    now_ns = state.now_ns
    if not candidate.live_from_ns <= now_ns < candidate.live_until_ns:
        return Stage.LIVE
    if best(candidate.by_language, state.languages) is None:
        return Stage.REPRESENTATION
    if not state.verdicts[strategy.constraint]:
        return Stage.CONSTRAINT
    if not state.verdicts[candidate.eligibility]:
        return Stage.ELIGIBILITY
    if offer.caps and first_reached(offer, state.view, state.total_count, now_ns) is not None:
        return Stage.CAPS
    return None


def _fallback_items(state: RequestState, scope: PreparedScope, wanted: int) -> list[Item]:
    items: list[Item] = []
    for offer, by_language in scope.fallbacks:
        if len(items) == wanted:
            break
        representation = best(by_language, state.languages)
        if representation is not None:
            items.append(Item(offer, representation, None, None))
    return items


def _diagnostics(state: RequestState) -> tuple[str, ...]:
    catalogue = state.prepared.catalogue
    return tuple(
        f"rule `{catalogue.rules[number].source}` failed and qualifies nobody: {message}"
        for number, message in sorted(state.verdicts.failed.items())
    )
