"""What came of replaying a journal, in numbers."""

from __future__ import annotations

from collections import Counter
from enum import Enum

from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileView
from offerd.replay.again import (
    Definitions,
    Difference,
    decide_again,
    scopes_without_model,
)
from offerd.replay.fitting import new_aggregates


class Unreplayable(Enum):
    """Why a decision can't be made again."""

    VIEW = "what was known of the customer is gone"
    MODEL = "a ranking model isn't here"


class Replay:
    """Replays decisions by some definitions, and counts what comes of it.

    `differing` counts by name of a scope the decisions that it comes out otherwise in, `gone`
    those in which it isn't there any more, `scopes` all. `unreplayable` counts decisions.
    `of_other_revisions` are decisions that other definitions made; `aggregates` and `arms` name
    what those didn't know, and what these don't any more. `missing` is for the caller to count
    decisions that aren't in the journal.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.replayed = 0
        self.differing_decisions = 0
        self.missing = 0
        self.of_other_revisions = 0
        self.unreplayable: Counter[Unreplayable] = Counter()
        self.scopes: Counter[str] = Counter()
        self.differing: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()
        self.aggregates: set[str] = set()
        self.arms: set[str] = set()
        self._without_model = scopes_without_model(definitions)
        self._arms = {
            (experiment.id, arm.id)
            for experiment in definitions.prepared.catalogue.experiments
            for arm in experiment.arms
        }

    def replay(
        self, entry: DecisionEntry, view: ProfileView | None
    ) -> tuple[Difference, ...] | Unreplayable:
        """Decides once more; returns the scopes that come out otherwise, or why it can't."""
        found = self._replayed(entry, view)
        if isinstance(found, Unreplayable):
            self.unreplayable[found] += 1
            return found
        self.replayed += 1
        self.differing_decisions += bool(found)
        self.scopes.update(scope_name(scope.name, scope.decision) for scope in entry.scopes)
        for difference in found:
            name = scope_name(difference.then.name, difference.then.decision)
            (self.gone if difference.now is None else self.differing)[name] += 1
        if entry.revision != self.definitions.revision:
            self.of_other_revisions += 1
            if view is not None:
                self.aggregates |= new_aggregates(view, self.definitions.defaults)
        self.arms.update(
            f"{experiment}={arm}"
            for experiment, arm in entry.arms.items()
            if (experiment, arm) not in self._arms
        )
        return found

    def _replayed(
        self, entry: DecisionEntry, view: ProfileView | None
    ) -> tuple[Difference, ...] | Unreplayable:
        if view is None:
            return Unreplayable.VIEW
        if any((scope.decision, scope.placement) in self._without_model for scope in entry.scopes):
            return Unreplayable.MODEL
        return decide_again(entry, view, self.definitions)


def scope_name(name: str, decision: str) -> str:
    """Returns what a scope is called: its name, or its decision's if it was asked by that."""
    return name or decision
