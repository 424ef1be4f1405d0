"""Every file or folder under tests/cases_invalid is refused with exactly the messages it states.

A file states them in its last lines, after `#!`, as `line:column: message`. A folder states them
in its `expected.txt`, as `file:line:column: message`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.definitions import Issue, load
from offerd.errors import DefinitionsError

CASES = Path(__file__).parents[2] / "cases_invalid"
FILES = sorted(CASES.glob("*/*.yaml"))
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/expected.txt"))


def issues_of(path: Path) -> tuple[Issue, ...]:
    """The issues that a file or folder is refused with."""
    with pytest.raises(DefinitionsError) as refused:
        load([path])
    return refused.value.issues  # type: ignore[return-value]


def name_of(path: Path) -> str:
    """A short name of a case."""
    return str(path.relative_to(CASES).with_suffix(""))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_is_refused_with_its_messages(path: Path) -> None:
    """A file with mistakes is refused with the messages that its last lines state, and no other."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("#! ") for line in lines if line.startswith("#! ")]
    found = [f"{i.line}:{i.column}: {i.message}" for i in issues_of(path)]
    assert found == expected


@pytest.mark.parametrize("path", FOLDERS, ids=name_of)
def test_folder_is_refused_with_its_messages(path: Path) -> None:
    """A folder with mistakes is refused with every message that it states, and no other."""
    expected = (path / "expected.txt").read_text(encoding="utf-8").splitlines()
    found = [str(issue) for issue in issues_of(path)]
    assert found == [f"{path.name}/{line}" for line in expected]


def test_there_are_many_cases() -> None:
    """No fewer than a hundred files and folders with mistakes are kept, none without a message."""
    assert len(FILES) + len(FOLDERS) >= 100
    assert all("\n#! " in path.read_text(encoding="utf-8") for path in FILES)


@pytest.mark.parametrize("path", [*FILES, *FOLDERS], ids=name_of)
def test_messages_follow_the_house_style(path: Path) -> None:
    """Messages are lower case, have no final period and no type names of Python."""
    for issue in issues_of(path):
        message = issue.message
        assert not message[0].isupper(), message
        assert not message.endswith("."), message
        for word in ("NoneType", "<class", "dict", "float", "str ", "Traceback"):
            assert word not in message, message
