"""Files of profiles: every wrong line is named, and then nothing is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from offerd.simulation.frequent import KEPT, Reasons, without_values
from offerd.simulation.lines import LINE_LIMIT_BYTES, read_lines, sampled
from seeds import random_seed

Run = Callable[..., Any]


def _refused(run: Run, shop: Path, file: Path, tmp_path: Path) -> list[str]:
    out = tmp_path / "never.json"
    result = run("simulate", shop, "--profiles", file, "--json", out)
    assert result.exit_code == 1
    assert not out.exists()
    told = result.output.partition("error: ")[2]
    lines = told.splitlines()
    return [line.removeprefix(f"{file}:") for line in lines]


def test_every_wrong_line_is_named_at_once(run: Run, shop: Path, tmp_path: Path) -> None:
    """Line, path, what was found and what was expected, of all lines; nothing is written."""
    file = tmp_path / "p.jsonl"
    file.write_text(
        '{"id": "ok"}\n'
        '{"id": "a", "attributes": {"age": "old", "teir": "plus"}}\n'
        "\n"
        '{"id": 7}\n'
        "{not json\n"
        "[1]\n"
        '{"id": "b", "namespace": "crn"}\n'
        '{"id": "c", "attributes": {"tier": "gold"}, "aggregates": {"bougth": 1}}\n'
        '{"id": "d", "scores": {"taste": "x"}, "memberships": {"adults": 1}}\n'
        '{"id": "e", "context": {"locales": ["sv_SE"], "attributes": {"weather": "snow"}}}\n'
        '{"id": "f", "counted": {"profile:display:offer/thank": 1}, "contxt": 1}\n'
        '{"id": "g", "namespace": "ecid", "attributes": {"age": 3}}\n'
    )
    assert _refused(run, shop, file, tmp_path) == [
        "2: attributes.age: `attributes.age` is a string `old`; expected an integer",
        "2: attributes.teir: no attribute `teir` is declared; did you mean `tier`",
        "4: id: a number; expected a string",
        "5: not valid JSON: object keys must be strings (byte 1)",
        "6: a list; expected an object",
        "7: namespace: no namespace `crn` is declared; did you mean `crm`",
        "8: attributes.tier: `gold` is no declared value of `attributes.tier`; expected one of "
        "`basic`, `plus`",
        "8: aggregates.bougth: no aggregate `bougth` is declared; did you mean `bought`",
        "9: scores.taste: `scores.taste` is a string; expected a number",
        "9: memberships.adults: a number; expected true or false",
        "10: context.attributes.weather: `snow` is no declared value of "
        "`context.attributes.weather`; expected one of `sun`, `rain`",
        "10: context.locales[0]: `sv_SE` is no BCP 47 language tag, such as `sv-SE`; "
        "did you mean `sv-SE`",
        "11: contxt: no part of a profile is called so; did you mean `context`",
        "11: counted.profile:display:offer/thank: no counter `profile:display:offer/thank` is "
        "declared; did you mean `profile:display:offer/thanks`",
        "12: attributes.age: `age` is person data, and the namespace names no person",
    ]


def test_mistakes_beyond_a_hundred_are_counted(run: Run, shop: Path, tmp_path: Path) -> None:
    """A file that is wrong throughout tells the first hundred and how many more there are."""
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": 1}\n' * 150)
    lines = _refused(run, shop, file, tmp_path)
    assert len(lines) == 101
    assert lines[-1] == "and 50 more"


def test_a_wrong_header_is_told_once(run: Run, shop: Path, tmp_path: Path) -> None:
    """Columns of CSV that nothing declares are refused before any line is read."""
    file = tmp_path / "p.csv"
    file.write_text("id,attributes.agee,age,id,context.wether,attributes\na,1,2,b,c,d\n")
    told = _refused(run, shop, file, tmp_path)
    assert [line.split(":")[1].strip() for line in told] == [
        "attributes.agee", "age", "id", "context.wether", "attributes",
    ]  # fmt: skip
    assert "did you mean `age`" in told[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"id,attributes.age\na,x\n", "2: attributes.age: `attributes.age` is a string `x`"),
        (b"id,attributes.age\na\n", "2: 1 cells; expected 2, as the header has"),
        (b'id\n"a\nb', "not CSV: unexpected end of data"),
        (b"id\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_wrong_cells_are_told(run: Run, shop: Path, tmp_path: Path, text: bytes, told: str) -> None:
    """A cell that isn't of its column's type, a row of another width, and what is no CSV."""
    file = tmp_path / "p.csv"
    file.write_bytes(text)
    assert told in _refused(run, shop, file, tmp_path)[0]


def test_a_line_may_be_long_but_not_endless(tmp_path: Path) -> None:
    """A line longer than the limit is passed over, and the next one is read as what it is."""
    file = tmp_path / "p.jsonl"
    file.write_bytes(b'{"id": "' + b"x" * (2 * LINE_LIMIT_BYTES) + b'"}\n{"id": "b"}\n')
    first, second = read_lines(file, lambda _: True, lambda _: None)
    assert first.mistake is not None
    assert (second.number, second.record) == (2, {"id": "b"})


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    """Progress is told in bytes of the file, in both formats."""
    for name, text in (("p.jsonl", '{"id": "a"}\n' * 50), ("p.csv", "id\n" + "a\n" * 50)):
        file = tmp_path / name
        file.write_text(text)
        told: list[int] = []
        assert len(list(read_lines(file, lambda _: True, told.append))) == 50
        assert told == sorted(told)
        assert told[-1] == len(text)


def test_a_sample_is_uniform(tmp_path: Path) -> None:
    """Every line is as likely to be in a sample as any other."""
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": "a"}\n' * 20)
    seed = random_seed()
    counts = [0] * 20
    for trial in range(2_000):
        for line in sampled(read_lines(file, lambda _: True, lambda _: None), 5, seed + trial):
            counts[line.number - 1] += 1
    assert all(350 < count < 650 for count in counts), counts


def test_reasons_that_differ_in_values_count_as_one() -> None:
    """The values that a rule saw don't tell reasons apart; quoted text may hold parentheses."""
    reasons = Reasons()
    for age in (3, 4, 5):
        reasons.add(f"`profile.age >= 18` is false (`profile.age` is {age})")
    reasons.add('`profile.name == "x"` is false (`profile.name` is ":) \\" (`")')
    assert reasons.most == ("`profile.age >= 18` is false (`profile.age` is 3)", 3)
    assert without_values('a (`b` is "(`)"), c (d)') == "a, c (d)"


def test_reasons_are_kept_in_bounded_memory() -> None:
    """However many different reasons come, only so many are kept; all are counted."""
    reasons = Reasons()
    for number in range(10 * KEPT):
        reasons.add(f"reason {number}")
    assert reasons.told == 10 * KEPT
    assert reasons.most == ("reason 0", 1)
