"""One scope of a request while it is being filled."""

from __future__ import annotations

from typing import NamedTuple

from offerd.decision.candidates import PreparedGroup, PreparedScope
from offerd.decision.experiments import Assignment, assign
from offerd.decision.ranked import Found, Listed, Ranked, TooLow
from offerd.decision.replacing import Replacing
from offerd.decision.request import RequestState
from offerd.decision.sequencing import rank
from offerd.model.decision import Item, ScopeQuery, Stage
from offerd.model.selection import Ties


class Obstacle(NamedTuple):
    """Why an offer that may be shown isn't, in a scope of this request."""

    stage: Stage
    reason: str


class Choices(NamedTuple):
    """What groups have to show at a placement, shared by all scopes that ask the same.

    They may be of different decisions. `state` is that of the placement.
    """

    state: RequestState
    groups: tuple[PreparedGroup, ...]
    replacing: Replacing
    ranked: Ranked
    too_low: TooLow


class Turn:
    """A scope: what it may show, what it chose, and with `explain` why not the rest.

    `position` is its place in the request; `label` names it to people; `state` is the request as
    it is at the scope's placement. `chosen` are offers,
    which aren't shown but withheld if the customer is `held_out`; `fallbacks` follow them.
    `obstacles` are by number of the offer. A scope that `is_closed` may show no offer.
    """

    __slots__ = (
        "assignment",
        "choices",
        "chosen",
        "fallbacks",
        "is_closed",
        "obstacles",
        "position",
        "query",
        "scope",
        "state",
    )

    def __init__(
        self,
        position: int,
        query: ScopeQuery,
        scope: PreparedScope,
        assignment: Assignment | None,
        choices: Choices,
        *,
        is_closed: bool = False,
    ) -> None:
        self.position = position
        self.query = query
        self.scope = scope
        self.assignment = assignment
        self.choices = choices
        self.state = choices.state
        self.is_closed = is_closed
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
        self._choices: dict[tuple[int, int, Ties], Choices] = {}

    def of(self, position: int, query: ScopeQuery) -> Turn:
        """Returns the turn of a scope.

        Of a decision that isn't live, or if only fallbacks may be shown, nothing is ranked, and
        nobody is in an experiment.
        """
        state = self._state.at(query.placement)
        scope = state.prepared.scopes[query.decision, query.placement]
        if state.options.fallbacks_only or not scope.decision.is_live(state.now_ns):
            return Turn(position, query, scope, None, _none(state, scope), is_closed=True)
        assignment = None
        if scope.experiments:
            assignment = assign(scope, state.view.subject, state.options.arms)
        return Turn(position, query, scope, assignment, self._ranked(state, scope, assignment))

    def _ranked(
        self, state: RequestState, scope: PreparedScope, assignment: Assignment | None
    ) -> Choices:
        groups = scope.groups if assignment is None else assignment.groups
        key = id(state), id(groups), scope.decision.ties
        known = self._choices.get(key)
        if known is None:
            replacing = Replacing(state, groups)
            too_low: TooLow = {}
            ranked = rank(state, groups, scope.decision.ties, replacing, too_low)
            known = self._choices[key] = Choices(state, groups, replacing, ranked, too_low)
        return known


def _none(state: RequestState, scope: PreparedScope) -> Choices:
    return Choices(state, scope.groups, Replacing(state, scope.groups), Listed(()), {})
