"""What definitions say of places becomes libraries, settings and places in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.model.catalogue import Catalogue
from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Library,
    LocationSettings,
    Opening,
    OpeningHours,
    Place,
    Point,
    Polygon,
)
from unit.definitions.definition_folders import catalogue_of, mistakes_in, write

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS

PLACES = """
    libraries:
    - {id: studios, name: Our studios}
    - {id: malls}
    location:
      {worst_accuracy_m: 100, exit_margin_m: 30.5, dwell: [10m, 5m], approach_m: 50, ttl: 2h}
    places:
    - id: studio
      library: studios
      name: The studio
      category: yoga
      circle: {latitude: 59.31, longitude: 18.07, radius_m: 60}
      parent: mall
      metadata: {phone: "08-1", city: Stockholm}
      opening_hours:
        time_zone: Europe/Stockholm
        monday: ["13:00-24:00", "09:00-12:00"]
        saturday: ["10:00-02:00"]
        exceptions: {2026-12-25: ["12:00-15:00"], 2026-12-24: []}
      labels: [S2, C9]
      dwell: [30m, 5m]
      approach_m: 300
      ttl: 90m
    - id: mall
      library: malls
      geometry:
        type: MultiPolygon
        coordinates:
        - - [[18.0, 59.3], [18.1, 59.3], [18.1, 59.32], [18.0, 59.32], [18.0, 59.3]]
          - [[18.01, 59.31], [18.02, 59.31], [18.02, 59.315, 12], [18.01, 59.31]]
        - [[[19, 59], [20, 59], [20, 60], [19, 59]]]
    - {id: track, library: malls, corridor: {line: [[17, 59], [17.1, 59.1]], width_m: 40}}
    """


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Definitions that use everything that places have."""
    folder = tmp_path_factory.mktemp("places")
    return catalogue_of(write(folder, {"places.yaml": PLACES}))


def place(catalogue: Catalogue, name: str) -> Place:
    """The place of an id."""
    return next(one for one in catalogue.places if one.id == name)


def test_libraries_rank_as_they_are_declared(catalogue: Catalogue) -> None:
    """The first library comes first; one without a name has its id for one."""
    assert catalogue.libraries == (
        Library("studios", "Our studios", 1),
        Library("malls", "malls", 2),
    )


def test_libraries_have_the_rank_that_they_say(tmp_path: Path) -> None:
    """Ranks order libraries whatever the order of declaration is."""
    text = "libraries: [{id: a, rank: 7}, {id: b, rank: 2}]\n"
    loaded = load([write(tmp_path, {"all.yaml": text})])
    assert loaded.catalogue.libraries == (Library("b", "b", 2), Library("a", "a", 7))
    assert [one.message for one in loaded.warnings] == [
        "no place is in the library `a`",
        "no place is in the library `b`",
    ]


def test_settings_are_converted(catalogue: Catalogue) -> None:
    """Durations become nanoseconds, in order; what isn't said is as it usually is."""
    assert catalogue.location == LocationSettings(
        worst_accuracy_m=100.0,
        highest_speed_mps=350.0,
        exit_margin_m=30.5,
        dwell_ns=(5 * MINUTE_NS, 10 * MINUTE_NS),
        approach_m=50.0,
        ttl_ns=120 * MINUTE_NS,
        widest_approach_m=300.0,
    )


def test_without_settings_there_are_the_usual_ones(tmp_path: Path) -> None:
    """A folder without `location` has the settings that the guide states."""
    text = "namespaces: [{id: crm, type: cross_device}]\n"
    catalogue = catalogue_of(write(tmp_path, {"all.yaml": text}))
    assert catalogue.location == LocationSettings()
    assert (catalogue.libraries, len(catalogue.places)) == ((), 0)


def test_a_place_has_all_that_is_said_of_it(catalogue: Catalogue) -> None:
    """A circle with hours, labels and settings of its own."""
    assert place(catalogue, "studio") == Place(
        id="studio",
        library="studios",
        name="The studio",
        fence=Circle(Point(59.31, 18.07), 60.0),
        centre=Point(59.31, 18.07),
        category="yoga",
        parent="mall",
        metadata={"city": "Stockholm", "phone": "08-1"},
        opening_hours=OpeningHours(
            "Europe/Stockholm",
            (
                (Opening(540, 720), Opening(780, 1440)),
                *((),) * 4,
                (Opening(600, 1560),),
                (),
            ),
            {"2026-12-24": (), "2026-12-25": (Opening(720, 900),)},
        ),
        labels=("C9", "S2"),
        dwell_ns=(5 * MINUTE_NS, 30 * MINUTE_NS),
        approach_m=300.0,
        ttl_ns=90 * MINUTE_NS,
    )


def test_polygons_keep_their_holes_and_lose_their_last_points(catalogue: Catalogue) -> None:
    """Rings end with the point before the first again; heights are passed over."""
    fence = place(catalogue, "mall").fence
    assert isinstance(fence, Area)
    one, other = fence.polygons
    assert one.outer == (
        Point(59.3, 18.0),
        Point(59.3, 18.1),
        Point(59.32, 18.1),
        Point(59.32, 18.0),
    )
    hole = (Point(59.31, 18.01), Point(59.31, 18.02), Point(59.315, 18.02))
    assert one.holes == (hole,)
    assert other == Polygon((Point(59, 19), Point(59, 20), Point(60, 20)))


def test_a_corridor_is_a_line_and_a_width(catalogue: Catalogue) -> None:
    """The points of a line are longitude and latitude, as in GeoJSON."""
    assert place(catalogue, "track").fence == Corridor((Point(59, 17), Point(59.1, 17.1)), 40.0)


def test_places_are_in_the_order_of_definition(tmp_path: Path) -> None:
    """Files by name, and in a file from above, whatever it is written in."""
    csv = "id,library,latitude,longitude,radius_m\nz,all,1,1,50\ny,all,2,1,50\n"
    feature = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        '{"id": "x", "library": "all", "radius_m": 50}, "geometry": {"type": "Point", '
        '"coordinates": [1, 3]}}]}'
    )
    tail = "places: [{id: a, library: all, circle: {latitude: 4, longitude: 1, radius_m: 50}}]\n"
    folder = write(
        tmp_path,
        {"1.csv": csv, "2.geojson": feature, "3.yaml": "libraries: [{id: all}]\n" + tail},
    )
    assert [one.id for one in catalogue_of(folder).places] == ["z", "y", "x", "a"]


def test_all_day_and_all_night(tmp_path: Path) -> None:
    """Hours that end as they begin are a whole day; neighbouring stretches don't overlap."""
    text = """
        libraries: [{id: all}]
        places:
        - id: one
          library: all
          circle: {latitude: 1, longitude: 1, radius_m: 50}
          opening_hours:
            time_zone: UTC
            monday: ["00:00-24:00"]
            tuesday: ["08:00-08:00"]
            wednesday: ["08:00-12:00", "12:00-13:00"]
        """
    hours = catalogue_of(write(tmp_path, {"all.yaml": text})).places[0].opening_hours
    assert hours is not None
    assert hours.weekdays[:3] == (
        (Opening(0, 1440),),
        (Opening(480, 1920),),
        (Opening(480, 720), Opening(720, 780)),
    )


def test_settings_in_two_files(tmp_path: Path) -> None:
    """`location` is in one file only."""
    folder = write(tmp_path, {"a.yaml": "location: {ttl: 1h}\n", "b.yaml": "location: {ttl: 2h}\n"})
    name = folder.name
    assert mistakes_in(folder) == [
        f"{name}/b.yaml:1:11: `location` is defined twice: first at {name}/a.yaml:1:11"
    ]


def test_sunday_runs_into_monday(tmp_path: Path) -> None:
    """Hours over midnight are compared with those of the day after, around the week."""
    text = """
        libraries: [{id: all}]
        places:
        - id: one
          library: all
          circle: {latitude: 1, longitude: 1, radius_m: 50}
          opening_hours: {time_zone: UTC, sunday: ["20:00-03:30"], monday: ["03:00-04:00"]}
        """
    folder = write(tmp_path, {"all.yaml": text})
    assert mistakes_in(folder) == [
        f"{folder.name}/all.yaml:6:68: `monday` begins before `sunday` has ended, at 03:30"
    ]


def test_labels_of_places_are_labels(tmp_path: Path) -> None:
    """A policy about a label that only places have is no policy about nothing."""
    text = """
        libraries: [{id: all}]
        places:
        - id: one
          library: all
          labels: [clinic]
          circle: {latitude: 1, longitude: 1, radius_m: 50}
        policies:
        - {id: health, marketing_actions: [email_targeting], any_labels: [clinic, S2]}
        """
    assert load([write(tmp_path, {"all.yaml": text})]).warnings == ()


def test_what_ends_at_the_edges_of_a_map_goes_around_the_pole(tmp_path: Path) -> None:
    """Equal points at a pole are one; mistakes count vertices as they are written all the same."""
    coast = "[-180, -84], [-90, -75], [0, -70], [90, -68], [180, -84]"
    shape = """
        libraries: [{id: world}]
        places:
        - id: antarctica
          library: world
          geometry: {type: Polygon, coordinates: [[RING]]}
        """
    ring = f"[180, -90], [-180, -90], {coast}, [180, -90]"
    write(tmp_path, {"places.yaml": shape.replace("RING", ring)})
    (place,) = catalogue_of(tmp_path).places
    assert isinstance(place.fence, Area)
    assert [at.longitude for at in place.fence.polygons[0].outer] == [-90.0, 0.0, 90.0, 180.0]
    assert place.centre == Point(-90.0, 0.0)
    wrong = ring.replace("[0, -70]", "[0, -70], [0, -70]")
    write(tmp_path, {"places.yaml": shape.replace("RING", wrong)})
    (mistake,) = mistakes_in(tmp_path)
    assert mistake.endswith("ring 1, vertex 6: repeats the vertex before it")


def test_rings_and_vertices_are_counted_from_one(tmp_path: Path) -> None:
    """Also those that a message names beside where it is."""
    text = """
        libraries: [{id: world}]
        places:
        - id: park
          library: world
          geometry:
            type: Polygon
            coordinates:
            - [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
            - [[1, 1], [5, 1], [5, 5], [1, 5], [1, 1]]
            - [[2, 2], [3, 2], [3, 3], [2, 2]]
        """
    write(tmp_path, {"places.yaml": text})
    (mistake,) = mistakes_in(tmp_path)
    assert mistake.endswith("ring 3 (a hole), vertex 1: the hole overlaps the hole that is ring 2")
