"""Making what is prepared of a catalogue; what several decisions and placements share, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple

from offerd.decision.candidates import (
    MOST_KEPT,
    ByLanguage,
    Candidates,
    Items,
    PlainScope,
    PreparedExperiment,
    PreparedFallback,
    PreparedGroup,
    PreparedOffer,
    PreparedScope,
    PreparedStrategy,
    ScoredItems,
)
from offerd.decision.languages import DEFAULT_LANGUAGE
from offerd.decision.outline import Outline, Shown, live_between
from offerd.decision.rule_index import RuleIndex
from offerd.decision.shelves import Shelves
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.decision import Item
from offerd.model.lifecycle import Status
from offerd.model.numbering import numbers_of
from offerd.model.selection import Decision, Experiment, Group, RankingMethod, Ties

_LEAST_KEPT: Final = 2_048
"""So many candidates of each strategy stay made, at least."""

_Steps = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
"""What tells the steps of decisions apart: the numbers of their strategies and offers."""


class _Kept(NamedTuple):
    """What strategies with the same candidates and table share: see `PreparedStrategy`."""

    orders: dict[str | None, Any]
    columns: dict[str, Any]
    arrays: dict[int, Any]


class _Making:
    """Makes candidates whenever they are looked at, for as long as somebody looks.

    It knows nothing of what keeps them, so that a catalogue goes with its last user.
    """

    def __init__(self, catalogue: Catalogue, offer_rules: frozenset[int], outline: Outline) -> None:
        self._offers = catalogue.offers
        self._counters = catalogue.counters
        self._offer_rules = offer_rules
        self._outline = outline
        self._kept: dict[int, Offer] = {}

    def to_keep(self, placement: str, number: int) -> PreparedOffer:
        """Returns the candidate that an offer is at a placement, to be kept.

        All that are made of one offer share it, wherever they are kept.
        """
        kept = self._kept
        if number not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[number] = self._offers[number]
        return self.at(placement, number)

    def at(self, placement: str, number: int) -> PreparedOffer:
        """Returns the candidate that an offer is at a placement."""
        offer, outline = self._kept.get(number), self._outline
        if offer is None:
            offer = self._offers[number]
        from_ns, until_ns = outline.dates[number]
        return PreparedOffer(
            number,
            offer.eligibility,
            from_ns,
            until_ns,
            _by_language(offer, placement),
            offer,
            placement,
            bool(outline.is_settled[number]) and offer.eligibility not in self._offer_rules,
            tuple([self._counters[cap.counter].key for cap in offer.caps]),
        )


class Preparing:
    """Prepares scopes; what they share is made once."""

    def __init__(
        self,
        catalogue: Catalogue,
        offer_rules: frozenset[int],
        index: RuleIndex,
        outline: Outline,
    ) -> None:
        self._catalogue = catalogue
        self._offer_rules = offer_rules
        self._index = index
        self._outline = outline
        self._making = _Making(catalogue, offer_rules, outline)
        served = sum(len(decision.placements) for decision in catalogue.decisions)
        shares = served * max(1, len(catalogue.strategies))
        self._most_kept = max(_LEAST_KEPT, MOST_KEPT // max(1, shares))
        self._here: dict[str, dict[Shown, frozenset[str]]] = {}
        self._offers: dict[tuple[int, str], PreparedOffer] = {}
        self._strategies: dict[tuple[int, str], PreparedStrategy] = {}
        self._shelved: dict[tuple[int, ...], Shelves] = {}
        self._kept: dict[tuple[int, int | None], _Kept] = {}
        self._steps: dict[tuple[str, _Steps], tuple[PreparedGroup, ...]] = {}
        self._orders: dict[tuple[int, int | None, int | None], int] = {}
        self._fallbacks: dict[str, tuple[Offer | FallbackOffer, int | None]] = {
            offer.id: (offer, None) for offer in catalogue.fallback_offers
        }
        wanted = {name for decision in catalogue.decisions for name in decision.fallbacks}
        wanted.difference_update(self._fallbacks)
        numbers = numbers_of(catalogue.offers) if wanted else {}
        for name in wanted & numbers.keys():
            offer = catalogue.offers[numbers[name]]
            if offer.status is Status.APPROVED:
                self._fallbacks[name] = offer, numbers[name]

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
        outline = self._outline
        collected = self._catalogue.collections[strategy.collection].offers
        here = self._languages_at(placement)
        numbers = [n for n in outline.best_first(collected) if here[outline.shown[n]]]
        absent = [number for number in collected if not here[outline.shown[number]]]
        make = partial(self._making.at, placement)
        to_keep = partial(self._making.to_keep, placement)
        candidates = Candidates(numbers, make, to_keep, self._most_kept)
        shelves = self._shelves(tuple(numbers))
        table = None if ranking is None else ranking.table
        kept = self._kept.setdefault((id(shelves), table), _Kept({}, {}, {}))
        is_settled = strategy.constraint not in self._offer_rules
        is_ruled = is_settled and all(
            outline.rules[n] not in self._offer_rules and DEFAULT_LANGUAGE in here[outline.shown[n]]
            for n in numbers
        )
        order = id(shelves), strategy.constraint, strategy.ranking
        made = PreparedStrategy(
            strategy,
            ranking,
            minimum_score,
            candidates,
            Candidates(absent, make, to_keep, self._most_kept),
            tuple(self._offer(n, placement) for n in numbers if n in outline.replaces),
            shelves,
            is_settled,
            is_ruled,
            is_ruled and all(outline.is_settled[n] for n in numbers),
            any(outline.is_capped[n] for n in numbers),
            all(len(here[outline.shown[n]]) == 1 for n in numbers),
            {},
            Items(strategy, candidates.numbers, to_keep, self._most_kept),
            self._orders.setdefault(order, len(self._orders)),
            *kept,
        )
        candidates.forget_with(made.found, made.items)
        self._strategies[number, placement] = made
        return made

    def _languages_at(self, placement: str) -> dict[Shown, frozenset[str]]:
        """Returns what all that offers show is shown in at a placement."""
        known = self._here.get(placement)
        if known is None:
            shapes = self._outline.shapes
            known = self._here[placement] = {one: _languages(one, placement) for one in shapes}
        return known

    def _shelves(self, numbers: tuple[int, ...]) -> Shelves:
        """Returns shelves; placements at which the same offers are shown share them."""
        known = self._shelved.get(numbers)
        if known is None:
            places, outline = self._index.places, self._outline
            known = self._shelved[numbers] = Shelves(
                [places[outline.rules[number]] for number in numbers],
                [outline.dates[number] for number in numbers],
                len(self._index.order),
            )
        return known

    def _offer(self, number: int, placement: str) -> PreparedOffer:
        known = self._offers.get((number, placement))
        if known is None:
            known = self._offers[number, placement] = self._making.at(placement, number)
        return known

    def _fallbacks_of(self, decision: Decision, placement: str) -> tuple[PreparedFallback, ...]:
        found = (self._fallbacks[name] for name in decision.fallbacks if name in self._fallbacks)
        prepared = (
            PreparedFallback(offer, number, _by_language(offer, placement))
            for offer, number in found
        )
        return tuple(fallback for fallback in prepared if fallback.by_language)


def plain_scopes(
    scopes: Mapping[tuple[str, str], PreparedScope],
    elsewhere: Collection[str],
    *,
    capped: bool = False,
) -> dict[tuple[str, str], PlainScope]:
    """Returns those of some scopes of which rules alone decide, `elsewhere` being other placements.

    Of a catalogue without exclusions, replacers and caps that count what is decided; `capped`, of
    one with caps of any kind, those of which rules by priority and caps alone decide.
    """
    return {
        key: _plain(scope)
        for key, scope in scopes.items()
        if scope.decision.ties is Ties.ID
        and scope.placement.id not in elsewhere
        and not scope.experiments
        and len(scope.groups) == 1
        and len(strategies := scope.groups[0].strategies) == 1
        and (_is_ruled(strategies[0]) if capped else strategies[0].is_plain)
    }


def _plain(scope: PreparedScope) -> PlainScope:
    decision, (strategy,) = scope.decision, scope.groups[0].strategies
    show: Callable[[Any], Item] | None = None
    ranking = strategy.ranking
    if not strategy.is_in_one_language:
        show = None
    elif ranking is None:
        show = strategy.items.__getitem__
    elif ranking.method is RankingMethod.TABLE:
        show = ScoredItems(strategy.strategy, ranking, strategy.candidates).__getitem__
    return PlainScope(
        *live_between(decision.status, decision.start_ns, decision.end_ns),
        strategy.is_capped,
        strategy.order,
        strategy,
        show,
        bool(scope.fallbacks),
        decision.top_up,
    )


def _is_ruled(strategy: PreparedStrategy) -> bool:
    return strategy.ranking is None and strategy.is_ruled


def _languages(shown: Shown, placement: str) -> frozenset[str]:
    return frozenset(language for where, language in shown if where == placement)


def _by_language(offer: Offer | FallbackOffer, placement: str) -> ByLanguage:
    return {r.language.lower(): r for r in offer.representations if r.placement == placement}
