"""One scope of a request while it is being filled."""

from __future__ import annotations

from typing import NamedTuple

from offerd.decision.experiments import Assignment, assign
from offerd.decision.prepared import PreparedGroup, PreparedScope
from offerd.decision.replacing import Replacing
from offerd.decision.request import RequestState
from offerd.decision.sequencing import Found, Ranked, TooLow, rank
from offerd.model.decision import Item, ScopeQuery, Stage
from offerd.model.lifecycle import Status
from offerd.model.selection import Ties


class Obstacle(NamedTuple):
    """Why an offer that may be shown isn't, in a scope of this request."""

    stage: Stage
    reason: str


class Choices(NamedTuple):
    """What groups have to show at a placement, shared by all scopes that ask the same.

    They may be of different decisions.
    """

    groups: tuple[PreparedGroup, ...]
    replacing: Replacing
    ranked: Ranked
    too_low: TooLow


class Turn:
    """A scope: what it may show, what it chose, and with `explain` why not the rest.

    `position` is its place in the request; `label` names it to people. `chosen` are offers,
    which aren't shown but withheld if the customer is `held_out`; `fallbacks` follow them.
    `obstacles` are by number of the offer.
    """

    __slots__ = (
        "assignment",
        "choices",
        "chosen",
        "fallbacks",
        "obstacles",
        "position",
        "query",
        "scope",
    )

    def __init__(
        self,
        position: int,
        query: ScopeQuery,
        scope: PreparedScope,
        assignment: Assignment | None,
        choices: Choices,
    ) -> None:
        self.position = position
        self.query = query
        self.scope = scope
        self.assignment = assignment
        self.choices = choices
        self.chosen: list[Found] = []
        self.fallbacks: list[Item] = []
        self.obstacles: dict[int, Obstacle] = {}

    @property
    def held_out(self) -> bool:
        """Whether the customer is shown fallbacks instead of what was chosen."""
        return self.assignment is not None and self.assignment.holdout

    @property
    def label(self) -> str:
        """The name of the scope, or its decision and placement."""
        query = self.query
        return query.name or f"{query.decision}/{query.placement}"


class Turns:
    """Makes the turns of a request; those that ask the same share what they may show."""

    __slots__ = ("_choices", "_state")

    def __init__(self, state: RequestState) -> None:
        self._state = state
        self._choices: dict[tuple[Ties, _Steps], Choices] = {}

    def of(self, position: int, query: ScopeQuery) -> Turn:
        """Returns the turn of a scope; of a decision that isn't approved nothing is ranked."""
        state = self._state
        scope = state.prepared.scopes[query.decision, query.placement]
        if scope.decision.status is not Status.APPROVED:
            return Turn(position, query, scope, None, self._none(scope))
        assignment = None
        if scope.experiments:
            assignment = assign(scope, state.view.subject, state.options.arms)
        return Turn(position, query, scope, assignment, self._ranked(scope, assignment))

    def _ranked(self, scope: PreparedScope, assignment: Assignment | None) -> Choices:
        groups = scope.groups if assignment is None else assignment.groups
        key = scope.decision.ties, _steps(groups)
        known = self._choices.get(key)
        if known is None:
            replacing = Replacing(self._state, groups)
            too_low: TooLow = {}
            found = rank(self._state, groups, scope.decision.ties, replacing, too_low)
            known = self._choices[key] = Choices(groups, replacing, Ranked(found), too_low)
        return known

    def _none(self, scope: PreparedScope) -> Choices:
        return Choices(scope.groups, Replacing(self._state, scope.groups), Ranked(iter(())), {})


_Steps = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


def _steps(groups: tuple[PreparedGroup, ...]) -> _Steps:
    """Returns what tells groups apart; what is prepared is there once, whoever lists it."""
    return tuple(
        (tuple(map(id, group.strategies)), tuple(map(id, group.offers))) for group in groups
    )
