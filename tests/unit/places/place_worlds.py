"""Random places, and customers who are or were at them."""

from __future__ import annotations

import random

from offerd import expression as ex
from offerd.audience.place_names import names_of
from offerd.audience.place_questions import PlaceAsking
from offerd.model.place import (
    Circle,
    Fix,
    Library,
    LocationSettings,
    Opening,
    OpeningHours,
    Place,
    PlaceRead,
    Point,
    Visit,
    Whereabouts,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from unit.places.naive_answers import DAY_NS, MINUTE_NS

NOW_NS = 20_000 * DAY_NS + 700 * MINUTE_NS
SETTINGS = LocationSettings(ttl_ns=60 * MINUTE_NS)
LIBRARIES = (Library("own", "Own", 1), Library("other", "Other", 2))
CATEGORIES = ("studio", "shop", "")
SELECTORS = ("", "studio", "shop", "library:own", "other", "place:place-0", "place-1")

_FIELDS = (
    *("id", "name", "category", "library", "latitude", "longitude", "open", "opens_at"),
    *("closes_at", "metadata"),
)
_SEEN = ("distance_m", "center_distance_m")


def questions() -> list[str]:
    """Every question of every selector that the twin has an answer for."""
    found = ["places.distances"]
    for text in SELECTORS:
        argument = f'"{text}"' if text else ""
        found += [f"places.{one}({argument})" for one in ("inside", "dwell", "approaching")]
        for function, fields in (
            ("nearest", _SEEN),
            ("nearest_open", _SEEN),
            ("current", (*_SEEN, "entered_at")),
            ("last_entered", ("entered_at", "exited_at")),
            ("last_exited", ("entered_at", "exited_at")),
        ):
            found += [f"places.{function}({argument}).{field}" for field in (*_FIELDS, *fields)]
    return found


def reads_of(places: list[Place]) -> tuple[PlaceRead, ...]:
    """What all questions read."""
    asking = PlaceAsking(lambda: names_of(places, [one.id for one in LIBRARIES]))
    environment = ex.Environment({"places": asking.record})
    for text in questions():
        whole = 'places.distances["x"]' if text == "places.distances" else text
        ex.compile_expression(whole, environment, expected=None)
    return asking.reads


def point(source: random.Random) -> Point:
    """A point of a small town, where places overlap."""
    return Point(59.3 + source.uniform(-0.01, 0.01), 18.0 + source.uniform(-0.02, 0.02))


def place(number: int, source: random.Random) -> Place:
    """A circle, which may be open some hours of each day."""
    hours = None
    if source.random() < 0.7:
        begin = source.randrange(1_300)
        daily = (Opening(begin, source.randrange(begin + 1, 1_441)),)
        hours = OpeningHours("UTC", (daily,) * 7)
    at = point(source)
    return Place(
        f"place-{number}",
        source.choice(LIBRARIES).id,
        f"Place {number}",
        Circle(at, source.uniform(50, 600)),
        at,
        CATEGORIES[number % len(CATEGORIES)],
        metadata={"city": source.choice(("Stockholm", "Solna"))},
        opening_hours=hours,
        ttl_ns=source.choice((None, 5 * MINUTE_NS, 90 * MINUTE_NS)),
    )


def town(source: random.Random) -> list[Place]:
    """A few places; every selector means some of them, or an empty library."""
    return [place(number, source) for number in range(source.randrange(4, 12))]


def opened(places: list[Place]) -> Places:
    """The places, to be asked."""
    return Places(MemorySource(places, LIBRARIES))


def whereabouts(places: list[Place], source: random.Random) -> Whereabouts | None:
    """Where somebody is and was in the last two hours, at most one visit to each place."""
    if source.random() < 0.1:
        return None
    fix = None
    if source.random() < 0.7:
        fix = Fix(NOW_NS - source.randrange(120) * MINUTE_NS, *_degrees(point(source)))
    visits = []
    for one in source.sample(places, source.randrange(min(5, len(places)))):
        entered_ns = NOW_NS - source.randrange(1, 180) * MINUTE_NS - source.randrange(10**9)
        seen_ns = source.randrange(entered_ns, NOW_NS)
        exited_ns = source.randrange(seen_ns, NOW_NS) if source.random() < 0.5 else None
        visits.append(Visit(one.id, entered_ns, seen_ns, exited_ns))
    visits.sort(key=lambda visit: (visit.entered_ns, visit.place))
    return Whereabouts(fix, tuple(visits))


def _degrees(at: Point) -> tuple[float, float]:
    return at.latitude, at.longitude
