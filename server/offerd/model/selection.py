"""How offers are selected: rankings, strategies, decisions, exclusions, experiments, scopes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from offerd.model.lifecycle import Status
from offerd.model.shares import WHOLE


class RankingMethod(StrEnum):
    """What gives an offer its score."""

    PRIORITY = "priority"
    FORMULA = "formula"
    TABLE = "table"
    MODEL = "model"


class Boost(msgspec.Struct, frozen=True, array_like=True):
    """A score for the offers for which a rule is true; both are numbers of rules."""

    when: int
    score: int


class Ranking(msgspec.Struct, frozen=True, array_like=True):
    """How a strategy scores its offers; higher is better.

    formula: the first of `boosts` that holds for an offer gives its score, or else the rule
    `formula`. table: the score table of number `table`. model: the model named `model`, which
    gets the list. An offer whose score can't be had gets `failed_score`. An offer that scores
    less than `minimum_score` isn't proposed.
    """

    id: str
    method: RankingMethod
    formula: int | None = None
    boosts: tuple[Boost, ...] = ()
    table: int | None = None
    model: str = ""
    failed_score: float = 0.0
    minimum_score: float | None = None


class ScoreTable(msgspec.Struct, frozen=True, array_like=True):
    """Scores by segment and offer: `{segment: {number of offer: score}}`.

    The rule `segment` gives the segment of a request, a text. An offer or segment that isn't
    there scores `default`.
    """

    id: str
    segment: int
    scores: dict[str, dict[int, float]]
    default: float = 0.0


class Strategy(msgspec.Struct, frozen=True, array_like=True):
    """A selection strategy: a collection, a constraint that all of it shares, a ranking.

    `constraint` is a rule, or None. `ranking` is the number of a ranking; None is by priority.
    """

    id: str
    collection: int
    constraint: int | None
    ranking: int | None = None


class Group(msgspec.Struct, frozen=True, array_like=True):
    """A step of a decision: strategies that compete, or offers in the order written.

    Exactly one of the two isn't empty. Of several strategies that find an offer the one that
    scores it highest counts. Offers are numbers of offers; they are scored by nobody.
    `placements` are those at which the step is taken; () is all.
    """

    strategies: tuple[int, ...] = ()
    offers: tuple[int, ...] = ()
    placements: tuple[str, ...] = ()


class Ties(StrEnum):
    """What orders offers of the same score and priority.

    id: their ids, ascending. daily: a hash of profile, offer and UTC day.
    """

    ID = "id"
    DAILY = "daily"


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """Which groups fill which placements, in order, and what is shown if none can.

    The first group fills what it can, the next tops up. `fallbacks` are ids of fallback offers
    or offers, tried in order for each placement if no offer is eligible, and with `top_up` also
    if there are fewer than were asked for. Before `start_ns` and from `end_ns` on nothing but
    fallbacks is shown; None is open.
    """

    id: str
    placements: tuple[str, ...]
    groups: tuple[Group, ...]
    fallbacks: tuple[str, ...]
    top_up: bool = False
    ties: Ties = Ties.ID
    status: Status = Status.APPROVED
    start_ns: int | None = None
    end_ns: int | None = None

    def is_live(self, now_ns: int) -> bool:
        """Whether it shows more than fallbacks at an instant."""
        if self.status is not Status.APPROVED:
            return False
        if self.start_ns is not None and now_ns < self.start_ns:
            return False
        return self.end_ns is None or now_ns < self.end_ns


class Exclusion(msgspec.Struct, frozen=True, array_like=True):
    """Offers of which at most so many may be shown together.

    `offers` are numbers, sorted. `at_most` of them, over all scopes of a request or within each
    scope; 0 blocks them. `when` is the rule of those to whom it applies, None is everybody; it
    applies unless the rule is false, so that what isn't known excludes rather than allows.
    """

    id: str
    offers: tuple[int, ...]
    at_most: int
    when: int | None = None
    across_scopes: bool = True


class Arm(msgspec.Struct, frozen=True, array_like=True):
    """A variant of a decision: its groups, None for the decision's own, and its weight."""

    id: str
    weight: int
    groups: tuple[Group, ...] | None = None


class Experiment(msgspec.Struct, frozen=True, array_like=True):
    """Arms of a decision among which customers are assigned for good, by hashing.

    `rollout` and `holdout` are in ten-thousandths: of all customers, those who take part; and
    of those who take part, those who are shown the fallback while it is recorded what they
    would have been shown. `salt` is what is hashed with the customer's id.
    """

    id: str
    decision: str
    salt: str
    arms: tuple[Arm, ...]
    rollout: int = WHOLE
    holdout: int = 0
    status: Status = Status.APPROVED


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """A name for a decision at a placement."""

    id: str
    decision: str
    placement: str
    item_count: int | None = None
