"""Whatever is in the files: they load, or all that is wrong is reported."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from offerd.definitions import Issue, load
from offerd.errors import DefinitionsError
from seeds import random_seed
from unit.definitions.customer_shop import CUSTOMERS
from unit.definitions.definition_folders import DATA, OFFERS, PLACES
from unit.definitions.rich_shop import RICH, SCORES
from unit.definitions.test_load_places import PLACES as WHERE

BULK = {
    "bulk.csv": "id,priority,tags,eligibility,attributes.value,content.web,content.app\n"
    'one,3,a;b,"profile.tier == ""plus""",1.5,<p>x</p>,"{""a"": ""b""}"\ntwo,,,,,y,\n',
    "bulk.jsonl": '{"id": "three", "tags": ["a"], "attributes": {"value": 1}, "representations": '
    '[{"placement": "web", "html": "\\u00e5"}]}\n',
    "more.json": '{"profile": [{"name": "points", "type": "int"}],\n "audiences": '
    '[{"id": "rich", "rule": "profile.points > 3"}]}',
}
FILES = {
    "data.yaml": DATA,
    "places.yaml": PLACES,
    "offers.yaml": OFFERS,
    "rich.yaml": RICH,
    "scores.csv": SCORES,
    "where.yaml": WHERE,
    "where.csv": "id,library,latitude,longitude,radius_m,dwell,metadata.a\n"
    "kiosk,studios,59.3,18.1,50,5m;10m,b\nstand,malls,59.4,18.1,50,,\n",
    **BULK,
}
PIECES = [
    *": \n\t-{}[],'\"#&*!|>%@`?~\\<=.;0aA\x00\x85\u2028\ufeff\U0001f600",
    "sequence: ", "not: [x]", "within: 1h", "window: 1m", "function: top", "y", "u", "22:00",
    "- ", ": ", "\n    ", "null", "true", ".nan", "1e999", "9" * 20, "<<: ", "&a ", "*a", "!!int ",
    "!x ", "---\n", "|\n", ">-\n", "2026-99-01", "\\ud800", "offers:", "id: ", "{id: x}", "[]",
    "{}",
]  # fmt: skip


def edited(text: str, rng: random.Random) -> str:
    """The text with a few random edits."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([0, 0, 1, 3, 10, 40]))
        piece = rng.choice([*PIECES, "", text[slice(*sorted(rng.choices(range(len(text)), k=2)))]])
        text = text[:start] + piece[:200] + text[end:]
    return text


@pytest.mark.parametrize("files", [FILES] * 4 + [{"all.yaml": CUSTOMERS}] * 3)
def test_random_edits_never_crash(tmp_path: Path, files: Mapping[str, str]) -> None:
    """Folders with random edits load or raise DefinitionsError with sorted, placed issues."""
    seed = random_seed()
    rng = random.Random(seed)
    for _ in range(50):
        changed = rng.choices(list(files), k=rng.randint(1, 2))
        for name, text in files.items():
            content = edited(text, rng) if name in changed else text
            (tmp_path / name).write_bytes(content.encode("utf-8", errors="surrogatepass"))
        issues = _issues_of(tmp_path)
        assert issues == sorted(issues)
        for issue in issues:
            _assert_placed(issue, tmp_path)


def _issues_of(folder: Path) -> list[Issue]:
    try:
        return list(load([folder]).warnings)
    except DefinitionsError as error:
        return [issue for issue in error.issues if isinstance(issue, Issue)]


def _assert_placed(issue: Issue, folder: Path) -> None:
    assert issue.message
    assert "\n" not in issue.message
    path = folder.parent / issue.file
    assert path.is_file()
    lines = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    split = lines.replace("\r", "\n").split("\n")
    assert 1 <= issue.line <= len(split)
    assert 1 <= issue.column <= len(split[issue.line - 1]) + 2


def test_random_bytes_never_crash(tmp_path: Path) -> None:
    """Files of random bytes are refused without a crash."""
    seed = random_seed()
    rng = random.Random(seed)
    for _ in range(100):
        for name in ("a.yaml", "b.json", "c.csv", "d.jsonl"):
            (tmp_path / name).write_bytes(rng.randbytes(rng.randint(0, 60)))
        with pytest.raises(DefinitionsError):
            load([tmp_path])
