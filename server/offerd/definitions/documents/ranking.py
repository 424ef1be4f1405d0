"""Documents of scores, rankings and tables of scores."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from offerd.definitions.documents.fields import (
    Described,
    Document,
    Given,
    Id,
    Label,
    OptionalText,
)
from offerd.definitions.documents.forms import Computed

Number = Annotated[float, Field(allow_inf_nan=False)]


class ScoreDocument(Described):
    """A score that is loaded per profile, such as a propensity.

    Rules ask for it with `score("<id>")`, and for its probability and percentile with
    `score("<id>.probability")` and `score("<id>.percentile")`.
    """

    noun: ClassVar[str] = "a score"

    id: Id
    """The id that rules ask for."""
    maximum_age: OptionalText = None
    """A score older than this is unknown: hours, minutes and seconds such as `720h`, from `1m` to
    `17544h`. Absent: none is too old."""
    labels: list[Label] = Field(default_factory=list)
    """Data usage labels. Absent: none."""


class BoostDocument(Document):
    """A score of its own for the offers for which a rule is true."""

    noun: ClassVar[str] = "a boost"

    when: str
    """A rule over what a formula reads."""
    score: Computed
    """Their score: a number, or a rule that gives one."""


class RankingDocument(Described):
    """What gives offers their scores: a formula, a table or a model. Higher comes first."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [name]} for name in ("formula", "table", "model")],
            "dependentRequired": {"boosts": ["formula"]},
        }
    )
    noun: ClassVar[str] = "a ranking"

    id: Id
    """The id that strategies name."""
    formula: Annotated[Computed | None, Given()] = None
    """A number, or a rule that gives one, over profile, context, aggregate, now, offer, audience
    and score. Absent: a table or a model ranks."""
    boosts: list[BoostDocument] = Field(default_factory=list)
    """The first that holds for an offer scores it instead of the formula. Absent: none."""
    table: Annotated[Id | None, Given()] = None
    """The id of a table of scores. Absent: a formula or a model ranks."""
    model: Annotated[Id | None, Given()] = None
    """The name of a model that is registered with the process that serves. Absent: a formula or
    a table ranks."""
    failed_score: Number = 0.0
    """The score of an offer whose score is unknown or fails. Absent: 0."""
    minimum_score: Annotated[Number | None, Given()] = None
    """An offer that scores less isn't proposed. Absent: every score will do."""


class ScoreTableDocument(Described):
    """Scores by segment and offer."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["scores"]}, {"required": ["file"]}]}
    )
    noun: ClassVar[str] = "a table of scores"

    id: Id
    """The id that rankings name."""
    segment: str
    """A rule over profile, context, aggregate, now, audience and score that gives a text: the
    segment."""
    default: Number = 0.0
    """What an offer or a segment that isn't in the table scores. Absent: 0."""
    scores: Annotated[dict[str, dict[str, Number]] | None, Given()] = None
    """Segment to offer id to score. Absent: the file has them."""
    file: OptionalText = None
    """A file of CSV with the columns segment, offer and score, relative to this file. Absent: the
    scores are here."""
