"""Requests that the index of rules answers together with the constraints of strategies.

That is most of those in which rules alone decide (`plain`): offers are ranked by priority or by a
table of scores, no rule of theirs has to be asked, and what is shown of one is the same for
everybody. Nothing is kept of such a request while it is decided. What its scopes ask is found once
for all that ask the same; if that is one thing, by the head of its strategy first (`heads`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final, NamedTuple

from offerd.audience.membership import NO_OFFER, NO_PLACES
from offerd.decision.candidates import PlainScope, PreparedStrategy
from offerd.decision.heads import MOST_WANTED, Head
from offerd.decision.plain import Asked, asked_of, propositions
from offerd.decision.prepared import Prepared
from offerd.decision.rule_index import Records, Survivors
from offerd.decision.tabled import sure_by_table
from offerd.expression import Failure, Rule
from offerd.model.decision import DecisionContext, Options, Proposition, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.model.selection import RankingMethod, ScoreTable

MOST_KEPT: Final = 1_024
_MOST_SCOPES: Final = 32
"""So many scopes are remembered, of so many requests that ask something else."""

NO_AUDIENCES: Final[Mapping[str, Any]] = {}


class Steps(NamedTuple):
    """What to do about one order: whose candidates it has, what must hold, how many are wanted.

    By the `table`, if there is one, of the segment that `segment` says.
    """

    order: int
    strategy: PreparedStrategy
    constraint: Rule | None
    wanted: int
    table: ScoreTable | None
    segment: Rule | None


class Plan(NamedTuple):
    """What some scopes ask, from an instant until before another.

    If `is_capped`, of customers without any counter only. `steps` is None if there is more to
    look at than this module does. If there is one step, `head` may answer it.
    """

    from_ns: int
    until_ns: int
    is_capped: bool
    asked: Asked
    steps: tuple[Steps, ...] | None
    head: Head | None


def plan_of(  # noqa: PLR0917 - the question, in the order in which it is read
    prepared: Prepared,
    known: Mapping[tuple[str, str], PlainScope],
    scopes: Sequence[ScopeQuery],
    options: Options,
    now_ns: int,
    counted: Mapping[str, Any],
) -> Plan | None:
    """Returns what scopes ask for; None if more than what is `known` of them decides.

    As `plain.asked_of`. `known` are `plain` or `capped` of what is prepared.
    """
    if not known or options.explain or options.fallbacks_only:
        return None
    # Members of enums are the same objects as long as the process lives.
    key = (
        known is prepared.capped, tuple(scopes), id(options.deduplication), id(options.arbitration),
    )  # fmt: skip
    plan: Plan | None = prepared.plans.get(key)
    if plan is not None:
        from_ns, until_ns, is_capped, _, _, _ = plan
        if from_ns <= now_ns < until_ns:
            return None if is_capped and counted else plan
    asked = asked_of(options, scopes, known, now_ns, counted)
    if asked is None:
        return None
    plan = _planned(prepared, asked, known)
    if len(scopes) <= _MOST_SCOPES:
        if len(prepared.plans) >= MOST_KEPT:
            prepared.plans.clear()
        prepared.plans[key] = plan
    return plan


def _planned(prepared: Prepared, asked: Asked, known: Mapping[tuple[str, str], PlainScope]) -> Plan:
    steps: list[Steps] = []
    for order, strategy in asked.strategies.items():
        constraint = strategy.strategy.constraint
        rule = None if constraint is None else prepared.bare_rules.get(constraint)
        table = _table(prepared, strategy)
        segment = None if table is None else prepared.bare_rules.get(table.segment)
        is_ranked = strategy.ranking is not None
        if (rule is None) == (constraint is None) and (segment is not None) == is_ranked:
            wanted = asked.wanted[order]
            steps.append(Steps(order, strategy, rule, wanted, table, segment))
    from_ns, until_ns, is_capped = -(1 << 90), 1 << 90, False
    for _, one, _, _ in asked.scopes:
        from_ns, until_ns = max(from_ns, one.from_ns), min(until_ns, one.until_ns)
        is_capped = is_capped or one.is_capped
    if not asked.is_shown_alike or len(steps) != len(asked.strategies):
        return Plan(from_ns, until_ns, is_capped, asked, None, None)
    head = None
    if len(steps) == 1 and known is prepared.plain:
        (one_step,) = steps
        if one_step.table is None and 0 < one_step.wanted <= MOST_WANTED:
            head = prepared.heads.of(one_step.strategy.shelves)
    return Plan(from_ns, until_ns, is_capped, asked, tuple(steps), head)


def _table(prepared: Prepared, strategy: PreparedStrategy) -> ScoreTable | None:
    """Returns the table that ranks a strategy; None if there is none, or more to it than that."""
    ranking = strategy.ranking
    if ranking is None or ranking.method is not RankingMethod.TABLE or ranking.table is None:
        return None
    if strategy.minimum_score > -inf:
        return None
    return prepared.catalogue.score_tables[ranking.table]


def at_once(
    plan: Plan, head: Head, records: Records, view: ProfileView, context: DecisionContext
) -> tuple[Proposition, ...] | None:
    """Returns the answers to all scopes from the head of a plan; None if it can't tell.

    `records` are what rules read. Then `outright` is to be asked.
    """
    asked, steps = plan.asked, plan.steps
    if steps is None:
        return None
    ((order, _, constraint, wanted, _, _),) = steps
    now_ns = records[-1]
    found: Sequence[int] | None = ()
    held = constraint is None or _said(constraint, view, context, now_ns)
    if held is True:
        found = head.best(records, view.memberships, now_ns, wanted)
    if found is None or isinstance(held, Failure):
        return None
    answers = None
    if len(found) == wanted or not asked.all_or_none:
        answers = propositions(asked, {order: found}, ())
    if answers is None and held is True:
        head.doubt()
    return answers


def _said(rule: Rule, view: ProfileView, context: DecisionContext, now_ns: int) -> Any:
    """Returns what a rule says that reads neither offers nor places nor audiences."""
    return rule.evaluate(
        view.attributes, context.values, view.aggregates, now_ns,
        NO_PLACES, NO_OFFER, NO_AUDIENCES, view.scores,
    )  # fmt: skip


def outright(
    plan: Plan,
    survivors: Survivors,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
) -> tuple[Proposition, ...] | None:
    """Returns the answers to all scopes; None if for any of them more must be looked at.

    `survivors` are the rules of offers that may be true.
    """
    asked, steps = plan.asked, plan.steps
    if steps is None:
        return None
    maybe, unsure = survivors
    orders: dict[int, Sequence[Any]] = {}
    for order, strategy, constraint, wanted, table, segment in steps:
        shelves = strategy.shelves
        if unsure and unsure & shelves.rules:
            return None
        if constraint is not None:
            held = _said(constraint, view, context, now_ns)
            if held is not True:
                if isinstance(held, Failure) or (asked.all_or_none and wanted):
                    return None
                orders[order] = ()
                continue
        found: Sequence[Any] | None
        if table is None or segment is None:
            found = shelves.sure(maybe, now_ns, wanted)
        else:
            said = _said(segment, view, context, now_ns)
            found = sure_by_table(strategy, table, said, maybe, now_ns, count=wanted)
        if found is None or (asked.all_or_none and len(found) < wanted):
            return None
        orders[order] = found
    return propositions(asked, orders, ())
