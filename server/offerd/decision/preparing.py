"""Making what is prepared of a catalogue; what several decisions and placements share, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, NamedTuple

from offerd.decision.candidates import (
    ByLanguage,
    PreparedExperiment,
    PreparedFallback,
    PreparedGroup,
    PreparedOffer,
    PreparedScope,
    PreparedStrategy,
)
from offerd.decision.languages import DEFAULT_LANGUAGE
from offerd.decision.rule_index import RuleIndex
from offerd.decision.shelves import Dates, Shelves
from offerd.model.capping import DECISION_EVENT, CapSubject
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.lifecycle import Status
from offerd.model.selection import Decision, Experiment, Group

_ALWAYS_NS = 1 << 80
"""Later than any instant, and negated earlier: open dates become comparable."""

_Steps = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
"""What tells the steps of decisions apart: the numbers of their strategies and offers."""


class _Kept(NamedTuple):
    """What strategies with the same candidates and table share: see `PreparedStrategy`."""

    orders: dict[str | None, Any]
    columns: dict[str, Any]
    arrays: dict[int, Any]


class Preparing:
    """Prepares scopes; what they share is made once."""

    def __init__(self, catalogue: Catalogue, offer_rules: frozenset[int], index: RuleIndex) -> None:
        self._catalogue = catalogue
        self._offer_rules = offer_rules
        self._index = index
        self._offers: dict[tuple[int, str], PreparedOffer] = {}
        self._strategies: dict[tuple[int, str], PreparedStrategy] = {}
        self._dates: dict[Dates, Dates] = {}
        self._shelved: dict[tuple[int, ...], Shelves] = {}
        self._kept: dict[tuple[int, int | None], _Kept] = {}
        self._steps: dict[tuple[str, _Steps], tuple[PreparedGroup, ...]] = {}
        self._fallbacks: dict[str, tuple[Offer | FallbackOffer, int | None]] = {
            offer.id: (offer, None) for offer in catalogue.fallback_offers
        }
        wanted = {name for decision in catalogue.decisions for name in decision.fallbacks}
        self._fallbacks.update(
            (offer.id, (offer, number))
            for number, offer in enumerate(catalogue.offers)
            if offer.id in wanted and offer.status is Status.APPROVED
        )

    def scopes(self) -> dict[tuple[str, str], PreparedScope]:
        """Returns what answers each pair of a decision and one of its placements."""
        placements = {p.id: p for p in self._catalogue.placements}
        experiments: dict[str, list[Experiment]] = {}
        for experiment in self._catalogue.experiments:
            if experiment.status is not Status.ARCHIVED:
                experiments.setdefault(experiment.decision, []).append(experiment)
        return {
            (decision.id, placement): PreparedScope(
                decision,
                placements[placement],
                (own := self._groups(decision.groups, placement)),
                self._fallbacks_of(decision, placement),
                tuple(
                    self._experiment(experiment, own, placement)
                    for experiment in experiments.get(decision.id, ())
                ),
            )
            for decision in self._catalogue.decisions
            for placement in decision.placements
        }

    def _experiment(
        self, experiment: Experiment, own: tuple[PreparedGroup, ...], placement: str
    ) -> PreparedExperiment:
        arms = {
            arm.id: own if arm.groups is None else self._groups(arm.groups, placement)
            for arm in experiment.arms
        }
        return PreparedExperiment(experiment, arms)

    def _groups(self, groups: Iterable[Group], placement: str) -> tuple[PreparedGroup, ...]:
        """Returns the steps at a placement; equal ones are one, so that they are told by it."""
        taken = [group for group in groups if not group.placements or placement in group.placements]
        key = placement, tuple((group.strategies, group.offers) for group in taken)
        known = self._steps.get(key)
        if known is None:
            known = self._steps[key] = tuple(
                PreparedGroup(
                    tuple(self._strategy(number, placement) for number in group.strategies),
                    tuple(self._offer(number, placement) for number in group.offers),
                )
                for group in taken
            )
        return known

    def _strategy(self, number: int, placement: str) -> PreparedStrategy:
        known = self._strategies.get((number, placement))
        if known is not None:
            return known
        strategy = self._catalogue.strategies[number]
        ranking, minimum_score = None, -inf
        if strategy.ranking is not None:
            ranking = self._catalogue.rankings[strategy.ranking]
            if ranking.minimum_score is not None:
                minimum_score = ranking.minimum_score
        found = [
            self._offer(offer, placement)
            for offer in self._catalogue.collections[strategy.collection].offers
        ]
        candidates = [candidate for candidate in found if candidate.by_language]
        candidates.sort(key=lambda c: (-c.offer.priority, c.offer.id))
        absent = tuple(candidate for candidate in found if not candidate.by_language)
        shelves = self._shelves(candidates)
        table = None if ranking is None else ranking.table
        kept = self._kept.setdefault((id(shelves), table), _Kept({}, {}, {}))
        is_settled = strategy.constraint not in self._offer_rules
        made = PreparedStrategy(
            strategy,
            ranking,
            minimum_score,
            tuple(candidates),
            absent,
            tuple(candidate for candidate in candidates if candidate.offer.replaces),
            shelves,
            is_settled,
            is_settled
            and all(c.is_settled and DEFAULT_LANGUAGE in c.by_language for c in candidates),
            any(candidate.capped_by for candidate in candidates),
            {},
            *kept,
        )
        self._strategies[number, placement] = made
        return made

    def _shelves(self, candidates: Sequence[PreparedOffer]) -> Shelves:
        """Returns shelves; placements at which the same offers are shown share them."""
        numbers = tuple(candidate.number for candidate in candidates)
        known = self._shelved.get(numbers)
        if known is not None:
            return known
        index, dates = self._index, self._dates
        own = [Dates(candidate.live_from_ns, candidate.live_until_ns) for candidate in candidates]
        made = Shelves(
            [index.places[candidate.eligibility] for candidate in candidates],
            [dates.setdefault(one, one) for one in own],
            len(index.order),
        )
        self._shelved[numbers] = made
        return made

    def _offer(self, number: int, placement: str) -> PreparedOffer:
        known = self._offers.get((number, placement))
        if known is None:
            offer = self._catalogue.offers[number]
            start_ns = -_ALWAYS_NS if offer.start_ns is None else offer.start_ns
            end_ns = _ALWAYS_NS if offer.end_ns is None else offer.end_ns
            if offer.status is not Status.APPROVED:
                start_ns = _ALWAYS_NS
            known = self._offers[number, placement] = PreparedOffer(
                number,
                offer.eligibility,
                start_ns,
                end_ns,
                _by_language(offer, placement),
                offer,
                placement,
                *self._settled(offer),
            )
        return known

    def _settled(self, offer: Offer) -> tuple[bool, tuple[str, ...]]:
        """Returns what `PreparedOffer` says as `is_settled` and `capped_by`."""
        counters = [self._catalogue.counters[cap.counter] for cap in offer.caps]
        caps = zip(offer.caps, counters, strict=True)
        is_settled = offer.eligibility not in self._offer_rules and all(
            counter.subject is CapSubject.PROFILE
            and counter.event != DECISION_EVENT
            and cap.limit_rule is None
            and cap.limit > 0
            for cap, counter in caps
        )
        return is_settled, tuple(counter.key for counter in counters)

    def _fallbacks_of(self, decision: Decision, placement: str) -> tuple[PreparedFallback, ...]:
        found = (self._fallbacks[name] for name in decision.fallbacks if name in self._fallbacks)
        prepared = (
            PreparedFallback(offer, number, _by_language(offer, placement))
            for offer, number in found
        )
        return tuple(fallback for fallback in prepared if fallback.by_language)


def _by_language(offer: Offer | FallbackOffer, placement: str) -> ByLanguage:
    return {r.language.lower(): r for r in offer.representations if r.placement == placement}
