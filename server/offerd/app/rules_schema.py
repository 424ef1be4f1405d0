"""The declarations that expressions of the command line are checked against."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from offerd import expression as ex
from offerd.app.rules_places import answered, asking_of
from offerd.app.rules_record import World, declared_world
from offerd.audience.environment import decision_environment, event_environment
from offerd.audience.membership import Memberships
from offerd.audience.place_questions import ROOT as PLACES
from offerd.audience.place_questions import PlaceAsking, answers
from offerd.bundle import open_bundle
from offerd.definitions import load
from offerd.events.steps import initial_value
from offerd.model.catalogue import Catalogue
from offerd.model.packed_places import PackedPlaces
from offerd.model.schema import event_types
from offerd.places.index import Places


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue of a folder of definitions or of a bundle."""
    if path.is_dir():
        return load([path]).catalogue
    bundle = open_bundle(path, None)
    try:
        return replace(bundle.catalogue, places=_all_places(bundle.places))
    finally:
        bundle.close()


def _all_places(places: Places) -> PackedPlaces:
    return PackedPlaces(places.place(number) for number in range(places.count))


def every_name(catalogue: Catalogue, asking: PlaceAsking | None = None) -> ex.Environment:
    """All that any rule of the catalogue may read: of customers, of events, offers and places.

    `asking` remembers what is asked of places.
    """
    schema = catalogue.schema
    audiences = [audience.id for audience in catalogue.audiences]
    asked = asking_of(catalogue) if asking is None else asking
    decisions = decision_environment(schema, audiences, asked.record)
    events = event_environment(schema, event_types(schema))
    return ex.Environment({**decisions.variables, **events.variables}, decisions.lookups)


def catalogue_world(
    catalogue: Catalogue, record: Mapping[str, Any], now_ns: int, source: str = "true"
) -> World:
    """A record as the rules of a catalogue, and one more of which the source is given, see it.

    Aggregates that the record lacks are those of a customer without events, audiences that it
    lacks are worked out by their own rules, and what it lacks of places by its location.
    """
    asking = asking_of(catalogue)
    environment = every_name(catalogue, asking)
    with contextlib.suppress(ex.ExpressionError):  # told by who evaluates it
        ex.compile_expression(source, environment, expected=None)
    world = declared_world(environment, record)
    started = {a.id: initial_value(a) for a in catalogue.schema.aggregates}
    begun = {name: value for name, value in started.items() if value is not None}
    begun.update(dict.fromkeys(asking.visits, 0))
    values = {"now": now_ns, **world.values}
    values["aggregate"] = {**begun, **world.values["aggregate"]}
    values[PLACES] = answered(catalogue, asking, values, world.values[PLACES])
    memberships = Memberships(
        _audience_rules(catalogue),
        values["profile"],
        values["context"],
        values["aggregate"],
        values["now"],
        values["score"],
        places=values[PLACES],
    )
    memberships.update(world.values["audience"])
    return World(world.environment, {**values, "audience": memberships})


def _audience_rules(catalogue: Catalogue) -> dict[str, ex.Rule]:
    environment = decision_environment(
        catalogue.schema,
        [audience.id for audience in catalogue.audiences],
        answers(catalogue.place_reads),
    )
    numbers = {a.id: a.rule for a in catalogue.audiences if a.rule is not None}
    checked = [ex.decode(catalogue.rules[number].tree) for number in numbers.values()]
    return dict(zip(numbers, ex.plan_many(checked, environment), strict=True))
