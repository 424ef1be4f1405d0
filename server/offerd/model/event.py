"""What happened to a customer, as checked at the door and as stored."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One event of one profile.

    `properties` by flat declared path, timestamps in nanoseconds. The last four say which
    proposed item it is about, None (all four) if about none; they come from the item's token.

    `receive_ns` is when an event came that is dated later than that, by a clock that is ahead;
    None for any other. Caps count it as of then.
    """

    id: str
    type: str
    time_ns: int
    properties: dict[str, Any] = {}
    offer: str | None = None
    decision: str | None = None
    placement: str | None = None
    proposition: str | None = None
    receive_ns: int | None = None

    @property
    def counted_ns(self) -> int:
        """The time as of which caps count it."""
        return self.time_ns if self.receive_ns is None else self.receive_ns

    def received(self, now_ns: int) -> Event:
        """Returns the event as of when it came; itself unless it is dated later."""
        if self.time_ns <= now_ns:
            return self
        return msgspec.structs.replace(self, receive_ns=now_ns)
