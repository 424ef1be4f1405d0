"""What rules ask of places: which places they mean, and what has to be counted for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import msgspec

from offerd.audience.environment import event_environment
from offerd.audience.place_names import PlaceNames
from offerd.audience.place_questions import PlaceAsking, VisitCount
from offerd.definitions.placing.collector import PlaceCollector
from offerd.definitions.resolving.rules import RuleTable
from offerd.expression import compile_expression
from offerd.model.catalogue import Catalogue
from offerd.model.place import PLACE_EVENTS, PlaceSelector
from offerd.model.schema import Aggregate, AggregateFunction, Schema, ValueType

_ENTRY = PLACE_EVENTS[0]


class _Labelled(msgspec.Struct, array_like=True):
    """The head of a place's record, for those of a million that have labels."""

    id: str
    library: str
    name: str
    fence: msgspec.Raw
    centre: msgspec.Raw
    category: str = ""
    parent: str = ""
    metadata: msgspec.Raw = msgspec.Raw(b"")
    opening_hours: msgspec.Raw = msgspec.Raw(b"")
    labels: tuple[str, ...] = ()


def asking_of(collected: PlaceCollector, libraries: Iterable[str]) -> PlaceAsking:
    """Answers what rules ask of the places of some definitions; `libraries` are declared ids."""
    declared = tuple(libraries)
    return PlaceAsking(lambda: _names(collected, declared))


def _names(collected: PlaceCollector, libraries: Iterable[str]) -> PlaceNames:
    decode = msgspec.msgpack.Decoder(_Labelled).decode
    categories: dict[str, set[str]] = {}
    by_library: dict[str, set[str]] = {name: set() for name in libraries}
    every: set[str] = set()
    for record in collected.places.records:
        place = decode(record)
        by_library.setdefault(place.library, set()).update(place.labels)
        if place.category:
            categories.setdefault(place.category, set()).update(place.labels)
        every.update(place.labels)

    def labels(place_id: str) -> tuple[str, ...]:
        return collected.places[collected.numbers[place_id]].labels

    return PlaceNames(collected.numbers, categories, by_library, labels, every)


def with_place_reads(catalogue: Catalogue, asking: PlaceAsking, filters: RuleTable) -> Catalogue:
    """The catalogue with what its rules ask of places, visits counted by aggregates."""
    schema = catalogue.schema
    counts = tuple(_aggregate(count, schema, filters) for count in asking.visits.values())
    return msgspec.structs.replace(
        catalogue,
        schema=msgspec.structs.replace(schema, aggregates=(*schema.aggregates, *counts)),
        event_filters=filters.rules,
        place_reads=asking.reads,
    )


def _aggregate(count: VisitCount, schema: Schema, filters: RuleTable) -> Aggregate:
    """Counts the entries of places that are meant."""
    where = " && ".join(_conditions(count.selector))
    number = None
    if where:
        checked = compile_expression(where, event_environment(schema, (_ENTRY,)))
        number = filters.number(checked)
    return Aggregate(
        count.written,
        (_ENTRY,),
        AggregateFunction.COUNT,
        ValueType.INT,
        where=number,
        within_ns=count.within_ns,
        labels=count.labels,
    )


def _conditions(selector: PlaceSelector) -> Iterator[str]:
    for name in ("place", "category", "library"):
        value = getattr(selector, name)
        if value:
            yield f"event.{name} == {json.dumps(value, ensure_ascii=False)}"
