"""A definition file: its sections, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, get_args

from pydantic import ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from offerd.definitions.documents.aggregates import AggregateDocument
from offerd.definitions.documents.capping import SharedCapDocument
from offerd.definitions.documents.contacting import (
    ChannelDocument,
    ConsentDocument,
    MarketingActionDocument,
    PolicyDocument,
)
from offerd.definitions.documents.declarations import (
    AttributeDocument,
    EventDocument,
    NamespaceDocument,
)
from offerd.definitions.documents.experimenting import ExperimentDocument
from offerd.definitions.documents.fields import Document, Given
from offerd.definitions.documents.offers import FallbackOfferDocument, OfferDocument
from offerd.definitions.documents.places import (
    LibraryDocument,
    LocationDocument,
    PlaceDocument,
)
from offerd.definitions.documents.ranking import (
    RankingDocument,
    ScoreDocument,
    ScoreTableDocument,
)
from offerd.definitions.documents.selection import (
    AudienceDocument,
    CollectionDocument,
    DecisionDocument,
    ExclusionDocument,
    PlacementDocument,
    ScopeDocument,
    StrategyDocument,
)


class DefinitionFile(Document):
    """A YAML or JSON file of definitions: any of these sections. Lists of all files are joined."""

    model_config = ConfigDict(title="offerd definitions")
    noun: ClassVar[str] = "a definition file"

    namespaces: list[NamespaceDocument] = Field(default_factory=list)
    """Identity namespaces, in order of priority."""
    profile: list[AttributeDocument] = Field(default_factory=list)
    """Profile attributes; rules read them as `profile.<name>`."""
    context: list[AttributeDocument] = Field(default_factory=list)
    """Context attributes beyond the built-in ones; rules read them as `context.<name>`."""
    offer_attributes: list[AttributeDocument] = Field(default_factory=list)
    """Attributes that offers may have; rules read them as `offer.<name>`."""
    events: list[EventDocument] = Field(default_factory=list)
    """Event types beyond the built-in ones, and properties added to those."""
    aggregates: list[AggregateDocument] = Field(default_factory=list)
    """Figures kept per profile over its events; rules read them as `aggregate.<id>`."""
    scores: list[ScoreDocument] = Field(default_factory=list)
    """Scores that are loaded per profile; rules ask for them with `score("<id>")`."""
    audiences: list[AudienceDocument] = Field(default_factory=list)
    """Named groups of profiles; rules ask for them with `audience("<id>")`."""
    marketing_actions: list[MarketingActionDocument] = Field(default_factory=list)
    """Uses of data beyond the built-in ones."""
    policies: list[PolicyDocument] = Field(default_factory=list)
    """What labelled data may not be used for."""
    consent: Annotated[ConsentDocument | None, Given()] = None
    """What holds for customers who never answered; a mapping, in one file only."""
    channels: list[ChannelDocument] = Field(default_factory=list)
    """Ways to reach customers, and when they may be contacted."""
    libraries: list[LibraryDocument] = Field(default_factory=list)
    """Sets of places, the one that wins first."""
    location: Annotated[LocationDocument | None, Given()] = None
    """How locations become entries and exits; a mapping, in one file only."""
    places: list[PlaceDocument] = Field(default_factory=list)
    """Places with a fence around them; rules ask for them as `places.<function>(...)`."""
    placements: list[PlacementDocument] = Field(default_factory=list)
    """Places where offers are shown."""
    offers: list[OfferDocument] = Field(default_factory=list)
    """What can be proposed."""
    fallback_offers: list[FallbackOfferDocument] = Field(default_factory=list)
    """What is shown where no offer is eligible."""
    collections: list[CollectionDocument] = Field(default_factory=list)
    """Sets of offers."""
    caps: list[SharedCapDocument] = Field(default_factory=list)
    """Caps that offers of a collection share."""
    exclusions: list[ExclusionDocument] = Field(default_factory=list)
    """Which offers may not be shown together, or to whom."""
    score_tables: list[ScoreTableDocument] = Field(default_factory=list)
    """Scores by segment and offer."""
    rankings: list[RankingDocument] = Field(default_factory=list)
    """What gives offers their scores."""
    strategies: list[StrategyDocument] = Field(default_factory=list)
    """Which offers are candidates, and their order."""
    decisions: list[DecisionDocument] = Field(default_factory=list)
    """Which strategies fill which placements."""
    experiments: list[ExperimentDocument] = Field(default_factory=list)
    """Variants of decisions, and who gets which."""
    scopes: list[ScopeDocument] = Field(default_factory=list)
    """Names for a decision at a placement."""


SINGLE_SECTIONS: dict[str, type[Document]] = {
    "consent": ConsentDocument,
    "location": LocationDocument,
}
"""Sections that are one document, by name."""

SECTIONS: dict[str, type[Document]] = {
    name: get_args(field.annotation)[0]
    for name, field in DefinitionFile.model_fields.items()
    if name not in SINGLE_SECTIONS
}
"""The document that each of the other sections is a list of."""


class _Generator(GenerateJsonSchema):
    """Leaves out defaults of null: such a field is left out, never null."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        generated = super().default_schema(schema)
        if generated.get("default", ...) is None:
            del generated["default"]
        return generated


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a definition file, for editors and other tools.

    It says what a single file may hold. What only all files together can tell, such as that
    a name exists, is found when the definitions are loaded.
    """
    schema = DefinitionFile.model_json_schema(schema_generator=_Generator, by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
