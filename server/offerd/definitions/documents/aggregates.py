"""Documents of aggregates: figures over events, and over sequences of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from offerd.definitions.documents.capping import EveryDocument
from offerd.definitions.documents.fields import (
    AGGREGATE_PATTERN,
    MAXIMUM_ID_LENGTH,
    AttributeName,
    Described,
    Document,
    Given,
    Id,
    OptionalText,
)
from offerd.model.figures import MOST_GROUPS, MOST_STEPS
from offerd.model.schema import AggregateFunction

Events = Annotated[list[Id] | None, Given(), Field(min_length=1)]


class StepDocument(Document):
    """A step of a sequence: an event that happens, or with `not` one that doesn't."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["events"]}, {"required": ["not"]}],
            "dependentSchemas": {"after": {"required": ["events"]}},
        }
    )
    noun: ClassVar[str] = "a step of a sequence"

    events: Events = None
    """The types of events, of which one happens; instead of `not`."""
    not_events: Events = Field(default=None, alias="not")
    """The types of events of which none happens: between the steps around it; after the last
    step, or before the first one, for the time of `within`."""
    where: OptionalText = None
    """A rule over `event`; only events for which it is true are the step's. Absent: all."""
    after: OptionalText = None
    """The least time since the step before, such as `1m`. Absent: any."""
    within: OptionalText = None
    """The most time since the step before, such as `2h`. Absent: any."""


_SEQUENCE: JsonDict = {"required": ["sequence"]}
_NO_SEQUENCE: JsonDict = {
    "required": ["events"],
    "not": {"anyOf": [_SEQUENCE, {"required": ["sequence_within"]}]},
}
_ONE_WINDOW: JsonDict = {"not": {"required": ["window", "calendar"]}}


class AggregateDocument(Described):
    """A figure kept per profile over its events; rules read it as `aggregate.<id>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                _ONE_WINDOW,
                {
                    "oneOf": [
                        {**_SEQUENCE, "not": {"required": ["events"]}},
                        _NO_SEQUENCE,
                    ]
                },
            ]
        }
    )
    noun: ClassVar[str] = "an aggregate"

    id: Annotated[str, StringConstraints(pattern=AGGREGATE_PATTERN, max_length=MAXIMUM_ID_LENGTH)]
    """The name that rules read; an attribute name without dots."""
    events: Events = None
    """The types of events that are taken in; instead of `sequence`."""
    function: Annotated[AggregateFunction, Field(strict=False)]
    """What is kept of them."""
    value: Annotated[AttributeName | None, Given()] = None
    """The property whose value is taken: of sum, min, max, average, first, last and distinct, and
    of top what an event weighs. Absent from top: 1."""
    group_by: Annotated[AttributeName | None, Given()] = None
    """A string property; the aggregate is then a map from its values, or of top their list.
    Needed by top and affinity. Absent: one figure."""
    where: OptionalText = None
    """A rule over `event`; only events for which it is true are taken in. Absent: all."""
    window: OptionalText = None
    """How far it looks back: hours, minutes and seconds such as `720h`, from `1m` to `17544h`;
    instead of `calendar`. Absent: over the profile's whole life."""
    calendar: Annotated[EveryDocument | None, Given()] = None
    """It looks at the present piece of the calendar; instead of `window`. Absent: over the
    profile's whole life."""
    count: Annotated[int | None, Given(), Field(ge=1, le=MOST_GROUPS)] = None
    """How many groups top and affinity keep, 1 to 100. Absent: 5."""
    half_life: OptionalText = None
    """The time in which the weight of an event halves; for top. Absent: it stays."""
    session_gap: OptionalText = None
    """A pause that ends a session; for affinity, and for a sequence, whose steps must then be of
    one session. Absent: `30m` for affinity; a sequence may pause for any time."""
    sequence: Annotated[
        list[StepDocument] | None, Given(), Field(min_length=1, max_length=MOST_STEPS)
    ] = None
    """Steps that follow one another, at most 20: what is counted are the moments at which the
    last was reached; for count, first_time and last_time, and for steps, which says how many were
    reached."""
    sequence_within: OptionalText = None
    """The most time from the first step to the last. Absent: any."""
