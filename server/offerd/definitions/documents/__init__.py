"""The authoring format: what a definition file may hold, before names are looked up."""

from offerd.definitions.documents.declarations import (
    AggregateDocument,
    AttributeDocument,
    EventDocument,
    NamespaceDocument,
)
from offerd.definitions.documents.file import SECTIONS, DefinitionFile, json_schema
from offerd.definitions.documents.offers import (
    CapDocument,
    FallbackOfferDocument,
    OfferDocument,
    RepresentationDocument,
)
from offerd.definitions.documents.selection import (
    AudienceDocument,
    CollectionDocument,
    DecisionDocument,
    PlacementDocument,
    ScopeDocument,
    StrategyDocument,
)

__all__ = [
    "SECTIONS",
    "AggregateDocument",
    "AttributeDocument",
    "AudienceDocument",
    "CapDocument",
    "CollectionDocument",
    "DecisionDocument",
    "DefinitionFile",
    "EventDocument",
    "FallbackOfferDocument",
    "NamespaceDocument",
    "OfferDocument",
    "PlacementDocument",
    "RepresentationDocument",
    "ScopeDocument",
    "StrategyDocument",
    "json_schema",
]
