"""Documents that declare data: namespaces, attributes, event types."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from offerd.definitions.documents.fields import (
    AttributeName,
    Described,
    Document,
    Given,
    Id,
    Label,
    NonEmpty,
    OptionalText,
)
from offerd.model.schema import NamespaceType, Normalization

MAXIMUM_IDENTITIES = 50
"""No customer has more identities."""

AttributeType = Literal[
    "bool", "int", "double", "string", "timestamp", "list(string)", "list(int)", "list(double)"
]


_NOT_UNIQUE: JsonDict = {"required": ["unique"], "properties": {"unique": {"const": False}}}


class NamespaceDocument(Described):
    """An identity namespace. The order of declaration is the order of priority."""

    model_config = ConfigDict(
        json_schema_extra={"dependentSchemas": {"limit": _NOT_UNIQUE}},
    )
    noun: ClassVar[str] = "a namespace"

    id: Id
    """The name that identities use for it."""
    type: Annotated[NamespaceType, Field(strict=False)]
    """What its identities name: a browser (cookie), a device, or a person (the others)."""
    normalize: Annotated[Normalization | None, Given(), Field(strict=False)] = None
    """How ids are made comparable: not at all (none), without case and outer spaces (lowercase),
    by their digits and a `+` before them (phone). Absent, and the only choice: lowercase for
    email, phone for phone; absent for the others: none."""
    unique: Annotated[bool | None, Given()] = None
    """Whether a customer has at most one id of it: of two links that would give them another,
    the older is cut. Absent: yes if it names persons, no if browsers or devices."""
    limit: Annotated[int | None, Given(), Field(ge=1, le=MAXIMUM_IDENTITIES)] = None
    """How many ids of it a customer has at most, 1 to 50; only where it isn't unique. Absent:
    as many as a customer can have identities, 50 together."""


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
