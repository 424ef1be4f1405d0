"""What locations and region events of a phone do to where a customer is, as events again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from offerd.model.event import Event
from offerd.model.place import (
    LOCATION_EVENT,
    PLACE_EVENTS,
    Fix,
    LocationSettings,
    PlaceSelector,
    Visit,
    Whereabouts,
)
from offerd.places import believed
from offerd.places.crossings import Crossed, Crossing, Region, crossed, told
from offerd.places.index import Places

REGION_EVENTS: Final = PLACE_EVENTS[:2]
"""The event types by which a phone tells that it entered or left a place."""

MOVING_EVENTS: Final = (LOCATION_EVENT, *REGION_EVENTS)
"""The event types that change where a customer is known to be."""

UNCROSSED: Final = "/uncrossed"
"""What follows the type of a region event that was none, such as an entry by who was there already.

It is kept so under a type that no definitions have: nothing counts it.
"""

NOWHERE: Final = "it has no position"
_LOCATION, _DEVICE = "location", "device"
_FILLED_IN: Final = ("category", "library", "source")
"""Properties that the definitions know, or that there aren't: a device's own say doesn't count."""


class Moved(NamedTuple):
    """What an event did: itself as it is kept, the events that it caused, what is known then.

    `crossings` are the crossings that are events now, with their ids, itself among them if it is
    one. `why` says why it crossed nothing.
    """

    event: Event
    caused: tuple[Event, ...]
    whereabouts: Whereabouts | None
    crossings: tuple[tuple[Crossing, str], ...]
    why: str


class Movements:
    """The places of a revision, as the events of a profile meet them.

    `source` is what the places are read from, which is open as long as they may be asked.
    """

    def __init__(self, places: Places, settings: LocationSettings, source: object = None) -> None:
        self.places = places
        self.settings = settings
        self._source = source

    @classmethod
    def of(
        cls, places: Places | None, settings: LocationSettings, source: object = None
    ) -> Movements | None:
        """Returns how events of places meet profiles, None if there is no place."""
        return None if places is None or places.count == 0 else cls(places, settings, source)

    def moved(self, before: Whereabouts | None, event: Event) -> Moved:
        """Returns what an event does, one of MOVING_EVENTS, as of when caps count it.

        The events that it causes have ids that begin with its own, so that they are the same
        whenever they are made.
        """
        if event.type == LOCATION_EVENT:
            fix = fix_of(event)
            found = Crossed(before, (), NOWHERE)
            if fix is not None:
                found = crossed(before, fix, self.places, self.settings)
            return self._moved(event, found, found.crossings, (), _LOCATION)
        place = event.properties.get("place", "")
        region = Region(event.type, place, event.counted_ns)
        found = told(before, region, self.places, self.settings)
        own = [one for one in found.crossings if (one.type, one.place) == (event.type, place)]
        others = tuple(one for one in found.crossings if one not in own)
        kept = self._kept(event, own)
        return self._moved(kept, found, others, [(one, event.id) for one in own], _DEVICE)

    def after(
        self, before: Whereabouts | None, events: Sequence[Event]
    ) -> tuple[Whereabouts | None, list[Event]]:
        """Returns what is known after events, in order, and all of them with those they cause."""
        whereabouts, found = before, []
        for event in events:
            if event.type not in MOVING_EVENTS:
                found.append(event)
                continue
            moved = self.moved(whereabouts, event)
            whereabouts = moved.whereabouts
            found += [*moved.caused, moved.event]
        return whereabouts, found

    def visits(self, whereabouts: Whereabouts, now_ns: int) -> tuple[Visit, ...]:
        """Returns the visits that are believed to last."""
        return believed.visits(whereabouts, now_ns, self.places, self.settings)

    def together(self, several: Iterable[Whereabouts]) -> Whereabouts | None:
        """Returns what is known of a customer who goes by several identities, None if nothing."""
        return believed.together(several, self._lasting_ns)

    def is_present(self, fix: Fix, now_ns: int) -> bool:
        """Whether the customer is believed to be there still."""
        return believed.fix(Whereabouts(fix), now_ns, self.settings) is not None

    def history(self, stored: Iterable[Event]) -> Whereabouts | None:
        """Returns what is known after events that are stored, taken in the order of their times.

        That may be more than was known then, if some of them came late.
        """
        told = [event for one in stored if (event := as_sent(one)) is not None]
        told.sort(key=lambda event: event.counted_ns)
        whereabouts, _ = self.after(None, told)
        return whereabouts

    def visit_ns(
        self, whereabouts: Whereabouts | None, selector: PlaceSelector, now_ns: int
    ) -> int | None:
        """Returns when the customer came to a place where they are, None if they are at none."""
        visit = believed.visit_of(whereabouts, selector, now_ns, self.places, self.settings)
        return None if visit is None else visit.entered_ns

    def _lasting_ns(self, place_id: str) -> int:
        number = self.places.number_of(place_id)
        return 0 if number is None else believed.ttl_ns(self.places.terms(number), self.settings)

    def _kept(self, event: Event, own: Sequence[Crossing]) -> Event:
        """Returns a region event as it is kept: with all that is known of its place."""
        if not own:
            return uncrossed(event)
        sent = {name: value for name, value in event.properties.items() if name not in _FILLED_IN}
        return replace(event, properties={**sent, **self._properties(own[0], _DEVICE)})

    def _moved(
        self,
        event: Event,
        found: Crossed,
        crossings: Sequence[Crossing],
        own: Sequence[tuple[Crossing, str]],
        source: str,
    ) -> Moved:
        caused = [
            Event(
                _caused_id(event.id, crossing),
                crossing.type,
                crossing.time_ns,
                self._properties(crossing, source),
            )
            for crossing in crossings
        ]
        ids = (one.id for one in caused)
        told = (*zip(crossings, ids, strict=True), *own)
        return Moved(event, tuple(caused), found.whereabouts, told, "" if told else found.why)

    def _properties(self, crossing: Crossing, source: str) -> dict[str, Any]:
        number = self.places.number_of(crossing.place)
        place = None if number is None else self.places.terms(number)
        told = {
            "place": crossing.place,
            "category": None if place is None else place.category or None,
            "library": None if place is None else place.library,
            "source": source,
            "dwell_s": crossing.dwell_s,
            "distance_m": crossing.distance_m,
        }
        return {name: value for name, value in told.items() if value is not None}


def fix_of(event: Event) -> Fix | None:
    """Returns where a location says that the customer was, None if it doesn't."""
    told = event.properties
    latitude, longitude = told.get("latitude"), told.get("longitude")
    if latitude is None or longitude is None:
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    rest = (told.get(name) for name in ("accuracy_m", "speed_mps", "course_deg"))
    return Fix(event.counted_ns, latitude, longitude, *rest)


def as_sent(event: Event) -> Event | None:
    """Returns a stored event that moves customers as it was sent; None for any other."""
    if event.type.endswith(UNCROSSED):
        return replace(event, type=event.type.removesuffix(UNCROSSED))
    if event.type not in MOVING_EVENTS or event.properties.get("source") == _LOCATION:
        return None
    return event


def uncrossed(event: Event) -> Event:
    """Returns a region event that crossed nothing as it is kept."""
    return replace(event, type=event.type + UNCROSSED)


def _caused_id(event_id: str, crossing: Crossing) -> str:
    stem = f"{event_id}/{crossing.type}/{crossing.place}"
    # A stay may reach several lengths at once.
    return f"{stem}/{crossing.dwell_s:.15g}" if crossing.type == PLACE_EVENTS[2] else stem
