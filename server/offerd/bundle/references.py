"""That every number and name in a bundle points at something.

The compiler makes no others; a bundle from elsewhere might, and then it is refused when it
is opened rather than failing a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from offerd import expression as ex
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer

MAXIMUM_AUDIENCE_DEPTH = 32
"""How many audiences may ask for each other in a chain; definitions can't have more either."""


def verify_references(catalogue: Catalogue, content_count: int) -> None:
    """Raises BundleError at the first reference to nothing, or id that is there twice."""
    _verify_distinct(catalogue)
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


def _verify_distinct(catalogue: Catalogue) -> None:
    offers = [offer.id for offer in catalogue.offers]
    tables = {
        "audience": [audience.id for audience in catalogue.audiences],
        "placement": [placement.id for placement in catalogue.placements],
        "offer": [*offers, *(fallback.id for fallback in catalogue.fallback_offers)],
        "decision": [decision.id for decision in catalogue.decisions],
        "scope": [scope.id for scope in catalogue.scopes],
    }
    for noun, ids in tables.items():
        if len(set(ids)) < len(ids):
            twice = next(name for name, count in Counter(ids).items() if count > 1)
            raise BundleError(f"{noun} `{twice}` is there twice")


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


def verify_chains(catalogue: Catalogue, trees: Sequence[ex.Checked]) -> None:
    """Raises BundleError if audiences ask for each other in a circle, or in too long a chain.

    `trees` are the decoded rules, by number. Nothing is recursive here, since the length of
    chains isn't known yet.
    """
    asked = {
        audience.id: trees[audience.rule].references.lookups.get("audience", ())
        for audience in catalogue.audiences
    }
    depths: dict[str, int] = {}
    for root, names in asked.items():
        path = {root: iter(names)} if root not in depths else {}
        while path:
            audience, rest = next(reversed(path.items()))
            following = next((name for name in rest if name not in depths), None)
            if following is None:
                path.popitem()
                depths[audience] = _depth(audience, asked.get(audience, ()), depths)
            elif following in path:
                raise BundleError(f"audience `{following}` depends on itself")
            else:
                path[following] = iter(asked.get(following, ()))


def _depth(audience: str, asked: Iterable[str], depths: Mapping[str, int]) -> int:
    depth = 1 + max((depths[name] for name in asked), default=0)
    if depth > MAXIMUM_AUDIENCE_DEPTH:
        raise BundleError(
            f"audience `{audience}` asks through {depth} levels of audiences, "
            f"at most {MAXIMUM_AUDIENCE_DEPTH} expected"
        )
    return depth
