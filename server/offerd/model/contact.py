"""Channels by which customers are contacted, and when they may be."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from offerd.model.capping import Cap

CONTACT_EVENT = "contact"
"""The event type by which contacts made are counted; its `placement` is the channel's id."""


class ContactCategory(StrEnum):
    """Why a customer is contacted. Transactional contacts are exempt from caps and quiet hours,
    and from consent to marketing."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class QuietPeriod(msgspec.Struct, frozen=True, array_like=True):
    """Times of day at which nobody is contacted, as the clocks of the customer's zone show them.

    Minutes from midnight; if `until_minute` isn't after `from_minute` it is that of the next day.
    `weekdays` are ISO numbers (1 is Monday) of the days on which it begins, () is every day;
    `dates` are ISO dates, and then only those.
    """

    from_minute: int
    until_minute: int
    weekdays: tuple[int, ...] = ()
    dates: tuple[str, ...] = ()


class Channel(msgspec.Struct, frozen=True, array_like=True):
    """A way to reach customers, such as e-mail.

    `consent` is the channel's name in the question `marketing.<name>`. `namespaces` are those
    whose ids are addresses of the channel. `time_zone_attribute` is the path of the profile
    attribute with the customer's IANA zone, `time_zone` what is used without one; without either
    quiet hours hold if they do in any zone. `caps` count contacts that were committed; their
    counters are of the catalogue. `marketing_actions` are what contacting by it is.
    """

    id: str
    consent: str
    namespaces: tuple[str, ...] = ()
    quiet_periods: tuple[QuietPeriod, ...] = ()
    time_zone: str | None = None
    time_zone_attribute: str | None = None
    caps: tuple[Cap, ...] = ()
    marketing_actions: tuple[str, ...] = ()


class ContactOutcome(StrEnum):
    """Whether a customer may be contacted."""

    ALLOW = "allow"
    DEFER = "defer"
    SUPPRESS = "suppress"


class ContactReason(StrEnum):
    """Why not, or not yet; in the order in which it is asked."""

    CONSENT = "consent"
    SUPPRESSION_LIST = "suppression_list"
    QUIET_HOURS = "quiet_hours"
    CAP = "cap"


class ContactVerdict(NamedTuple):
    """Whether a customer may be contacted, and if not why, in words too.

    `until_ns` is when a deferred contact may be asked for again. None without a reason.
    """

    outcome: ContactOutcome
    reason: ContactReason | None = None
    message: str = ""
    until_ns: int | None = None
