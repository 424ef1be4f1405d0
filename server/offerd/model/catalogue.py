"""Definitions as compiled: what the bundle holds and the engine decides over.

References by name have become numbers: rules, content and offers are numbered from 0 in
the order of their tables. Instants are integer nanoseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from offerd.model.schema import Schema


class ContentType(StrEnum):
    """What a placement shows and a representation holds."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    IMAGE_LINK = "image_link"
    REDIRECT = "redirect"
    KEY_VALUE = "key_value"


class Content(msgspec.Struct, frozen=True, array_like=True):
    """One representation's content.

    `body` by type: str for text and html (the fragment), any JSON value for json, the URL
    for redirect, dict of str for key_value, and for image_link a dict with `url` and
    optionally `link_url` and `alternative_text`.
    """

    type: ContentType
    body: object


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """A checked expression: as written, and its encoded tree (offerd.expression.encode)."""

    source: str
    tree: bytes


class Audience(msgspec.Struct, frozen=True, array_like=True):
    """A named group of profiles: those for which the rule is true."""

    id: str
    name: str
    rule: int


class Placement(msgspec.Struct, frozen=True, array_like=True):
    """A place where offers are shown. `item_count` is how many, unless the request says."""

    id: str
    channel: str
    content_type: ContentType
    item_count: int = 1


class Representation(msgspec.Struct, frozen=True, array_like=True):
    """An offer's content for one placement and language; "" is the default language."""

    placement: str
    language: str
    content: int


class CapSubject(StrEnum):
    """Whose events a cap counts."""

    PROFILE = "profile"
    TOTAL = "total"


class Cap(msgspec.Struct, frozen=True, array_like=True):
    """At most `limit` events of a type about an offer.

    `within_ns` counts only the events of that many nanoseconds before the instant of the
    decision (per profile only); None counts all there ever were.
    """

    event: str
    subject: CapSubject
    limit: int
    within_ns: int | None = None


class Offer(msgspec.Struct, frozen=True, array_like=True):
    """Something to propose. `start_ns` is inclusive, `end_ns` exclusive; None is open."""

    id: str
    priority: int
    start_ns: int | None
    end_ns: int | None
    eligibility: int | None
    tags: tuple[str, ...]
    attributes: dict[str, object]
    representations: tuple[Representation, ...]
    caps: tuple[Cap, ...]


class FallbackOffer(msgspec.Struct, frozen=True, array_like=True):
    """What is shown where no offer is eligible; without dates, rules and caps."""

    id: str
    attributes: dict[str, object]
    representations: tuple[Representation, ...]


class Collection(msgspec.Struct, frozen=True, array_like=True):
    """A set of offers, resolved when the definitions are compiled; numbers of offers, sorted."""

    id: str
    offers: tuple[int, ...]


class Strategy(msgspec.Struct, frozen=True, array_like=True):
    """A selection strategy: a collection, a constraint that all of it shares, a ranking.

    `constraint` is a rule over profile and context, or None. Ranking is by priority, ties
    by offer id.
    """

    id: str
    collection: int
    constraint: int | None


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """Which strategies fill which placements, in order, and what is shown if none can.

    `strategies` are numbers of strategies: the first fills what it can, the next tops up.
    `fallbacks` are numbers of fallback offers, tried in order for each placement.
    """

    id: str
    placements: tuple[str, ...]
    strategies: tuple[int, ...]
    fallbacks: tuple[int, ...]


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """A name for a decision at a placement."""

    id: str
    decision: str
    placement: str
    item_count: int | None = None


class Catalogue(msgspec.Struct, frozen=True):
    """All the tables of a bundle.

    `rules` read profile, context, aggregate, audience and now; `event_filters` read event.
    `contents` is empty in a catalogue that was opened from a bundle: content stays in the
    memory map until an item is answered with it.
    """

    schema: Schema
    rules: tuple[Rule, ...]
    event_filters: tuple[Rule, ...]
    audiences: tuple[Audience, ...]
    placements: tuple[Placement, ...]
    contents: tuple[Content, ...]
    offers: tuple[Offer, ...]
    fallback_offers: tuple[FallbackOffer, ...]
    collections: tuple[Collection, ...]
    strategies: tuple[Strategy, ...]
    decisions: tuple[Decision, ...]
    scopes: tuple[Scope, ...]
