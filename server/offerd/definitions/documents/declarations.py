"""Documents that declare data: namespaces, attributes, event types, aggregates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from offerd.definitions.documents.fields import (
    AGGREGATE_PATTERN,
    MAXIMUM_ID_LENGTH,
    AttributeName,
    Described,
    Document,
    Given,
    Id,
    Label,
    NonEmpty,
    OptionalText,
)
from offerd.model.schema import AggregateFunction, NamespaceType, Normalization

AttributeType = Literal[
    "bool", "int", "double", "string", "timestamp", "list(string)", "list(int)", "list(double)"
]


class NamespaceDocument(Described):
    """An identity namespace. The order of declaration is the order of priority."""

    noun: ClassVar[str] = "a namespace"

    id: Id
    """The name that identities use for it."""
    type: Annotated[NamespaceType, Field(strict=False)]
    """What its identities name: a browser (cookie), a device, or a person (the others)."""
    normalize: Annotated[Normalization, Field(strict=False)] = Normalization.NONE
    """How ids are made comparable. Absent: not at all."""


class AttributeDocument(Document):
    """An attribute of profiles, context or offers, or a property of events."""

    noun: ClassVar[str] = "an attribute"

    name: AttributeName
    """The name that rules read, dots included."""
    type: AttributeType
    """The type of its values."""
    values: Annotated[list[NonEmpty] | None, Given(), Field(min_length=1)] = None
    """The only texts allowed; for string and list(string). Absent: any text."""
    labels: list[Label] = Field(default_factory=list)
    """Data usage labels. Absent: none."""
    person: bool = False
    """Whether it is person data, kept only under a namespace that names a person. Absent: no."""
    description: OptionalText = None
    """A description for people. Absent: none."""


class EventDocument(Described):
    """A type of event. `display`, `click`, `conversion` and `purchase` exist without it."""

    noun: ClassVar[str] = "an event type"

    id: Id
    """The type that events carry; one of the four that exist adds properties to it."""
    properties: list[AttributeDocument] = Field(default_factory=list)
    """What events of this type may carry. Absent: nothing."""


class AggregateDocument(Described):
    """A figure kept per profile over its events; rules read it as `aggregate.<id>`."""

    noun: ClassVar[str] = "an aggregate"

    id: Annotated[str, StringConstraints(pattern=AGGREGATE_PATTERN, max_length=MAXIMUM_ID_LENGTH)]
    """The name that rules read; an attribute name without dots."""
    events: Annotated[list[Id], Field(min_length=1)]
    """The types of events that are taken in."""
    function: Annotated[AggregateFunction, Field(strict=False)]
    """What is kept of them."""
    group_by: Annotated[AttributeName | None, Given()] = None
    """A string property; the aggregate is then a map from its values. Absent: one figure."""
    value: Annotated[AttributeName | None, Given()] = None
    """The property that sum, min or max take; not for the other functions."""
    where: OptionalText = None
    """A rule over `event`; only events for which it is true are taken in. Absent: all."""
