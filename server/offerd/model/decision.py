"""A question to the engine and its answer."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any, NamedTuple

from offerd.model.catalogue import FallbackOffer, Offer, Representation, Strategy


class ScopeQuery(NamedTuple):
    """One scope as resolved. `name` is "" unless it was asked by name."""

    name: str
    decision: str
    placement: str
    item_count: int


class DecisionContext(NamedTuple):
    """What the caller knows of the moment.

    `values` is the flat record that rules read as `context.*`; `locales` are BCP 47 tags in
    order of preference.
    """

    values: dict[str, Any]
    locales: tuple[str, ...] = ()


class Outcome(Enum):
    """What became of a scope."""

    PROPOSED = "proposed"
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
    RANK = 7


class Item(NamedTuple):
    """One offer to show. `strategy` and `score` are None for a fallback."""

    offer: Offer | FallbackOffer
    representation: Representation
    strategy: Strategy | None
    score: float | None


class Candidate(NamedTuple):
    """What became of one candidate; `fell_at` and `reason` are None and "" if chosen."""

    offer: Offer
    strategy: Strategy
    fell_at: Stage | None
    reason: str


class Explanation(NamedTuple):
    """Why a scope was answered as it was: candidates left after each stage, and each of them."""

    funnel: tuple[tuple[Stage, int], ...]
    candidates: tuple[Candidate, ...]


class Proposition(NamedTuple):
    """The answer to one scope; items best first."""

    scope: ScopeQuery
    outcome: Outcome
    items: tuple[Item, ...]
    explanation: Explanation | None = None
