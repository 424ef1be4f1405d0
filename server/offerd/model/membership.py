"""Membership of an audience over time."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from offerd.model.profile import ProfileKey


class MembershipStatus(StrEnum):
    """Whether somebody is in an audience, or was."""

    REALIZED = "realized"
    EXITED = "exited"


class TrackedMembership(msgspec.Struct, frozen=True, array_like=True):
    """Membership as it last changed. Somebody who never was a member has none."""

    status: MembershipStatus
    since_ns: int


class Transition(NamedTuple):
    """Somebody entered or left an audience.

    `time_ns` is when it became true: as a write was accepted, or the very instant at which time
    alone made it so. `subject` is a person's or device's own key, as `Subject.members[0]`.
    """

    subject: ProfileKey
    audience: str
    status: MembershipStatus
    time_ns: int


class Certainty(NamedTuple):
    """Until when an answer holds if nothing happens.

    `until_ns` is the first instant at which it changes if `exact`, else an instant up to which it
    is certain not to; None if it never changes.
    """

    until_ns: int | None
    exact: bool
