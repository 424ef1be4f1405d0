"""The regions that a phone watches, and the circle outside of which it asks again."""

from __future__ import annotations

import math
import random

import pytest

from offerd.model.place import Area, Circle, Corridor, Library, Place, Point, Polygon
from offerd.places.index import Places, Wanted
from offerd.places.memory import MemorySource
from offerd.places.regions import (
    ANDROID_LIMIT,
    FARTHEST_M,
    IOS_LIMIT,
    Motion,
    RegionsAnswer,
    regions,
)
from offerd.places.sphere import destination, distance_m
from seeds import random_seed

HERE = (59.33, 18.07)
LIBRARIES = (Library("a", "A", 1), Library("b", "B", 2))


def circle(name: str, latitude: float, longitude: float, radius_m: float) -> Place:
    """A round place."""
    centre = Point(latitude, longitude)
    return Place(name, "a", name, Circle(centre, radius_m), centre)


def away(name: str, bearing: float, distance: float, radius_m: float = 50.0) -> Place:
    """A round place whose edge is so far from HERE."""
    at = destination(*HERE, bearing, distance + radius_m)
    return circle(name, at.latitude, at.longitude, radius_m)


def over(*found: Place) -> Places:
    """Places in memory."""
    return Places(MemorySource(found, LIBRARIES))


def names(places: Places, answer: RegionsAnswer) -> list[str]:
    """The ids of the places of an answer."""
    return [places.place(region.number).id for region in answer.regions]


def test_the_nearest_are_watched_and_the_circle_ends_at_the_next() -> None:
    """With a hundredth less, as phones measure otherwise."""
    places = over(*(away(f"p{n}", 40 * n, 1_000.0 * (n + 1)) for n in range(6)))
    answer = regions(places, *HERE, 4)
    assert names(places, answer) == ["p0", "p1", "p2", "p3"]
    assert answer.ask_again_m == pytest.approx(5_000 * 0.99, rel=1e-3)


def test_where_all_places_are_watched_the_circle_is_the_largest() -> None:
    """Also where there is none at all."""
    places = over(away("p", 0, 1_000.0))
    assert regions(places, *HERE, 1).ask_again_m == FARTHEST_M
    nowhere = over()
    assert regions(nowhere, *HERE, 19) == RegionsAnswer((), FARTHEST_M)


def test_a_place_just_beyond_the_largest_circle_is_watched() -> None:
    """A phone, which measures otherwise, may take it to lie within: the circle ends before it."""
    for uncertain_m in (0.0, 1_500.0):
        nearly = away("p", 0, FARTHEST_M + 100.0 + uncertain_m)
        answer = regions(over(nearly), *HERE, 1, uncertain_m=uncertain_m)
        assert (len(answer.regions), answer.ask_again_m) == (1, FARTHEST_M)
        two = over(nearly, away("near", 90, 1_000.0))
        left_out = regions(two, *HERE, 1, uncertain_m=uncertain_m)
        assert names(two, left_out) == ["near"]
        assert left_out.ask_again_m == pytest.approx((FARTHEST_M + 100.0) * 0.99, rel=1e-3)


def test_more_places_around_a_phone_than_it_may_watch_leave_no_circle() -> None:
    """It asks again at the next location."""
    places = over(*(circle(f"p{n}", *HERE, 100.0 + n) for n in range(3)))
    answer = regions(places, *HERE, 2)
    assert names(places, answer) == ["p0", "p1"]
    assert answer.ask_again_m == 0.0


def test_a_fence_that_is_no_circle_is_watched_by_one_around_it() -> None:
    """All of it is inside, and the region says that it isn't the fence."""
    corners = [(59.34, 18.07), (59.36, 18.07), (59.36, 18.12), (59.34, 18.09)]
    square = Area((Polygon(tuple(Point(*corner) for corner in corners)),))
    way = Corridor(tuple(Point(*corner) for corner in corners), 200.0)
    places = over(
        Place("square", "a", "Square", square, Point(59.35, 18.08)),
        Place("way", "a", "Way", way, Point(59.34, 18.07)),
    )
    for region in regions(places, *HERE, 2).regions:
        assert not region.exact
        margin_m = 100.0 if places.place(region.number).id == "way" else 0.0
        for corner in corners:
            corner_m = distance_m(region.latitude, region.longitude, *corner) + margin_m
            assert corner_m <= region.radius_m


def test_what_lies_ahead_is_preferred_to_what_lies_behind() -> None:
    """But not so much that the circle is less than a third of what it would be."""
    places = over(
        *(away(f"ahead-{n}", 0, 2_500.0 + n) for n in range(3)),
        *(away(f"behind-{n}", 180, 1_000.0 + n) for n in range(3)),
    )
    still = regions(places, *HERE, 3)
    assert names(places, still) == ["behind-0", "behind-1", "behind-2"]
    north = regions(places, *HERE, 3, motion=Motion(0.0, 10.0))
    assert names(places, north) == ["ahead-0", "ahead-1", "ahead-2"]
    assert north.ask_again_m >= still.ask_again_m / 3
    slow = regions(places, *HERE, 3, motion=Motion(0.0, 0.5))
    assert slow == still
    assert regions(places, *HERE, 3, motion=Motion(None, 10.0)) == still
    assert regions(places, *HERE, 3, motion=Motion(0.0)) == north


def test_only_places_that_are_wanted_count() -> None:
    """Neither as regions nor for the circle."""
    places = over(away("p0", 0, 1_000.0), away("p1", 0, 2_000.0), away("p2", 0, 3_000.0))
    wanted = Wanted(test=lambda place: place.id != "p1")
    answer = regions(places, *HERE, 1, wanted=wanted)
    assert names(places, answer) == ["p0"]
    assert answer.ask_again_m == pytest.approx(3_000 * 0.99, rel=1e-3)


def test_the_limits_are_those_of_the_platforms() -> None:
    """As their makers document them."""
    assert (IOS_LIMIT, ANDROID_LIMIT) == (20, 100)


def random_places(source: random.Random) -> tuple[Places, tuple[float, float]]:
    """Places around one of the spots that are hard, near and far, large and small."""
    middle = source.choice(
        [(59.33, 18.07), (0.0, 179.999), (-16.5, -179.99), (89.99, 10.0), (-89.9999, 0.0)]
    )
    found: list[Place] = []
    for number in range(source.choice([0, 1, 5, 40])):
        at = destination(*middle, source.uniform(0, 360), source.choice([300, 3_000, 60_000.0]))
        at = destination(
            at.latitude, at.longitude, source.uniform(0, 360), source.uniform(0, 2_000)
        )
        name, radius_m = f"p{number}", source.choice([20.0, 200.0, 5_000.0])
        if source.random() < 0.3 and abs(at.latitude) < 85:
            ring = [
                destination(at.latitude, at.longitude, turn, radius_m * source.uniform(0.3, 1))
                for turn in range(0, 360, 60)
            ]
            fence = Area((Polygon(tuple(ring)),))
            found.append(Place(name, "b", name, fence, at))
        else:
            found.append(circle(name, at.latitude, at.longitude, radius_m))
    return over(*found), middle


def test_no_other_place_is_entered_inside_the_circle() -> None:
    """Wherever a phone goes in it, and wherever in its cell it was; and while it is inside a
    place that is watched, it is inside of its region."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(60):
        places, middle = random_places(source)
        uncertain_m = source.choice([0.0, 0.0, 50.0, 1_500.0])
        motion = Motion(source.choice([None, source.uniform(0, 360)]), source.choice([None, 8.0]))
        answer = regions(
            places, *middle, source.choice([1, 3, 19]), uncertain_m=uncertain_m, motion=motion
        )
        watched = {region.number: region for region in answer.regions}
        others = [number for number in range(places.count) if number not in watched]
        for number in others:
            nearest_m = places.distance_m(number, *middle)
            assert answer.ask_again_m + uncertain_m <= max(nearest_m, uncertain_m)
        for _ in range(40):
            at = destination(
                *middle, source.uniform(0, 360), uncertain_m * math.sqrt(source.random())
            )
            at = destination(
                at.latitude, at.longitude, source.uniform(0, 360),
                answer.ask_again_m * math.sqrt(source.random()),
            )  # fmt: skip
            if answer.ask_again_m > 0:
                inside = places.within(at.latitude, at.longitude)
                assert not set(inside) & set(others)
        for number, region in watched.items():
            for _ in range(20):
                at = destination(
                    region.latitude, region.longitude, source.uniform(0, 360),
                    source.uniform(0, 1.5) * region.radius_m,
                )  # fmt: skip
                if places.contains(number, at.latitude, at.longitude):
                    apart_m = distance_m(
                        region.latitude, region.longitude, *(at.latitude, at.longitude)
                    )
                    assert apart_m <= region.radius_m * (1 + 1e-9)


def test_heading_never_costs_more_than_two_thirds_of_the_circle() -> None:
    """Whatever lies wherever."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(60):
        places, middle = random_places(source)
        still = regions(places, *middle, 5)
        moving = regions(places, *middle, 5, motion=Motion(source.uniform(0, 360), 5.0))
        assert moving.ask_again_m >= still.ask_again_m / 3 * (1 - 1e-9)
        assert len(moving.regions) == len(still.regions)
