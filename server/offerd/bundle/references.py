"""That every number and name in a bundle points at something.

The compiler makes no others; a bundle from elsewhere might, and then it is refused when it
is opened rather than failing a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.contact import CONTACT_EVENT
from offerd.model.selection import Group


def verify_references(catalogue: Catalogue, content_count: int) -> None:
    """Raises BundleError at the first reference to nothing, or id that is there twice."""
    _verify_distinct(catalogue)
    placements = {placement.id for placement in catalogue.placements}
    decisions = {decision.id: decision for decision in catalogue.decisions}
    rules = range(len(catalogue.rules))
    for audience in catalogue.audiences:
        _inside(rules, _given(audience.rule), f"audience `{audience.id}`")
    offers: tuple[Offer | FallbackOffer, ...] = (*catalogue.offers, *catalogue.fallback_offers)
    for offer in offers:
        _verify_offer(offer, rules, placements, content_count)
    for collection in catalogue.collections:
        _inside(range(len(catalogue.offers)), collection.offers, f"collection `{collection.id}`")
    shown = {offer.id for offer in offers}
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
    _verify_counted(catalogue, placements)
    _verify_ranked(catalogue, rules)
    _verify_channels(catalogue)


def _verify_groups(
    catalogue: Catalogue, groups: Iterable[Group], served: Container[str], where: str
) -> None:
    for group in groups:
        _inside(served, group.placements, where)
        _inside(range(len(catalogue.strategies)), group.strategies, where)
        _inside(range(len(catalogue.offers)), group.offers, where)


def _verify_counted(catalogue: Catalogue, placements: set[str]) -> None:
    filters = range(len(catalogue.event_filters))
    offers = range(len(catalogue.offers))
    for aggregate in catalogue.schema.aggregates:
        where = f"aggregate `{aggregate.id}`"
        _inside(filters, _given(aggregate.where), where)
        for step in () if aggregate.sequence is None else aggregate.sequence.steps:
            _inside(filters, _given(step.where), where)
    channels = {channel.id for channel in catalogue.channels}
    for counter in catalogue.counters:
        where = f"counter `{counter.key}`"
        _inside(filters, _given(counter.where), where)
        _inside(offers, counter.offers or (), where)
        counted = channels if counter.event == CONTACT_EVENT else placements
        _inside(counted, counter.placements, where)
    for offer in catalogue.offers:
        where = f"offer `{offer.id}`"
        _inside(range(len(catalogue.counters)), (cap.counter for cap in offer.caps), where)
        _inside(placements, (name for cap in offer.caps for name in cap.placements), where)


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
    offers = [offer.id for offer in catalogue.offers]
    tables = {
        "audience": [audience.id for audience in catalogue.audiences],
        "library": [library.id for library in catalogue.libraries],
        "placement": [placement.id for placement in catalogue.placements],
        "offer": [*offers, *(fallback.id for fallback in catalogue.fallback_offers)],
        "decision": [decision.id for decision in catalogue.decisions],
        "scope": [scope.id for scope in catalogue.scopes],
        "counter": [counter.key for counter in catalogue.counters],
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
        if len(set(ids)) < len(ids):
            twice = next(name for name, count in Counter(ids).items() if count > 1)
            raise BundleError(f"{noun} `{twice}` is there twice")


def _verify_offer(
    offer: Offer | FallbackOffer, rules: range, placements: set[str], content_count: int
) -> None:
    where = f"offer `{offer.id}`"
    if isinstance(offer, Offer):
        _inside(rules, _given(offer.eligibility), where)
        _inside(rules, (n for cap in offer.caps for n in _given(cap.limit_rule)), where)
    _inside(placements, (r.placement for r in offer.representations), where)
    _inside(range(content_count), (r.content for r in offer.representations), where)


def _given(number: int | None) -> list[int]:
    return [] if number is None else [number]


def _inside(known: Container[object], references: Iterable[object], where: str) -> None:
    for reference in references:
        if reference not in known:
            raise BundleError(f"{where} refers to `{reference}`, which isn't there")
