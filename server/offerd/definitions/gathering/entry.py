"""A document together with where it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from offerd.definitions.documents import (
    AggregateDocument,
    AttributeDocument,
    AudienceDocument,
    ChannelDocument,
    CollectionDocument,
    ConsentDocument,
    DecisionDocument,
    EventDocument,
    ExclusionDocument,
    ExperimentDocument,
    FallbackOfferDocument,
    LibraryDocument,
    LocationDocument,
    MarketingActionDocument,
    NamespaceDocument,
    OfferDocument,
    PlacementDocument,
    PolicyDocument,
    RankingDocument,
    ScopeDocument,
    ScoreDocument,
    ScoreTableDocument,
    SharedCapDocument,
    StrategyDocument,
)
from offerd.definitions.documents.fields import Document
from offerd.definitions.place import Origin, Path, Place

D_co = TypeVar("D_co", bound=Document, covariant=True)


class Entry(Generic[D_co]):
    """One definition: its document and its origin."""

    __slots__ = ("document", "origin")

    def __init__(self, document: D_co, origin: Origin) -> None:
        self.document = document
        self.origin = origin

    def place(self, *path: str | int) -> Place:
        """The place of the value at the path, or of the nearest part that exists."""
        return self.origin.place(path)

    def key_place(self, *path: str | int) -> Place:
        """The place of the key at the path."""
        return self.origin.place(path, of_key=True)


class PartialOrigin:
    """The origin of a definition from whose lists wrong items were taken out.

    `removed` says for each list, by its path as written, which items are gone.
    """

    def __init__(self, origin: Origin, removed: Mapping[Path, set[int]]) -> None:
        self._origin = origin
        self._removed = removed

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value at the path, or of its key."""
        return self._origin.place(self.as_written(path), of_key=of_key)

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the character at an offset in the text at the path."""
        return self._origin.place_in_text(self.as_written(path), offset)

    def as_written(self, path: Path) -> Path:
        """The path that a part had before items were taken out."""
        written: Path = ()
        for part in path:
            if isinstance(part, int):
                for gone in sorted(self._removed.get(written, ())):
                    part += gone <= part  # noqa: PLW2901 - moved up by each item gone before it
            written = (*written, part)
        return written


@dataclass
class Gathered:
    """All definitions of all files, section by section, in the order of the files.

    Places aside: there may be too many of them.
    """

    namespaces: list[Entry[NamespaceDocument]] = field(default_factory=list)
    profile: list[Entry[AttributeDocument]] = field(default_factory=list)
    context: list[Entry[AttributeDocument]] = field(default_factory=list)
    offer_attributes: list[Entry[AttributeDocument]] = field(default_factory=list)
    events: list[Entry[EventDocument]] = field(default_factory=list)
    aggregates: list[Entry[AggregateDocument]] = field(default_factory=list)
    scores: list[Entry[ScoreDocument]] = field(default_factory=list)
    audiences: list[Entry[AudienceDocument]] = field(default_factory=list)
    marketing_actions: list[Entry[MarketingActionDocument]] = field(default_factory=list)
    policies: list[Entry[PolicyDocument]] = field(default_factory=list)
    consent: list[Entry[ConsentDocument]] = field(default_factory=list)
    channels: list[Entry[ChannelDocument]] = field(default_factory=list)
    libraries: list[Entry[LibraryDocument]] = field(default_factory=list)
    location: list[Entry[LocationDocument]] = field(default_factory=list)
    placements: list[Entry[PlacementDocument]] = field(default_factory=list)
    offers: list[Entry[OfferDocument]] = field(default_factory=list)
    fallback_offers: list[Entry[FallbackOfferDocument]] = field(default_factory=list)
    collections: list[Entry[CollectionDocument]] = field(default_factory=list)
    caps: list[Entry[SharedCapDocument]] = field(default_factory=list)
    exclusions: list[Entry[ExclusionDocument]] = field(default_factory=list)
    score_tables: list[Entry[ScoreTableDocument]] = field(default_factory=list)
    rankings: list[Entry[RankingDocument]] = field(default_factory=list)
    strategies: list[Entry[StrategyDocument]] = field(default_factory=list)
    decisions: list[Entry[DecisionDocument]] = field(default_factory=list)
    experiments: list[Entry[ExperimentDocument]] = field(default_factory=list)
    scopes: list[Entry[ScopeDocument]] = field(default_factory=list)
