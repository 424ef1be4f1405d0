"""Documents of experiments and their arms."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from offerd.definitions.documents.fields import Described, Document, Given, Id, NonEmpty
from offerd.definitions.documents.forms import Share
from offerd.definitions.documents.selection import Step
from offerd.model.lifecycle import Status

MAXIMUM_WEIGHT = 1_000_000


class ArmDocument(Document):
    """A variant of a decision."""

    noun: ClassVar[str] = "an arm"

    id: Id
    """The id that answers and the journal name."""
    weight: Annotated[int, Field(ge=0, le=MAXIMUM_WEIGHT)]
    """Its part among the weights of all arms; 0 is reached by a preview only."""
    strategies: Annotated[list[Step] | None, Given(), Field(min_length=1)] = None
    """What the arm decides by, as in a decision. Absent: what the decision has."""


class ExperimentDocument(Described):
    """Arms of a decision among which customers are assigned for good, by hashing."""

    noun: ClassVar[str] = "an experiment"

    id: Id
    """The id that answers and the journal name."""
    decision: Id
    """The id of the decision; at most one approved experiment has it."""
    salt: Annotated[NonEmpty | None, Given()] = None
    """What is hashed with the customer's id; another salt assigns anew. Absent: the id."""
    rollout: Share = "100%"
    """The share of customers who take part, in steps of 0.01%. Absent: all."""
    holdout: Share = "0%"
    """The share of those who take part that are shown the fallback instead. Absent: none."""
    arms: Annotated[list[ArmDocument], Field(min_length=1, max_length=100)]
    """The variants, 1 to 100."""
    status: Annotated[Status, Field(strict=False)] = Status.APPROVED
    """Where it is in its life; only an approved one is carried out. Absent: approved."""
