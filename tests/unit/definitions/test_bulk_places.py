"""Places in CSV and GeoJSON are the same as in YAML, and none of them is too many."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from offerd.definitions import load
from offerd.model.place import Place
from seeds import random_seed
from unit.definitions.definition_folders import catalogue_of, mistakes_in, write

LIBRARIES = "libraries: [{id: shops}, {id: zones}]\n"
HEADER = "id,library,latitude,longitude,radius_m\n"


def places_of(folder: Path) -> list[Place]:
    """The places of a folder, warnings aside."""
    return list(load([folder]).catalogue.places)


def collection(*features: dict[str, Any], **members: Any) -> str:
    """A file of GeoJSON."""
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def feature(geometry: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    """A feature with those properties."""
    shape = {"type": geometry, "coordinates": coordinates}
    return {"type": "Feature", "geometry": shape, "properties": properties}


def test_a_row_is_a_place(tmp_path: Path) -> None:
    """Every column means what its field means; an empty cell is an absent field."""
    folder = write(
        tmp_path / "csv",
        {
            "1.yaml": LIBRARIES,
            "2.csv": "metadata.city,id,library,name,description,category,latitude,longitude,"
            "radius_m,approach_m,parent,labels,dwell,ttl,metadata.phone\n"
            'Åre,one,shops,"One, ""or"" two",x,ski,63.4,13.08,120.5,300,two,C9;S2,5m; 10m,2h,08\n'
            ",two,shops,,,,63.4,13.08,1e4,,,,,,\n",
        },
    )
    same = write(
        tmp_path / "yaml",
        {
            "1.yaml": LIBRARIES,
            "2.yaml": """
            places:
            - id: one
              library: shops
              name: 'One, "or" two'
              category: ski
              circle: {latitude: 63.4, longitude: 13.08, radius_m: 120.5}
              approach_m: 300
              parent: two
              labels: [C9, S2]
              dwell: [5m, 10m]
              ttl: 2h
              metadata: {city: Åre, phone: "08"}
            - {id: two, library: shops, circle: {latitude: 63.4, longitude: 13.08, radius_m: 10000}}
            """,
        },
    )
    assert places_of(folder) == places_of(same)


def test_a_feature_is_a_place(tmp_path: Path) -> None:
    """Properties are fields, the geometry is the fence; null is absent, the library a default."""
    ring = [[18.0, 59.3], [18.1, 59.3], [18.1, 59.35], [18.0, 59.3]]
    folder = write(
        tmp_path / "geojson",
        {
            "1.yaml": LIBRARIES,
            "2.geojson": collection(
                feature("Point", [13.08, 63.4, 700], id="one", radius_m=120, category=None),
                {**feature("Polygon", [ring], library="shops", name="Two"), "id": 2},
                feature("MultiPolygon", [[ring]], id="three", **{"metadata.city": "Åre"}),
                feature("LineString", ring[:2], id="four", width_m=40, metadata={"a": "b"}),
                library="zones",
                crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
            ),
        },
    )
    same = write(
        tmp_path / "yaml",
        {
            "1.yaml": LIBRARIES,
            "2.yaml": f"""
            places:
            - id: one
              library: zones
              circle: {{latitude: 63.4, longitude: 13.08, radius_m: 120}}
            - id: "2"
              library: shops
              name: Two
              geometry: {{type: Polygon, coordinates: [{ring}]}}
            - id: three
              library: zones
              metadata: {{city: Åre}}
              geometry: {{type: MultiPolygon, coordinates: [[{ring}]]}}
            - id: four
              library: zones
              metadata: {{a: b}}
              corridor: {{line: {ring[:2]}, width_m: 40}}
            """,
        },
    )
    assert places_of(folder) == places_of(same)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_as_they_like(mark: str, end: str, tmp_path: Path) -> None:
    """A byte order mark and the line ends of Windows change nothing, nor where mistakes are."""
    folder = write(tmp_path, {"1.yaml": LIBRARIES})
    rows = HEADER + "åäö,shops,1,1,50\n" + '"a","shops",1,1,50\nb,shops,1,1,50\nc,shop,1,1,50\n'
    (folder / "2.csv").write_bytes((mark + rows.replace("\n", end)).encode())
    points = collection(feature("Point", [1, 1], id="x", radius_m=50, library="zone"))
    (folder / "3.geojson").write_bytes((mark + points.replace(" ", end)).encode())
    name = folder.name
    found = mistakes_in(folder)
    assert found[0].startswith(f"{name}/2.csv:2:1: row 2, column `id`: `åäö` is not an id")
    assert found[1] == (
        f"{name}/2.csv:5:3: row 5, column `library`: unknown library `shop`: did you mean `shops`?"
    )
    assert found[2].endswith("feature 1: unknown library `zone`: did you mean `zones`?")


def test_every_bulk_file_is_told_by_its_columns(tmp_path: Path) -> None:
    """Offers, scores and places may be side by side in CSV."""
    offers = "id,content.web\nsale,<p>Sale</p>\n"
    declared = """
        placements: [{id: web, channel: web, content_type: html}]
        fallback_offers: [{id: none, representations: [{placement: web, html: <p></p>}]}]
        collections: [{id: all, offers: [sale]}]
        strategies: [{id: first, collection: all}]
        decisions: [{id: best, placements: [web], strategies: [first], fallbacks: [none]}]
        """
    files = {"a.yaml": declared, "l.yaml": "libraries: [{id: shops}]\n", "offers.csv": offers}
    folder = write(tmp_path, {**files, "places.csv": HEADER + "one,shops,1,2,50\n"})
    catalogue = catalogue_of(folder)
    assert [one.id for one in catalogue.offers] == ["sale"]
    assert [one.id for one in catalogue.places] == ["one"]


def test_the_same_wrong_name_is_told_so_often(tmp_path: Path) -> None:
    """Of a thousand places of an unknown library twenty are named and the others counted."""
    rows = "".join(f"p{number},shop,{number / 20},1,50\n" for number in range(1_000))
    folder = write(tmp_path, {"1.yaml": LIBRARIES, "2.csv": HEADER + rows})
    found = mistakes_in(folder)
    assert len(found) == 21
    more = "row 21, column `library`: 980 more places name the library `shop`"
    assert f"{folder.name}/2.csv:21:5: {more}" in found


def test_many_wrong_features_are_still_placed(tmp_path: Path) -> None:
    """After very many mistakes a feature is placed by its line, which takes no time."""
    wrong = [feature("Point", [1, 91], id=f"p{number}", radius_m=5) for number in range(2_100)]
    text = collection(*wrong, library="shops").replace('{"type": "Feature"', '\n{"type": "Feature"')
    folder = write(tmp_path, {"1.yaml": LIBRARIES, "2.geojson": text})
    found = mistakes_in(folder)
    assert len(found) == 2_100
    assert found[0].endswith("feature 1: `latitude` must be at most 90: found `91`")
    assert ":2:70: feature 1:" in found[0]
    assert ":2101:1: feature 2100:" in found[-1]


def test_geojson_by_another_name(tmp_path: Path) -> None:
    """GeoJSON in a file of definitions is no definition, and what it should be called is said."""
    folder = write(tmp_path, {"a.json": collection(feature("Point", [1, 1]))})
    assert mistakes_in(folder)[0] == (
        f"{folder.name}/a.json:1:1: this is GeoJSON: name the file `*.geojson`"
    )


@pytest.mark.parametrize("part", ["type", "library"])
def test_collection_that_is_not_utf8(tmp_path: Path, part: str) -> None:
    """A byte that is no UTF-8 beside the features is a mistake with its place."""
    text = collection(feature("Point", [1, 2], id="a", radius_m=50)).encode()
    text = text.replace(b"{", b'{"library": "shops", ', 1)
    before, name, after = text.partition(f'"{part}": "'.encode())
    (tmp_path / "1.yaml").write_text(LIBRARIES)
    (tmp_path / "2.geojson").write_bytes(before + name + b"\xff" + after)
    column = len(before + name) + 1
    message = "not UTF-8: found the byte 0xFF: save the file as UTF-8"
    assert mistakes_in(tmp_path) == [f"{tmp_path.name}/2.geojson:1:{column}: {message}"]


def test_random_files_never_break_the_reader(tmp_path: Path) -> None:
    """Files of which bytes were changed or lost load, or are refused with mistakes."""
    seed = random_seed()
    source = random.Random(seed)
    ring = [[18.0, 59.3], [18.1, 59.3], [18.1, 59.35], [18.0, 59.3]]
    whole = {
        "2.csv": HEADER + 'one,shops,1,2,50\n"two","shops",1,2,50\n',
        "3.geojson": collection(
            feature("Point", [1, 2], id="a", radius_m=50, library="shops"),
            feature("Polygon", [ring], id="b", library="zones", metadata={"x": "y"}),
        ),
    }
    (tmp_path / "1.yaml").write_text(LIBRARIES)
    for name, text in whole.items():
        for _ in range(150):
            data = bytearray(text.encode())
            for _ in range(source.choice((1, 1, 3))):
                at = source.randrange(len(data))
                if source.random() < 0.5:
                    del data[at : at + source.choice((1, 1, 9))]
                else:
                    data[at] = source.choice(b'\x00\xff"[]{},:\n\r\\ 0aN-')
            (tmp_path / name).write_bytes(bytes(data))
            for message in mistakes_in(tmp_path):
                assert message
        (tmp_path / name).unlink()
