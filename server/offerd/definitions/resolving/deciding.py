"""Strategies, decisions and scopes: what they name looked up and numbered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from offerd.definitions.documents import (
    CollectionDocument,
    DecisionDocument,
    FallbackOfferDocument,
    GroupDocument,
    OfferDocument,
    PlacementDocument,
    RankingDocument,
    ScopeDocument,
    StrategyDocument,
)
from offerd.definitions.documents.selection import PRIORITY
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.dates import resolve_dates
from offerd.definitions.resolving.names import Kind, Names, Table
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.wording import hint, listed, quoted
from offerd.model.selection import Decision, Group, Scope, Strategy


class StrategyResolver:
    """Resolves strategies; -1 stands for a collection or ranking that isn't there."""

    def __init__(
        self,
        collections: Table[CollectionDocument],
        rankings: Table[RankingDocument],
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._collections = collections
        self._rankings = rankings
        self._names = Names(rankings.kind, (PRIORITY, *rankings.entries), findings)
        self._compiler = compiler
        self._rules = rules

    def resolve(self, entry: Entry[StrategyDocument]) -> Strategy:
        """The strategy."""
        document = entry.document
        self._collections.check(document.collection, entry, "collection")
        constraint = None
        if document.constraint is not None:
            checked = self._compiler.compile(document.constraint, entry, "constraint")
            constraint = None if checked is None else self._rules.number(checked)
        ranking = None
        if document.ranking != PRIORITY:
            ranking = self._rankings.numbers.get(document.ranking, -1)
            if ranking < 0:
                self._names.check(document.ranking, entry.place("ranking"))
        collection = self._collections.numbers.get(document.collection, -1)
        return Strategy(document.id, collection, constraint, ranking)


class DecisionResolver:
    """Resolves decisions, and steps of decisions and of arms, as far as what they name exists."""

    def __init__(
        self,
        placements: Table[PlacementDocument],
        offers: Table[OfferDocument],
        fallbacks: Table[FallbackOfferDocument],
        strategies: Table[StrategyDocument],
        findings: Findings,
    ) -> None:
        self._placements = placements
        self._offers = offers
        self._strategies = strategies
        self._findings = findings
        kind = Kind("fallback offer", "fallback offers")
        self._shown = Names(kind, (*fallbacks.entries, *offers.entries), findings)

    def resolve(self, entry: Entry[DecisionDocument]) -> Decision:
        """The decision."""
        document = entry.document
        check = self._placements.check_each
        numbers = check(document.placements, entry, self._findings, "placements")
        names = list(self._placements.entries)
        return Decision(
            document.id,
            tuple(names[number] for number in numbers),
            self.groups(document.strategies, document.placements, entry, "strategies"),
            self._fallbacks(entry),
            document.top_up,
            document.ties,
            document.status,
            *resolve_dates(document.start, document.end, "the decision", entry, (), self._findings),
        )

    def groups(
        self,
        steps: Sequence[str | GroupDocument],
        served: Sequence[str],
        entry: Entry[Any],
        *path: str | int,
    ) -> tuple[Group, ...]:
        """The steps at a path; those of which nothing exists are left out.

        `served` are the placements of the decision, none if they aren't known.
        """
        groups = []
        seen: set[str] = set()
        for index, step in enumerate(steps):
            if isinstance(step, GroupDocument):
                group = self._group(step, served, entry, (*path, index))
            else:
                self._strategies.check(step, entry, *path, index)
                known = step in self._strategies
                group = Group((self._strategies.numbers[step],)) if known else Group()
                if step in seen:
                    message = f"the strategy {quoted(step)} is listed twice"
                    self._findings.mistake(entry.place(*path, index), message)
                seen.add(step)
            if group.strategies or group.offers:
                groups.append(group)
        return tuple(groups)

    def _group(
        self, step: GroupDocument, served: Sequence[str], entry: Entry[Any], path: Path
    ) -> Group:
        if (step.group is None) == (step.offers is None):
            if step.group is not None:
                message = "a step of a decision has `group` or `offers`: found both"
                self._findings.mistake(entry.key_place(*path, "offers"), message)
            elif not self._findings.is_doubtful(entry.document.id):
                message = "a step of a decision needs `group` or `offers`"
                self._findings.mistake(entry.place(*path), message)
            return Group()
        placements = self._taken_at(step, served, entry, path)
        if step.group is not None:
            check = self._strategies.check_each
            strategies = check(step.group, entry, self._findings, *path, "group")
            return Group(strategies=strategies, placements=placements)
        offers = self._offers.check_each(step.offers or (), entry, self._findings, *path, "offers")
        return Group(offers=offers, placements=placements)

    def _taken_at(
        self, step: GroupDocument, served: Sequence[str], entry: Entry[Any], path: Path
    ) -> tuple[str, ...]:
        """The placements at which a step is taken, () for all."""
        if step.placements is None:
            return ()
        report_repeated(step.placements, entry, (*path, "placements"), self._findings)
        for index, name in enumerate(step.placements):
            place = entry.place(*path, "placements", index)
            if self._placements.check(name, entry, *path, "placements", index) and (
                served and name not in served
            ):
                advice = hint(name, served) or f": expected one of {listed(served)}"
                message = f"the decision doesn't serve the placement `{name}`{advice}"
                self._findings.mistake(place, message)
        return tuple(sorted(set(step.placements)))

    def _fallbacks(self, entry: Entry[DecisionDocument]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for index, name in enumerate(entry.document.fallbacks):
            place = entry.place("fallbacks", index)
            if name in found:
                message = f"the fallback offer {quoted(name)} is listed twice"
                self._findings.mistake(place, message)
            elif name in self._shown:
                found[name] = None
            else:
                self._shown.check(name, place)
        return tuple(found)


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
