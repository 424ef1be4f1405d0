"""Definitions as compiled: what the bundle holds and the engine decides over.

References by name have become numbers: rules, content and offers are numbered from 0 in
the order of their tables. Instants are integer nanoseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from offerd.model.capping import Cap, Counter
from offerd.model.consent import ConsentDefaults
from offerd.model.contact import Channel
from offerd.model.content import Content, ContentType
from offerd.model.lifecycle import Status
from offerd.model.place import Library, LocationSettings, Place, PlaceRead
from offerd.model.policy import Policy
from offerd.model.schema import Schema
from offerd.model.selection import (
    Decision,
    Exclusion,
    Experiment,
    Ranking,
    Scope,
    ScoreTable,
    Strategy,
)


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """A checked expression: as written, and its encoded tree (offerd.expression.encode)."""

    source: str
    tree: bytes


class Audience(msgspec.Struct, frozen=True, array_like=True):
    """A named group of profiles: those for which the rule is true.

    `rule` is None for one whose members are loaded.
    """

    id: str
    name: str
    rule: int | None


class Placement(msgspec.Struct, frozen=True, array_like=True):
    """A place where offers are shown. `item_count` is how many, unless the request says.

    `marketing_actions` are what showing an offer there is: policies on them keep data out.
    """

    id: str
    channel: str
    content_type: ContentType
    item_count: int = 1
    marketing_actions: tuple[str, ...] = ()


class Representation(msgspec.Struct, frozen=True, array_like=True):
    """An offer's content for one placement and language; "" is the default language."""

    placement: str
    language: str
    content: int


class Offer(msgspec.Struct, frozen=True, array_like=True):
    """Something to propose. `start_ns` is inclusive, `end_ns` exclusive; None is open.

    `replaces` are numbers of offers that fall where this one is eligible.
    """

    id: str
    priority: int
    start_ns: int | None
    end_ns: int | None
    eligibility: int | None
    tags: tuple[str, ...]
    attributes: dict[str, object]
    representations: tuple[Representation, ...]
    caps: tuple[Cap, ...]
    status: Status = Status.APPROVED
    replaces: tuple[int, ...] = ()


class FallbackOffer(msgspec.Struct, frozen=True, array_like=True):
    """What is shown where no offer is eligible; without dates, rules and caps."""

    id: str
    attributes: dict[str, object]
    representations: tuple[Representation, ...]


class Collection(msgspec.Struct, frozen=True, array_like=True):
    """A set of offers, resolved when the definitions are compiled; numbers of offers, sorted."""

    id: str
    offers: tuple[int, ...]


class Catalogue(msgspec.Struct, frozen=True):
    """All the tables of a bundle.

    `rules` read profile, context, aggregate, now, places, offer, audience and score;
    `event_filters` read event. `contents` and `places` are empty in a catalogue that was opened
    from a bundle: they stay in the memory map until they are asked for. So do its offers and
    counters, which are decoded whenever they are. `consent` is what holds for customers who haven't
    chosen. `place_reads` is what rules ask of places.
    """

    schema: Schema
    rules: tuple[Rule, ...]
    event_filters: tuple[Rule, ...]
    audiences: tuple[Audience, ...]
    placements: tuple[Placement, ...]
    contents: tuple[Content, ...]
    offers: Sequence[Offer]
    fallback_offers: tuple[FallbackOffer, ...]
    collections: tuple[Collection, ...]
    strategies: tuple[Strategy, ...]
    decisions: tuple[Decision, ...]
    scopes: tuple[Scope, ...]
    counters: Sequence[Counter] = ()
    rankings: tuple[Ranking, ...] = ()
    score_tables: tuple[ScoreTable, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    policies: tuple[Policy, ...] = ()
    channels: tuple[Channel, ...] = ()
    consent: ConsentDefaults = ConsentDefaults()
    libraries: tuple[Library, ...] = ()
    location: LocationSettings = LocationSettings()
    place_reads: tuple[PlaceRead, ...] = ()
    places: Sequence[Place] = ()
