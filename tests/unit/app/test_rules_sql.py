"""`offerd rules sql`: audiences as SQL, and what can't be said."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
profile:
- {name: loyalty.tier, type: string}
- {name: age, type: int}
- {name: joined, type: timestamp}
audiences:
- {id: adults, name: Grown ups, rule: profile.age >= 18}
- {id: plus, rule: 'audience("adults") && profile.loyalty.tier == "plus"'}
- {id: fresh, rule: now - profile.joined < duration("24h")}
- {id: sampled, rule: 'bucket(profile.loyalty.tier, "salt") < 50.0'}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of definitions."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS)
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    """The command, run on a folder."""
    return CliRunner().invoke(main, ["rules", "sql", str(folder), *arguments])


def test_audiences_are_counted_by_queries(folder: Path) -> None:
    """A query under the name of each; an audience that another asks for is put in its place."""
    result = run(folder, "adults", "plus")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "-- adults: Grown ups",
        'SELECT COUNT(*) FROM profiles WHERE COALESCE("profile.age" >= 18, FALSE);',
        "-- plus",
        'SELECT COUNT(*) FROM profiles WHERE COALESCE(("profile.age" >= 18) AND '
        "(\"profile.loyalty.tier\" = 'plus'), FALSE);",
    ]
    with duckdb.connect() as connection:
        connection.execute(
            'CREATE TABLE profiles AS SELECT 20 AS "profile.age", '
            "unnest(['plus', 'basic', NULL]) AS \"profile.loyalty.tier\""
        )
        counts = connection.execute(result.stdout.split(";")[1]).fetchall()
    assert counts == [(1,)]


def test_what_is_refused_is_named(folder: Path) -> None:
    """Without ids all are printed; one that SQL can't say is told with the place, status 1."""
    result = run(folder)
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith("--")] == [
        "-- adults: Grown ups",
        "-- fresh",
        "-- plus",
    ]
    assert result.stderr.startswith("audience `sampled` can't be said in duckdb: 1:1: `bucket`")
    assert "^^^^^^" in result.stderr


def test_loaded_audiences_have_no_query(folder: Path) -> None:
    """An audience without a rule is refused, and so is one that asks for it."""
    more = """
    audiences:
    - {id: vip, external: true}
    - {id: old-vip, rule: 'audience("vip") && audience("adults")'}
    """
    (folder / "more.yaml").write_text(more)
    result = run(folder, "vip", "old-vip", "adults")
    assert result.exit_code == 1
    assert result.stdout.startswith("-- adults: Grown ups\n")
    refused = [line for line in result.stderr.splitlines() if line.startswith("audience")]
    assert refused == [
        "audience `old-vip` can't be said in duckdb: 1:1: the rule of audience `vip` is not given",
        "audience `vip` can't be said in duckdb: it has no rule: its members are loaded",
    ]


def test_the_layout_is_an_option(folder: Path) -> None:
    """Structs, microseconds, the moment, the table and the dialect as the warehouse has them."""
    result = run(folder, "adults", "--condition", "--nested", "--dialect", "spark")
    assert result.stdout.splitlines()[1] == "COALESCE(`profile`.`age` >= 18, FALSE)"
    result = run(folder, "adults", "--table", "crm.people")
    assert "FROM crm.people WHERE" in result.stdout
    shown = run(folder, "fresh", "--times", "microseconds", "--now", "1970-01-01T00:00:01Z").stdout
    assert "1000000000" in shown
    assert '"now"' not in shown
    assert '"profile.joined" AS INT128) * 1000' in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adult"], "error: unknown audience `adult`: did you mean `adults`?"),
        (["--dialect", "duckbd"], "error: unknown dialect of SQL `duckbd`: did you mean `duckdb`?"),
        (["--dialect", "xxxxxxxxxx"], "error: unknown dialect of SQL `xxxxxxxxxx`: expected one"),
        (["--table", "a b c d("], "error: `a b c d(` is no name of a table, such as"),
        (["--table", "a."], "error: `a.` is no name of a table, such as"),
        (["--now", "today"], "error: `--now`: `today` is not a timestamp"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, arguments: list[str], message: str) -> None:
    """An unknown audience or dialect, no table and no moment are told, with the nearest name."""
    result = run(folder, *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(message)


def test_the_library_may_be_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL is an extra, and says so."""
    for name in ("sqlglot", "sqlglot.dialects.dialect", "offerd.dialects.sql.names"):
        monkeypatch.setitem(sys.modules, name, None)
    result = run(folder)
    assert result.exit_code == 1
    assert result.stderr == "error: SQL needs `pip install 'offerd[warehouse]'`\n"
