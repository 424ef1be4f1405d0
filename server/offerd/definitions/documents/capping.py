"""Documents of caps: what is counted, in which window, and how much of it is allowed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from offerd.definitions.documents.fields import Document, Given, Id, OptionalText
from offerd.definitions.documents.forms import (
    MAXIMUM_COMPUTED_LIMIT,
    CountedPlacements,
    Limit,
)
from offerd.model.capping import CalendarUnit, CapSubject


class Day(StrEnum):
    """A day that a week may start with."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def iso_number(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return list(Day).index(self) + 1


class About(StrEnum):
    """Which events of a type count."""

    OFFER = "offer"
    ANY = "any"


class EveryDocument(Document):
    """A window of the calendar, which starts anew with every so many of a unit."""

    noun: ClassVar[str] = "a window of the calendar"

    unit: Annotated[CalendarUnit, Field(strict=False)]
    """What it is made of."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many of the unit, at most two years together. Absent: 1."""
    time_zone: str = "UTC"
    """The IANA name of the time zone in which days start at midnight. Absent: UTC."""
    week_starts: Annotated[Day, Field(strict=False)] = Day.MONDAY
    """The day that weeks start with; only with `unit: week`. Absent: monday."""


class CapDocument(Document):
    """How often an offer may be proposed, shown, clicked or taken up."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "anyOf": [
                    {"required": ["within", "every"]},
                    {"required": ["within", "visit"]},
                    {"required": ["every", "visit"]},
                ]
            },
            "oneOf": [{"required": ["event"]}, {"required": ["events"]}],
        }
    )
    noun: ClassVar[str] = "a cap"

    event: Annotated[Id | None, Given()] = None
    """The type of the events that count; `decision` counts propositions made."""
    events: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """Types of events that count together; instead of `event`, and without `decision`."""
    per: Annotated[CapSubject, Field(strict=False)] = CapSubject.PROFILE
    """Whose events count: each profile's own, or those of all. Absent: each profile's own."""
    limit: Limit
    """The offer is no longer proposed once there are this many events. A rule that gives an
    integer, over profile, context, aggregate, now, offer, audience and score, is asked for each
    request."""
    at_most: Annotated[int | None, Given(), Field(ge=1, le=MAXIMUM_COMPUTED_LIMIT)] = None
    """The most that a `limit` that is a rule may give; more counts as this. Absent: 10000."""
    within: OptionalText = None
    """Only events this long before the decision count: hours, minutes and seconds such as `24h`
    or `1h30m`, from `1m` to `17520h`; instead of `every`. Absent: all there ever were."""
    every: Annotated[EveryDocument | None, Given()] = None
    """Only events in the present piece of the calendar count; instead of `within`. Absent: all
    there ever were."""
    visit: OptionalText = None
    """A category, place or library of places, written as in rules. It holds only while the customer
    is at one of them, and only events since they came count; instead of `within` and `every`, and
    only per profile. Absent: wherever they are."""
    placements: Annotated[CountedPlacements | None, Given()] = None
    """Ids of placements: only events at these count, together, and only there the offer is no
    longer proposed; or `each`: each placement counts by itself. Absent: everywhere, together."""
    where: OptionalText = None
    """A rule over `event`; only events for which it is true count. Absent: all."""
    about: Annotated[About, Field(strict=False)] = About.OFFER
    """Whether events count that are about the offer (offer), or all of the type, about it or not
    (any). Absent: those about the offer."""
    start: OptionalText = None
    """First instant at which it holds, and of the events that count: RFC 3339, or a date which is
    midnight UTC. Absent: since ever."""
    end: OptionalText = None
    """First instant at which it no longer holds (written as `start`). Absent: for ever."""


class SharedCapDocument(CapDocument):
    """A cap that offers share: what happens to one counts for all, and blocks all."""

    noun: ClassVar[str] = "a shared cap"

    id: Id
    """The id that says what it counts across revisions, and that answers name."""
    name: OptionalText = None
    """A name for people. Absent: the id."""
    description: OptionalText = None
    """A description for people. Absent: none."""
    collection: Id
    """The id of the collection of the offers that share it."""
