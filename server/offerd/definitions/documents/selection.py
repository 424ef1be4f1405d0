"""Documents of audiences, placements, and what is decided for them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from offerd.definitions.documents.fields import (
    Described,
    Given,
    Id,
    ItemCount,
    NonEmpty,
    OptionalText,
)
from offerd.model.catalogue import ContentType


class AudienceDocument(Described):
    """A named group of profiles; rules ask for it with `audience("<id>")`."""

    noun: ClassVar[str] = "an audience"

    id: Id
    """The id that rules ask for."""
    rule: str
    """A rule over profile, context, aggregate, audience and now; true for members."""


class PlacementDocument(Described):
    """A place where offers are shown."""

    noun: ClassVar[str] = "a placement"

    id: Id
    """The id that requests name."""
    channel: NonEmpty
    """Where it is: web, app, email or any other word."""
    content_type: Annotated[ContentType, Field(strict=False)]
    """What it shows."""
    item_count: ItemCount = 1
    """How many items, 1 to 500, unless the scope or the request says. Absent: 1."""


class CollectionDocument(Described):
    """A set of offers: those listed, or all that meet every predicate given."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["offers"]},
                {"anyOf": [{"required": [f]} for f in ("any_tags", "all_tags", "where")]},
            ]
        }
    )
    noun: ClassVar[str] = "a collection"

    id: Id
    """The id that strategies name."""
    offers: Annotated[list[Id] | None, Given()] = None
    """The ids of its offers; instead of predicates."""
    any_tags: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Offers with one of these tags."""
    all_tags: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Offers with all of these tags."""
    where: OptionalText = None
    """Offers for whose attributes this is true: a rule over `offer`."""


class StrategyDocument(Described):
    """Which offers are candidates, under which constraint, in which order."""

    noun: ClassVar[str] = "a strategy"

    id: Id
    """The id that decisions name."""
    collection: Id
    """The id of the collection that the candidates are from."""
    constraint: OptionalText = None
    """A rule (as eligibility) that all candidates share. Absent: none."""
    ranking: Literal["priority"] = "priority"
    """How candidates are ranked: by priority, ties by offer id."""


class DecisionDocument(Described):
    """Which strategies fill which placements, and what is shown if none can."""

    noun: ClassVar[str] = "a decision"

    id: Id
    """The id that requests name."""
    placements: Annotated[list[Id], Field(min_length=1)]
    """The ids of the placements that it serves."""
    strategies: Annotated[list[Id], Field(min_length=1)]
    """The ids of its strategies: the first fills what it can, the next tops up."""
    fallbacks: list[Id] = Field(default_factory=list)
    """The ids of fallback offers, tried in this order for each placement; every placement needs
    one that has a representation for it."""


class ScopeDocument(Described):
    """A name for a decision at a placement."""

    noun: ClassVar[str] = "a scope"

    id: Id
    """The name that requests use."""
    decision: Id
    """The id of the decision."""
    placement: Id
    """The id of one of the decision's placements."""
    item_count: Annotated[ItemCount | None, Given()] = None
    """How many items, 1 to 500. Absent: as the placement says."""
