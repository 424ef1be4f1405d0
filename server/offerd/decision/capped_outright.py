"""Requests that are far from caps, answered without keeping anything of them.

As in `outright`, of scopes for which caps matter too, all of them simple. `capped` is the
reference, and what to ask where this gives no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from offerd.audience.membership import NO_OFFER, NO_PLACES
from offerd.decision.candidates import PreparedStrategy
from offerd.decision.capped import Capped
from offerd.decision.capping import Capping, Distance
from offerd.decision.outright import NO_AUDIENCES, Plan
from offerd.decision.plain import propositions
from offerd.decision.rule_index import Survivors
from offerd.decision.simple_caps import Simple
from offerd.model.decision import DecisionContext

_NEAR: Final = Distance.NEAR
_FAR: Final = Distance.FAR
"""Looked up once."""


def _holds(_rule: int) -> bool:
    """Says so of a rule that is known to be true."""
    return True


def far_outright(
    plan: Plan, survivors: Survivors, capping: Capping, context: DecisionContext
) -> Capped | None:
    """Returns the answers to all scopes; None if for any of them more must be looked at.

    `capping` is that of the request, from which what is proposed is taken.
    """
    asked, steps = plan.asked, plan.steps
    if steps is None:
        return None
    view, now_ns = capping.view, capping.now_ns
    maybe, unsure = survivors
    most = sum([query.item_count for query, _, _, _ in asked.scopes])
    orders: dict[int, list[int]] = {}
    caps: dict[int, list[Simple]] = {}
    for order, strategy, constraint, wanted, _, _ in steps:
        shelves = strategy.shelves
        if unsure and unsure & shelves.rules:
            return None
        if constraint is not None:
            held = constraint.evaluate(
                view.attributes, context.values, view.aggregates, now_ns,
                NO_PLACES, NO_OFFER, NO_AUDIENCES, view.scores,
            )  # fmt: skip
            if held is not True:
                return None
        best = shelves.sure(maybe, now_ns, wanted)
        if len(best) < wanted:
            return None
        found = _open(strategy, best, capping, most, wanted)
        if found is not None and len(found[0]) < wanted:
            # Caps of some are reached.
            rest = shelves.best_first((maybe, 0), now_ns, _holds)
            found = _open(strategy, rest, capping, most, wanted)
        if found is None or len(found[0]) < wanted:
            return None
        orders[order], caps[order] = found
    answers = propositions(asked, orders, ())
    if answers is None:
        return None
    demand = capping.demand
    for position, (query, one, start, end) in enumerate(asked.scopes):
        order, known = one.order, one.strategy.candidates.at
        for place, simple in zip(orders[order][start:end], caps[order][start:end], strict=True):
            demand(position, known[place].offer.id, query.decision, query.placement, simple)
    return tuple.__new__(Capped, (answers, tuple(capping.demands)))


def _open(
    strategy: PreparedStrategy,
    places: Iterable[int],
    capping: Capping,
    most: int,
    wanted: int,
) -> tuple[list[int], list[Simple]] | None:
    """Returns candidates of which no cap is reached, as many as are wanted, and the caps of each.

    None if `most` items can reach a cap of one of them, or if not all of its caps are simple.
    """
    candidates, simple_caps = strategy.candidates.at, capping.rules.simple
    found: list[int] = []
    caps: list[Simple] = []
    for place in places:
        offer = candidates[place].offer
        simple = simple_caps(offer)
        if simple is None:
            return None
        distance = capping.distance(simple, offer.id, most)
        if distance is _FAR:
            found.append(place)
            caps.append(simple)
            if len(found) == wanted:
                break
        elif distance is _NEAR:
            return None
    return found, caps
