"""What the documents are made of: strict models, ids, names, optional fields."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema

ID_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
ATTRIBUTE_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
AGGREGATE_PATTERN = r"^[a-z][a-z0-9_]*$"
LABEL_PATTERN = r"^(C([1-9]|1[0-2])|[IS][12]|RHD|PSPD|[a-z0-9][a-z0-9._-]*)$"
MAXIMUM_ID_LENGTH = 128


class Document(BaseModel):
    """A mapping of the authoring format; `noun` is what people call it, with its article."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
    noun: ClassVar[str] = "a mapping"


class Given:
    """Marks an optional field that may be left out, but not be there without a value."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        if schema["type"] == "nullable":
            inner: CoreSchema = schema["schema"]
            return inner
        return schema


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=MAXIMUM_ID_LENGTH)]
"""A name that definitions refer to: `[a-z0-9][a-z0-9._-]*`, at most 128 characters."""

AttributeName = Annotated[
    str, StringConstraints(pattern=ATTRIBUTE_PATTERN, max_length=MAXIMUM_ID_LENGTH)
]
"""A dotted name that rules read, such as `loyalty.tier`."""

Label = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, max_length=MAXIMUM_ID_LENGTH)]
"""A data usage label: C1 to C12, I1, I2, S1, S2, RHD, PSPD, or one's own, shaped like an id."""

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
OptionalText = Annotated[str | None, Given()]

MAXIMUM_ITEM_COUNT = 500
ItemCount = Annotated[int, Field(ge=1, le=MAXIMUM_ITEM_COUNT)]


class Described(Document):
    """What has a name and a description for people; neither changes what is decided."""

    name: OptionalText = None
    """A name for people. Absent: the id."""
    description: OptionalText = None
    """A description for people. Absent: none."""
