"""What docs/definitions.md and docs/definitions.schema.json say is what is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from offerd.definitions import json_schema, load
from offerd.definitions.documents import SECTIONS, SINGLE_SECTIONS
from offerd.definitions.documents.fields import Document
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.refusals import document_at
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import plain

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "definitions.md"
SCHEMA = ROOT / "docs" / "definitions.schema.json"
EXAMPLES = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples of the guide as one folder, a file each."""
    for number, (form, text) in enumerate(EXAMPLES):
        (tmp_path / f"{number:02}.{form}").write_text(text, encoding="utf-8")
    return tmp_path


def test_examples_of_the_guide_load(folder: Path) -> None:
    """All examples of the guide together are definitions without a mistake."""
    catalogue, warnings = load([folder])
    assert [offer.id for offer in catalogue.offers] == [
        "free-class",
        "yoga-block",
        "yoga-mat",
        "yoga-strap",
    ]
    assert [warning.message for warning in warnings] == [
        "no decision serves the placement `email-banner`",
        "no decision serves the placement `agent-desk`",
    ]


def test_guide_shows_every_section_and_field() -> None:
    """The guide has a heading or an example for every section, and names every field."""
    guide = GUIDE.read_text(encoding="utf-8")
    for section, document in {**SECTIONS, **SINGLE_SECTIONS}.items():
        assert f"\n{section}:\n" in guide, section
        for name in _fields(document):
            assert f"`{name}`" in guide, (section, name)


def test_published_schema_has_not_drifted() -> None:
    """The published JSON Schema is the one that the documents generate."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


def test_published_schema_is_one() -> None:
    """The published JSON Schema is itself valid, and takes an empty file of definitions."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.Draft202012Validator(json_schema()).validate({})


@pytest.mark.parametrize(
    "text", [text for form, text in EXAMPLES if form == "yaml"], ids=lambda text: text.split(":")[0]
)
def test_examples_are_valid_by_the_schema(text: str) -> None:
    """Every YAML example of the guide is valid by the published schema."""
    jsonschema.Draft202012Validator(json_schema()).validate(_values(text))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*/definitions/**/*.yaml")), ids=lambda path: path.stem
)
def test_shipped_definitions_are_valid_by_the_schema(path: Path) -> None:
    """Every file of the shipped examples is valid by the published schema."""
    jsonschema.Draft202012Validator(json_schema()).validate(_values(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "document",
    [
        {"offers": [{"id": "sale", "representations": []}]},
        {"offers": [{"id": "sale", "representations": [{"placement": "web"}]}]},
        {"offers": [{"id": "sale", "start": None, "representations": [{"placement": "a"}]}]},
        {"placements": [{"id": "Web", "channel": "web", "content_type": "text"}]},
        {"placements": [{"id": "web", "channel": "web", "content_type": "film"}]},
        {"collections": [{"id": "all"}]},
        {"ofers": []},
        {"audiences": [{"id": "vip"}]},
        {"audiences": [{"id": "vip", "rule": "true", "external": True}]},
        {"namespaces": [{"id": "crm", "type": "cross_device", "limit": 3}]},
        {"aggregates": [{"id": "seen", "function": "count"}]},
        {
            "aggregates": [
                {"id": "seen", "function": "count", "events": ["click"], "sequence_within": "1h"}
            ]
        },
        {
            "aggregates": [
                {
                    "id": "seen",
                    "function": "count",
                    "events": ["click"],
                    "window": "1h",
                    "calendar": {"unit": "day"},
                }
            ]
        },
        {"aggregates": [{"id": "seen", "function": "count", "sequence": [{"within": "1h"}]}]},
        {"policies": [{"id": "quiet", "marketing_actions": ["analytics"]}]},
        {"consent": [{"collect": "y"}]},
        {"consent": {"collect": True}},
        {"channels": [{"id": "email", "quiet_hours": [{"from": "24:00", "until": "08:00"}]}]},
        {"channels": [{"id": "email", "caps": [{"within": "24h"}]}]},
        {"decisions": [{"id": "a", "placements": ["a"], "strategies": [{}]}]},
        {"rankings": [{"id": "a", "formula": 1, "table": "b"}]},
        {"rankings": [{"id": "a", "table": "b", "boosts": [{"when": "x", "score": 1}]}]},
        {"score_tables": [{"id": "a", "segment": "x"}]},
        {"exclusions": [{"id": "a", "at_most": 1}]},
        {"experiments": [{"id": "a", "decision": "b", "rollout": "101%", "arms": []}]},
        {"caps": [{"id": "a", "collection": "b", "event": "click", "limit": 0}]},
        {
            "caps": [
                {
                    "id": "a",
                    "collection": "b",
                    "event": "click",
                    "limit": 1,
                    "within": "1h",
                    "every": {"unit": "day"},
                }
            ]
        },
    ],
)
def test_schema_refuses_what_loading_refuses(document: object) -> None:
    """What is wrong with a single file's shape is wrong by the published schema, too."""
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)


def _fields(document: type[Document]) -> Iterator[str]:
    """The names of all fields of a document, and of the documents in it."""
    for name, field in document.model_fields.items():
        written = field.alias or name
        yield written
        inner = document_at(document, (written,))
        if inner is not document:
            yield from _fields(inner)


def _values(text: str) -> object:
    """The plain values of a text of YAML."""
    root = compose(Text("example.yaml", text), Findings())
    assert root is not None
    return plain(root)
