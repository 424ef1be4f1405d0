"""Rules about places tried on the command line: answers that are given, and those worked out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from offerd import expression as ex
from offerd.app.rules_eval import evaluate
from offerd.bundle import write_bundle
from offerd.definitions import load
from offerd.errors import DataError

DEFINITIONS = """
libraries: [{id: own}]
places:
- {id: soder, library: own, category: studio,
   circle: {latitude: 59.31, longitude: 18.07, radius_m: 120}}
audiences:
- {id: here, name: Here, rule: 'places.inside("studio")'}
"""
RULE = 'places.inside("studio") && places.nearest("studio").distance_m < 100.0'
AT_SODER = {"context": {"location": {"latitude": 59.31, "longitude": 18.07}}}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of definitions."""
    folder = tmp_path_factory.mktemp("definitions")
    (folder / "all.yaml").write_text(DEFINITIONS)
    return folder


@pytest.fixture(scope="module", params=["folder", "bundle"])
def schema(request: pytest.FixtureRequest, definitions: Path, tmp_path_factory: Any) -> Path:
    """The definitions as a folder and as a bundle."""
    if request.param == "folder":
        return definitions
    path = Path(tmp_path_factory.mktemp("bundle") / "bundle")
    write_bundle(load([definitions]).catalogue, path)
    return path


def _outcome(rule: str, record: dict[str, Any], schema: Path | None = None) -> Any:
    return evaluate(rule, json.dumps(record), schema).outcome


def test_answers_are_worked_out_by_the_location_of_the_record(schema: Path) -> None:
    """With definitions, a location is all that a rule about places needs."""
    assert _outcome(RULE, AT_SODER, schema) is True
    assert _outcome('audience("here")', AT_SODER, schema) is True
    assert _outcome('audience("here")', {}, schema) is False
    far = {"context": {"location": {"latitude": 0, "longitude": 0}}}
    assert _outcome(RULE, far, schema) is False
    unknown = _outcome('places.nearest("studio").distance_m < 100.0', {}, schema)
    assert isinstance(unknown, ex.Unknown)


@pytest.mark.parametrize("with_schema", [True, False])
def test_answers_can_be_given_as_they_are_written(definitions: Path, with_schema: bool) -> None:
    """Each by its question; those about one place together; times as elsewhere in a record."""
    schema = definitions if with_schema else None
    given = {
        "places": {
            'inside("studio")': True,
            'nearest("studio")': {"distance_m": 80, "name": "Söder"},
            'dwell("studio")': "20m",
            'visits("studio", duration("24h"))': 3,
            "distances": {"soder": 12.5},
        }
    }
    assert _outcome(RULE, given, schema) is True
    assert _outcome("places.inside('studio')", given, schema) is True
    assert _outcome('places.nearest("studio").name == "Söder"', given, schema) is True
    assert _outcome('places.dwell("studio") > duration("10m")', given, schema) is True
    assert _outcome('places.visits("studio", duration("1440m")) == 3', given, schema) is True
    assert _outcome('places.distances["soder"] < 13.0', given, schema) is True
    assert _outcome('audience("here")', given, definitions) is True


def test_what_is_given_is_checked(definitions: Path) -> None:
    """A question that there is not, and an answer of another type, are refused by name."""
    with pytest.raises(DataError, match=r"unknown function `places\.insde`: did you mean"):
        _outcome(RULE, {"places": {'insde("studio")': True}}, definitions)
    with pytest.raises(DataError, match="no place, category or library `gym`"):
        _outcome(RULE, {"places": {'inside("gym")': True}}, definitions)
    with pytest.raises(DataError, match="must be true or false"):
        _outcome(RULE, {"places": {'inside("studio")': 3}}, definitions)


def test_visits_that_nobody_counted_are_none(definitions: Path) -> None:
    """Somebody without events has visited nothing."""
    assert _outcome('places.visits("studio", duration("24h")) == 0', {}, definitions) is True
