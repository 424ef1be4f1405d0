"""That every number and name in a bundle points at something.

The compiler makes no others; a bundle from elsewhere might, and then it is refused when it
is opened rather than failing a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Set

from offerd.errors import BundleError
from offerd.model.capping import Counter as CapCounter
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.contact import CONTACT_EVENT
from offerd.model.selection import Group


def verify_references(catalogue: Catalogue, shown: Set[str]) -> None:
    """Raises BundleError at the first reference to nothing, or id that is there twice.

    Those of offers and counters aside, which `OfferReferences` and `CounterReferences` verify.
    `shown` are the ids among those that decisions fall back on that some offer has.
    """
    _verify_distinct(catalogue)
    placements = {placement.id for placement in catalogue.placements}
    decisions = {decision.id: decision for decision in catalogue.decisions}
    rules = range(len(catalogue.rules))
    for audience in catalogue.audiences:
        _inside(rules, _given(audience.rule), f"audience `{audience.id}`")
    for collection in catalogue.collections:
        _inside(range(len(catalogue.offers)), collection.offers, f"collection `{collection.id}`")
    for decision in catalogue.decisions:
        where = f"decision `{decision.id}`"
        _verify_groups(catalogue, decision.groups, decision.placements, where)
        _inside(shown, decision.fallbacks, where)
        _inside(placements, decision.placements, where)
    for experiment in catalogue.experiments:
        where = f"experiment `{experiment.id}`"
        _inside(decisions, [experiment.decision], where)
        for arm in experiment.arms:
            served = decisions[experiment.decision].placements
            _verify_groups(catalogue, arm.groups or (), served, where)
    for scope in catalogue.scopes:
        _inside(decisions, [scope.decision], f"scope `{scope.id}`")
        _inside(decisions[scope.decision].placements, [scope.placement], f"scope `{scope.id}`")
    _verify_counted(catalogue)
    _verify_ranked(catalogue, rules)
    _verify_channels(catalogue)


def _verify_groups(
    catalogue: Catalogue, groups: Iterable[Group], served: Container[str], where: str
) -> None:
    for group in groups:
        _inside(served, group.placements, where)
        _inside(range(len(catalogue.strategies)), group.strategies, where)
        _inside(range(len(catalogue.offers)), group.offers, where)


def _verify_counted(catalogue: Catalogue) -> None:
    filters = range(len(catalogue.event_filters))
    for aggregate in catalogue.schema.aggregates:
        where = f"aggregate `{aggregate.id}`"
        _inside(filters, _given(aggregate.where), where)
        for step in () if aggregate.sequence is None else aggregate.sequence.steps:
            _inside(filters, _given(step.where), where)


class CounterReferences:
    """Verifies what counters refer to."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._filters = range(len(catalogue.event_filters))
        self._offers = range(len(catalogue.offers))
        self._channels = {channel.id for channel in catalogue.channels}
        self._placements = {placement.id for placement in catalogue.placements}

    def verify(self, counter: CapCounter, where: str) -> None:
        """Raises BundleError at the first reference to nothing."""
        if counter.where is not None:
            _inside(self._filters, (counter.where,), where)
        _inside(self._offers, counter.offers or (), where)
        counted = self._channels if counter.event == CONTACT_EVENT else self._placements
        _inside(counted, counter.placements, where)


class OfferReferences:
    """Verifies what offers and fallback offers refer to; `contents` is how many there are."""

    def __init__(self, catalogue: Catalogue, contents: int) -> None:
        self._rules = range(len(catalogue.rules))
        self._counters = range(len(catalogue.counters))
        self._contents = range(contents)
        self._placements = {placement.id for placement in catalogue.placements}

    def verify(self, offer: Offer | FallbackOffer, where: str) -> None:
        """Raises BundleError at the first reference to nothing."""
        if isinstance(offer, Offer):
            if offer.eligibility is not None:
                _inside(self._rules, (offer.eligibility,), where)
            for cap in offer.caps:
                _inside(self._counters, (cap.counter,), where)
                _inside(self._rules, _given(cap.limit_rule), where)
                _inside(self._placements, cap.placements, where)
        for representation in offer.representations:
            _inside(self._placements, (representation.placement,), where)
            _inside(self._contents, (representation.content,), where)


def _verify_ranked(catalogue: Catalogue, rules: range) -> None:
    offers = range(len(catalogue.offers))
    for strategy in catalogue.strategies:
        where = f"strategy `{strategy.id}`"
        _inside(range(len(catalogue.collections)), [strategy.collection], where)
        _inside(rules, _given(strategy.constraint), where)
        _inside(range(len(catalogue.rankings)), _given(strategy.ranking), where)
    for ranking in catalogue.rankings:
        where = f"ranking `{ranking.id}`"
        _inside(rules, _given(ranking.formula), where)
        _inside(rules, (n for one in ranking.boosts for n in (one.when, one.score)), where)
        _inside(range(len(catalogue.score_tables)), _given(ranking.table), where)
    for table in catalogue.score_tables:
        where = f"table of scores `{table.id}`"
        _inside(rules, [table.segment], where)
        _inside(offers, (number for scores in table.scores.values() for number in scores), where)
    for exclusion in catalogue.exclusions:
        where = f"exclusion `{exclusion.id}`"
        _inside(offers, exclusion.offers, where)
        _inside(rules, _given(exclusion.when), where)


def _verify_channels(catalogue: Catalogue) -> None:
    channels = {channel.id for channel in catalogue.channels}
    namespaces = {namespace.id for namespace in catalogue.schema.namespaces}
    for channel in catalogue.channels:
        where = f"channel `{channel.id}`"
        _inside(namespaces, channel.namespaces, where)
        _inside(range(len(catalogue.counters)), (cap.counter for cap in channel.caps), where)
        _inside(channels, (name for cap in channel.caps for name in cap.placements), where)


def _verify_distinct(catalogue: Catalogue) -> None:
    tables = {
        "audience": [audience.id for audience in catalogue.audiences],
        "library": [library.id for library in catalogue.libraries],
        "placement": [placement.id for placement in catalogue.placements],
        "offer": [offer.id for offer in catalogue.fallback_offers],
        "decision": [decision.id for decision in catalogue.decisions],
        "scope": [scope.id for scope in catalogue.scopes],
        "ranking": [ranking.id for ranking in catalogue.rankings],
        "exclusion": [exclusion.id for exclusion in catalogue.exclusions],
        "namespace": [namespace.id for namespace in catalogue.schema.namespaces],
        "aggregate": [aggregate.id for aggregate in catalogue.schema.aggregates],
        "score": [score.id for score in catalogue.schema.scores],
        "policy": [policy.id for policy in catalogue.policies],
        "channel": [channel.id for channel in catalogue.channels],
        "experiment": [experiment.id for experiment in catalogue.experiments],
    }
    for noun, ids in tables.items():
        verify_distinct(noun, ids)


def verify_distinct(noun: str, ids: Iterable[str]) -> None:
    """Raises BundleError if one of the ids is there twice."""
    twice = next((name for name, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise BundleError(f"{noun} `{twice}` is there twice")


def _given(number: int | None) -> list[int]:
    return [] if number is None else [number]


def _inside(known: Container[object], references: Iterable[object], where: str) -> None:
    for reference in references:
        if reference not in known:
            raise BundleError(f"{where} refers to `{reference}`, which isn't there")
