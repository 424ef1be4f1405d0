"""Which data an explanation names without telling its value, by data usage labels.

Attributes and properties carry labels. What is computed of labelled data gives it away, so it is
hidden too: aggregates that take, group or filter by a hidden property, and audiences whose rule
reads anything hidden, themselves or through other audiences. Scores carry no labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from offerd.audience.membership import LOOKUP
from offerd.decision.prepared import Prepared
from offerd.expression import Rule
from offerd.model.schema import Aggregate, Attribute, Schema

HIDDEN_LABELS: Final = ("I1", "I2", "S1", "S2", "RHD", "PSPD")
"""Labels of data that is hidden unless settings say otherwise: what names a person, alone or with
other data; where somebody is, exactly or roughly; health; and what may be sensitive otherwise."""


def hidden_names(
    prepared: Prepared, event_filters: Sequence[Rule], labels: Collection[str]
) -> frozenset[str]:
    """Returns the full names of what carries any of the labels, and of what is made of it.

    Such as `profile.health.goals`, `context.location.latitude`, `offer.margin`,
    `aggregate.visits_by_clinic` and `audience("expecting")`. `event_filters` are the planned
    filters of aggregates, by number.
    """
    wanted = frozenset(labels)
    schema = prepared.catalogue.schema
    names = {
        f"{root}.{attribute.path}"
        for root, declared in _declared(schema)
        for attribute in declared
        if wanted.intersection(attribute.labels)
    }
    names.update(
        f"aggregate.{aggregate.id}"
        for aggregate in schema.aggregates
        if _reads(aggregate, schema, event_filters, wanted)
    )
    _add_audiences(prepared, names)
    return frozenset(names)


def reads_hidden(rule: Rule, hidden: Collection[str]) -> bool:
    """Returns whether a rule reads any of the names, so that what it says must not be told."""
    return bool(hidden) and any(name in hidden for name in _names(rule))


def _declared(schema: Schema) -> Iterator[tuple[str, Iterable[Attribute]]]:
    yield "profile", schema.profile
    yield "context", schema.context
    yield "offer", schema.offer


def _reads(
    aggregate: Aggregate, schema: Schema, event_filters: Sequence[Rule], labels: frozenset[str]
) -> bool:
    """Whether a figure is made of a property that carries any of the labels."""
    used = {aggregate.value, aggregate.group_by}
    if aggregate.where is not None:
        references = event_filters[aggregate.where].checked.references
        used.update(references.attributes.get("event", ()))
    return any(
        prop.path in used and labels.intersection(prop.labels)
        for event in schema.events
        if event.id in aggregate.events
        for prop in event.properties
    )


def _add_audiences(prepared: Prepared, names: set[str]) -> None:
    """Adds audiences that read hidden names until none is added: they may read one another."""
    waiting = {audience: list(_names(rule)) for audience, rule in prepared.audiences.items()}
    while found := [name for name, read in waiting.items() if not names.isdisjoint(read)]:
        for audience in found:
            names.add(f'{LOOKUP}("{audience}")')
            del waiting[audience]


def _names(rule: Rule) -> Iterator[str]:
    references = rule.checked.references
    for root, paths in references.attributes.items():
        yield from (f"{root}.{path}" for path in paths)
    for lookup, asked in references.lookups.items():
        yield from (f'{lookup}("{one}")' for one in asked)
