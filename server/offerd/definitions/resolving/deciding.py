"""Strategies, decisions and scopes: what they name looked up and numbered."""

from __future__ import annotations

from offerd.definitions.documents import (
    CollectionDocument,
    DecisionDocument,
    FallbackOfferDocument,
    PlacementDocument,
    ScopeDocument,
    StrategyDocument,
)
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.wording import hint, listed
from offerd.model.catalogue import Decision, Scope, Strategy


def resolve_strategy(
    entry: Entry[StrategyDocument],
    collections: Table[CollectionDocument],
    compiler: Compiler,
    rules: RuleTable,
) -> Strategy:
    """The strategy; an unknown collection is reported, and numbered -1."""
    document = entry.document
    collections.check(document.collection, entry, "collection")
    constraint = None
    if document.constraint is not None:
        checked = compiler.compile(document.constraint, entry, "constraint")
        constraint = None if checked is None else rules.number(checked)
    return Strategy(document.id, collections.numbers.get(document.collection, -1), constraint)


def resolve_decision(
    entry: Entry[DecisionDocument],
    placements: Table[PlacementDocument],
    strategies: Table[StrategyDocument],
    fallbacks: Table[FallbackOfferDocument],
    findings: Findings,
) -> Decision:
    """The decision with as many of its placements, strategies and fallbacks as exist."""
    document = entry.document
    numbers = placements.check_each(document.placements, entry, "placements", findings)
    names = list(placements.entries)
    return Decision(
        document.id,
        tuple(names[number] for number in numbers),
        strategies.check_each(document.strategies, entry, "strategies", findings),
        fallbacks.check_each(document.fallbacks, entry, "fallbacks", findings),
    )


def resolve_scope(
    entry: Entry[ScopeDocument],
    placements: Table[PlacementDocument],
    decisions: Table[DecisionDocument],
    findings: Findings,
) -> Scope:
    """The scope; a decision or placement that is unknown or not served is reported."""
    document = entry.document
    decision = decisions.get(document.decision)
    decisions.check(document.decision, entry, "decision")
    if placements.check(document.placement, entry, "placement") and decision is not None:
        served = decision.placements
        if document.placement not in served and not findings.is_doubtful(document.decision):
            advice = hint(document.placement, served) or f": expected one of {listed(served)}"
            message = f"`{decision.id}` doesn't serve the placement `{document.placement}`{advice}"
            findings.mistake(entry.place("placement"), message)
    return Scope(document.id, document.decision, document.placement, document.item_count)
