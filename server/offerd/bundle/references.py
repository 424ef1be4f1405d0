"""That every number and name in a bundle points at something.

The compiler makes no others; a bundle from elsewhere might, and then it is refused when it
is opened rather than failing a request.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from offerd import expression as ex
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer


def verify_references(catalogue: Catalogue, content_count: int) -> None:
    """Raises BundleError at the first reference to nothing, or cycle among audiences."""
    placements = {placement.id for placement in catalogue.placements}
    decisions = {decision.id: decision for decision in catalogue.decisions}
    rules = range(len(catalogue.rules))
    for audience in catalogue.audiences:
        _inside(rules, [audience.rule], f"audience `{audience.id}`")
    offers: tuple[Offer | FallbackOffer, ...] = (*catalogue.offers, *catalogue.fallback_offers)
    for offer in offers:
        _verify_offer(offer, rules, placements, content_count)
    for collection in catalogue.collections:
        _inside(range(len(catalogue.offers)), collection.offers, f"collection `{collection.id}`")
    for strategy in catalogue.strategies:
        where = f"strategy `{strategy.id}`"
        _inside(range(len(catalogue.collections)), [strategy.collection], where)
        _inside(rules, [] if strategy.constraint is None else [strategy.constraint], where)
    for decision in catalogue.decisions:
        where = f"decision `{decision.id}`"
        _inside(range(len(catalogue.strategies)), decision.strategies, where)
        _inside(range(len(catalogue.fallback_offers)), decision.fallbacks, where)
        _inside(placements, decision.placements, where)
    for scope in catalogue.scopes:
        _inside(decisions, [scope.decision], f"scope `{scope.id}`")
        _inside(decisions[scope.decision].placements, [scope.placement], f"scope `{scope.id}`")
    for aggregate in catalogue.schema.aggregates:
        filters = [] if aggregate.where is None else [aggregate.where]
        _inside(range(len(catalogue.event_filters)), filters, f"aggregate `{aggregate.id}`")
    _verify_acyclic(catalogue)


def _verify_offer(
    offer: Offer | FallbackOffer, rules: range, placements: set[str], content_count: int
) -> None:
    where = f"offer `{offer.id}`"
    if isinstance(offer, Offer) and offer.eligibility is not None:
        _inside(rules, [offer.eligibility], where)
    _inside(placements, (r.placement for r in offer.representations), where)
    _inside(range(content_count), (r.content for r in offer.representations), where)


def _inside(known: Container[object], references: Iterable[object], where: str) -> None:
    for reference in references:
        if reference not in known:
            raise BundleError(f"{where} refers to `{reference}`, which isn't there")


def _verify_acyclic(catalogue: Catalogue) -> None:
    uses = {
        audience.id: ex.decode(catalogue.rules[audience.rule].tree).references.lookups.get(
            "audience", ()
        )
        for audience in catalogue.audiences
    }
    done: set[str] = set()

    def visit(audience: str, path: tuple[str, ...]) -> None:
        if audience in path:
            raise BundleError(f"audience `{audience}` depends on itself")
        if audience in done:
            return
        for used in uses.get(audience, ()):
            visit(used, (*path, audience))
        done.add(audience)

    for audience in uses:
        visit(audience, ())
