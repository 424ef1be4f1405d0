"""Fences that get in each other's way are legal, and compiling says so."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.definitions.placing.caps import Caps
from offerd.model.place import EARTH_RADIUS_M, Circle, Place, Point
from offerd.places.sphere import distance_m
from seeds import random_seed
from unit.definitions.definition_folders import write

LIBRARIES = "libraries: [{id: first}, {id: second}]\n"
HEADER = "id,library,latitude,longitude,radius_m,parent\n"


def warnings_of(folder: Path, rows: Iterable[str] = (), **files: str) -> list[str]:
    """The messages of the warnings about places, of rows of CSV or of files."""
    text = HEADER + "".join(f"{row}\n" for row in rows)
    named = {f"{name}.yaml": one for name, one in files.items()}
    found = load([write(folder, {"1.yaml": LIBRARIES, "2.csv": text, **named})]).warnings
    messages = [one.message for one in found if "no place is" not in one.message]
    return [re.sub(r"^row \d+, column `\w+`: ", "", message) for message in messages]


def test_overlapping_places_of_one_library_are_told(tmp_path: Path) -> None:
    """Who wins is said: the smaller one, or of equal ones that which is defined first."""
    rows = (
        "a,first,59.3,18.1,100,",
        "b,first,59.3,18.101,50,",
        "c,first,59.3,18.1027,50,",
        "d,first,59.3,18.2,50,",
        "e,second,59.31,18.2,50,",
    )
    assert warnings_of(tmp_path, rows) == [
        "`b` overlaps `a` of the same library: where they do, `b`, the smaller one, is the "
        "current place",
        "`c` overlaps `b` of the same library: where they do, `b` is the current place, as it is "
        "defined first",
    ]


def test_places_in_each_other_may_overlap(tmp_path: Path) -> None:
    """A place overlaps what it lies in, at any depth, and neighbours of other libraries."""
    rows = (
        "mall,first,59.3,18.1,500,",
        "floor,first,59.3,18.1,400,mall",
        "studio,first,59.3,18.1,50,floor",
        "kiosk,second,59.3,18.1085,50,",
    )
    assert warnings_of(tmp_path, rows) == []


def test_hidden_places_are_told(tmp_path: Path) -> None:
    """A place in one of a better library never is the current one, even if that is its parent."""
    rows = (
        "mall,first,59.3,18.1,500,",
        "studio,second,59.3,18.101,50,mall",
        "shop,second,59.3,18.1088,50,",
        "again,first,59.3,18.1,500,",
    )
    assert warnings_of(tmp_path, rows) == [
        "`studio` can never be the current place: it lies in `mall`, whose library `first` comes "
        "first",
        "`again` can never be the current place: its fence is that of `mall`",
    ]


def test_hidden_in_a_polygon(tmp_path: Path) -> None:
    """What lies in a polygon is hidden, what lies in its hole or across its edge is not."""
    zone = """
        places:
        - id: zone
          library: first
          geometry:
            type: Polygon
            coordinates:
            - [[18.0, 59.3], [18.1, 59.3], [18.1, 59.4], [18.0, 59.4], [18.0, 59.3]]
            - [[18.04, 59.34], [18.06, 59.34], [18.06, 59.36], [18.04, 59.36], [18.04, 59.34]]
        - id: inside
          library: second
          geometry:
            type: Polygon
            coordinates: [[[18.01, 59.31], [18.02, 59.31], [18.02, 59.32], [18.01, 59.31]]]
        - id: way
          library: second
          corridor: {line: [[18.01, 59.39], [18.09, 59.39]], width_m: 40}
        """
    rows = (
        "dot,second,59.33,18.03,50,",
        "hole,second,59.35,18.05,50,",
        "edge,second,59.3,18.05,50,",
    )
    assert warnings_of(tmp_path, rows, zone=zone) == [
        f"`{name}` can never be the current place: it lies in `zone`, whose library `first` comes "
        "first"
        for name in ("dot", "inside", "way")
    ]


def test_small_fences_are_told(tmp_path: Path) -> None:
    """Fences that locations are seldom accurate enough for."""
    more = """
        places:
        - {id: path, library: first, corridor: {line: [[1, 1], [2, 1]], width_m: 3}}
        """
    rows = ("dot,first,59.3,18.1,5,", "fine,first,59.4,18.1,10,")
    tail = "locations are seldom so accurate, so that only a phone's own events enter it"
    found = warnings_of(tmp_path, rows, more=more)
    assert found == [f"`dot` is a circle of 5 m: {tail}", f"`path` is a corridor of 3 m: {tail}"]


def test_children_elsewhere_are_told(tmp_path: Path) -> None:
    """A place whose centre isn't in its parent probably has another parent."""
    rows = ("mall,first,59.3,18.1,500,", "studio,first,59.31,18.1,50,mall")
    assert warnings_of(tmp_path, rows) == [
        "the centre of `studio` is 616 m outside of its parent `mall`"
    ]


def test_never_open_is_told(tmp_path: Path) -> None:
    """Hours with no hours in them are closed for ever, which nobody means."""
    more = """
        places:
        - id: one
          library: first
          circle: {latitude: 1, longitude: 1, radius_m: 50}
          opening_hours: {time_zone: UTC, exceptions: {2026-12-24: []}}
        """
    loaded = load([write(tmp_path, {"1.yaml": "libraries: [{id: first}]\n", "2.yaml": more})])
    assert [one.message for one in loaded.warnings] == [
        "`one` is never open: leave `opening_hours` out if not known"
    ]


def test_many_overlaps_are_counted(tmp_path: Path) -> None:
    """The first twenty are named, the rest counted exactly."""
    rows = [f"p{number},first,59.3,{18 + number * 0.001},50," for number in range(101)]
    found = warnings_of(tmp_path, rows)
    assert len(found) == 21
    assert "and 80 more pairs of places of one library overlap" in found


@pytest.mark.parametrize("spread", [0.001, 1.0, 90.0])
def test_circles_that_meet_are_found_wherever_they_are(spread: float) -> None:
    """Every pair that comparing all finds, each once; at the poles and at 180 degrees, too."""
    seed = random_seed()
    source = random.Random(seed)
    for centre in ((59.0, 18.0), (89.9995, 0.0), (-90.0, 10.0), (0.0, 180.0)):
        places = [_circle(source, centre, spread, number) for number in range(150)]
        found = list(Caps(places).meeting(10**9))
        expected = {
            (one, other)
            for one in range(150)
            for other in range(one + 1, 150)
            if _apart_m(places[one], places[other]) <= _reach_m(places[one], places[other])
        }
        assert len(found) == len(set(found))
        assert set(found) == expected


def _circle(
    source: random.Random, centre: tuple[float, float], spread: float, number: int
) -> Place:
    latitude = max(-90.0, min(90.0, centre[0] + source.uniform(-spread, spread)))
    longitude = (centre[1] + source.uniform(-spread, spread) * 2 + 180.0) % 360.0 - 180.0
    radius_m = 10 ** source.uniform(0, math.log10(spread * 30_000))
    at = Point(latitude, longitude)
    return Place(f"p{number}", "first", "", Circle(at, radius_m), at)


def _apart_m(one: Place, other: Place) -> float:
    a, b = one.centre, other.centre
    return distance_m(a.latitude, a.longitude, b.latitude, b.longitude)


def _reach_m(one: Place, other: Place) -> float:
    assert isinstance(one.fence, Circle)
    assert isinstance(other.fence, Circle)
    return min(one.fence.radius_m + other.fence.radius_m, math.pi * EARTH_RADIUS_M)
