"""Requests that are far from caps, answered without keeping anything of them.

As in `outright`, of scopes for which caps matter too, all of them simple. `capped` is the
reference, and what to ask where this gives no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from offerd.audience.membership import NO_OFFER, NO_PLACES
from offerd.decision.candidates import MOST_KEPT as MOST_CANDIDATES
from offerd.decision.candidates import PreparedStrategy
from offerd.decision.capped import Capped
from offerd.decision.capping import Capping, CapRules, Distance
from offerd.decision.outright import NO_AUDIENCES, Plan
from offerd.decision.plain import Asked, propositions
from offerd.decision.rule_index import Survivors
from offerd.model.capping import Demand
from offerd.model.decision import DecisionContext

_NEAR: Final = Distance.NEAR
_FAR: Final = Distance.FAR
"""Looked up once."""

MOST_KEPT: Final = 1_024
"""So many answers are kept of those that were given."""
MOST_ITEMS: Final = MOST_CANDIDATES // MOST_KEPT
"""Of no more items than these: all together hold no more offers than candidates that are kept."""


def _holds(_rule: int) -> bool:
    """Says so of a rule that is known to be true."""
    return True


def far_outright(
    plan: Plan, survivors: Survivors, capping: Capping, context: DecisionContext
) -> Capped | None:
    """Returns the answers to all scopes; None if for any of them more must be looked at.

    `capping` is that of the request, of which nothing is taken yet.
    """
    asked, steps = plan.asked, plan.steps
    if steps is None:
        return None
    view, now_ns = capping.view, capping.now_ns
    maybe, unsure = survivors
    most = sum([count for (_, _, _, count, _), _, _, _ in asked.scopes])
    orders: dict[int, list[int]] = {}
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
        if found is not None and len(found) < wanted:
            # Caps of some are reached.
            rest = shelves.best_first((maybe, 0), now_ns, _holds)
            found = _open(strategy, rest, capping, most, wanted)
        if found is None or len(found) < wanted:
            return None
        orders[order] = found
    return _answer(asked, orders, capping.rules, most)


def _answer(
    asked: Asked, orders: Mapping[int, Sequence[int]], rules: CapRules, most: int
) -> Capped | None:
    """Returns what comes of the first places of each order, whose offers are far from their caps.

    That is the same for all whom the same is shown to, and kept of some: mostly few offers are
    the first of very many customers.
    """
    if most > MOST_ITEMS:
        return _answered(asked, orders, rules)
    key = id(asked), tuple(map(tuple, orders.values()))
    known: tuple[Asked, Capped] | None = rules.answered.get(key)
    if known is not None:
        return known[1]
    made = _answered(asked, orders, rules)
    if made is not None:
        if len(rules.answered) >= MOST_KEPT:
            rules.answered.clear()
        # With what was asked: as long as that is there nothing else has its place in memory.
        rules.answered[key] = asked, made
    return made


def _answered(asked: Asked, orders: Mapping[int, Sequence[int]], rules: CapRules) -> Capped | None:
    answers = propositions(asked, orders, ())
    if answers is None:
        return None
    demands: list[Demand] = []
    chosen: set[tuple[str, str]] = set()
    for position, (query, one, start, end) in enumerate(asked.scopes):
        candidates, decision = one.strategy.candidates.at, query.decision
        for place in orders[one.order][start:end]:
            offer = candidates[place].offer
            simple = rules.simple(offer)
            if simple is not None and simple.is_counted:
                pair = decision, offer.id
                is_repeated = pair in chosen
                chosen.add(pair)
                what = position, offer.id, decision, query.placement, simple.limits, is_repeated
                demands.append(Demand(*what))
    return Capped(answers, tuple(demands))


def _open(
    strategy: PreparedStrategy,
    places: Iterable[int],
    capping: Capping,
    most: int,
    wanted: int,
) -> list[int] | None:
    """Returns candidates of which no cap is reached, as many as are wanted.

    None if `most` items can reach a cap of one of them, or if not all of its caps are simple.
    """
    candidates, simple_caps, distance = (
        strategy.candidates.at,
        capping.rules.simple,
        capping.distance,
    )
    found: list[int] = []
    for place in places:
        offer = candidates[place].offer
        simple = simple_caps(offer)
        if simple is None:
            return None
        how_far = distance(simple, offer.id, most)
        if how_far is _FAR:
            found.append(place)
            if len(found) == wanted:
                break
        elif how_far is _NEAR:
            return None
    return found
