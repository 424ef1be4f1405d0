"""Warnings of what nothing leads to: legal, but seldom meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from offerd.definitions.findings import Findings
from offerd.definitions.resolving.coverage import Tables, groups_of
from offerd.definitions.resolving.names import Table
from offerd.model.catalogue import Catalogue


def warn_of_unused(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    """Warns of what no decision uses, and of what has no offers."""
    groups = [group for _, group in groups_of(catalogue)]
    strategies = {number for group in groups for number in group.strategies}
    used = [catalogue.strategies[number] for number in strategies]
    rankings = {one.ranking for one in used if one.ranking is not None}
    tables_used = {catalogue.rankings[number].table for number in rankings if number >= 0}
    collections = {
        *(one.collection for one in used),
        *_named(tables.collections, (e.document.collection for e in tables.caps)),
        *_named(tables.collections, (e.document.collection for e in tables.exclusions)),
    }
    fallbacks = {name for one in catalogue.decisions for name in one.fallbacks}
    offers = {
        *(number for one in catalogue.collections for number in one.offers),
        *(number for group in groups for number in group.offers),
        *_named(tables.offers, fallbacks),
    }
    served = {name for one in catalogue.decisions for name in one.placements}
    _warn(tables.strategies, strategies, "no decision uses the strategy", findings)
    _warn(tables.collections, collections, "no decision uses the collection", findings)
    _warn(tables.rankings, rankings, "no decision uses the ranking", findings)
    _warn(tables.score_tables, tables_used, "no decision uses the table of scores", findings)
    unused = "no decision uses the fallback offer"
    _warn(tables.fallbacks, _named(tables.fallbacks, fallbacks), unused, findings)
    _warn(tables.offers, offers, "no collection holds the offer", findings)
    placements = _named(tables.placements, served)
    _warn(tables.placements, placements, "no decision serves the placement", findings)
    _warn_of_empty(catalogue, tables, findings)


def _warn_of_empty(catalogue: Catalogue, tables: Tables, findings: Findings) -> None:
    for collection, entry in zip(catalogue.collections, tables.collections, strict=True):
        if not collection.offers:
            findings.warn(entry.place("id"), f"the collection `{collection.id}` holds no offers")
    for exclusion, where in zip(catalogue.exclusions, tables.exclusions, strict=True):
        if not exclusion.offers and where.document.collection is None:
            findings.warn(where.place("id"), f"the exclusion `{exclusion.id}` is of no offers")


def _named(table: Table[Any], names: Iterable[str | None]) -> set[int]:
    return {table.numbers[name] for name in names if name is not None and name in table}


def _warn(table: Table[Any], used: Iterable[int | None], message: str, findings: Findings) -> None:
    kept = set(used)
    for number, entry in enumerate(table):
        if number not in kept:
            findings.warn(entry.place("id"), f"{message} `{entry.document.id}`")
