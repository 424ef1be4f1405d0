"""Documents of audiences, placements, and what is decided for them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Tag
from pydantic.config import JsonDict

from offerd.definitions.documents.fields import (
    MAXIMUM_ITEM_COUNT,
    Described,
    Document,
    Given,
    Id,
    ItemCount,
    NonEmpty,
    OptionalText,
)
from offerd.definitions.documents.forms import MANIFOLD, PLAIN, told_by
from offerd.model.content import ContentType
from offerd.model.lifecycle import Status
from offerd.model.selection import Ties

PRIORITY = "priority"
"""The ranking that needs no definition."""


class AudienceDocument(Described):
    """A named group of profiles; rules ask for it with `audience("<id>")`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["rule"], "properties": {"external": {"const": False}}},
                {
                    "required": ["external"],
                    "properties": {"external": {"const": True}, "rule": False},
                },
            ]
        }
    )
    noun: ClassVar[str] = "an audience"

    id: Id
    """The id that rules ask for."""
    rule: OptionalText = None
    """A rule over profile, context, aggregate, now, audience and score; true for members. Absent:
    members are loaded."""
    external: bool = False
    """Whether members are loaded instead of being told by a rule. Absent: no."""


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
    marketing_actions: list[Id] = Field(default_factory=list)
    """What showing an offer there is; policies about it keep data out. Absent: nothing."""


_PREDICATES: JsonDict = {"anyOf": [{"required": [f]} for f in ("any_tags", "all_tags", "where")]}


class OffersDocument(Described):
    """What says which offers are meant: a list of them, or predicates that they all meet."""

    offers: Annotated[list[Id] | None, Given()] = None
    """The ids of its offers; instead of predicates."""
    any_tags: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Offers with one of these tags."""
    all_tags: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Offers with all of these tags."""
    where: OptionalText = None
    """Offers for which this is true: a rule over `offer`."""


class CollectionDocument(OffersDocument):
    """A set of offers: those listed, or all that meet every predicate given."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["offers"]}, _PREDICATES]})
    noun: ClassVar[str] = "a collection"

    id: Id
    """The id that strategies name."""


class ExclusionDocument(OffersDocument):
    """Offers of which at most so many may be shown together."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["collection"]}, {"required": ["offers"]}, _PREDICATES]
        }
    )
    noun: ClassVar[str] = "an exclusion"

    id: Id
    """The id that explanations name."""
    collection: Annotated[Id | None, Given()] = None
    """The id of the collection of its offers; instead of saying here which they are."""
    at_most: Annotated[int, Field(ge=0, le=MAXIMUM_ITEM_COUNT)]
    """How many of them, 0 to 500; 0 blocks them."""
    when: OptionalText = None
    """A rule over profile, context, aggregate, now, audience and score: the exclusion applies
    unless it is false, so also where it is unknown. Absent: it always applies."""
    within: Literal["request", "scope"] = "request"
    """Whether all scopes of a request count together, or each by itself. Absent: together."""


class StrategyDocument(Described):
    """Which offers are candidates, under which constraint, in which order."""

    noun: ClassVar[str] = "a strategy"

    id: Id
    """The id that decisions name."""
    collection: Id
    """The id of the collection that the candidates are from."""
    constraint: OptionalText = None
    """A rule (as eligibility) that all candidates share. Absent: none."""
    ranking: Id = PRIORITY
    """How candidates are ranked: by `priority`, or by the ranking of that id. Absent: by
    priority."""


class GroupDocument(Document):
    """A step of a decision: strategies that compete, or offers listed by hand."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["group"]}, {"required": ["offers"]}]}
    )
    noun: ClassVar[str] = "a step of a decision"

    group: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Ids of strategies that compete: an offer that several find keeps its best score."""
    offers: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Ids of offers, proposed in this order as far as they are eligible."""
    placements: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Ids of those placements of the decision at which the step is taken. Absent: all."""


Step = Annotated[Annotated[Id, Tag(PLAIN)] | Annotated[GroupDocument, Tag(MANIFOLD)], told_by(dict)]
"""The id of a strategy, or strategies that compete, or offers listed by hand."""


class DecisionDocument(Described):
    """Which strategies fill which placements, and what is shown if none can."""

    noun: ClassVar[str] = "a decision"

    id: Id
    """The id that requests name."""
    placements: Annotated[list[Id], Field(min_length=1)]
    """The ids of the placements that it serves."""
    strategies: Annotated[list[Step], Field(min_length=1)]
    """Its steps: the first fills what it can, the next tops up. A step is the id of a strategy,
    a `group` of strategies that compete, or `offers` listed by hand."""
    fallbacks: list[Id] = Field(default_factory=list)
    """The ids of fallback offers or offers, tried in this order for each placement; every
    placement needs one that has a representation for it."""
    top_up: bool = False
    """Whether fallbacks follow where there are fewer offers than asked for. Absent: no."""
    ties: Annotated[Ties, Field(strict=False)] = Ties.ID
    """What orders offers of the same score and priority: their ids, or a hash of customer, offer
    and day. Absent: id."""
    status: Annotated[Status, Field(strict=False)] = Status.APPROVED
    """Where it is in its life; one that isn't approved shows fallbacks. Absent: approved."""
    start: OptionalText = None
    """First instant at which it shows more than fallbacks: RFC 3339, or a date which is midnight
    UTC. Absent: since ever."""
    end: OptionalText = None
    """First instant at which it no longer does (written as `start`). Absent: for ever."""


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
