"""Opening a bundle to decide from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from offerd import expression as ex
from offerd.audience.environment import event_environment, profile_environment
from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.references import verify_references
from offerd.bundle.tables import CONTENTS, SCHEMA, TABLES, Table
from offerd.decision.prepared import Prepared
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, Content
from offerd.model.schema import Schema


class Bundle:
    """An open bundle: what to decide over, and content by number from the memory map.

    `revision` names the definitions; `prepared` is ready to decide; `event_filters` are the
    planned rules of aggregates.
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
    def catalogue(self) -> Catalogue:
        """The tables as compiled, without contents."""
        return self.prepared.catalogue

    def content(self, number: int) -> Content:
        """Returns the content of a representation, read from the memory map."""
        record = self._environment.record(CONTENTS, number)
        if record is None:
            raise BundleError(f"content {number} is missing from revision {self.revision}")
        return self._contents.decode(record)

    def close(self) -> None:
        """Releases the memory map."""
        self._environment.close()


def open_bundle(path: Path) -> Bundle:
    """Opens a bundle and plans its rules.

    Raises BundleError if the file is no bundle, truncated, altered, of a newer format, or
    holds records that don't fit together. Records are data: whatever they say, nothing of
    them is run that the rule language can't say.
    """
    environment = BundleEnvironment(path)
    try:
        catalogue = _catalogue(environment)
        verify_references(catalogue, environment.meta.counts[CONTENTS.name])
        audiences = (audience.id for audience in catalogue.audiences)
        rules = ex.plan_many(
            [ex.decode(rule.tree) for rule in catalogue.rules],
            profile_environment(catalogue.schema, audiences),
        )
        return Bundle(environment, Prepared(catalogue, rules), _event_filters(catalogue))
    except (msgspec.DecodeError, msgspec.ValidationError, ex.DecodeError, ex.PlanError) as error:
        environment.close()
        raise BundleError(f"`{path}` holds a damaged record: {error}") from error
    except BundleError as error:
        environment.close()
        raise BundleError(f"`{path}`: {error}") from error


def load_contents(bundle: Bundle) -> tuple[Content, ...]:
    """Decodes every content of a bundle; raises BundleError at the first damaged one."""
    try:
        return tuple(bundle.content(number) for number in range(bundle.counts[CONTENTS.name]))
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BundleError(f"damaged content: {error}") from error


def _catalogue(environment: BundleEnvironment) -> Catalogue:
    schema = _decode_all(environment, SCHEMA)
    if len(schema) != 1 or not isinstance(schema[0], Schema):
        raise BundleError("no schema")
    tables = {
        table.name: _decode_all(environment, table)
        for table in TABLES
        if table not in (SCHEMA, CONTENTS)
    }
    return Catalogue(schema=schema[0], contents=(), **tables)


def _decode_all(environment: BundleEnvironment, table: Table) -> tuple[Any, ...]:
    decode = msgspec.msgpack.Decoder(table.record).decode
    return tuple(decode(value) for _, value in environment.records(table))


def _event_filters(catalogue: Catalogue) -> list[ex.Rule]:
    """Plans each filter for the events of an aggregate that uses it."""
    filters: dict[int, ex.Rule] = {}
    for aggregate in catalogue.schema.aggregates:
        number = aggregate.where
        if number is not None and number not in filters:
            environment = event_environment(catalogue.schema, aggregate.events)
            filters[number] = ex.plan(ex.decode(catalogue.event_filters[number].tree), environment)
    if len(filters) != len(catalogue.event_filters):
        raise BundleError("an event filter that no aggregate uses")
    return [filters[number] for number in range(len(filters))]
