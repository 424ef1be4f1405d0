"""Luma's members, events and files fit its definitions, and nobody real is in them."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from offerd.admission import admit_attributes, parse_instant
from offerd.model.catalogue import Catalogue
from offerd.model.place import Circle
from offerd.model.schema import event_types
from unit.examples.luma_files import ANSWERS, EVENTS, LUMA, MEMBERS, luma_definitions


@pytest.fixture
def catalogue() -> Catalogue:
    """The tables of the definitions."""
    return luma_definitions().catalogue


def test_data_are_what_the_script_writes(tmp_path: Path) -> None:
    """The files under data/ are those that generate_data.py writes, to the byte."""
    script = LUMA / "generate_data.py"
    subprocess.run([sys.executable, "-B", script, "--out", tmp_path], check=True)
    for name in ("members.jsonl", "events.jsonl"):
        assert (tmp_path / name).read_bytes() == (LUMA / "data" / name).read_bytes(), name


def test_members_fit_the_schema(catalogue: Catalogue) -> None:
    """Every attribute is declared and of its type, and no device carries person data."""
    declared = {attribute.path: attribute for attribute in catalogue.schema.profile}
    namespaces = {namespace.id: namespace.type for namespace in catalogue.schema.namespaces}
    for member in MEMBERS:
        record, _ = admit_attributes(member["attributes"], declared, field=member["id"])
        if not namespaces[member["namespace"]].names_person:
            assert not any(declared[path].person for path in record), member["id"]
    keys = {(member["namespace"], member["id"]) for member in MEMBERS}
    assert len(keys) == len(MEMBERS) == 60
    assert {namespace for namespace, _ in keys} == set(namespaces)


def test_events_fit_the_schema(catalogue: Catalogue) -> None:
    """Every property is declared and of its type; ids are unique; times lie in the stated span."""
    properties = {
        event.id: {attribute.path: attribute for attribute in event.properties}
        for event in event_types(catalogue.schema).values()
    }
    first, last = parse_instant("2025-06-01T00:00:00Z"), parse_instant("2026-11-01T00:00:00Z")
    for event in EVENTS:
        admit_attributes(event["properties"], properties[event["type"]], field=event["event_id"])
        assert first <= parse_instant(event["event_time"]) < last, event["event_id"]
    assert len({event["event_id"] for event in EVENTS}) == len(EVENTS) >= 500
    known = {(member["namespace"], member["id"]) for member in MEMBERS}
    assert {(event["namespace"], event["id"]) for event in EVENTS} <= known


def test_files_of_the_analysts_are_of_members_and_of_what_is_declared(
    catalogue: Catalogue,
) -> None:
    """Each is named as what it is loaded into, and its rows are of people who are known."""
    names = {"yoga-not-recently": "id", "upsell-propensity": "email"}
    loaded = {one.id for one in catalogue.audiences if one.rule is None}
    assert loaded | {score.id for score in catalogue.schema.scores} == set(names)
    known = {member["id"] for member in MEMBERS if member["namespace"] == "email"}
    for name, column in names.items():
        with (LUMA / "data" / f"{name}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) > 10
        assert {row[column] for row in rows} <= known
        for row in rows:
            assert 0 <= float(row.get("probability", 0)) <= 1
            assert 1 <= float(row.get("percentile", 1)) <= 100


def test_studios_are_those_that_members_go_to(catalogue: Catalogue) -> None:
    """Twelve studios are circles with opening hours, and the data name no other."""
    studios = {place.id: place for place in catalogue.places if place.category == "studio"}
    assert len(studios) == 12
    for studio in studios.values():
        assert isinstance(studio.fence, Circle)
        assert studio.opening_hours is not None
    properties = [event["properties"] for event in EVENTS]
    named = {each[key] for each in properties for key in ("studio_id", "place") if key in each}
    homes = {m["attributes"]["home"]["studio_id"] for m in MEMBERS if "home" in m["attributes"]}
    offered = {value for offer in catalogue.offers for key, value in offer.attributes.items()
               if key == "studio"}  # fmt: skip
    assert offered
    assert named | homes | offered <= set(studios)


def test_nobody_real_is_named() -> None:
    """Addresses are of example.com, and phone numbers from the range kept free for fiction."""
    for path in sorted(LUMA.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            text = path.read_text(encoding="utf-8")
            domains = set(re.findall(r"[\w.]+@([\w.-]+\w)", text)) - {"example.com"}
            assert domains == set(), path
    phones = [member["id"] for member in MEMBERS if member["namespace"] == "phone"]
    assert phones
    assert all(re.fullmatch(r"\+447700900\d{3}", phone) for phone in phones)


def test_every_request_has_its_answer() -> None:
    """answers.json names each file of requests/ once, in the order in which events build up."""
    requests = {path.stem for path in (LUMA / "requests").glob("*.json")}
    steps = [answer["step"] for answer in ANSWERS]
    assert sorted(steps) == sorted(requests)
    assert {path.stem for path in (LUMA / "events").glob("*.json")} <= requests
    readme = (LUMA / "README.md").read_text(encoding="utf-8")
    assert [step for step in steps if f"`{step}`" not in readme] == []
