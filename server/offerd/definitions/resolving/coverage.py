"""Whether everything that can be asked for can be shown, and what nothing asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from offerd.definitions.documents import (
    CollectionDocument,
    DecisionDocument,
    FallbackOfferDocument,
    OfferDocument,
    PlacementDocument,
    StrategyDocument,
)
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.names import Table
from offerd.definitions.wording import listed
from offerd.model.catalogue import Catalogue


class Tables(NamedTuple):
    """The definitions that the tables of a catalogue were made of."""

    placements: Table[PlacementDocument]
    offers: Table[OfferDocument]
    fallbacks: Table[FallbackOfferDocument]
    collections: Table[CollectionDocument]
    strategies: Table[StrategyDocument]
    decisions: Table[DecisionDocument]


def check_coverage(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    """Reports offers that can't be shown where they are asked for, and places without fallback."""
    _check_offers(catalogue, tables, findings)
    for decision, entry in zip(catalogue.decisions, tables.decisions, strict=True):
        offers = [catalogue.fallback_offers[number] for number in decision.fallbacks]
        shown = {(r.placement, r.language) for offer in offers for r in offer.representations}
        anywhere = {placement for placement, _ in shown}
        for placement in decision.placements:
            index = entry.document.placements.index(placement)
            place = entry.place("placements", index)
            if placement not in anywhere:
                names = (decision.id, *entry.document.fallbacks)
                unknown = len(decision.fallbacks) < len(entry.document.fallbacks)
                if not unknown and not any(findings.is_doubtful(name) for name in names):
                    message = f"no fallback offer of `{decision.id}` has a representation for"
                    findings.mistake(place, f"{message} `{placement}`")
            elif (placement, "") not in shown:
                message = (
                    f"no fallback offer of `{decision.id}` has a representation in the default"
                )
                findings.warn(place, f"{message} language for `{placement}`")


def _check_offers(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    asking = _asking_placements(catalogue)
    for offer, entry, placements in zip(catalogue.offers, tables.offers, asking, strict=True):
        if not placements or len(entry.document.representations) > len(offer.representations):
            continue
        if not any(r.placement in placements for r in offer.representations):
            if findings.is_doubtful(offer.id):
                continue
            message = f"`{offer.id}` has no representation for a placement that asks for it"
            findings.mistake(entry.place("id"), f"{message}: {listed(sorted(placements))}")


def _asking_placements(catalogue: Catalogue) -> list[frozenset[str]]:
    """For each offer the placements that decisions may show it at."""
    by_collection: list[set[str]] = [set() for _ in catalogue.collections]
    for decision in catalogue.decisions:
        for number in decision.strategies:
            collection = catalogue.strategies[number].collection
            if collection >= 0:
                by_collection[collection].update(decision.placements)
    asking: list[frozenset[str]] = [frozenset()] * len(catalogue.offers)
    shared: dict[frozenset[str], frozenset[str]] = {}
    for collection_, placements in zip(catalogue.collections, by_collection, strict=True):
        for number in collection_.offers:
            joined = asking[number] | placements
            asking[number] = shared.setdefault(joined, joined)
    return asking


def warn_of_unused(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    """Warns of what nothing leads to: legal, but seldom meant."""
    used_strategies = {number for one in catalogue.decisions for number in one.strategies}
    used_collections = {catalogue.strategies[number].collection for number in used_strategies}
    used_fallbacks = {number for one in catalogue.decisions for number in one.fallbacks}
    collected = {number for one in catalogue.collections for number in one.offers}
    served = {name for one in catalogue.decisions for name in one.placements}
    unserved = {n for name, n in tables.placements.numbers.items() if name not in served}
    _warn(tables.strategies, used_strategies, "no decision uses the strategy", findings)
    _warn(tables.collections, used_collections, "no decision uses the collection", findings)
    _warn(tables.fallbacks, used_fallbacks, "no decision uses the fallback offer", findings)
    _warn(tables.offers, collected, "no collection holds the offer", findings)
    placements = set(tables.placements.numbers.values()) - unserved
    _warn(tables.placements, placements, "no decision serves the placement", findings)
    for collection, entry in zip(catalogue.collections, tables.collections, strict=True):
        if not collection.offers:
            findings.warn(entry.place("id"), f"the collection `{collection.id}` holds no offers")


def _warn(table: Table[Any], used: Iterable[int], message: str, findings: Findings) -> None:
    kept = set(used)
    for number, entry in enumerate(table):
        if number not in kept:
            _warn_at(entry, message, findings)


def _warn_at(entry: Entry[Any], message: str, findings: Findings) -> None:
    findings.warn(entry.place("id"), f"{message} `{entry.document.id}`")
