"""The authoring format: what a definition file may hold, before names are looked up."""

from offerd.definitions.documents.capping import CapDocument, EveryDocument, SharedCapDocument
from offerd.definitions.documents.declarations import (
    AggregateDocument,
    AttributeDocument,
    EventDocument,
    NamespaceDocument,
)
from offerd.definitions.documents.experimenting import ArmDocument, ExperimentDocument
from offerd.definitions.documents.file import SECTIONS, DefinitionFile, json_schema
from offerd.definitions.documents.offers import (
    FallbackOfferDocument,
    OfferDocument,
    RepresentationDocument,
)
from offerd.definitions.documents.ranking import (
    BoostDocument,
    RankingDocument,
    ScoreDocument,
    ScoreTableDocument,
)
from offerd.definitions.documents.selection import (
    AudienceDocument,
    CollectionDocument,
    DecisionDocument,
    ExclusionDocument,
    GroupDocument,
    OffersDocument,
    PlacementDocument,
    ScopeDocument,
    StrategyDocument,
)

__all__ = [
    "SECTIONS",
    "AggregateDocument",
    "ArmDocument",
    "AttributeDocument",
    "AudienceDocument",
    "BoostDocument",
    "CapDocument",
    "CollectionDocument",
    "DecisionDocument",
    "DefinitionFile",
    "EventDocument",
    "EveryDocument",
    "ExclusionDocument",
    "ExperimentDocument",
    "FallbackOfferDocument",
    "GroupDocument",
    "NamespaceDocument",
    "OfferDocument",
    "OffersDocument",
    "PlacementDocument",
    "RankingDocument",
    "RepresentationDocument",
    "ScopeDocument",
    "ScoreDocument",
    "ScoreTableDocument",
    "SharedCapDocument",
    "StrategyDocument",
    "json_schema",
]
