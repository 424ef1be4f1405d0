"""The nearest place that rules ask for: what is open, kept answers, and long fences left alone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from offerd.model.place import (
    Area,
    Circle,
    Library,
    LocationSettings,
    Opening,
    OpeningHours,
    Place,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
    Polygon,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.nearest import Nearest
from offerd.places.record import PlaceQuestions
from unit.places.naive_answers import DAY_NS, MINUTE_NS

MIDNIGHT_NS = 20_000 * DAY_NS
NOON_NS = MIDNIGHT_NS + 720 * MINUTE_NS
ANYTHING = PlaceSelector()
HERE = Point(59.0, 18.0)


def _hours(begin: int, end: int) -> OpeningHours:
    return OpeningHours("UTC", ((Opening(begin, end),),) * 7)


def _row(count: int, *opened: int) -> list[Place]:
    """Places ever farther to the north, of which some are open from 12:00 to 13:00."""
    centres = [Point(59.0 + number / 100, 18.0) for number in range(count)]
    return [
        Place(
            f"p{number}",
            "own",
            "",
            Circle(at, 10.0),
            at,
            opening_hours=_hours(720, 780) if number in opened else None,
        )
        for number, at in enumerate(centres)
    ]


class _Watched(Places):
    """Places that count how often they are searched, and which ones are read with their fence."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(MemorySource(places, [Library("own", "", 0)]))
        self.searches = 0
        self.read: list[int] = []

    def nearest_one(self, *arguments: Any, **named: Any) -> Any:
        """As places do."""
        self.searches += 1
        return super().nearest_one(*arguments, **named)

    def nearest(self, *arguments: Any, **named: Any) -> Any:
        """As places do."""
        self.searches += 1
        return super().nearest(*arguments, **named)

    def place(self, number: int) -> Place:
        """As places do."""
        self.read.append(number)
        return super().place(number)


@pytest.mark.parametrize("first", [0, 1, 9, 10, 99])
def test_nearest_open_is_the_first_of_the_nearest_that_is_open(first: int) -> None:
    """However many that are closed are nearer, up to the hundredth; later ones don't matter."""
    nearest = Nearest(_Watched(_row(130, first, 105)))
    found = nearest.open_of(ANYTHING, HERE, NOON_NS)
    assert found is not None
    assert found.number == first


@pytest.mark.parametrize(("count", "opened"), [(130, (100, 129)), (5, ()), (0, ())])
def test_nothing_open_among_the_hundred_nearest_is_nothing(
    count: int, opened: tuple[int, ...]
) -> None:
    """At night there is an end to looking, however many places there are."""
    assert Nearest(_Watched(_row(count, *opened))).open_of(ANYTHING, HERE, NOON_NS) is None


def test_what_is_open_is_kept_for_its_minute() -> None:
    """The same question within a minute isn't searched again; in the next the answer may differ."""
    places = _Watched(_row(3, 2))
    nearest = Nearest(places)
    closed_ns = NOON_NS - 1
    assert nearest.open_of(ANYTHING, HERE, closed_ns) is None
    searches = places.searches
    assert nearest.open_of(ANYTHING, HERE, closed_ns - 1_000) is None
    assert places.searches == searches
    found = nearest.open_of(ANYTHING, HERE, NOON_NS)
    assert found is not None
    assert found.number == 2


def test_a_long_fence_is_read_once() -> None:
    """Rules about an area of very many points read them no more than its first distance does."""
    corners = tuple(
        Point(59.0 + math.sin(turn / 500 * math.pi), 18.0 + math.cos(turn / 500 * math.pi))
        for turn in range(1_000)
    )
    places = _Watched([Place("zone", "own", "Zone", Area((Polygon(corners),)), HERE, "zone")])
    selector = PlaceSelector(category="zone")
    reads = [
        PlaceRead("inside", PlaceFunction.INSIDE, selector, "", "bool"),
        PlaceRead("name", PlaceFunction.CURRENT, selector, "name", "string"),
        PlaceRead("metadata", PlaceFunction.CURRENT, selector, "metadata", "map(string, string)"),
    ]
    questions = PlaceQuestions(reads, places, LocationSettings())
    for _ in range(3):
        record = questions.record(None, HERE, NOON_NS)
        assert record["inside"] is True
        assert record["name"] == "Zone"
        assert record["metadata"] == {}
    assert places.read == []
