"""The authoring format: what a definition file may hold, before names are looked up."""

from offerd.definitions.documents.aggregates import AggregateDocument, StepDocument
from offerd.definitions.documents.capping import CapDocument, EveryDocument, SharedCapDocument
from offerd.definitions.documents.contacting import (
    ChannelCapDocument,
    ChannelDocument,
    ConsentDocument,
    MarketingActionDocument,
    PolicyDocument,
    QuietHoursDocument,
)
from offerd.definitions.documents.declarations import (
    AttributeDocument,
    EventDocument,
    NamespaceDocument,
)
from offerd.definitions.documents.experimenting import ArmDocument, ExperimentDocument
from offerd.definitions.documents.file import (
    SECTIONS,
    SINGLE_SECTIONS,
    DefinitionFile,
    json_schema,
)
from offerd.definitions.documents.offers import (
    FallbackOfferDocument,
    OfferDocument,
    RepresentationDocument,
)
from offerd.definitions.documents.places import (
    LibraryDocument,
    LocationDocument,
    PlaceDocument,
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
    "SINGLE_SECTIONS",
    "AggregateDocument",
    "ArmDocument",
    "AttributeDocument",
    "AudienceDocument",
    "BoostDocument",
    "CapDocument",
    "ChannelCapDocument",
    "ChannelDocument",
    "CollectionDocument",
    "ConsentDocument",
    "DecisionDocument",
    "DefinitionFile",
    "EventDocument",
    "EveryDocument",
    "ExclusionDocument",
    "ExperimentDocument",
    "FallbackOfferDocument",
    "GroupDocument",
    "LibraryDocument",
    "LocationDocument",
    "MarketingActionDocument",
    "NamespaceDocument",
    "OfferDocument",
    "OffersDocument",
    "PlaceDocument",
    "PlacementDocument",
    "PolicyDocument",
    "QuietHoursDocument",
    "RankingDocument",
    "RepresentationDocument",
    "ScopeDocument",
    "ScoreDocument",
    "ScoreTableDocument",
    "SharedCapDocument",
    "StepDocument",
    "StrategyDocument",
    "json_schema",
]
