"""Region events of a phone, and events that locations cause, as they are kept."""

from __future__ import annotations

from offerd.events import Movements
from offerd.model.event import Event
from offerd.model.place import Circle, Library, LocationSettings, Place, Point, Visit, Whereabouts
from offerd.places.index import Places
from offerd.places.memory import MemorySource

SECOND_NS = 10**9
NOW_NS = 1_767_225_600 * SECOND_NS
DAY_S = 86_400
HOME = Point(59.31, 18.07)
PLAIN = Place("plain", "l", "Plain", Circle(HOME, 100.0), HOME)


def movements(place: Place, settings: LocationSettings | None = None) -> Movements:
    """Returns how events meet a town of one place."""
    places = Places(MemorySource([place], [Library("l", "L", 1)]))
    return Movements(places, settings or LocationSettings())


def test_what_the_definitions_know_of_a_place_is_not_for_phones_to_say() -> None:
    """Neither of what they have nor of what they have none; own properties are kept."""
    sent = {
        "place": "plain", "category": "vip", "library": "x", "source": "location", "distance_m": 1.0
    }  # fmt: skip
    moved = movements(PLAIN).moved(None, Event("e", "place_entry", NOW_NS, sent))
    assert moved.event.properties == {
        "place": "plain", "library": "l", "source": "device", "distance_m": 1.0
    }  # fmt: skip


def test_each_length_of_a_stay_has_an_event_of_its_own() -> None:
    """However long, and however alike they are."""
    lengths_s = (14 * DAY_S, 14 * DAY_S + 1, 14 * DAY_S + 2)
    settings = LocationSettings(
        dwell_ns=tuple(length_s * SECOND_NS for length_s in lengths_s),
        ttl_ns=30 * DAY_S * SECOND_NS,
    )
    here = {"latitude": HOME.latitude, "longitude": HOME.longitude}
    before = Whereabouts(None, (Visit("plain", NOW_NS, NOW_NS),))
    later_ns = NOW_NS + 15 * DAY_S * SECOND_NS
    moved = movements(PLAIN, settings).moved(before, Event("e", "location", later_ns, here))
    assert [one.id for one in moved.caused] == [
        f"e/place_dwell/plain/{length_s}" for length_s in lengths_s
    ]
