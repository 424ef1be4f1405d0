"""All documents to one catalogue, stage by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from offerd.audience.environment import decision_environment, profile_environment
from offerd.audience.place_questions import PlaceAsking
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Gathered
from offerd.definitions.gathering.gather import Definitions
from offerd.definitions.placing.linking import resolve_places
from offerd.definitions.reading.csv_rows import Sheet
from offerd.definitions.resolving.aggregates import aggregate_all
from offerd.definitions.resolving.attributes import AttributeValues
from offerd.definitions.resolving.audiences import resolve_audiences
from offerd.definitions.resolving.capping import CapResolver
from offerd.definitions.resolving.channels import ChannelResolver
from offerd.definitions.resolving.collecting import Collector
from offerd.definitions.resolving.contents import Contents
from offerd.definitions.resolving.counters import CounterTable
from offerd.definitions.resolving.coverage import Tables, check_coverage
from offerd.definitions.resolving.deciding import (
    DecisionResolver,
    StrategyResolver,
    resolve_scope,
)
from offerd.definitions.resolving.declaring import declare
from offerd.definitions.resolving.excluding import ExclusionResolver
from offerd.definitions.resolving.experimenting import ExperimentResolver
from offerd.definitions.resolving.governing import MarketingActions, resolve_policies
from offerd.definitions.resolving.names import Kind, Table, report_twice
from offerd.definitions.resolving.offers import OfferResolver, report_circles
from offerd.definitions.resolving.place_reads import asking_of, with_place_reads
from offerd.definitions.resolving.ranking import RankingResolver, ScoreTableResolver
from offerd.definitions.resolving.rows import RowReader
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.resolving.score_sheets import named_files
from offerd.definitions.resolving.unused import warn_of_unused
from offerd.model.capping import Cap
from offerd.model.catalogue import Catalogue, Collection, Offer, Placement
from offerd.model.policy import Policy
from offerd.model.progress import Progress, counted
from offerd.model.schema import Schema


def resolve(definitions: Definitions, findings: Findings, progress: Progress) -> Catalogue:
    """The catalogue; without meaning where mistakes were found. Offers count as done."""
    gathered, places, sheets = definitions
    filters = RuleTable()
    schema = declare(gathered, findings)
    aggregates = aggregate_all(gathered, schema, filters, findings)
    schema = msgspec.structs.replace(schema, aggregates=aggregates)
    tables = _tables(gathered, sheets, schema, findings)
    asking = asking_of(places, (entry.document.id for entry in gathered.libraries))
    catalogue = _Stages(
        gathered=gathered,
        sheets=sheets,
        schema=schema,
        tables=tables,
        filters=filters,
        asking=asking,
        place_labels=places.labels,
        findings=findings,
    ).run(progress)
    catalogue = with_place_reads(catalogue, asking, filters)
    catalogue = resolve_places(gathered, places, catalogue, findings)
    check_coverage(catalogue, tables, findings)
    warn_of_unused(catalogue, tables, findings)
    return catalogue


def _tables(
    gathered: Gathered, sheets: Sequence[Sheet], schema: Schema, findings: Findings
) -> Tables:
    placements = Table(Kind("placement", "placements"), gathered.placements, findings)
    scores = named_files(gathered.score_tables)
    bulk = [sheet for sheet in sheets if sheet.header.file not in scores]
    read = RowReader(schema, placements, findings).read(bulk)
    tables = Tables(
        placements,
        Table(Kind("offer", "offers"), [*gathered.offers, *read], findings),
        Table(Kind("fallback offer", "fallback offers"), gathered.fallback_offers, findings),
        Table(Kind("collection", "collections"), gathered.collections, findings),
        Table(Kind("shared cap", "shared caps"), gathered.caps, findings),
        Table(Kind("exclusion", "exclusions"), gathered.exclusions, findings),
        Table(Kind("table of scores", "tables of scores"), gathered.score_tables, findings),
        Table(Kind("ranking", "rankings"), gathered.rankings, findings),
        Table(Kind("strategy", "strategies"), gathered.strategies, findings),
        Table(Kind("decision", "decisions"), gathered.decisions, findings),
        Table(Kind("experiment", "experiments"), gathered.experiments, findings),
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
        *,
        gathered: Gathered,
        sheets: Sequence[Sheet],
        schema: Schema,
        tables: Tables,
        filters: RuleTable,
        asking: PlaceAsking,
        place_labels: set[str],
        findings: Findings,
    ) -> None:
        self._sheets = sheets
        self._schema = schema
        self._tables = tables
        self._filters = filters
        self._findings = findings
        self._audiences = Table(Kind("audience", "audiences"), gathered.audiences, findings)
        self._scopes = Table(Kind("scope", "scopes"), gathered.scopes, findings)
        audiences = self._audiences.entries
        places = asking.record
        self._customer = Compiler(profile_environment(schema, audiences, places), findings)
        self._compiler = Compiler(decision_environment(schema, audiences, places), findings)
        self._rules = RuleTable()
        self._counters = CounterTable()
        self._actions = MarketingActions(gathered.marketing_actions, findings)
        self._policies = gathered.policies
        self._place_labels = place_labels
        self._consent = gathered.consent
        self._channels = ChannelResolver(
            gathered.channels,
            schema=schema,
            actions=self._actions,
            counters=self._counters,
            findings=findings,
        )
        self._contents = Contents(tables.placements, self._compiler, self._rules, findings)
        self._caps = CapResolver(
            schema=schema,
            placements=tables.placements,
            compiler=self._compiler,
            rules=self._rules,
            filters=filters,
            counters=self._counters,
            asking=asking,
            findings=findings,
        )
        self._decisions = DecisionResolver(
            tables.placements, tables.offers, tables.fallbacks, tables.strategies, findings
        )

    def run(self, progress: Progress) -> Catalogue:
        tables, findings = self._tables, self._findings
        audiences = resolve_audiences(self._audiences, self._customer, self._rules, findings)
        resolver = self._offer_resolver()
        progress.begin("checking", len(tables.offers.entries))
        offers = tuple(resolver.offer(entry) for entry in counted(tables.offers, progress))
        report_circles(offers, tables.offers, findings)
        fallbacks = tuple(resolver.fallback(entry) for entry in tables.fallbacks)
        collector = Collector(tables.offers, offers, self._schema, findings)
        collections = tuple(collector.collect(entry) for entry in tables.collections)
        exclusions = ExclusionResolver(
            collector, tables.collections, collections, self._customer, self._rules
        )
        experiments = ExperimentResolver(tables.decisions, self._decisions, findings)
        offers = self._with_shared_caps(offers, collections)
        channels = self._channels.channels()
        return self._ranked(
            Catalogue(
                schema=self._schema,
                rules=(),
                event_filters=self._filters.rules,
                audiences=audiences,
                placements=self._placements(),
                contents=self._contents.contents,
                offers=offers,
                fallback_offers=fallbacks,
                collections=collections,
                strategies=(),
                decisions=tuple(self._decisions.resolve(entry) for entry in tables.decisions),
                scopes=tuple(
                    resolve_scope(entry, tables.placements, tables.decisions, findings)
                    for entry in self._scopes
                ),
                counters=self._counters.counters,
                exclusions=tuple(exclusions.resolve(entry) for entry in tables.exclusions),
                experiments=tuple(experiments.resolve(entry) for entry in tables.experiments),
                policies=self._resolved_policies(),
                channels=channels,
                consent=self._channels.consent(self._consent),
            )
        )

    def _ranked(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with its strategies and what ranks, and with the rules of them all."""
        tables, rules, findings = self._tables, self._rules, self._findings
        score_tables = ScoreTableResolver(
            tables.offers, self._sheets, self._customer, rules, findings
        )
        rankings = RankingResolver(tables.score_tables, self._compiler, rules, findings)
        strategies = StrategyResolver(
            tables.collections, tables.rankings, self._compiler, rules, findings
        )
        ranked = msgspec.structs.replace(
            catalogue,
            strategies=tuple(strategies.resolve(entry) for entry in tables.strategies),
            rankings=tuple(rankings.resolve(entry) for entry in tables.rankings),
            score_tables=tuple(score_tables.resolve(entry) for entry in tables.score_tables),
        )
        return msgspec.structs.replace(ranked, rules=rules.rules)

    def _with_shared_caps(
        self, offers: tuple[Offer, ...], collections: Sequence[Collection]
    ) -> tuple[Offer, ...]:
        tables = self._tables
        shared: dict[int, list[Cap]] = defaultdict(list)
        for entry in tables.caps:
            name = entry.document.collection
            covered: tuple[int, ...] = ()
            if tables.collections.check(name, entry, "collection"):
                covered = collections[tables.collections.numbers[name]].offers
            shown = {n: [r.placement for r in offers[n].representations] for n in covered}
            for number, caps in self._caps.shared(entry, shown).items():
                shared[number].extend(caps)
        return tuple(
            msgspec.structs.replace(offer, caps=(*offer.caps, *shared[number]))
            if number in shared
            else offer
            for number, offer in enumerate(offers)
        )

    def _offer_resolver(self) -> OfferResolver:
        return OfferResolver(
            schema=self._schema,
            values=AttributeValues(self._schema, self._findings),
            contents=self._contents,
            offers=self._tables.offers,
            caps=self._caps,
            compiler=self._compiler,
            rules=self._rules,
            findings=self._findings,
        )

    def _resolved_policies(self) -> tuple[Policy, ...]:
        return resolve_policies(
            self._policies, self._actions, self._schema, self._place_labels, self._findings
        )

    def _placements(self) -> tuple[Placement, ...]:
        return tuple(
            Placement(
                entry.document.id,
                entry.document.channel,
                entry.document.content_type,
                entry.document.item_count,
                self._actions.named(entry),
            )
            for entry in self._tables.placements
        )
