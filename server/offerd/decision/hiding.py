"""Which data an explanation names without telling its value, by data usage labels.

Attributes, properties and scores carry labels. What is computed of labelled data gives it away,
so it is hidden too: aggregates that take, group or filter by a hidden property, and audiences
whose rule reads anything hidden, themselves or through other audiences.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from offerd.audience.membership import LOOKUP
from offerd.decision.prepared import Prepared
from offerd.decision.withholding import labels_by_name, names_read
from offerd.expression import Rule
from offerd.model.schema import Aggregate, Schema, event_types

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
    labelled = labels_by_name(prepared.catalogue)
    labelled.update((f"offer.{one.path}", frozenset(one.labels)) for one in schema.offer)
    names = {name for name, own in labelled.items() if not own.isdisjoint(wanted)}
    names.update(
        f"aggregate.{aggregate.id}"
        for aggregate in schema.aggregates
        if _reads(aggregate, schema, event_filters, wanted)
    )
    _add_audiences(prepared, names)
    return frozenset(names)


def reads_hidden(rule: Rule, hidden: Collection[str]) -> bool:
    """Returns whether a rule reads any of the names, so that what it says must not be told."""
    return bool(hidden) and any(name in hidden for name in names_read(rule))


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
        for event in event_types(schema).values()
        if event.id in aggregate.events
        for prop in event.properties
    )


def _add_audiences(prepared: Prepared, names: set[str]) -> None:
    """Adds audiences that read hidden names until none is added: they may read one another."""
    waiting = {audience: list(names_read(rule)) for audience, rule in prepared.audiences.items()}
    while found := [name for name, read in waiting.items() if not names.isdisjoint(read)]:
        for audience in found:
            names.add(f'{LOOKUP}("{audience}")')
            del waiting[audience]
