"""A catalogue made ready to decide: names resolved, candidates in order.

Built once when a bundle is opened, so that a request only walks and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from offerd.audience.environment import profile_environment
from offerd.expression import Rule
from offerd.model.catalogue import (
    Catalogue,
    Decision,
    FallbackOffer,
    Offer,
    Placement,
    Representation,
    Scope,
    Strategy,
)

ByLanguage = dict[str, Representation]
"""Language, lower-cased → the representation in it."""


_ALWAYS_NS = 1 << 80
"""Later than any instant, and negated earlier: open dates become comparable."""


class PreparedOffer(NamedTuple):
    """A candidate at one placement, with what the engine compares first.

    `number` is the offer's place in the catalogue; `live_from_ns` and `live_until_ns` are its
    dates, the open ones far away.
    """

    number: int
    eligibility: int | None
    live_from_ns: int
    live_until_ns: int
    by_language: ByLanguage
    offer: Offer


class PreparedStrategy(NamedTuple):
    """A strategy at one placement, its candidates best first.

    `absent` are offers of its collection with no representation for the placement.
    """

    strategy: Strategy
    candidates: tuple[PreparedOffer, ...]
    absent: tuple[Offer, ...]


class PreparedScope(NamedTuple):
    """A decision at one placement."""

    decision: Decision
    placement: Placement
    strategies: tuple[PreparedStrategy, ...]
    fallbacks: tuple[tuple[FallbackOffer, ByLanguage], ...]


class Prepared:
    """The catalogue with its planned rules and, for each decision and placement, candidates.

    `rules` are the planned rules by number, `environment` what they read; `audiences` the
    planned rule of each audience.
    """

    def __init__(self, catalogue: Catalogue, rules: Sequence[Rule]) -> None:
        self.catalogue = catalogue
        self.rules = tuple(rules)
        self.environment = profile_environment(
            catalogue.schema, (audience.id for audience in catalogue.audiences)
        )
        self.audiences = {a.id: self.rules[a.rule] for a in catalogue.audiences}
        self.named_scopes: dict[str, Scope] = {s.id: s for s in catalogue.scopes}
        placements = {p.id: p for p in catalogue.placements}
        self.scopes: dict[tuple[str, str], PreparedScope] = {}
        offers_at: dict[str, dict[int, PreparedOffer]] = {}
        for decision in catalogue.decisions:
            for placement_id in decision.placements:
                at_placement = offers_at.setdefault(placement_id, {})
                self.scopes[decision.id, placement_id] = PreparedScope(
                    decision,
                    placements[placement_id],
                    tuple(
                        _strategy(catalogue, catalogue.strategies[n], placement_id, at_placement)
                        for n in decision.strategies
                    ),
                    _fallbacks(catalogue, decision, placement_id),
                )


def _strategy(
    catalogue: Catalogue,
    strategy: Strategy,
    placement: str,
    at_placement: dict[int, PreparedOffer],
) -> PreparedStrategy:
    candidates: list[PreparedOffer] = []
    absent: list[Offer] = []
    for number in catalogue.collections[strategy.collection].offers:
        prepared = at_placement.get(number)
        if prepared is None:
            offer = catalogue.offers[number]
            prepared = _prepare(number, offer, placement)
            at_placement[number] = prepared
        if prepared.by_language:
            candidates.append(prepared)
        else:
            absent.append(prepared.offer)
    candidates.sort(key=lambda c: (-c.offer.priority, c.offer.id))
    return PreparedStrategy(strategy, tuple(candidates), tuple(absent))


def _prepare(number: int, offer: Offer, placement: str) -> PreparedOffer:
    return PreparedOffer(
        number,
        offer.eligibility,
        -_ALWAYS_NS if offer.start_ns is None else offer.start_ns,
        _ALWAYS_NS if offer.end_ns is None else offer.end_ns,
        _by_language(offer, placement),
        offer,
    )


def _fallbacks(
    catalogue: Catalogue, decision: Decision, placement: str
) -> tuple[tuple[FallbackOffer, ByLanguage], ...]:
    offers = (catalogue.fallback_offers[n] for n in decision.fallbacks)
    pairs = ((offer, _by_language(offer, placement)) for offer in offers)
    return tuple(pair for pair in pairs if pair[1])


def _by_language(offer: Offer | FallbackOffer, placement: str) -> ByLanguage:
    return {r.language.lower(): r for r in offer.representations if r.placement == placement}
