"""What the rules of each kind may read, derived from the declared schema."""

from __future__ import annotations

from collections.abc import Iterable

from offerd import expression as ex
from offerd.audience.place_questions import NO_ANSWERS, ROOT
from offerd.model.schema import (
    BUILT_IN_CONTEXT,
    BUILT_IN_OFFER,
    Attribute,
    Schema,
    ValueType,
)
from offerd.model.schema import event_types as event_types_of

_TYPES: dict[ValueType, ex.Type] = {
    ValueType.BOOL: ex.BOOL,
    ValueType.INT: ex.INT,
    ValueType.DOUBLE: ex.DOUBLE,
    ValueType.STRING: ex.STRING,
    ValueType.TIMESTAMP: ex.TIMESTAMP,
    ValueType.LIST_STRING: ex.list_of(ex.STRING),
    ValueType.LIST_INT: ex.list_of(ex.INT),
    ValueType.LIST_DOUBLE: ex.list_of(ex.DOUBLE),
    ValueType.MAP_INT: ex.map_of(ex.STRING, ex.INT),
    ValueType.MAP_DOUBLE: ex.map_of(ex.STRING, ex.DOUBLE),
    ValueType.MAP_STRING: ex.map_of(ex.STRING, ex.STRING),
    ValueType.MAP_TIMESTAMP: ex.map_of(ex.STRING, ex.TIMESTAMP),
}


SCORE_PARTS = ("probability", "percentile")
"""What a score has beside itself, asked for as `score("<id>.<part>")`."""


def profile_environment(
    schema: Schema, audience_ids: Iterable[str], places: ex.Record = NO_ANSWERS
) -> ex.Environment:
    """What audiences read: the customer, the moment, places, other audiences and scores."""
    return ex.Environment(_customer(schema, places), _lookups(schema, audience_ids))


def decision_environment(
    schema: Schema, audience_ids: Iterable[str], places: ex.Record = NO_ANSWERS
) -> ex.Environment:
    """What all rules of a decision read: what audiences read, and `offer`.

    `places` is what can be asked of places: `PlaceAsking.record` where rules are compiled, the
    `answers` of a catalogue where they are evaluated.

    Positional arguments of a planned rule: profile, context, aggregate (flat records), now
    (nanoseconds), places (a flat record from what is asked, as written, to its answer), offer
    (the flat record of one offer, empty for a rule that reads none), audience and score (mappings
    from id to membership and to number).
    """
    return ex.Environment(
        variables={**_customer(schema, places), "offer": _record((*BUILT_IN_OFFER, *schema.offer))},
        lookups=_lookups(schema, audience_ids),
    )


def _customer(schema: Schema, places: ex.Record) -> dict[str, ex.Type | ex.Record]:
    return {
        "profile": _record(schema.profile),
        "context": _record((*BUILT_IN_CONTEXT, *schema.context)),
        "aggregate": ex.Record({a.id: ex.Attribute(_TYPES[a.type]) for a in schema.aggregates}),
        "now": ex.TIMESTAMP,
        ROOT: places,
    }


def _lookups(schema: Schema, audience_ids: Iterable[str]) -> dict[str, ex.Lookup]:
    return {
        "audience": ex.Lookup(audience_ids),
        "score": ex.Lookup(score_names(schema), ex.DOUBLE),
    }


def score_names(schema: Schema) -> list[str]:
    """All that `score("...")` may ask for: each score, its probability and its percentile."""
    return [
        name
        for score in schema.scores
        for name in (score.id, *(f"{score.id}.{part}" for part in SCORE_PARTS))
    ]


def event_environment(schema: Schema, event_types: Iterable[str]) -> ex.Environment:
    """What an aggregate's `where` reads: `event`, the properties of the given types."""
    wanted = set(event_types)
    properties: dict[str, Attribute] = {}
    for event in event_types_of(schema).values():
        if event.id in wanted:
            properties.update((p.path, p) for p in event.properties)
    return ex.Environment(variables={"event": _record(properties.values())})


def offer_environment(schema: Schema) -> ex.Environment:
    """What a collection's `where` reads: `offer`, built-in and declared attributes."""
    return ex.Environment(variables={"offer": _record((*BUILT_IN_OFFER, *schema.offer))})


def _record(attributes: Iterable[Attribute]) -> ex.Record:
    return ex.Record({a.path: ex.Attribute(_TYPES[a.type], a.values) for a in attributes})
