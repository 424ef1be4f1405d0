"""How much one profile may hold, so that neither reading nor folding it takes for ever."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

MAXIMUM_EVENTS: Final = 200_000
MAXIMUM_EVENT_BYTES: Final = 64 * 2**20


class Holding(Protocol):
    """What a profile holds already."""

    event_count: int
    event_bytes: int


class ProfileBounds(NamedTuple):
    """The most events of a profile, and the most bytes that they take, encoded.

    Events beyond are refused. What was decided and must count for caps isn't: a commitment of
    what was reserved before is kept.
    """

    events: int = MAXIMUM_EVENTS
    event_bytes: int = MAXIMUM_EVENT_BYTES

    def have_room(self, record: Holding | None, events: int, event_bytes: int) -> bool:
        """Whether so many more events of so many bytes fit into a profile."""
        if record is None:
            return events <= self.events and event_bytes <= self.event_bytes
        return (
            record.event_count + events <= self.events
            and record.event_bytes + event_bytes <= self.event_bytes
        )


USUAL_BOUNDS: Final = ProfileBounds()
