"""Documents of consent, channels, and what data may not be used for."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from offerd.definitions.documents.capping import Day, EveryDocument
from offerd.definitions.documents.fields import (
    AttributeName,
    Described,
    Document,
    Given,
    Id,
    Label,
    OptionalText,
)
from offerd.definitions.documents.forms import MAXIMUM_LIMIT
from offerd.model.consent import ConsentValue

CLOCK_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MAXIMUM_CHANNEL_CAPS = 50
MAXIMUM_QUIET_PERIODS = 50

Clock = Annotated[str, StringConstraints(pattern=CLOCK_PATTERN)]
"""A time of day such as `08:30`, from `00:00` to `23:59`."""

Date = Annotated[str, StringConstraints(pattern=DATE_PATTERN)]
"""A day such as `2026-12-24`."""

Answer = Annotated[ConsentValue, Field(strict=False)]


class ConsentDocument(Document):
    """What holds for customers who never answered: y and n, p (pending), u (unknown), or the
    legal ground LI, CT, CP, VI or PI. Only y and a legal ground allow."""

    noun: ClassVar[str] = "the section `consent`"

    collect: Answer = ConsentValue.YES
    """Whether anything may be kept of them. Absent: y."""
    personalize: Answer = ConsentValue.YES
    """Whether what is known of them may choose offers. Absent: y."""
    share: Answer = ConsentValue.YES
    """Whether it may be shared. Absent: y."""
    precise_location: Answer = ConsentValue.YES
    """Whether it may be used precisely where they are. Absent: y."""
    marketing: dict[str, Answer] = Field(default_factory=dict)
    """Whether they may be contacted: by `any` channel, and by the name that a channel has in
    questions of consent. Absent: y."""


class MarketingActionDocument(Described):
    """A use of data, beyond those that exist: placements and channels have it, policies are
    about it."""

    noun: ClassVar[str] = "a marketing action"

    id: Id
    """The id that placements, channels and policies name."""


class PolicyDocument(Described):
    """Keeps labelled data from being used for marketing actions."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["any_labels"]}, {"required": ["all_labels"]}]}
    )
    noun: ClassVar[str] = "a policy"

    id: Id
    """The id that explanations name."""
    marketing_actions: Annotated[list[Id], Field(min_length=1)]
    """The marketing actions that it is about."""
    any_labels: Annotated[list[Label] | None, Given(), Field(min_length=1)] = None
    """Data with one of these labels is kept out. Absent: whatever `all_labels` say."""
    all_labels: Annotated[list[Label] | None, Given(), Field(min_length=1)] = None
    """Data with all of these labels together is kept out. Absent: whatever `any_labels` say."""


class QuietHoursDocument(Document):
    """Times of day at which nobody is contacted."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["weekdays", "dates"]}})
    noun: ClassVar[str] = "a period of quiet hours"

    from_clock: Clock = Field(alias="from")
    """When they begin, such as `22:00`, as the customer's clocks show it."""
    until_clock: Clock = Field(alias="until")
    """When they end; the next day, if this isn't later than `from`."""
    weekdays: Annotated[
        list[Annotated[Day, Field(strict=False)]] | None, Given(), Field(min_length=1)
    ] = None
    """The days on which they begin. Absent: every day, or on `dates`."""
    dates: Annotated[list[Date] | None, Given(), Field(min_length=1)] = None
    """The days on which they begin, such as `2026-12-24`; instead of `weekdays`."""


class ChannelCapDocument(Document):
    """How often a customer may be contacted."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["within", "every"]}})
    noun: ClassVar[str] = "a cap of a channel"

    limit: Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)]
    """They aren't contacted any more once there were this many contacts."""
    within: OptionalText = None
    """Only contacts this long ago count: hours, minutes and seconds such as `24h`, from `1m` to
    `17520h`; instead of `every`. Absent: all there ever were."""
    every: Annotated[EveryDocument | None, Given()] = None
    """Only contacts in the present piece of the calendar count; instead of `within`. Absent: all
    there ever were."""
    channels: Annotated[list[Id] | None, Given(), Field(min_length=1)] = None
    """The channels whose contacts count together. Absent: this one."""


class ChannelDocument(Described):
    """A way to reach customers."""

    noun: ClassVar[str] = "a channel"

    id: Id
    """The id by which contacts are checked."""
    consent: Annotated[Id | None, Given()] = None
    """Its name in questions of consent, `marketing.<name>`. Absent: its id."""
    namespaces: list[Id] = Field(default_factory=list)
    """Namespaces whose ids are its addresses. Absent: none."""
    time_zone: OptionalText = None
    """The IANA name of the time zone in which quiet hours hold, where the customer's isn't known.
    Absent: then they hold as long as they do in any zone."""
    time_zone_attribute: Annotated[AttributeName | None, Given()] = None
    """The profile attribute with the IANA name of the customer's time zone. Absent: none."""
    quiet_hours: Annotated[list[QuietHoursDocument], Field(max_length=MAXIMUM_QUIET_PERIODS)] = (
        Field(default_factory=list)
    )
    """When nobody is contacted, at most 50 periods. Absent: never."""
    caps: Annotated[list[ChannelCapDocument], Field(max_length=MAXIMUM_CHANNEL_CAPS)] = Field(
        default_factory=list
    )
    """How often, at most 50 caps. Absent: without limit."""
    marketing_actions: list[Id] = Field(default_factory=list)
    """What contacting by it is. Absent: nothing."""
