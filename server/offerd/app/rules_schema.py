"""The declarations that expressions of the command line are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from offerd import expression as ex
from offerd.app.rules_record import World, declared_world
from offerd.audience.environment import decision_environment, event_environment
from offerd.audience.membership import Memberships
from offerd.bundle import open_bundle
from offerd.definitions import load
from offerd.events.steps import initial_value
from offerd.model.catalogue import Catalogue


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue of a folder of definitions or of a bundle."""
    if path.is_dir():
        return load([path]).catalogue
    bundle = open_bundle(path, None)
    try:
        return bundle.catalogue
    finally:
        bundle.close()


def every_name(catalogue: Catalogue) -> ex.Environment:
    """All that any rule of the catalogue may read: of customers, of events and of offers."""
    schema = catalogue.schema
    audiences = [audience.id for audience in catalogue.audiences]
    decisions = decision_environment(schema, audiences)
    events = event_environment(schema, [event.id for event in schema.events])
    return ex.Environment({**decisions.variables, **events.variables}, decisions.lookups)


def catalogue_world(catalogue: Catalogue, record: Mapping[str, Any], now_ns: int) -> World:
    """A record as the rules of a catalogue see it.

    Aggregates that the record lacks are those of a customer without events, and audiences that
    it lacks are worked out by their own rules.
    """
    world = declared_world(every_name(catalogue), record)
    started = {a.id: initial_value(a) for a in catalogue.schema.aggregates}
    begun = {name: value for name, value in started.items() if value is not None}
    values = {"now": now_ns, **world.values}
    values["aggregate"] = {**begun, **world.values["aggregate"]}
    memberships = Memberships(
        _audience_rules(catalogue),
        values["profile"],
        values["context"],
        values["aggregate"],
        values["now"],
        values["score"],
    )
    memberships.update(world.values["audience"])
    return World(world.environment, {**values, "audience": memberships})


def _audience_rules(catalogue: Catalogue) -> dict[str, ex.Rule]:
    environment = decision_environment(
        catalogue.schema, [audience.id for audience in catalogue.audiences]
    )
    numbers = {a.id: a.rule for a in catalogue.audiences if a.rule is not None}
    checked = [ex.decode(catalogue.rules[number].tree) for number in numbers.values()]
    return dict(zip(numbers, ex.plan_many(checked, environment), strict=True))
