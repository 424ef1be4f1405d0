"""Opening a bundle to decide from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from offerd import expression as ex
from offerd.audience.environment import decision_environment, event_environment
from offerd.audience.place_questions import answers
from offerd.bundle.aggregates import verify_aggregates
from offerd.bundle.chains import verify_chains
from offerd.bundle.contacting import verify_contacting
from offerd.bundle.contents import verify_content
from offerd.bundle.damage import damage_at
from offerd.bundle.environment import BundleEnvironment, Pause, no_pause
from offerd.bundle.mapped import mapped
from offerd.bundle.offers import verify_offers
from offerd.bundle.place_checks import verify_place_tables
from offerd.bundle.places import BundlePlaces, MappedPlaces
from offerd.bundle.ranges import verify_ranges
from offerd.bundle.references import verify_references
from offerd.bundle.rules import verify_rules
from offerd.bundle.selection import verify_selection
from offerd.bundle.tables import (
    CATEGORIES,
    CONTENTS,
    LAZY,
    MAPPED,
    PLACES,
    SINGLE,
    TABLES,
    Table,
)
from offerd.decision.prepared import Prepared
from offerd.decision.ranking_model import NO_MODELS, RankingModel
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, Offer, Rule
from offerd.model.content import Content
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView
from offerd.places.index import Places


class Bundle:
    """An open bundle: what to decide over, and content by number from the memory map.

    `revision` names the definitions; `prepared` is ready to decide; `event_filters` are the
    planned rules of aggregates; `places` finds places in the memory map.
    """

    def __init__(
        self, environment: BundleEnvironment, prepared: Prepared, filters: Sequence[ex.Rule]
    ) -> None:
        self._environment = environment
        self.revision = environment.meta.revision
        self.counts = environment.meta.counts
        self.prepared = prepared
        self.event_filters = tuple(filters)
        self._contents = msgspec.msgpack.Decoder(Content)

    @property
    def places(self) -> Places:
        """All places, none if the definitions have none."""
        if self.prepared.places is None:
            raise BundleError("the bundle was opened without its places")
        return self.prepared.places

    @property
    def catalogue(self) -> Catalogue:
        """The tables as compiled, without contents and places; offers as long as it is open."""
        return self.prepared.catalogue

    def content(self, number: int) -> Content:
        """Returns the content of a representation, read from the memory map.

        Raises BundleError if it is missing, or isn't what its type says.
        """
        with damage_at(f"content {number} of revision {self.revision} is damaged"):
            record = self._environment.record(CONTENTS, number)
            if record is not None:
                content = self._contents.decode(record)
                verify_content(content)
                return content
        raise BundleError(f"content {number} is missing from revision {self.revision}")

    def hurry(self) -> None:
        """Reads without pauses from now on."""
        self._environment.pause = no_pause

    def close(self) -> None:
        """Releases the memory map."""
        self._environment.close()


def open_bundle(
    path: Path,
    models: Mapping[str, RankingModel] | None = NO_MODELS,
    pause: Pause = no_pause,
) -> Bundle:
    """Opens a bundle and plans its rules.

    `models` are those that rankings may name; None says that nobody will decide with it, so
    that none is needed. `pause` is called every tenth of a millisecond or so while records are
    read, then and whenever all of a table are.

    Raises BundleError if the file is no bundle, truncated, altered, of another format, holds
    records that don't fit together, or names a model that isn't there. Contents and places are
    counted and left where they are. Records are data: whatever they say, nothing of them is run
    that the rule language can't say.
    """
    environment = BundleEnvironment(path, pause)
    try:
        return read_bundle(environment, models)
    except BundleError:
        environment.close()
        raise


def read_bundle(
    environment: BundleEnvironment, models: Mapping[str, RankingModel] | None
) -> Bundle:
    """Returns the bundle of an environment, which stays the caller's to close if this raises."""
    with damage_at(f"`{environment.path}`"):
        catalogue = _catalogue(environment)
        places = bundle_places(environment, catalogue)
        environment.verify_numbers(CONTENTS)
        environment.verify_ends(PLACES)
        trees = []
        for number, rule in enumerate(catalogue.rules):
            environment.pause()
            trees.append(_tree(rule, f"rule {number}"))
        shown = verify_offers(catalogue, environment.meta.counts[CONTENTS.name], trees)
        verify_references(catalogue, shown)
        verify_place_tables(catalogue, places)
        verify_ranges(catalogue)
        verify_contacting(catalogue)
        verify_selection(catalogue)
        verify_aggregates(catalogue.schema)
        verify_rules(catalogue, trees)
        verify_chains(catalogue, trees)
        audiences = (audience.id for audience in catalogue.audiences)
        rules = ex.plan_many(
            trees,
            decision_environment(catalogue.schema, audiences, answers(catalogue.place_reads)),
        )
        known = _unregistered(catalogue) if models is None else models
        prepared = Prepared(catalogue, rules, known, MappedPlaces(places))
        return Bundle(environment, prepared, _event_filters(catalogue))


def bundle_places(environment: BundleEnvironment, catalogue: Catalogue) -> BundlePlaces:
    """Returns what a bundle keeps of places."""
    categories = _decode_all(environment, CATEGORIES)
    return BundlePlaces(environment, catalogue.libraries, categories)


class _Unregistered:
    """Stands for a model where nobody will ask it."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        raise BundleError("the bundle was opened without models")


def _unregistered(catalogue: Catalogue) -> dict[str, RankingModel]:
    return {ranking.model: _Unregistered() for ranking in catalogue.rankings if ranking.model}


def _catalogue(environment: BundleEnvironment) -> Catalogue:
    tables: dict[str, Any] = {
        table.name: mapped(environment, table)
        if table in MAPPED
        else _decode_all(environment, table)
        for table in TABLES
        if table not in LAZY and table is not CATEGORIES
    }
    for table in SINGLE:
        records = tables[table.name]
        if len(records) != 1:
            raise BundleError(f"`{table.name}` has {len(records)} records, 1 expected")
        tables[table.name] = records[0]
    return Catalogue(contents=(), places=(), **tables)


def _decode_all(environment: BundleEnvironment, table: Table) -> tuple[Any, ...]:
    decode = msgspec.msgpack.Decoder(table.record).decode
    decoded: list[Any] = []
    with damage_at(f"a record of `{table.name}`"):
        decoded.extend(decode(value) for value in environment.records(table))
    return tuple(decoded)


def _tree(rule: Rule, where: str) -> ex.Checked:
    with damage_at(where):
        return ex.decode(rule.tree)


def _event_filters(catalogue: Catalogue) -> list[ex.Rule]:
    """Plans each filter for the events of an aggregate or counter that uses it."""
    filters: dict[int, ex.Rule] = {}
    for number, events in _users_of_filters(catalogue):
        if number is not None and number not in filters:
            environment = event_environment(catalogue.schema, events)
            tree = _tree(catalogue.event_filters[number], f"event filter {number}")
            filters[number] = ex.plan(tree, environment)
    if len(filters) != len(catalogue.event_filters):
        raise BundleError("an event filter that no aggregate and no counter uses")
    return [filters[number] for number in range(len(filters))]


def _users_of_filters(catalogue: Catalogue) -> Iterator[tuple[int | None, Sequence[str]]]:
    """Yields each use of an event filter with the types of the events that it reads."""
    for aggregate in catalogue.schema.aggregates:
        yield aggregate.where, aggregate.events
        for step in () if aggregate.sequence is None else aggregate.sequence.steps:
            yield step.where, step.events
    for counter in catalogue.counters if catalogue.event_filters else ():
        yield counter.where, counter.events
