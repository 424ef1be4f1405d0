"""What is prepared of a catalogue: decisions at placements, their steps, strategies and offers."""

from __future__ import annotations

from typing import Any, NamedTuple

from offerd.decision.shelves import Shelves
from offerd.model.catalogue import FallbackOffer, Offer, Placement, Representation
from offerd.model.selection import Decision, Experiment, Ranking, Strategy

ByLanguage = dict[str, Representation]
"""Language, lower-cased → the representation in it."""


class PreparedOffer(NamedTuple):
    """A candidate at one placement, with what the engine compares first.

    `number` is the offer's place in the catalogue; `live_from_ns` and `live_until_ns` are its
    dates, the open ones far away. An offer that isn't approved is never live. One that
    `is_settled` passes all stages if it is live, its rule holds and none of the counters of
    `capped_by`, by key, has counted anything of the customer.
    """

    number: int
    eligibility: int | None
    live_from_ns: int
    live_until_ns: int
    by_language: ByLanguage
    offer: Offer
    placement: str
    is_settled: bool
    capped_by: tuple[str, ...]


class PreparedStrategy(NamedTuple):
    """A strategy at one placement; `ranking` None is by priority.

    `minimum_score` is what an offer must score at least. Of its collection `candidates` have
    something to show there, by priority, highest first, then by id; `absent` have not. Those of
    `replacing` are the candidates that replace other offers.

    For speed: `shelves` have the candidates by rule. The strategy `is_settled` if its constraint
    reads no offer; it `is_plain` if, besides, all candidates are settled and have a representation
    in the default language, and `is_capped` if any has caps. `found` keeps what was made of
    candidates that were shown, by place, `orders` how tables of scores order them, by segment,
    and `columns` and `arrays` attributes and places as formulas over many read them; these three
    are shared by strategies with the same candidates and table.
    """

    strategy: Strategy
    ranking: Ranking | None
    minimum_score: float
    candidates: tuple[PreparedOffer, ...]
    absent: tuple[PreparedOffer, ...]
    replacing: tuple[PreparedOffer, ...]
    shelves: Shelves
    is_settled: bool
    is_plain: bool
    is_capped: bool
    found: dict[int, Any]
    orders: dict[str | None, Any]
    columns: dict[str, Any]
    arrays: dict[int, Any]


class PreparedGroup(NamedTuple):
    """A step of a decision at one placement: strategies that compete, or offers in order."""

    strategies: tuple[PreparedStrategy, ...]
    offers: tuple[PreparedOffer, ...]


class PreparedFallback(NamedTuple):
    """What can be shown at a placement if no offer is eligible; `number` is that of an offer."""

    offer: Offer | FallbackOffer
    number: int | None
    by_language: ByLanguage


class PreparedExperiment(NamedTuple):
    """An experiment at one placement, with the groups of each arm."""

    experiment: Experiment
    arms: dict[str, tuple[PreparedGroup, ...]]


class PreparedScope(NamedTuple):
    """A decision at one placement. `experiments` are those that aren't archived."""

    decision: Decision
    placement: Placement
    groups: tuple[PreparedGroup, ...]
    fallbacks: tuple[PreparedFallback, ...]
    experiments: tuple[PreparedExperiment, ...]
