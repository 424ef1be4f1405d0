"""Storing events that move customers, with those that they cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from offerd.events import MOVING_EVENTS, Counting, IncomingEvent, Moved, event_fingerprint
from offerd.model.event import Event
from offerd.places.crossings import Crossing
from offerd.store.layout import encode_event
from offerd.store.workspace import Workspace


class Told(NamedTuple):
    """A crossing that is an event now: its type, its place, when it was, and the event's id."""

    type: str
    place: str
    time_ns: int
    event_id: str


class Stored(NamedTuple):
    """An event that was stored, and the counters that it added to."""

    event: Event
    counted: Sequence[Counting]


class Storing:
    """One event, not known yet, and what it causes; nothing is stored before `store`.

    `events` are all of them, encoded, its own first. `told` are the crossings; `why` says why
    there is none, of an event that might have crossed something.
    """

    def __init__(self, workspace: Workspace, item: IncomingEvent, encoded: bytes) -> None:
        self._workspace = workspace
        self._item = item
        self._moved = moved = workspace.moved(item.key, item.event)
        self.events: list[tuple[Event, bytes]] = [(item.event, encoded)]
        self.told: tuple[Told, ...] = ()
        self.why = ""
        if moved is None:
            return
        # An id that somebody gave to another event can't be given to what is caused.
        caused = [one for one in moved.caused if workspace.events.known_fingerprint(one.id) is None]
        own = encoded if moved.event is item.event else encode_event(moved.event)
        self.events = [(moved.event, own), *((one, encode_event(one)) for one in caused)]
        stored = {event.id for event, _ in self.events}
        self.told = tuple(_told(*one) for one in moved.crossings if one[1] in stored)
        self.why = moved.why

    @property
    def size_bytes(self) -> int:
        """What all of it takes."""
        return sum(len(encoded) for _, encoded in self.events)

    def store(self, now_ns: int) -> list[Stored]:
        """Stores all of it, and where the customer is then."""
        workspace, key = self._workspace, self._item.key
        stored: list[Stored] = []
        for number, (event, encoded) in enumerate(self.events):
            own = self._item.fingerprint
            fingerprint = event_fingerprint(key, event) if number else own
            counted = workspace.add_event(key, event, encoded, fingerprint, now_ns)
            stored.append(Stored(event, counted))
        if self._moved is not None:
            workspace.move(key, self._moved, now_ns)
        return stored


def _told(crossing: Crossing, event_id: str) -> Told:
    return Told(crossing.type, crossing.place, crossing.time_ns, event_id)


def crossings_of(moved: Moved) -> tuple[Told, ...]:
    """Returns what an event would cross, all of it taken to be stored."""
    return tuple(_told(*one) for one in moved.crossings)


def moving_in_time(events: Sequence[Event]) -> Sequence[int]:
    """Returns the numbers of events as they are taken in: locations and the like by their times.

    One that comes after a later one moves nobody any more. All others stay where they are, and so
    do all if an id comes twice, of which the first one counts.
    """
    moving = [number for number, event in enumerate(events) if event.type in MOVING_EVENTS]
    order = list(range(len(events)))
    by_time = sorted(moving, key=lambda number: events[number].time_ns)
    if by_time == moving or len({event.id for event in events}) < len(events):
        return order
    for place, number in zip(moving, by_time, strict=True):
        order[place] = number
    return order
