"""Documents of offers and fallback offers, and their representations."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from offerd.definitions.documents.capping import CapDocument
from offerd.definitions.documents.fields import (
    Described,
    Document,
    Given,
    Id,
    NonEmpty,
    OptionalText,
)
from offerd.model.content import ContentType
from offerd.model.lifecycle import Status

MAXIMUM_CAPS = 50

CONTENT_FIELDS = {
    ContentType.TEXT: "text",
    ContentType.HTML: "html",
    ContentType.JSON: "json_value",
    ContentType.IMAGE_LINK: "image_link",
    ContentType.REDIRECT: "redirect",
    ContentType.KEY_VALUE: "key_value",
}
"""The field of a representation that holds each type of content."""


class ImageLinkDocument(Document):
    """An image, and where a click on it leads."""

    noun: ClassVar[str] = "an image link"

    url: NonEmpty
    """The address of the image."""
    link_url: Annotated[NonEmpty | None, Given()] = None
    """Where a click leads. Absent: nowhere."""
    alternative_text: OptionalText = None
    """What is read where the image can't be seen. Absent: nothing."""


class RepresentationDocument(Document):
    """An offer's content for one placement and language; exactly one field of content."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [kind.value]} for kind in ContentType]}
    )
    noun: ClassVar[str] = "a representation"

    placement: Id
    """The id of the placement."""
    language: OptionalText = None
    """A BCP 47 language tag. Absent: the default, for all languages without one of their own."""
    text: OptionalText = None
    """Plain text."""
    html: OptionalText = None
    """A fragment of HTML."""
    json_value: Any = Field(default=None, alias="json")
    """Any JSON value."""
    image_link: Annotated[ImageLinkDocument | None, Given()] = None
    """An image and where it leads."""
    redirect: Annotated[NonEmpty | None, Given()] = None
    """The address to go to."""
    key_value: Annotated[dict[str, str] | None, Given()] = None
    """Names and values, all text."""


class FallbackOfferDocument(Described):
    """What is shown where no offer is eligible."""

    noun: ClassVar[str] = "a fallback offer"

    id: Id
    """The id that events report back, distinct from those of all offers."""
    attributes: dict[str, Any] = Field(default_factory=dict)
    """Values of declared offer attributes. Absent: none."""
    representations: Annotated[list[RepresentationDocument], Field(min_length=1)]
    """Its content, by placement and language."""


class OfferDocument(Described):
    """Something to propose."""

    noun: ClassVar[str] = "an offer"

    id: Id
    """The id that events report back."""
    priority: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """Higher comes first. Absent: 0."""
    start: OptionalText = None
    """First instant (RFC 3339 with an offset, or a date for midnight UTC). Absent: always."""
    end: OptionalText = None
    """First instant no longer (written as `start`). Absent: for ever."""
    tags: list[Id] = Field(default_factory=list)
    """Tags that collections select by. Absent: none."""
    attributes: dict[str, Any] = Field(default_factory=dict)
    """Values of declared offer attributes. Absent: none."""
    eligibility: OptionalText = None
    """A rule over profile, context, aggregate, now, offer, audience and score. Absent:
    everybody."""
    caps: Annotated[list[CapDocument], Field(max_length=MAXIMUM_CAPS)] = Field(default_factory=list)
    """How often, at most 50 caps. Absent: without limit."""
    replaces: list[Id] = Field(default_factory=list)
    """The ids of offers that aren't proposed where this one is eligible. Absent: none."""
    status: Annotated[Status, Field(strict=False)] = Status.APPROVED
    """Where it is in its life; only an approved one is proposed. Absent: approved."""
    representations: Annotated[list[RepresentationDocument], Field(min_length=1)]
    """Its content, by placement and language."""
