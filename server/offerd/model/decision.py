"""A question to the engine and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any, NamedTuple

from offerd.model.catalogue import FallbackOffer, Offer, Representation
from offerd.model.selection import RankingMethod, Strategy


class ScopeQuery(NamedTuple):
    """One scope as resolved. `name` is "" unless it was asked by name.

    `top_up` asks for fallbacks after too few offers; None is as the decision says.
    """

    name: str
    decision: str
    placement: str
    item_count: int
    top_up: bool | None = None


class DecisionContext(NamedTuple):
    """What the caller knows of the moment.

    `values` is the flat record that rules read as `context.*`; `locales` are BCP 47 tags in
    order of preference.
    """

    values: dict[str, Any]
    locales: tuple[str, ...] = ()


class Deduplication(Enum):
    """Within what an offer is proposed at most once."""

    SCOPE = "scope"
    DECISION = "decision"
    PLACEMENT = "placement"
    REQUEST = "request"


class Arbitration(Enum):
    """Which scope gets an offer that only one of several may have.

    IN_ORDER: the first in the request. AVOID_FALLBACK: so that as few scopes as possible have
    none, and among those ways as the order of the request would have it.
    """

    IN_ORDER = "in_order"
    AVOID_FALLBACK = "avoid_fallback"


class Options(NamedTuple):
    """How a request wants to be decided.

    `memberships` overrides audiences, id to whether a member; `arms` are arms of experiments to
    be in whatever the hash says, experiment id to arm id.

    `hidden` are the full names of data (`profile.health.goals`) whose values explanations and
    diagnostics keep to themselves. `reasons` False leaves the reasons of candidates empty, which
    makes an explanation several times cheaper; stages are told all the same. `fallbacks_only`,
    if not "", is why no offer may be chosen: every scope is answered with its fallbacks.
    """

    deduplication: Deduplication = Deduplication.SCOPE
    arbitration: Arbitration = Arbitration.IN_ORDER
    explain: bool = False
    memberships: Mapping[str, bool] = {}
    arms: Mapping[str, str] = {}
    hidden: frozenset[str] = frozenset()
    reasons: bool = True
    fallbacks_only: str = ""


class Outcome(Enum):
    """What became of a scope."""

    PROPOSED = "proposed"
    TOPPED_UP = "topped_up"
    FALLBACK = "fallback"
    NOTHING = "nothing"


class Stage(IntEnum):
    """The stages that a candidate passes, in this order."""

    COLLECTION = 1
    LIVE = 2
    REPRESENTATION = 3
    CONSTRAINT = 4
    ELIGIBILITY = 5
    CAPS = 6
    EXCLUSION = 7
    RANK = 8


class Selection(NamedTuple):
    """How an offer came to be chosen.

    `strategy` is None for one that the decision lists by hand, and `method` and `score` with it.
    `ranking` is the ranking's id, "" for priority.
    """

    strategy: Strategy | None
    method: RankingMethod | None
    ranking: str
    score: float | None


class Item(NamedTuple):
    """One offer to show. `selection` is None for a fallback."""

    offer: Offer | FallbackOffer
    representation: Representation
    selection: Selection | None


class Candidate(NamedTuple):
    """What became of one candidate; `fell_at` and `reason` are None and "" if chosen.

    `strategy` is None for one that the decision lists by hand; `score` if it wasn't scored.
    """

    offer: Offer
    strategy: Strategy | None
    fell_at: Stage | None
    reason: str
    score: float | None = None


class Explanation(NamedTuple):
    """Why a scope was answered as it was: candidates left after each stage, and each of them."""

    funnel: tuple[tuple[Stage, int], ...]
    candidates: tuple[Candidate, ...]


class Exposure(NamedTuple):
    """The arm of an experiment that decided a scope.

    `arm` is "" in the holdout, where `withheld` are ids of the offers that would have been
    shown, best first. `forced` says that the request asked for the arm.
    """

    experiment: str
    arm: str
    forced: bool = False
    holdout: bool = False
    withheld: tuple[str, ...] = ()


class Proposition(NamedTuple):
    """The answer to one scope; items best first, offers before fallbacks."""

    scope: ScopeQuery
    outcome: Outcome
    items: tuple[Item, ...]
    explanation: Explanation | None = None
    exposure: Exposure | None = None
