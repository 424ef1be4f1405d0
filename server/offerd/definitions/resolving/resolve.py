"""All documents to one catalogue, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from offerd.audience.environment import profile_environment
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Gathered
from offerd.definitions.reading.csv_rows import Sheet
from offerd.definitions.resolving.aggregates import aggregate_all
from offerd.definitions.resolving.attributes import AttributeValues
from offerd.definitions.resolving.audiences import resolve_audiences
from offerd.definitions.resolving.collecting import Collector
from offerd.definitions.resolving.contents import Contents
from offerd.definitions.resolving.coverage import Tables, check_coverage, warn_of_unused
from offerd.definitions.resolving.deciding import (
    resolve_decision,
    resolve_scope,
    resolve_strategy,
)
from offerd.definitions.resolving.declaring import EVENT, declare, event_types
from offerd.definitions.resolving.names import Kind, Names, Table, report_twice
from offerd.definitions.resolving.offers import OfferResolver
from offerd.definitions.resolving.rows import RowReader
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.model.catalogue import Catalogue, Placement
from offerd.model.schema import Schema


def resolve(gathered: Gathered, sheets: Sequence[Sheet], findings: Findings) -> Catalogue:
    """The catalogue; without meaning where mistakes were found."""
    filters = RuleTable()
    schema = declare(gathered, findings)
    aggregates = aggregate_all(gathered, schema, filters, findings)
    schema = msgspec.structs.replace(schema, aggregates=aggregates)
    tables = _tables(gathered, sheets, schema, findings)
    catalogue = _Stages(gathered, schema, tables, filters, findings).run()
    check_coverage(catalogue, tables, findings)
    warn_of_unused(catalogue, tables, findings)
    return catalogue


def _tables(
    gathered: Gathered, sheets: Sequence[Sheet], schema: Schema, findings: Findings
) -> Tables:
    placements = Table(Kind("placement", "placements"), gathered.placements, findings)
    read = RowReader(schema, placements, findings).read(sheets)
    tables = Tables(
        placements,
        Table(Kind("offer", "offers"), [*gathered.offers, *read], findings),
        Table(Kind("fallback offer", "fallback offers"), gathered.fallback_offers, findings),
        Table(Kind("collection", "collections"), gathered.collections, findings),
        Table(Kind("strategy", "strategies"), gathered.strategies, findings),
        Table(Kind("decision", "decisions"), gathered.decisions, findings),
    )
    for entry in tables.fallbacks:
        # Events name offers and fallback offers alike by id alone.
        name = entry.document.id
        if name in tables.offers:
            first = tables.offers.entries[name].place("id")
            report_twice(tables.offers.kind, name, entry.place("id"), first, findings)
    return tables


class _Stages:
    """The stages after the declarations, which share the rules and the content."""

    def __init__(
        self,
        gathered: Gathered,
        schema: Schema,
        tables: Tables,
        filters: RuleTable,
        findings: Findings,
    ) -> None:
        self._schema = schema
        self._tables = tables
        self._filters = filters
        self._findings = findings
        self._audiences = Table(Kind("audience", "audiences"), gathered.audiences, findings)
        self._scopes = Table(Kind("scope", "scopes"), gathered.scopes, findings)
        environment = profile_environment(schema, self._audiences.entries)
        self._compiler = Compiler(environment, findings)
        self._rules = RuleTable()
        self._contents = Contents(tables.placements, findings)

    def run(self) -> Catalogue:
        tables, findings = self._tables, self._findings
        audiences = resolve_audiences(self._audiences, self._compiler, self._rules, findings)
        resolver = self._offer_resolver()
        offers = tuple(resolver.offer(entry) for entry in tables.offers)
        fallbacks = tuple(resolver.fallback(entry) for entry in tables.fallbacks)
        collector = Collector(tables.offers, offers, self._schema, findings)
        collections = tuple(collector.collect(entry) for entry in tables.collections)
        strategies = tuple(
            resolve_strategy(entry, tables.collections, self._compiler, self._rules)
            for entry in tables.strategies
        )
        return Catalogue(
            schema=self._schema,
            rules=self._rules.rules,
            event_filters=self._filters.rules,
            audiences=audiences,
            placements=self._placements(),
            contents=self._contents.contents,
            offers=offers,
            fallback_offers=fallbacks,
            collections=collections,
            strategies=strategies,
            decisions=tuple(
                resolve_decision(
                    entry, tables.placements, tables.strategies, tables.fallbacks, findings
                )
                for entry in tables.decisions
            ),
            scopes=tuple(
                resolve_scope(entry, tables.placements, tables.decisions, findings)
                for entry in self._scopes
            ),
        )

    def _offer_resolver(self) -> OfferResolver:
        return OfferResolver(
            values=AttributeValues(self._schema, self._findings),
            contents=self._contents,
            events=Names(EVENT, event_types(self._schema), self._findings),
            compiler=self._compiler,
            rules=self._rules,
            findings=self._findings,
        )

    def _placements(self) -> tuple[Placement, ...]:
        documents = [entry.document for entry in self._tables.placements]
        return tuple(
            Placement(one.id, one.channel, one.content_type, one.item_count) for one in documents
        )
