"""A catalogue made ready to decide: names resolved, candidates in order.

Built once when a bundle is opened, so that a request only walks and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

from offerd.audience.environment import decision_environment
from offerd.decision.capping import CapRules
from offerd.decision.ranking_model import NO_MODELS, RankingModel
from offerd.decision.withholding import Rules, Withholdings
from offerd.errors import BundleError
from offerd.expression import Rule
from offerd.model.capping import DECISION_EVENT
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer, Placement, Representation
from offerd.model.decision import Selection
from offerd.model.lifecycle import Status
from offerd.model.selection import (
    Decision,
    Experiment,
    Group,
    Ranking,
    RankingMethod,
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
    dates, the open ones far away. An offer that isn't approved is never live.
    """

    number: int
    eligibility: int | None
    live_from_ns: int
    live_until_ns: int
    by_language: ByLanguage
    offer: Offer
    placement: str


class PreparedStrategy(NamedTuple):
    """A strategy at one placement; `ranking` None is by priority.

    `minimum_score` is what an offer must score at least. Of its collection `candidates` have
    something to show there, by priority, highest first, then by id; `absent` have not.
    `by_eligibility` are the candidates after the rule that rules out most of them, with what they
    are selected as by priority, and whether no cap and no rule about the offer is left to ask: for
    speed.
    """

    strategy: Strategy
    ranking: Ranking | None
    minimum_score: float
    candidates: tuple[PreparedOffer, ...]
    absent: tuple[PreparedOffer, ...]
    by_eligibility: tuple[tuple[int | None, PreparedOffer, Selection, bool], ...]


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


class Prepared:
    """The catalogue with its planned rules and, for each decision and placement, candidates.

    `rules` are the planned rules by number, `environment` what they read; `audiences` the
    planned rule of each audience that has one. `offer_rules` are the numbers of the rules that
    read `offer`, and in `rules_without_offer` these are None. `withheld` says by placement what
    policies keep from deciding there, `withholdings` what they keep from other uses. `is_shared`
    says whether what one scope shows may matter to another, even if scopes may repeat each other;
    `counts_decisions` whether caps can count what is proposed.
    By the number of an offer, `replacers` are those that replace it and `exclusions_of` the
    numbers of its exclusions. Raises BundleError if a ranking asks for a model that isn't among
    `models`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rules: Sequence[Rule],
        models: Mapping[str, RankingModel] = NO_MODELS,
    ) -> None:
        self.catalogue = catalogue
        self.rules = tuple(rules)
        self.models = models
        _verify_models(catalogue, models)
        self.environment = decision_environment(
            catalogue.schema, (audience.id for audience in catalogue.audiences)
        )
        self.cap_rules = CapRules(catalogue)
        self.audiences = {
            a.id: self.rules[a.rule] for a in catalogue.audiences if a.rule is not None
        }
        self.named_scopes: dict[str, Scope] = {s.id: s for s in catalogue.scopes}
        self.offer_rules = frozenset(
            number
            for number, rule in enumerate(self.rules)
            if "offer" in rule.checked.references.attributes
        )
        self.rules_without_offer = tuple(
            None if number in self.offer_rules else rule for number, rule in enumerate(self.rules)
        )
        self.withholdings = Withholdings(
            catalogue, Rules(self.rules, self.offer_rules, self.audiences)
        )
        self.withheld = self.withholdings.by_placement
        self.counts_decisions = any(
            counter.event == DECISION_EVENT for counter in catalogue.counters
        )
        self.is_shared = self.counts_decisions or bool(catalogue.exclusions)
        self.replacers = _inverted(offer.replaces for offer in catalogue.offers)
        self.exclusions_of = _inverted(exclusion.offers for exclusion in catalogue.exclusions)
        self._records: list[dict[str, Any] | None] = [None] * len(catalogue.offers)
        self.scopes = _Preparing(catalogue, self.offer_rules).scopes()

    def record(self, number: int) -> dict[str, Any]:
        """Returns what rules read as `offer` of the offer of a number."""
        record = self._records[number]
        if record is None:
            offer = self.catalogue.offers[number]
            built_in = {
                "id": offer.id,
                "priority": offer.priority,
                "start": offer.start_ns,
                "end": offer.end_ns,
                "tags": list(offer.tags),
            }
            present = {name: value for name, value in built_in.items() if value is not None}
            record = self._records[number] = {**offer.attributes, **present}
        return record


class _Preparing:
    """Prepares scopes; what they share is made once."""

    def __init__(self, catalogue: Catalogue, offer_rules: frozenset[int]) -> None:
        self._catalogue = catalogue
        self._offer_rules = offer_rules
        self._offers: dict[tuple[int, str], PreparedOffer] = {}
        self._strategies: dict[tuple[int, str], PreparedStrategy] = {}
        self._fallbacks: dict[str, tuple[Offer | FallbackOffer, int | None]] = {
            offer.id: (offer, None) for offer in catalogue.fallback_offers
        }
        self._fallbacks.update(
            (offer.id, (offer, number))
            for number, offer in enumerate(catalogue.offers)
            if offer.status is Status.APPROVED
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
        return tuple(
            PreparedGroup(
                tuple(self._strategy(number, placement) for number in group.strategies),
                tuple(self._offer(number, placement) for number in group.offers),
            )
            for group in groups
            if not group.placements or placement in group.placements
        )

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
        selections = {c.offer.priority: _by_priority(strategy, c.offer) for c in candidates}
        made = PreparedStrategy(
            strategy,
            ranking,
            minimum_score,
            tuple(candidates),
            absent,
            tuple(
                (
                    candidate.eligibility,
                    candidate,
                    selections[candidate.offer.priority],
                    self._is_settled(strategy, candidate.offer),
                )
                for candidate in candidates
            ),
        )
        self._strategies[number, placement] = made
        return made

    def _is_settled(self, strategy: Strategy, offer: Offer) -> bool:
        """Whether an offer is eligible if it is live and its rules hold, whatever the offer."""
        rules = {strategy.constraint, offer.eligibility}
        return not offer.caps and self._offer_rules.isdisjoint(rules)

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
            )
        return known

    def _fallbacks_of(self, decision: Decision, placement: str) -> tuple[PreparedFallback, ...]:
        found = (self._fallbacks[name] for name in decision.fallbacks if name in self._fallbacks)
        prepared = (
            PreparedFallback(offer, number, _by_language(offer, placement))
            for offer, number in found
        )
        return tuple(fallback for fallback in prepared if fallback.by_language)


def _by_priority(strategy: Strategy, offer: Offer) -> Selection:
    return Selection(strategy, RankingMethod.PRIORITY, "", float(offer.priority))


def _by_language(offer: Offer | FallbackOffer, placement: str) -> ByLanguage:
    return {r.language.lower(): r for r in offer.representations if r.placement == placement}


def _inverted(lists: Iterable[Iterable[int]]) -> dict[int, tuple[int, ...]]:
    """Returns for each number the places of the lists that hold it."""
    found: dict[int, list[int]] = {}
    for place, numbers in enumerate(lists):
        for number in numbers:
            found.setdefault(number, []).append(place)
    return {number: tuple(places) for number, places in found.items()}


def _verify_models(catalogue: Catalogue, models: Mapping[str, RankingModel]) -> None:
    for ranking in catalogue.rankings:
        if ranking.method is RankingMethod.MODEL and ranking.model not in models:
            known = ", ".join(f"`{name}`" for name in sorted(models)) or "none"
            raise BundleError(
                f"ranking `{ranking.id}` asks for model `{ranking.model}`, which isn't "
                f"registered; registered: {known}"
            )
