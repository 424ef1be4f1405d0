"""What a map of places shows, and how fences become lines."""

from __future__ import annotations

import math

import pytest

from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Opening,
    OpeningHours,
    Place,
    Point,
    Polygon,
)
from offerd.simulation.opening_words import opening_lines
from offerd.simulation.outlines import (
    MOST_VERTICES,
    area_outlines,
    corridor_line,
    is_simplified,
)
from unit.simulation.atlas import HOURS, STREET, drawn, places, ring, studio


def test_overlaps_are_told_but_for_a_place_within_its_parent() -> None:
    """The studio at the mall's edge overlaps it; the one that belongs into it doesn't."""
    found = drawn(places())
    at = {place.id: number for number, place in enumerate(found.places)}
    assert found.overlaps == 1
    assert found.places[at["edge"]].overlaps == [at["mall"]]
    assert found.places[at["mall"]].overlaps == [at["edge"]]
    assert not found.places[at["inner"]].overlaps


def test_each_place_knows_its_nearest_other() -> None:
    """The nearest is neither the place itself nor what it lies in, and it is on the map."""
    found = drawn(places())
    at = {place.id: number for number, place in enumerate(found.places)}
    inner = found.places[at["inner"]].nearest
    assert inner is not None
    assert inner[0] == at["edge"]
    assert inner[1] == pytest.approx(568 - 150, rel=0.02)
    assert drawn(places(studio("alone", 1.0, 2.0))).places[0].nearest is None
    only = drawn(places(), chooser=lambda place: place.id in ("north", "street"))
    assert [place.nearest and place.nearest[0] for place in only.places] == [1, 0]


def test_above_the_limit_the_first_are_shown_or_the_nearest() -> None:
    """Without a point the first that are defined; with one those nearest to it."""
    first = drawn(places(), limit=2)
    assert [place.id for place in first.places] == ["north", "edge"]
    assert (first.total, first.left_out, first.left_out_why) == (
        5,
        3,
        "the first defined are shown",
    )
    near = drawn(places(), limit=2, near=Point(59.30, 18.01))
    assert sorted(place.id for place in near.places) == ["mall", "street"]
    assert (near.left_out, near.left_out_why) == (3, "the nearest are shown")
    assert near.near is not None
    assert near.near.nearest[0][1] == 0.0
    assert len(near.near.distances_m) == 2


def test_colours_are_of_categories_the_most_frequent_first() -> None:
    """A place without a category has the colour of its library."""
    found = drawn(places())
    assert [(group.name, group.count) for group in found.groups] == [
        ("studio", 3), ("mall", 1), ("malls", 1),
    ]  # fmt: skip
    assert [found.groups[place.group].name for place in found.places] == [
        *("studio", "studio", "mall", "studio", "malls")
    ]


def test_fences_are_drawn_as_they_are() -> None:
    """A circle by its radius, a polygon with its hole, a corridor as a line of its width."""
    by_id = {place.id: place for place in drawn(places()).places}
    assert by_id["north"].radius_m == 100.0
    assert [len(line) for line in by_id["mall"].areas[0]] == [8, 6]
    assert (by_id["street"].line[:2], by_id["street"].width_m) == ([18.0, 59.3], 40.0)


def test_rings_go_on_across_the_antimeridian() -> None:
    """Longitudes beyond 180 instead of a jump; holes and further polygons lie beside the first."""
    fiji = ring((-16.0, 179.0), (-16.0, -179.0), (-18.0, -179.0), (-18.0, 179.0))
    hole = ring((-17.0, -179.9), (-17.0, -179.5), (-17.2, -179.5))
    island = ring((-15.0, -179.5), (-15.0, -179.0), (-15.5, -179.0))
    outlines = area_outlines(Area((Polygon(fiji, (hole,)), Polygon(island))))
    assert outlines[0][0][::2] == [179.0, 181.0, 181.0, 179.0]
    assert outlines[0][1][::2] == [180.1, 180.5, 180.5]
    assert outlines[1][0][::2] == [180.5, 181.0, 181.0]


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_a_ring_round_a_pole_is_closed_along_it(pole: float) -> None:
    """Its corners are those of the pole, a whole turn apart."""
    latitude = math.copysign(70.0, pole)
    around = ring(*((latitude, longitude) for longitude in range(-180, 180, 30)))
    (((*line,),),) = area_outlines(Area((Polygon(around),)))
    assert line[-4:] == [180.0, pole, -180.0, pole]
    assert line[-6:-4] == [180.0, latitude]


def test_rings_with_very_many_vertices_are_drawn_with_fewer() -> None:
    """So many that they look the same; the rest is told as simplified."""
    many = ring(
        *(
            (50 + 5 * math.sin(turn * math.tau / 50_000), 5 * math.cos(turn * math.tau / 50_000))
            for turn in range(50_000)
        )
    )
    area = Area((Polygon(many),))
    ((line,),) = area_outlines(area)
    assert is_simplified(area)
    assert MOST_VERTICES < len(line) / 2 < 20_000
    assert not is_simplified(Area((Polygon(many[:MOST_VERTICES]),)))


def test_corridors_follow_great_circles() -> None:
    """A long geodesic is bent: it comes nearer to the pole than both of its ends."""
    line = corridor_line(Corridor(ring((50.0, -60.0), (50.0, 10.0)), 1_000.0))
    latitudes = line[1::2]
    assert len(latitudes) > 40
    assert max(latitudes) == pytest.approx(55.5, abs=0.5)
    assert corridor_line(STREET.fence)[:2] == [18.0, 59.3]  # type: ignore[arg-type]


def test_opening_hours_are_told_as_on_a_door() -> None:
    """Days that are alike together, over midnight by the clock, exceptions and the zone."""
    assert list(opening_lines(HOURS)) == [
        "Mon–Fri 06:30–21:00",
        "Sat 10:00–02:00",
        "Sun closed",
        "2026-12-24 closed",
        "Europe/Stockholm",
    ]
    always = OpeningHours("UTC", ((Opening(0, 1440),),) * 7)
    assert list(opening_lines(always)) == ["Mon–Sun 00:00–24:00", "UTC"]
    twice = OpeningHours("UTC", ((Opening(540, 720), Opening(780, 1020)), *((),) * 6))
    assert next(opening_lines(twice)) == "Mon 09:00–12:00, 13:00–17:00"


def test_places_in_a_circle_of_parents_do_no_harm() -> None:
    """What lies in itself is drawn like any other."""
    centre = Point(1.0, 1.0)
    both = [
        Place(name, "studios", name, Circle(centre, 10.0), centre, parent=parent)
        for name, parent in (("a", "b"), ("b", "a"))
    ]
    assert drawn(places(*both)).overlaps == 0
