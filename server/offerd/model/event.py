"""What happened to a customer, as checked at the door and as stored."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One event of one profile.

    `properties` by flat declared path, timestamps in nanoseconds. The last four say which
    proposed item it is about, None (all four) if about none; they come from the item's token.
    """

    id: str
    type: str
    time_ns: int
    properties: dict[str, Any] = {}
    offer: str | None = None
    decision: str | None = None
    placement: str | None = None
    proposition: str | None = None
