"""`offerd places` as people run it, on folders and bundles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main

DEFINITIONS = """
libraries: [{id: studios, name: Studios}, {id: malls, name: Malls}]
places:
- id: odenplan
  library: studios
  name: Luma Odenplan
  category: studio
  circle: {latitude: 59.3431, longitude: 18.0493, radius_m: 120}
  metadata: {city: Stockholm}
  opening_hours: {time_zone: Europe/Stockholm, monday: ["06:30-21:00"]}
- id: haga
  library: studios
  name: Luma Haga
  category: studio
  circle: {latitude: 57.6986, longitude: 11.956, radius_m: 120}
  metadata: {city: Gothenburg}
- id: mall
  library: malls
  name: The mall
  category: mall
  geometry:
    type: Polygon
    coordinates: [[[18.04, 59.34], [18.06, 59.34], [18.06, 59.35], [18.04, 59.35], [18.04, 59.34]]]
- id: walk
  library: malls
  name: The walk
  corridor: {line: [[18.0, 59.30], [18.1, 59.30]], width_m: 30}
"""
AT_ODENPLAN = "59.3431,18.0493"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of definitions with four places."""
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "places.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return tmp_path / "definitions"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["places", *map(str, arguments)])


def _lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _ids(result: Result) -> list[object]:
    return [line["id"] for line in _lines(result)]


def test_list_tells_all_places_or_some(folder: Path) -> None:
    """Every place with its fence, and only those of a library, a category, a town."""
    shown = _run("list", folder)
    assert shown.exit_code == 0
    for text in ("Luma Odenplan", "circle, 120 m", "polygon", "corridor, 30 m wide", "59.34310"):
        assert text in shown.stdout
    assert _ids(_run("list", folder, "--json")) == ["odenplan", "haga", "mall", "walk"]
    assert _ids(_run("list", folder, "--json", "--library", "malls")) == ["mall", "walk"]
    assert _ids(_run("list", folder, "--json", "--category", "studio")) == ["odenplan", "haga"]
    assert _ids(_run("list", folder, "--json", "--metadata", "city=Gothenburg")) == ["haga"]
    assert _run("list", folder, "--metadata", "city=Lund").stdout == "no places\n"


def test_a_bundle_tells_the_same_as_its_folder(folder: Path, tmp_path: Path) -> None:
    """A compiled bundle is a source, too."""
    bundle = tmp_path / "bundle"
    compiled = CliRunner().invoke(main, ["compile", str(folder), "--out", str(bundle)])
    assert compiled.exit_code == 0, compiled.output
    assert _lines(_run("list", bundle, "--json")) == _lines(_run("list", folder, "--json"))


def test_within_tells_what_a_point_is_in(folder: Path) -> None:
    """The library of the lower rank goes first."""
    assert _ids(_run("within", folder, "--point", AT_ODENPLAN, "--json")) == ["odenplan", "mall"]
    assert _run("within", folder, "--point", "-33.9,151.2").stdout == "no places\n"


def test_nearest_tells_how_far_and_in_which_direction(folder: Path) -> None:
    """Metres to the edge, the centre and the direction; as many as wanted, open ones only."""
    found = _lines(_run("nearest", folder, "--point", "59.3531,18.0493", "--limit", "2", "--json"))
    assert [one["id"] for one in found] == ["mall", "odenplan"]
    assert found[1]["distance_m"] == pytest.approx(1_112 - 120, rel=0.01)
    assert found[1]["center_distance_m"] == pytest.approx(1_112, rel=0.01)
    assert found[1]["bearing_deg"] == pytest.approx(180.0, abs=0.1)
    shown = _run("nearest", folder, "--point", AT_ODENPLAN)
    assert "inside" in shown.stdout
    assert "km" in shown.stdout
    near = _run("nearest", folder, "--point", AT_ODENPLAN, "--within-m", "1000", "--json")
    assert _ids(near) == ["odenplan", "mall"]


@pytest.mark.parametrize(
    ("instant", "open_ones"),
    [("2026-11-02T06:00:00Z", ["odenplan"]), ("2026-11-02T05:00:00Z", [])],
)
def test_open_is_by_the_clock_of_the_place(
    folder: Path, instant: str, open_ones: list[str]
) -> None:
    """Six o'clock in UTC is seven in Stockholm; what has no hours isn't known to be open."""
    found = _run("nearest", folder, "--point", AT_ODENPLAN, "--open", "--at", instant, "--json")
    assert _ids(found) == open_ones


def test_map_writes_a_page_and_says_what_is_on_it(folder: Path, tmp_path: Path) -> None:
    """How many places, how many are left out, and how many overlap."""
    page = tmp_path / "map.html"
    written = _run("map", folder, "--out", page)
    assert written.exit_code == 0, written.output
    assert written.stdout == f"{page}: 4 places, 1 overlap\n"
    assert "Luma Odenplan" in page.read_text(encoding="utf-8")
    few = _run("map", folder, "--out", page, "--limit", "1", "--near", "57.7,12")
    assert few.stdout == f"{page}: 1 place, 3 left out, 0 overlaps\n"
    text = page.read_text(encoding="utf-8")
    assert "Luma Haga" in text
    assert "3 of 4 places are left out: the nearest are shown" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--point", "59.3"], "`59.3` isn't LAT,LON such as `59.3326,18.0649`"),
        (["--point", "here,there"], "`here,there` isn't LAT,LON"),
        (["--point", "nan,1"], "`nan,1` isn't LAT,LON"),
        (["--point", "118,59"], "`118` is no latitude from -90 to 90 (the latitude comes first)"),
        (["--point", "59,181"], "`181` is no longitude from -180 to 180"),
        (["--point", "1,2", "--category", "studo"], "no place has the category `studo`; did you"),
        (["--point", "1,2", "--library", "x"], "no place has the library `x`"),
        (["--point", "1,2", "--metadata", "city"], "`city` isn't KEY=VALUE"),
        (["--point", "1,2", "--at", "2026-01-01T00:00:00Z"], "--at is for --open"),
        (["--point", "1,2", "--open", "--at", "soon"], "`soon`"),
        (["--point", "1,2", "--limit", "0"], "0 is not in the range"),
        ([], "--point"),
    ],
)
def test_mistakes_are_told_clearly(folder: Path, arguments: list[str], message: str) -> None:
    """What was found and what is expected, never a traceback."""
    result = _run("nearest", folder, *arguments)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert message in result.stderr


def test_definitions_without_places_are_said_to_have_none(tmp_path: Path) -> None:
    """No empty map is written."""
    (tmp_path / "some.yaml").write_text("namespaces: [{id: ecid, type: cookie}]\n")
    result = _run("map", tmp_path, "--out", tmp_path / "map.html")
    assert result.exit_code == 1
    assert "has no places" in result.stderr
    assert not (tmp_path / "map.html").exists()


def test_a_map_of_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    """If no place is as it was asked for, that is said."""
    result = _run("map", folder, "--out", tmp_path / "map.html", "--metadata", "city=Lund")
    assert result.exit_code == 1
    assert "no place is as it was asked for" in result.stderr
