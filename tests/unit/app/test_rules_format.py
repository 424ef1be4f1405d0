"""`offerd fmt`: expressions in files change, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main
from offerd.app.rules_format import EXPRESSION_FIELDS
from offerd.definitions.documents import SECTIONS


def formatted(*arguments: str | Path) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["fmt", *map(str, arguments)])


def audience(rule: str) -> str:
    """A file with one audience, its rule written as given after `rule:`."""
    return f"# kept\naudiences:\n- id: a   # kept too\n  rule:{rule}\n  name:   A\n\n"


LONG = " && ".join(f"profile.attribute_{n} == {n}" for n in range(5))
BROKEN = " &&\n    ".join(f"profile.attribute_{n} == {n}" for n in range(5))

WRITTEN = [
    (" a&&b", " a && b"),
    ("   a&&b   # why", "   a && b   # why"),
    (" 'a==\"x\"'", " 'a == \"x\"'"),
    (" 'a==''x'''", " 'a == \"x\"'"),
    (" \"a=='x'\"", " 'a == \"x\"'"),
    (' "a&&b"', ' "a && b"'),
    (' "a == \\"x\\""', " 'a == \"x\"'"),
    (' a=="it\'s"', ' a == "it\'s"'),
    (" (a)", " a"),
    (" (!a)", " '!a'"),
    (' ("x") in a', " '\"x\" in a'"),
    (" a?b:c", " 'a ? b : c'"),
    (" &anchor a&&b", " &anchor a && b"),
    (" !!str a&&b", " !!str a && b"),
    (" a &&\n    b", " a && b"),
    (" |\n    a&&b", " |\n    a && b"),
    (" >-   # why\n    a\n    &&b\n", " >-   # why\n    a && b\n"),
    (" |+\n\n     a&&b\n\n", " |+\n     a && b\n\n"),
    (f" {LONG}", f" >-\n    {BROKEN}"),
    (f" >-\n    {LONG}", f" >-\n    {BROKEN}"),
    (" b=='å'", ' b == "å"'),
]


@pytest.mark.parametrize(("before", "after"), WRITTEN)
def test_an_expression_is_written_anew_where_it_stands(
    tmp_path: Path, before: str, after: str
) -> None:
    """The style of the scalar stays where it can; all else stays byte for byte."""
    file = tmp_path / "a.yaml"
    file.write_bytes(audience(before).encode())
    result = formatted(tmp_path)
    assert result.exit_code == 0, result.output
    assert file.read_bytes().decode() == audience(after)
    again = formatted("--check", tmp_path)
    assert (again.exit_code, file.read_bytes().decode()) == (0, audience(after))


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    """With --check the files stay, and the exit status tells that there is something to do."""
    file = tmp_path / "a.yaml"
    file.write_text(audience(" a&&b"))
    result = formatted("--check", tmp_path)
    assert result.exit_code == 1
    assert file.read_text() == audience(" a&&b")
    assert result.stdout == (
        f"would format {tmp_path.name}/a.yaml\n1 expressions, 1 file to format\n"
    )


def test_every_field_that_is_an_expression_is_formatted(tmp_path: Path) -> None:
    """Aggregates, audiences, offers, collections and strategies; not what merely looks so."""
    assert EXPRESSION_FIELDS.keys() <= SECTIONS.keys()
    text = """
aggregates: [{id: a, events: [e], function: count, where: event.a>1.0}]
audiences: [{id: a, name: x&&y, rule: a&&b}]
offers: [{id: a, eligibility: a&&b, attributes: {rule: a&&b}}]
collections: [{id: a, where: offer.a>1.0}]
strategies: [{id: a, constraint: a&&b}]
other: [{rule: a&&b}]
"""
    file = tmp_path / "a.yml"
    file.write_text(text)
    assert formatted(tmp_path).exit_code == 0
    wanted = text.replace("event.a>1.0", "event.a > 1.0").replace("offer.a>1.0", "offer.a > 1.0")
    for name in ("rule: a&&b}]\noffers", "eligibility: a&&b", "constraint: a&&b"):
        wanted = wanted.replace(name, name.replace("a&&b", "a && b"))
    assert file.read_text() == wanted


def test_json_keeps_single_quotes(tmp_path: Path) -> None:
    """Double quotes would all need escapes there."""
    file = tmp_path / "a.json"
    file.write_text('{"audiences": [{"id": "a",  "rule": "a==\\"x\\""}]}')
    formatted(tmp_path)
    assert file.read_text() == '{"audiences": [{"id": "a",  "rule": "a == \'x\'"}]}'


def test_line_endings_and_byte_order_marks_stay(tmp_path: Path) -> None:
    """A file from another system stays one."""
    file = tmp_path / "a.yaml"
    text = audience(f" >-\n    {LONG}").replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    formatted(tmp_path)
    wanted = audience(f" >-\n    {BROKEN}").replace("\n", "\r\n")
    assert file.read_bytes() == b"\xef\xbb\xbf" + wanted.encode()


def test_an_alias_is_written_once(tmp_path: Path) -> None:
    """An expression that several definitions share by an anchor changes at the anchor."""
    file = tmp_path / "a.yaml"
    file.write_text("audiences:\n- {id: a, rule: &r a&&b}\n- {id: b, rule: *r}\n")
    formatted(tmp_path)
    assert file.read_text() == "audiences:\n- {id: a, rule: &r a && b}\n- {id: b, rule: *r}\n"


@pytest.mark.parametrize(
    ("rule", "note"),
    [
        (" |\n    a&&b // why", "4:9: left as it is: it has a comment"),
        (" |2\n    a&&b", "4:9: left as it is: its indentation is given in numbers"),
    ],
)
def test_what_cannot_be_written_anew_is_left_with_a_note(
    tmp_path: Path, rule: str, note: str
) -> None:
    """Nothing is lost for the sake of form."""
    file = tmp_path / "a.yaml"
    file.write_text(audience(rule))
    result = formatted(tmp_path)
    assert result.exit_code == 0
    assert file.read_text() == audience(rule)
    assert result.stderr.strip() == f"{tmp_path.name}/a.yaml:{note}"


def test_a_mistake_is_told_and_the_rest_is_formatted(tmp_path: Path) -> None:
    """An expression that isn't one is told with its place; exit status 1."""
    file = tmp_path / "a.yaml"
    file.write_text("audiences:\n- {id: a, rule: a &&}\n- {id: b, rule: a&&b}\n")
    result = formatted(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{tmp_path.name}/a.yaml:2:21: the expression ends too early: expected a value\n"
    )
    assert file.read_text() == "audiences:\n- {id: a, rule: a &&}\n- {id: b, rule: a && b}\n"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """YAML that isn't stays as it is."""
    (tmp_path / "a.yaml").write_text("audiences: [")
    result = formatted(tmp_path)
    assert result.exit_code == 1
    assert "a.yaml:1:13: not valid YAML" in result.stderr


def test_bulk_offers_are_left_as_they_are(tmp_path: Path) -> None:
    """CSV and JSON Lines are made by programs."""
    (tmp_path / "a.csv").write_text("id,eligibility\na,a&&b\n")
    result = formatted(tmp_path)
    assert (tmp_path / "a.csv").read_text() == "id,eligibility\na,a&&b\n"
    assert "a.csv:1:1: offers in bulk are left as they are" in result.stderr
