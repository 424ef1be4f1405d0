"""Which files are read, how their text becomes values, and what can't be read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from offerd.definitions import load
from offerd.definitions.findings import Findings
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import plain
from offerd.errors import DefinitionsError
from unit.definitions.definition_folders import OFFERS, mistakes_in, shop, write

PLACEMENT = "placements: [{id: web, channel: web, content_type: text}]"


def read(source: str, file: str = "x.yaml") -> Any:
    """The plain values of a text, which has no mistakes of form."""
    findings = Findings()
    root = compose(Text(file, source), findings)
    assert root is not None
    assert findings.mistakes == ()
    return plain(root)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("2026-01-01", "2026-01-01"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
        ("12", 12),
        ("007", 7),
        ("-0", 0),
        ("+3", 3),
        ("0o17", 15),
        ("0x1F", 31),
        ("9223372036854775807", 2**63 - 1),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("1e", "1e"),
        ("0x", "0x"),
        ("-", None),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!float 3", 3.0),
        ("!!int '3'", 3),
        ("!!null ''", None),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_plain_scalars_follow_the_core_schema(written: str, value: object) -> None:
    """Words that older YAML takes for booleans or dates are text; numbers are those of YAML 1.2."""
    if written == "-":
        assert read("k:\n-\n") == {"k": [None]}
        return
    found = read(f"k: {written}\n")
    assert found == {"k": value}
    assert type(found["k"]) is type(value)


def test_anchors_aliases_and_merge_keys() -> None:
    """An alias stands for its anchor's value; `<<` adds keys that aren't there, the first wins."""
    source = """
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one: {<<: *base, b: 9}
two: {<<: [*base, *other]}
three: [*base, *base]
"""
    assert read(source) == {
        "base": {"a": 1, "b": 2},
        "other": {"b": 3, "c": 4},
        "one": {"b": 9, "a": 1},
        "two": {"a": 1, "b": 2, "c": 4},
        "three": [{"a": 1, "b": 2}, {"a": 1, "b": 2}],
    }


def test_json_with_tabs_and_surrogate_pairs() -> None:
    """JSON is read whatever its indentation, with characters written as pairs of escapes."""
    source = '{\n\t"a":\t1,\r\n\t"b": ["x\\/y", "\\ud83d\\ude00", "\\\\ud83d", 1.5e3, null]\n}\n'
    assert read(source, "x.json") == {"a": 1, "b": ["x/y", "\U0001f600", "\\ud83d", 1500.0, None]}


def test_separators_of_unicode_are_kept() -> None:
    """Separators that end no line in YAML 1.2 stay in the text, in every style."""
    text = "a\u2028b\u2029c\x85d"
    assert read(f"- {text}\n- '{text}'\n- \"{text}\"\n- |-\n  {text}\n") == [text] * 4


def test_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """A file may begin with a byte order mark, as some editors write it; columns don't count it."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + PLACEMENT.encode())
    (tmp_path / "b.yaml").write_bytes(b"\xef\xbb\xbfplcements: []")
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}/b.yaml:1:1: unknown section `plcements`: did you mean `placements`?"
    ]


def test_files_in_all_folders_below_are_read(tmp_path: Path) -> None:
    """Endings count in any letter case; other files and hidden ones are passed over."""
    shop(tmp_path)
    write(
        tmp_path,
        {
            "deep/er/more.YML": "placements: [{id: till, channel: shop, content_type: text}]",
            "notes.txt": "{",
            ".hidden.yaml": "{",
            ".git/config.yaml": "{",
        },
    )
    assert len(load([tmp_path]).catalogue.placements) == 3


def test_folder_without_definitions(tmp_path: Path) -> None:
    """A folder that holds no definitions is probably the wrong one."""
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}:1:1: holds no definitions: expected files named `*.yaml`, `*.yml`, "
        "`*.json`, `*.csv`, `*.jsonl`, `*.geojson`"
    ]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A folder that doesn't exist is reported with all other mistakes."""
    write(tmp_path, {"offers.yaml": "ofers: []"})
    with pytest.raises(DefinitionsError) as refused:
        load([tmp_path / "missing", tmp_path])
    assert str(refused.value).splitlines() == [
        "missing:1:1: can't be read: no such file or directory",
        f"{tmp_path.name}/offers.yaml:1:1: unknown section `ofers`: did you mean `offers`?",
    ]


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Where two given folders have the same name, issues show the paths as given."""
    one = write(tmp_path / "a" / "shop", {"x.yaml": "a: []"})
    two = write(tmp_path / "b" / "shop", {"x.yaml": "a: []"})
    with pytest.raises(DefinitionsError) as refused:
        load([one, two])
    assert [issue.file for issue in refused.value.issues] == [  # type: ignore[attr-defined]
        f"{one}/x.yaml",
        f"{two}/x.yaml",
    ]


def test_links_that_lead_in_a_circle(tmp_path: Path) -> None:
    """A link to a folder above and a link to itself are reported; the rest is read."""
    shop(tmp_path)
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.yaml").symlink_to(tmp_path / "self.yaml")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    name = tmp_path.name
    assert mistakes_in(tmp_path) == [
        f"{name}/gone.yaml:1:1: can't be read: no such file or directory",
        f"{name}/round:1:1: the link leads back to a folder that it lies in",
        f"{name}/self.yaml:1:1: can't be read: too many levels of symbolic links",
    ]


def test_link_to_another_folder_is_followed(tmp_path: Path) -> None:
    """Definitions may lie elsewhere."""
    shop(tmp_path / "shop")
    (tmp_path / "shop" / "offers.yaml").unlink()
    write(tmp_path / "offers", {"offers.yaml": OFFERS})
    (tmp_path / "shop" / "linked").symlink_to(tmp_path / "offers", target_is_directory=True)
    assert len(load([tmp_path / "shop"]).catalogue.offers) == 2


def test_what_is_not_a_regular_file(tmp_path: Path) -> None:
    """A pipe is not waited for; a folder whose name looks like a file's is a folder."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}/pipe.yaml:1:1: can't be read: not a regular file"
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission(tmp_path: Path) -> None:
    """A file that may not be read is reported."""
    write(tmp_path, {"secret.yaml": PLACEMENT})
    (tmp_path / "secret.yaml").chmod(0)
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}/secret.yaml:1:1: can't be read: permission denied"
    ]


def test_control_characters(tmp_path: Path) -> None:
    """Characters that nobody can see are refused where they are."""
    (tmp_path / "a.yaml").write_text(f"{PLACEMENT}\n# \x00\n", encoding="utf-8")
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}/a.yaml:2:3: found the control character U+0000"
    ]


def test_nesting_without_end(tmp_path: Path) -> None:
    """A file of nothing but opening brackets is refused, and quickly."""
    (tmp_path / "a.json").write_text("[" * 1_000_000, encoding="utf-8")
    (tmp_path / "b.jsonl").write_text("[" * 1_000_000, encoding="utf-8")
    name = tmp_path.name
    assert mistakes_in(tmp_path) == [
        f"{name}/a.json:1:33: nested deeper than 32 levels",
        f"{name}/b.jsonl:1:33: nested deeper than 32 levels",
    ]
