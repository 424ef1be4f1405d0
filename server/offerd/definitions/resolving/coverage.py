"""Whether everything that can be asked for can be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from offerd.definitions.documents import (
    CollectionDocument,
    DecisionDocument,
    ExclusionDocument,
    ExperimentDocument,
    FallbackOfferDocument,
    OfferDocument,
    PlacementDocument,
    RankingDocument,
    ScoreTableDocument,
    SharedCapDocument,
    StrategyDocument,
)
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.names import Table
from offerd.definitions.wording import listed
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.lifecycle import Status
from offerd.model.selection import Decision, Group


class Tables(NamedTuple):
    """The definitions that the tables of a catalogue were made of."""

    placements: Table[PlacementDocument]
    offers: Table[OfferDocument]
    fallbacks: Table[FallbackOfferDocument]
    collections: Table[CollectionDocument]
    caps: Table[SharedCapDocument]
    exclusions: Table[ExclusionDocument]
    score_tables: Table[ScoreTableDocument]
    rankings: Table[RankingDocument]
    strategies: Table[StrategyDocument]
    decisions: Table[DecisionDocument]
    experiments: Table[ExperimentDocument]


def groups_of(catalogue: Catalogue) -> Iterator[tuple[Decision, Group]]:
    """All steps that can decide, each with its decision: those of arms, too."""
    decisions = {decision.id: decision for decision in catalogue.decisions}
    for decision in catalogue.decisions:
        yield from ((decision, group) for group in decision.groups)
    for experiment in catalogue.experiments:
        for arm in experiment.arms if experiment.decision in decisions else ():
            yield from ((decisions[experiment.decision], group) for group in arm.groups or ())


def check_coverage(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    """Reports offers that can't be shown where they are asked for, and places without fallback."""
    _check_offers(catalogue, tables, findings)
    offers: dict[str, Offer | FallbackOffer] = {one.id: one for one in catalogue.fallback_offers}
    offers.update((one.id, one) for one in catalogue.offers)
    for decision, entry in zip(catalogue.decisions, tables.decisions, strict=True):
        fallbacks = [offers[name] for name in decision.fallbacks]
        shown = {
            (r.placement, r.language) for one in _shown(fallbacks) for r in one.representations
        }
        _warn_of_unshown(fallbacks, entry, findings)
        anywhere = {placement for placement, _ in shown}
        for placement in decision.placements:
            place = entry.place("placements", entry.document.placements.index(placement))
            if decision.groups and not any(
                placement in (group.placements or (placement,)) for group in decision.groups
            ):
                message = f"no step of `{decision.id}` is taken at `{placement}`"
                findings.warn(place, f"{message}: it shows its fallbacks alone")
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


def _shown(fallbacks: Iterable[Offer | FallbackOffer]) -> list[Offer | FallbackOffer]:
    return [
        one for one in fallbacks if isinstance(one, FallbackOffer) or one.status is Status.APPROVED
    ]


def _warn_of_unshown(
    fallbacks: list[Offer | FallbackOffer], entry: Entry[DecisionDocument], findings: Findings
) -> None:
    for one in fallbacks:
        if isinstance(one, Offer) and one.status is not Status.APPROVED:
            place = entry.place("fallbacks", entry.document.fallbacks.index(one.id))
            findings.warn(place, f"the offer `{one.id}` is {one.status}: it is no fallback")


def _check_offers(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    asking = _asking_placements(catalogue)
    for offer, entry, placements in zip(catalogue.offers, tables.offers, asking, strict=True):
        if not placements or len(entry.document.representations) > len(offer.representations):
            continue
        if offer.status in (Status.DRAFT, Status.ARCHIVED) or findings.is_doubtful(offer.id):
            continue
        if not any(r.placement in placements for r in offer.representations):
            message = f"`{offer.id}` has no representation for a placement that asks for it"
            findings.mistake(entry.place("id"), f"{message}: {listed(sorted(placements))}")


def _asking_placements(catalogue: Catalogue) -> list[frozenset[str]]:
    """For each offer the placements that decisions may show it at."""
    by_collection: list[set[str]] = [set() for _ in catalogue.collections]
    by_hand: dict[int, set[str]] = defaultdict(set)
    for decision, group in groups_of(catalogue):
        for number in group.strategies:
            collection = catalogue.strategies[number].collection
            if collection >= 0:
                by_collection[collection].update(group.placements or decision.placements)
        for number in group.offers:
            by_hand[number].update(group.placements or decision.placements)
    asking: list[frozenset[str]] = [frozenset()] * len(catalogue.offers)
    shared: dict[frozenset[str], frozenset[str]] = {}
    for collection_, placements in zip(catalogue.collections, by_collection, strict=True):
        for number in collection_.offers:
            joined = asking[number] | placements
            asking[number] = shared.setdefault(joined, joined)
    for number, placements in by_hand.items():
        asking[number] |= placements
    return asking
