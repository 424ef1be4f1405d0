"""`offerd import pql`: segments in PQL to audience definitions, and the plain `offerd import`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main
from offerd.definitions import load

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
profile:
- {name: home_address.country_iso, type: string}
- {name: loyalty.tier, type: string}
- {name: email, type: string}
events: [{id: purchase}]
aggregates: [{id: last_purchase, events: [purchase], function: last_time}]
audiences: [{id: loyal, rule: profile.loyalty.tier == "plus"}]
"""
SEGMENTS = """
- id: nordic
  name: "Nordic: people"
  description: Who's north
  pql: homeAddress.countryISO in ["SE", "NO"] and inSegment("loyal")
- {id: '2024', pql: 'inSegment("nordic") and loyalty.tier = "it''s"'}
- id: recent
  pql: >-
    exists e from xEvent
    where e.eventType = "purchase" and e.timestamp occurs < 2 days before now
- id: long
  name:
  pql: >-
    loyalty.tier = "a long name of a tier" or loyalty.tier = "another long name of a tier"
    or loyalty.tier = "and one more"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of definitions."""
    made = tmp_path / "definitions"
    made.mkdir()
    (made / "all.yaml").write_text(DEFINITIONS)
    return made


def run(folder: Path, *arguments: str | Path) -> Result:
    """The command, run with definitions."""
    command = ["import", "pql", *map(str, arguments), "--definitions", str(folder)]
    return CliRunner().invoke(main, command)


def write(folder: Path, name: str, text: str) -> Path:
    """A file beside the definitions."""
    path = folder.parent / name
    path.write_text(text, encoding="utf-8")
    return path


def test_segments_become_audiences(folder: Path) -> None:
    """The file compiles beside the definitions, is formatted, and has the PQL as comments."""
    out = folder / "audiences.yaml"
    result = run(folder, write(folder, "segments.yaml", SEGMENTS), "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"4 audiences in {out}, 0 refused\n"
    catalogue = load([folder]).catalogue
    rules = {audience.id: catalogue.rules[audience.rule].source for audience in catalogue.audiences}
    assert rules["nordic"] == (
        'profile.home_address.country_iso in ["SE", "NO"] && audience("loyal")'
    )
    assert rules["2024"] == 'audience("nordic") && profile.loyalty.tier == "it\'s"'
    assert rules["recent"].startswith("has(aggregate.last_purchase) && now - ")
    assert rules["long"].count("||") == 2
    names = {audience.id: audience.name for audience in catalogue.audiences}
    assert names["nordic"] == "Nordic: people"
    text = out.read_text()
    assert text.startswith("# 4 of 4 segments of `segments.yaml`, translated from PQL.\n")
    assert '# homeAddress.countryISO in ["SE", "NO"] and inSegment("loyal")\n- id: nordic\n' in text
    assert "# note: events of the future are taken to be none\n- id: recent\n" in text
    assert CliRunner().invoke(main, ["fmt", "--check", str(out)]).exit_code == 0


def test_json_lines_are_segments_too(folder: Path) -> None:
    """One a line; without --out the audiences are printed."""
    segment = {"id": "nordic", "name": "æ\u2028\x7f", "pql": 'homeAddress.countryISO = "SE"'}
    result = run(folder, write(folder, "s.jsonl", json.dumps(segment) + "\n\n"))
    assert result.exit_code == 0
    assert result.stderr == "1 audience, 0 refused\n"
    (folder / "out.yaml").write_text(result.stdout)
    names = {one.id: one.name for one in load([folder]).catalogue.audiences}
    assert names["nordic"] == segment["name"]


REFUSED = [
    ("- {id: a, pql: 'shoeSize > 40'}", "1:17: segment `a`: unknown attribute `shoeSize`: "),
    ('- id: a\n  pql: |\n    loyalty.tier = "x" and\n    y = 1', "4:5: segment `a`: unknown attr"),
    ("- {id: A, pql: 'x'}", "1:8: `A` can't be an id: expected small letters, digits, "),
    ("- {id: loyal, pql: 'x'}", "1:8: audience `loyal` is in the definitions already"),
    ("- {id: a}", "1:3: a segment needs `pql`"),
    ("- {id: a, pql: ''}", "1:16: `pql` must be a text"),
    ("- {id: 12, pql: 'x'}", "1:8: `id` must be a text"),
    ("- {id: a, name: 3, pql: 'x'}", "1:17: `name` must be a text"),
    (
        "- {id: a, pgl: 'x'}",
        "1:11: unknown field `pgl`: expected `id`, `name`, `description`, `pql`",
    ),
    ("- a", "1:3: expected a mapping with `id` and `pql`"),
    ("id: a", "1:1: expected a list of segments"),
    ("", "1:1: the file is empty"),
    ("- {id: a", "1:9: not valid YAML"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_refused_has_a_place_and_a_reason(folder: Path, text: str, message: str) -> None:
    """What isn't a segment, or has no translation, is left out; the exit status is 1."""
    path = write(folder, "s.yaml", text)
    result = run(folder, path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}:{message}"), result.stderr
    assert result.stdout.endswith("audiences: []\n")


def test_the_rest_is_written_all_the_same(folder: Path) -> None:
    """One that is refused refuses those that ask for it, and no others."""
    text = """
- {id: a, pql: 'inSegment("b")'}
- {id: b, pql: 'inSegment("c")'}
- {id: c, pql: 'shoeSize > 40'}
- {id: d, pql: 'loyalty.tier = "x"'}
- {id: d, pql: 'loyalty.tier = "y"'}
"""
    path = write(folder, "s.yaml", text)
    result = run(folder, path)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{path}:2:27: segment `a`: it asks for one refused",
        f"{path}:3:27: segment `b`: it asks for one refused",
        f"{path}:4:17: segment `c`: unknown attribute `shoeSize`: declare it, or map its name",
        f"{path}:6:8: segment `d` is there twice",
        "1 audience, 4 refused",
    ]
    assert result.stdout.count("- id:") == 1


def test_names_are_mapped(folder: Path) -> None:
    """A file says what PQL's paths, events and segments are called here."""
    names = write(
        folder, "names.yaml", "attributes: {personalEmail.address: email}\naudiences: {A-1: loyal}"
    )
    path = write(
        folder,
        "s.yaml",
        "- {id: a, pql: 'personalEmail.address.isNotNull() and inSegment(\"A-1\")'}",
    )
    result = run(folder, path, "--names", names)
    assert result.exit_code == 0, result.stderr
    assert """rule: 'has(profile.email) && audience("loyal")'""" in result.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("attribute: {}", "unknown field `attribute`: expected `attributes`, `events`, "),
        ("attributes: [a]", "`attributes` must be a mapping from names to names"),
        ("attributes: {a: 1}", "`attributes` must be a mapping from names to names"),
        ("- a", "expected a mapping with `attributes`, `events`, `properties`, `audiences`"),
        ("{", "not valid YAML"),
    ],
)
def test_names_that_are_none_are_refused(folder: Path, text: str, message: str) -> None:
    """The mistake is one line."""
    names = write(folder, "names.yaml", text)
    result = run(folder, "--expression", "true", "--names", names)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_one_expression_is_translated(folder: Path) -> None:
    """The rule is printed, remarks beside it; a refusal shows the place in the text."""
    result = run(folder, "--expression", 'not (loyalty.tier = "x")')
    assert result.stdout == '!(profile.loyalty.tier == "x")\n'
    assert result.stderr.startswith("note: ")
    result = run(folder, "--expression", "shoeSize > 40")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[1:] == ["  shoeSize > 40", "  ^^^^^^^^"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either files or --expression"),
        (["--expression", "true", "--out", "x"], "--expression prints the rule"),
        (["missing.yaml"], "does not exist"),
    ],
)
def test_options_that_make_no_sense(folder: Path, arguments: list[str], message: str) -> None:
    """Usage is told with exit status 2."""
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_files_of_another_kind_are_refused(folder: Path) -> None:
    """Neither another suffix nor a place that can't be written to is a traceback."""
    result = run(folder, write(folder, "s.txt", "true"))
    assert result.exit_code == 1
    assert "is no file of segments: expected one named `*.yaml`" in result.stderr
    path = write(folder, "s.yaml", "- {id: a, pql: 'loyalty.tier = \"x\"'}")
    result = run(folder, path, "--out", folder / "no" / "such.yaml")
    assert result.exit_code == 1
    assert "can't be written: no such file or directory" in result.stderr


@pytest.mark.parametrize("form", [["import"], ["import", "data"]])
def test_a_mapping_alone_imports_data(
    tmp_path: Path, form: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`import MAPPING` is `import data MAPPING`, also with options first or from outside."""
    missing = tmp_path / "missing.bundle"
    told = f"error: `{missing}` can't be read: no such file or directory\n"
    options = ["--bundle", str(missing), "--state", str(tmp_path / "state")]
    for arguments in ([*form, "map.yaml", *options], [*form, *options, "map.yaml"]):
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, result.stderr) == (1, told)
    monkeypatch.setenv("OFFERD_IMPORT_BUNDLE", str(missing))
    monkeypatch.setenv("OFFERD_IMPORT_STATE", str(tmp_path / "state"))
    result = CliRunner().invoke(main, [*form, "map.yaml"])
    assert (result.exit_code, result.stderr) == (1, told)


def test_help_lists_both() -> None:
    """`import --help` names what can be imported."""
    shown = CliRunner().invoke(main, ["import", "--help"]).output
    assert "data" in shown
    assert "pql" in shown
